"""ERASED_ID: the ids of an erasure, kept for a while, so that a sweep finds content that a run under way writes
again.

Ids of tickets, of users, of the tickets in which these users took part, and fingerprints of their addresses: no content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud.bigquery import SchemaField
from target_zendesk_pubsub.warehouse import Table, since

if TYPE_CHECKING:
    from datetime import datetime

    from zendesk_erasure.content import Kind
    from zendesk_erasure.warehouse import Warehouse

KEPT_DAYS = 60
"""Much longer than any run of a job, and than the time between two sweeps."""
FIELDS = (
    SchemaField("kind", "STRING", "REQUIRED", description="Kind of the erased objects: ticket or user"),
    SchemaField("id", "INTEGER", "REQUIRED"),
    SchemaField(
        "about",
        "STRING",
        description="What the id is, if users were erased: ticket, in which they took part; address, a fingerprint; null, a user",
    ),
    SchemaField(
        "erased_at",
        "TIMESTAMP",
        "REQUIRED",
        description="Rows of exports from before this time must be erased again",
    ),
    SchemaField("erasure_id", "STRING", "REQUIRED", description="ID of the row in ERASURE"),
)


def erased_ids_table(dataset: str) -> Table:
    return Table(dataset, "ERASED_ID", FIELDS, None, "erased_at", ("kind",), KEPT_DAYS)


def remember(warehouse: Warehouse, dataset: str, kind: Kind, ids: str, erasure_id: str) -> None:
    """Without those that a sweep took from this table, because an export after their erasure is intended. `ids`: a
    table. Raises PluginError.
    """
    table = erased_ids_table(dataset)
    warehouse.ensure(table)
    warehouse.change(
        str(table),
        f"INSERT INTO {table} (kind, id, about, erased_at, erasure_id) "
        f"SELECT DISTINCT '{kind}', id, about, CURRENT_TIMESTAMP(), '{erasure_id}' FROM {ids} WHERE until IS NULL",
    )


def remembered(dataset: str, kind: Kind, first: datetime | None) -> str:
    """SQL of id, about and until, when it was erased last. `first`: of erasures from then on, None: of all."""
    return (
        f"SELECT id, about, MAX(erased_at) AS until FROM {erased_ids_table(dataset)} "
        f"WHERE {since('erased_at', first)} AND kind = '{kind}' GROUP BY id, about"
    )
