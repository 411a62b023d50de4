"""Tables as BigQuery bills them: rows, bytes of a column, and the partitions that constants leave."""

from __future__ import annotations

import dataclasses
import math
from datetime import datetime
from typing import TYPE_CHECKING

from cost.account import DAYS_A_MONTH, LONG_TERM_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cost.account import Account
    from cost.reads import Bound, Read

DAY = 86_400
BILLED_STEP = 1_000_000


@dataclasses.dataclass(frozen=True)
class Table:
    """`sizes`: average bytes by column. `partition`: the column whose days partition it. `kept_days`: then they are dropped."""

    name: str
    sizes: Mapping[str, float]
    partition: str | None
    clusters: tuple[str, ...]
    kept_days: float | None = None


@dataclasses.dataclass(frozen=True)
class Meter:
    """The account after so many months. `now`: when the statements were recorded, which is the last of its days."""

    account: Account
    months: int
    now: datetime

    def days(self, table: Table) -> float:
        """Days of rows that the table has."""
        return min(self.months * DAYS_A_MONTH, table.kept_days or math.inf)

    def rows(self, table: Table) -> float:
        constant = self.account.constant_rows(table.name)
        return constant or self.account.rows_a_day(table.name) * self.days(table)

    def size(self, table: Table) -> float:
        """Logical bytes of the whole table."""
        return self.rows(table) * sum(table.sizes.values())

    def storage_dollars(self, table: Table) -> float:
        """A month."""
        prices, days = self.account.prices, self.days(table)
        old = max(0, days - LONG_TERM_DAYS) / days if not self.account.constant_rows(table.name) else 0
        price = prices["storage_per_gb_month"] * (1 - old) + prices["long_term_per_gb_month"] * old
        return self.size(table) / 1e9 * price

    def share(self, table: Table, bounds: Iterable[Bound]) -> float:
        """Of the table's rows, those in blocks that are read. Only constants count."""
        bounds = list(bounds)
        share = self._partitions(table, [one for one in bounds if one.column == table.partition])
        if table.clusters:
            first = [one for one in bounds if one.column == table.clusters[0]]
            share *= self._clusters(table, share, first)
        return share

    def _partitions(self, table: Table, bounds: Iterable[Bound]) -> float:
        """Today counts as a whole day: it is evening."""
        if not table.partition or not self.account.rows_a_day(table.name):
            return 1
        end = math.floor(self.now.timestamp() / DAY) + 1
        first, last = end - self.days(table), float(end)
        for one in bounds:
            moments = [value.timestamp() / DAY for value in one.values if isinstance(value, datetime)]
            if len(moments) != len(one.values) or not moments:
                continue
            if one.operator in ("=", ">", "between", "in"):
                first = max(first, math.floor(min(moments)))
            if one.operator in ("=", "<", "between", "in"):
                last = min(
                    last, math.ceil(max(moments)) if one.operator == "<" else math.floor(max(moments)) + 1
                )
        return max(0.0, last - first) / self.days(table)

    def _clusters(self, table: Table, share: float, bounds: Iterable[Bound]) -> float:
        """Blocks of the partitions that are read."""
        row = sum(table.sizes.values())
        partitions = max(1.0, self.days(table) * share) if table.partition else 1.0
        of_partition = self.rows(table) * share * row / partitions
        left = 1.0
        for one in bounds:
            if one.operator in ("between", ">", "<") and one.values:
                left = min(left, self.account.batch_id_share)
            elif one.operator in ("=", "in") and one.values and of_partition:
                left = min(left, self.account.block_bytes * len(one.values) / of_partition)
        return left

    def processed(self, table: Table, reads: Iterable[Read]) -> float:
        """Bytes of all scans of one table in one statement. A column that two scans read counts once, by the larger."""
        shares = dict.fromkeys(table.sizes, 0.0)
        rewritten = 0.0
        for read in reads:
            share = self.share(table, read.bounds)
            for column in read.columns & shares.keys():
                shares[column] = max(shares[column], share)
            if read.is_rewritten:
                rewritten += share * self.size(table)
        return rewritten + self.rows(table) * sum(
            table.sizes[column] * share for column, share in shares.items()
        )

    def billed(self, processed: float) -> float:
        """Rounded up to a megabyte, and at least the minimum for each table that a statement reads."""
        return max(
            self.account.prices["minimum_bytes_per_table"],
            math.ceil(round(processed) / BILLED_STEP) * BILLED_STEP,
        )
