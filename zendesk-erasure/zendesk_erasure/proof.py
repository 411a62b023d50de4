"""ERASURE: one row for each erasure, without ids of tickets or users and without content."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads it

import msgspec
from google.cloud.bigquery import SchemaField
from target_zendesk_pubsub.warehouse import Table, Warehouse

FIELDS = (
    SchemaField("erasure_id", "STRING", "REQUIRED"),
    SchemaField("request", "STRING", description="--request: the id of a request, such as case-1207"),
    SchemaField("kind", "STRING", "REQUIRED", description="ticket or user"),
    SchemaField("mode", "STRING", "REQUIRED", description="erase or sweep"),
    SchemaField("started_at", "TIMESTAMP", "REQUIRED"),
    SchemaField("ended_at", "TIMESTAMP", "REQUIRED"),
    SchemaField(
        "ids",
        "INTEGER",
        "REQUIRED",
        description="Number of tickets or users; in a sweep of redacted texts, number of rows of one model",
    ),
    SchemaField(
        "tables",
        "RECORD",
        "REPEATED",
        fields=(
            SchemaField("table_name", "STRING", "REQUIRED", description="With its dataset"),
            SchemaField("row_count", "INTEGER", "REQUIRED", description="Rows whose content was erased"),
        ),
    ),
)


class Rows(msgspec.Struct, frozen=True):
    """Of one table."""

    table_name: str
    row_count: int


class Proof(msgspec.Struct, frozen=True):
    """A row of ERASURE."""

    erasure_id: str
    request: str | None
    kind: str
    mode: str
    started_at: datetime
    ended_at: datetime
    ids: int
    tables: list[Rows]


def erasure_table(dataset: str) -> Table:
    return Table(dataset, "ERASURE", FIELDS, None, None, ("erasure_id",))


def record(warehouse: Warehouse, dataset: str, proof: Proof) -> None:
    """Unless it is there. Raises PluginError."""
    table = erasure_table(dataset)
    warehouse.ensure(table)
    [row] = warehouse.query(
        str(table), f"SELECT COUNT(*) AS proofs FROM {table} WHERE erasure_id = @id", {"id": proof.erasure_id}
    )
    if not row.proofs:
        warehouse.append(table, [msgspec.json.encode(proof)])
