"""The partitions of a table, and conditions on them with constants, because BigQuery prunes only by constants."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from google.cloud import bigquery

MOST = 3_999
"""Partitions that one statement changes: BigQuery's limit is 4,000 (https://docs.cloud.google.com/bigquery/quotas#partitioned_tables,
read on 27 November 2026)."""

SECONDS = {"HOUR": 3600, "DAY": 86400}


@dataclasses.dataclass(frozen=True)
class Partitioning:
    """`column`: of a time or, with `interval`, a number. `unit`: HOUR, DAY, MONTH or YEAR."""

    column: str
    unit: str = ""
    interval: int = 0

    @property
    def start(self) -> str:
        """SQL of where the partition of a row starts: a number, or seconds since 1970."""
        if self.interval:
            into = f"MOD(MOD(`{self.column}`, {self.interval}) + {self.interval}, {self.interval})"
            return f"`{self.column}` - {into}"  # DIV rounds toward zero
        return f"UNIX_SECONDS(TIMESTAMP_TRUNC(`{self.column}`, {self.unit}))"

    def _end(self, start: int) -> int:
        """Where the next partition starts."""
        if self.interval or self.unit in SECONDS:
            return start + (self.interval or SECONDS[self.unit])
        first = datetime.fromtimestamp(start, UTC)
        later = first + timedelta(days=32 if self.unit == "MONTH" else 366)
        return int(later.replace(month=later.month if self.unit == "MONTH" else 1, day=1).timestamp())

    def conditions(self, starts: Iterable[int | None]) -> Iterator[str]:
        """SQL, one for each statement: of at most MOST partitions, or of the rows in none."""
        found = list(starts)
        known = sorted(start for start in found if start is not None)
        for first in range(0, len(known), MOST):
            runs = self._runs(known[first : first + MOST])
            yield " OR ".join(
                f"`{self.column}` >= {self._literal(start)} AND `{self.column}` < {self._literal(end)}"
                for start, end in runs
            )
        if len(known) < len(found):
            yield f"`{self.column}` IS NULL"

    def _runs(self, starts: Sequence[int]) -> list[tuple[int, int]]:
        """Neighbors together."""
        runs: list[tuple[int, int]] = []
        for start in starts:
            if runs and runs[-1][1] == start:
                runs[-1] = (runs[-1][0], self._end(start))
            else:
                runs.append((start, self._end(start)))
        return runs

    def _literal(self, bound: int) -> str:
        return (
            str(bound) if self.interval else f"TIMESTAMP '{datetime.fromtimestamp(bound, UTC).isoformat()}'"
        )


def partitioning_of(table: bigquery.Table) -> Partitioning | None:
    """None: the table is not partitioned, or by days of arrival or dates, and is then read whole."""
    if table.range_partitioning is not None:
        return Partitioning(table.range_partitioning.field, interval=table.range_partitioning.range_.interval)
    times = table.time_partitioning
    types = {field.name: field.field_type for field in table.schema}
    if times is not None and types.get(times.field) == "TIMESTAMP":
        return Partitioning(times.field, unit=times.type_)
    return None
