"""The table REJECTED_RECORD, to which each target appends its own rows."""

from __future__ import annotations

from google.cloud.bigquery import SchemaField

TABLE = "REJECTED_RECORD"
FIELDS = (
    *(SchemaField(name, "STRING") for name in ("stream", "record_key", "column", "reason", "run_id")),
    SchemaField("payload", "STRING"),
    SchemaField("rejected_at", "TIMESTAMP"),
    SchemaField("resolved_at", "TIMESTAMP"),
    SchemaField("rejected_by", "STRING"),
)
"""`run_id`: the record's `_export_id`, if it has one. `payload`: the record as JSON, the one personal column."""
PARTITION = "rejected_at"
CLUSTERS = ("stream", "record_key")
ALWAYS_TOLERATED = 10
"""Rejected records that never stop a run, whatever their share."""


def is_open(rejected_by: str) -> str:
    """SQL condition: records of that target that are not resolved yet."""
    return f"rejected_by = '{rejected_by}' AND resolved_at IS NULL"


def are_too_many(rejected: int, total: int, max_share: float) -> bool:
    """Whether the schema must be wrong, and not single records. `total`: the rejected ones included."""
    return rejected > ALWAYS_TOLERATED and rejected > max_share * total
