"""Names of columns and tables by BigQuery's rules."""

from __future__ import annotations

import re

RESERVED_PREFIX = re.compile(
    r"(?i)_table_|_file_|_partition|_row_timestamp|__root__|_colidentifier|_change_(sequence_number|type|timestamp)"
)
"""https://docs.cloud.google.com/bigquery/docs/schemas#column_names, read on 27 November 2026."""


def column_name(name: str) -> str:
    """The column of a property, or the table of a stream: ASCII letters, digits and underscores.

    BigQuery's flexible names need a flag in some clients.
    """
    cleaned = re.sub(r"[^A-Za-z0-9_]", "_", name)[:300] or "_"
    return f"_{cleaned}" if cleaned[0].isdigit() or RESERVED_PREFIX.match(cleaned) else cleaned
