"""zendesk_ticket_erased: tickets whose content was erased, about which consumers must be informed. An erasure appends a
row, and then blanks the content in the other tables. The next run publishes a message without content. Messages from
before the erasure are not published again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud.bigquery import SchemaField

from target_zendesk_pubsub.warehouse import Table, since

if TYPE_CHECKING:
    from datetime import datetime

NAME = "zendesk_ticket_erased"
FIELDS = (
    SchemaField("ticket_id", "INTEGER", "REQUIRED"),
    SchemaField("erased_at", "TIMESTAMP", "REQUIRED"),
    SchemaField("erasure_id", "STRING", "REQUIRED", description="of zendesk.ERASURE"),
)
BLANK = ""
"""What an erasure leaves of a message or record."""
EVENT = "JSON_VALUE(attributes, '$.event_type')"


def erased_table(dataset: str) -> Table:
    """`dataset`: that of the log."""
    return Table(dataset, NAME, FIELDS, None, "erased_at", ("ticket_id",))


def last_erasures(table: Table, first: datetime | None = None) -> str:
    """SQL of ticket_id and erased_at of each ticket's last erasure, of those from `first` on."""
    return (
        f"SELECT ticket_id, MAX(erased_at) AS erased_at FROM {table} "
        f"WHERE {since('erased_at', first)} GROUP BY ticket_id"
    )
