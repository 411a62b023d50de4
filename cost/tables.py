"""Tables as BigQuery bills them: rows, bytes of a column, and the partitions that constants leave."""

from __future__ import annotations

import dataclasses
import math
from datetime import datetime
from typing import TYPE_CHECKING

from cost.account import DAYS_A_MONTH, LONG_TERM_DAYS
from cost.conditions import is_closed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cost.account import Account
    from cost.reads import Bound, Read

DAY = 86_400
EXPORT = "_export_id"


@dataclasses.dataclass(frozen=True)
class Partitioning:
    """`width`: of a partition, in days or, of a range, in keys. `most`: so many has a range, and 0 a time.

    `kept_days`: then partitions are dropped.
    """

    column: str
    width: float = 1
    most: int = 0
    kept_days: float | None = None


@dataclasses.dataclass(frozen=True)
class Table:
    """`sizes`: average bytes by column."""

    name: str
    sizes: Mapping[str, float]
    partitioning: Partitioning | None
    clusters: tuple[str, ...]

    @property
    def partition(self) -> str | None:
        return self.partitioning.column if self.partitioning else None

    @property
    def row(self) -> float:
        """Bytes."""
        return sum(self.sizes.values())


@dataclasses.dataclass(frozen=True)
class Meter:
    """The account after so many months. `now`: when the statements were recorded, which is the last of its days.

    `runs`: of the job whose statements are measured, a day. `changed`: keys that one of its runs changes, by kind of
    object, if others than the account's average.
    """

    account: Account
    months: int
    now: datetime
    runs: float = 0
    changed: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def days(self, table: Table) -> float:
        """Days of rows that the table has."""
        kept = table.partitioning.kept_days if table.partitioning else None
        return min(self.months * DAYS_A_MONTH, kept or math.inf)

    def rows(self, table: Table) -> float:
        if kind := self.account.changed_in(table.name):
            return self.keys(kind)
        return self.account.constant_rows(table.name) or self.account.rows_a_day(table.name) * self.days(
            table
        )

    def keys(self, kind: str) -> float:
        """Objects that a run of the job changes."""
        a_day = self.account.changes[kind].a_month / DAYS_A_MONTH
        return self.changed.get(kind, a_day / (self.runs or self.account.exports_a_day))

    def size(self, table: Table) -> float:
        """Logical bytes of the whole table."""
        return self.rows(table) * table.row

    def storage_dollars(self, table: Table) -> float:
        """A month."""
        prices, days = self.account.prices, self.days(table)
        is_written = self.account.constant_rows(table.name) or self.account.one_row_a(table.name)
        old = 0 if is_written else max(0, days - LONG_TERM_DAYS) / days
        price = prices["storage_per_gb_month"] * (1 - old) + prices["long_term_per_gb_month"] * old
        return self.size(table) / 1e9 * price

    def share(self, table: Table, bounds: Iterable[Bound]) -> float:
        """Of the table's rows, those in blocks that are read. Only constants count."""
        bounds = [one for one in bounds if one.values]
        share = self._partitions(table, [one for one in bounds if one.column == table.partition])
        if table.clusters:
            first = [one for one in bounds if one.column == table.clusters[0]]
            share *= self._clusters(table, share, first)
        return share

    def _partitions(self, table: Table, bounds: list[Bound]) -> float:
        if not table.partitioning or not self.account.rows_a_day(table.name) or not bounds:
            return 1
        if kind := self.account.one_row_a(table.name):
            if is_closed(bounds) and not any(one.operator == "between" for one in bounds):
                return self.touched(table, table.partitioning, kind)
            return self.account.batch_id_share
        return 1 if table.partitioning.most else self._days_left(table, bounds)

    def touched(self, table: Table, partitioning: Partitioning, kind: str) -> float:
        """Share of the rows in partitions with at least one of the keys that a run changes.

        Partitions have equal numbers of rows and follow the age of objects. A changed key is in partition i with
        probability p(i); of k changed keys at least one is with probability 1 - (1 - p(i))^k.
        """
        changes = self.account.changes[kind]
        keys_a_day = self.account.rows_a_day(table.name) / self.account.versions(table.name)
        width = partitioning.width / (keys_a_day if partitioning.most else 1)  # in days
        count = max(1, math.ceil(self.days(table) / width))
        count = min(count, partitioning.most or count)
        mean, keys = changes.mean_days_after_creation, self.keys(kind)
        rate = self.days(table) / count / mean
        newest = (1 - changes.anywhere) * (1 - math.exp(-rate))
        chances = (
            min(1.0, changes.anywhere / count + newest * math.exp(-number * rate)) for number in range(count)
        )
        return sum(1 - math.pow(1 - chance, keys) for chance in chances) / count

    def _days_left(self, table: Table, bounds: Iterable[Bound]) -> float:
        """Today counts as a whole day: it is evening."""
        end = math.floor(self.now.timestamp() / DAY) + 1
        first, last = end - self.days(table), float(end)
        for one in bounds:
            moments = [value.timestamp() / DAY for value in one.values if isinstance(value, datetime)]
            if len(moments) != len(one.values):
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
        partitions = max(1.0, self.days(table) * share) if table.partition else 1.0
        of_partition = self.size(table) * share / partitions
        left = 1.0
        for one in bounds:
            if one.operator in ("between", ">", "<"):
                left = min(left, self.account.batch_id_share)
            elif of_partition:
                export = self.account.rows_an_export(table.name) if one.column == EXPORT else 0
                of_value = export * table.row + self.account.block_bytes
                left = min(left, of_value * len(one.values) / of_partition)
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
        prices = self.account.prices
        step = prices["rounded_up_to_bytes"]
        return max(prices["minimum_bytes_per_table"], math.ceil(round(processed) / step) * step)
