"""What Zendesk has removed for good, as rows say that were exported lately, and which rows of ours still have it.

- users: `permanently_deleted`, after which Zendesk empties the row;
- tickets: deleted, with the subject SCRUBBED, which Zendesk writes over a ticket that is deleted permanently
  (docs/zendesk/deleted-tickets.md);
- erased: tickets that were erased here, in rows of runs that began before: such a run brought content back;
- text: earlier versions of comments, events, attachments, chats and descriptions that were redacted: Zendesk's characters for
  it are in a later one, or an event says so (docs/zendesk/redactions.md).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from target_bigquery.names import column_name
from target_zendesk_pubsub.erased_tickets import EVENT, erased_table, last_erasures
from target_zendesk_pubsub.published_log import PublishedLog
from target_zendesk_pubsub.warehouse import since

from zendesk_erasure.redactions import TEXTS, select_keys

if TYPE_CHECKING:
    from datetime import datetime

    from zendesk_erasure.content import Kind
    from zendesk_erasure.warehouse import Warehouse

DELETED = "IFNULL(permanently_deleted, FALSE)"
SCRUBBED = "IFNULL(status = 'deleted' AND subject = 'SCRUBBED', FALSE)"
"""Anybody may write a ticket with that subject."""


@dataclasses.dataclass(frozen=True)
class Removal:
    """`clean`: SQL condition of rows that Zendesk itself has emptied, in the tables of `model`."""

    name: str
    kind: Kind
    title: str
    model: str
    clean: str = ""

    @property
    def is_of_text(self) -> bool:
        return self.name.startswith("text_")


REMOVALS = {
    one.name: one
    for one in (
        Removal("users", "user", "users whom Zendesk deleted permanently", "user", DELETED),
        Removal("tickets", "ticket", "tickets that Zendesk scrubbed", "ticket", SCRUBBED),
        Removal("erased", "ticket", "tickets that were erased here before", "ticket", SCRUBBED),
        *(
            Removal(f"text_{model}", "ticket", f"rows of {model} whose text Zendesk has redacted", model)
            for model in TEXTS
        ),
    )
}


def select_ids(
    removal: Removal, warehouse: Warehouse, datasets: tuple[str, str], first: datetime | None
) -> tuple[str, str] | None:
    """Columns of the table with ids, and SQL that selects them; None: no table says what was removed.

    `first`: of exports and erasures from then on, None: of all.
    """
    dataset, messages = datasets
    existing = {one: warehouse.names(one) for one in datasets}
    raw = column_name(removal.model)
    if removal.name == "erased":
        erased = erased_table(messages)
        if erased.name not in existing[messages]:
            return None
        return "id, until, published_until", _brought_back(warehouse, messages, existing[messages], first)
    if removal.is_of_text:
        if raw not in existing[dataset]:
            return None
        return "redacted_key, redacted_at, fingerprint", select_keys(
            removal.model, dataset, existing[dataset], first
        )
    # raw rows have expired of what was removed long ago
    tables = [name for name in (raw, f"{raw}_current") if name in existing[dataset]]
    sql = " UNION DISTINCT ".join(
        f"SELECT id FROM {dataset}.{name} WHERE {since('_exported_at', first)} AND {removal.clean}"
        for name in (tables if first is None else tables[:1])
    )
    return ("id", sql) if sql else None


def _brought_back(warehouse: Warehouse, dataset: str, existing: set[str], first: datetime | None) -> str:
    """The last erasure of each ticket, and the message about it, before which only older runs published."""
    erasures = last_erasures(erased_table(dataset), first)
    never = "TIMESTAMP '9999-12-31'"
    log = PublishedLog(warehouse, dataset, "", "").published
    if log.name not in existing:
        return f"SELECT ticket_id AS id, erased_at AS until, {never} AS published_until FROM ({erasures})"
    return (
        f"SELECT erased.ticket_id AS id, erased.erased_at AS until, "
        f"IFNULL(MIN(message.published_at), {never}) AS published_until "
        f"FROM ({erasures}) AS erased LEFT JOIN ("
        f"SELECT ticket_id, published_at FROM {log} WHERE {since('published_at', first)} AND {EVENT} = 'erased'"
        ") AS message ON message.ticket_id = erased.ticket_id AND message.published_at >= erased.erased_at "
        "GROUP BY id, until"
    )
