"""SQL of one table: which partitions hold content, and its removal. One statement each, however many ids there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zendesk_erasure.tables import Erasable


def count(tables: Iterable[Erasable]) -> str:
    """Rows with content by table and partition, in one query: `table_name`, `partition_start`, `row_count`."""
    return " UNION ALL ".join(
        f"SELECT '{table.name}' AS table_name, partition_start, COUNT(*) AS row_count "
        f"FROM (SELECT {table.partitioning.start if table.partitioning else 'CAST(NULL AS INT64)'} AS partition_start "
        f"FROM {table.name} WHERE {table.condition}) GROUP BY partition_start"
        for table in tables
    )


def updates(table: Erasable, starts: Iterable[int | None]) -> Iterator[str]:
    """Of the rows in these partitions."""
    assigned = ", ".join(f"`{one.column}` = {one.value}" for one in table.blanks)
    if table.also:
        assigned += f", {table.also}"
    conditions = table.partitioning.conditions(starts) if table.partitioning else ["TRUE"]
    for condition in conditions:
        yield f"UPDATE {table.name} SET {assigned} WHERE ({condition}) AND {table.condition}"
