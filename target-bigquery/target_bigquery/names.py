"""Names of columns and tables by BigQuery's rules."""

from __future__ import annotations

import re

RESERVED_PREFIX = re.compile(
    r"(?i)_table_|_file_|_partition|_row_timestamp|__root__|_colidentifier|_change_(sequence_number|type|timestamp)"
)
"""https://docs.cloud.google.com/bigquery/docs/schemas#column_names, read on 27 November 2026."""


def column_name(name: str) -> str:
    """ASCII letters, digits and underscores, which every client of BigQuery reads without a flag.

    Also the name of a stream's table.
    """
    cleaned = re.sub(r"[^A-Za-z0-9_]", "_", name)[:300] or "_"
    return f"_{cleaned}" if cleaned[0].isdigit() or RESERVED_PREFIX.match(cleaned) else cleaned
