"""SQL of one table: finds the partitions with content, and removes the content. One statement each, however many
ids there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from zendesk_erasure.tables import Erasable


def candidates(tables: Iterable[Erasable]) -> str:
    """Rows to erase by table and partition, with content or not, in one query that reads keys and times only:
    `table_name`, `partition_start`, `row_count`.
    """
    return " UNION ALL ".join(_counted(table, table.rows) for table in tables)


LONGEST = 500_000
"""Letters of a query of several tables. BigQuery's limit is a megabyte (https://docs.cloud.google.com/bigquery/quotas#query_jobs,
read on 27 November 2026), and conditions on thousands of partitions of one table have up to half of it."""


def counts(tables: Iterable[tuple[Erasable, Collection[int | None]]]) -> Iterator[str]:
    """Those with content, of these partitions of each table: one query, unless it would be too long."""
    parts: list[str] = []
    for table, starts in tables:
        part = _counted(table, f"({' OR '.join(_within(table, starts))}) AND {table.condition}")
        if parts and sum(map(len, parts)) + len(part) > LONGEST:
            yield " UNION ALL ".join(parts)
            parts = []
        parts.append(part)
    if parts:
        yield " UNION ALL ".join(parts)


def _counted(table: Erasable, condition: str) -> str:
    places = table.places
    joined = f" JOIN ({places.sql}) AS found ON {places.joined}" if places else ""
    start = table.partitioning.start if table.partitioning else "CAST(NULL AS INT64)"
    return (
        f"SELECT '{table.name}' AS table_name, partition_start, COUNT(*) AS row_count "
        f"FROM (SELECT {start} AS partition_start FROM {table.name}{joined} WHERE {condition}) GROUP BY partition_start"
    )


def _within(table: Erasable, starts: Iterable[int | None]) -> list[str]:
    """SQL conditions of constants."""
    return [f"({one})" for one in table.partitioning.conditions(starts)] if table.partitioning else ["TRUE"]


def updates(table: Erasable, starts: Iterable[int | None]) -> Iterator[str]:
    """Of the rows in these partitions."""
    assigned = ", ".join(f"`{one.column}` = {one.value}" for one in table.blanks)
    if table.also:
        assigned += f", {table.also}"
    places, joined = table.places, ""
    if places:
        assigned, joined = f"{assigned} FROM ({places.sql}) AS found", f"{places.joined} AND "
    for condition in _within(table, starts):
        yield f"UPDATE {table.name} SET {assigned} WHERE {condition} AND {joined}{table.condition}"
