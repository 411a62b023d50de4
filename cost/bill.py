"""The bill of an account: each statement of each job, and what is wrong with them."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING

from cost.account import DAYS_A_MONTH
from cost.questions import questions
from cost.statements import Statement, Warehouse
from cost.tables import Meter, Table
from tests.googlesql.analyzer import Analyzer
from tests.googlesql.engine import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cost.account import Account, Promise

TIB = 2**40


@dataclasses.dataclass(frozen=True)
class Line:
    """Statements of one job and title: `count` in each run, which bills `billed` bytes at each of the account's months."""

    job: str
    title: str
    count: int
    billed: tuple[float, ...]
    dollars: tuple[float, ...]
    notes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Bill:
    """`lines` in the order of the recording. `refused`: queries of analysts that do not fit the tables."""

    account: Account
    statements: tuple[Statement, ...]
    tables: Mapping[str, Table]
    loads: Mapping[tuple[str, str], int]
    meters: tuple[Meter, ...]
    refused: tuple[str, ...] = ()

    @property
    def lines(self) -> list[Line]:
        grouped: dict[tuple[str, str], list[Statement]] = {}
        for one in self.statements:
            grouped.setdefault((one.job, one.title), []).append(one)
        return [self._line(*key, of_key) for key, of_key in grouped.items()]

    def _line(self, job: str, title: str, statements: list[Statement]) -> Line:
        billed = tuple(sum(self.billed(one, meter) for one in statements) for meter in self.meters)
        dollars = tuple(self._dollars(statements[0], one) for one in billed)
        notes = sorted({*(note for one in statements for note in one.notes), *self._assumed(statements)})
        return Line(job, title, len(statements), billed, dollars, tuple(notes))

    def billed(self, statement: Statement, meter: Meter) -> float:
        """Bytes of one run."""
        if statement.is_cached:
            return 0
        meter = dataclasses.replace(meter, runs=self.account.jobs[statement.job])
        by_table = {
            read.table: [one for one in statement.reads if one.table == read.table]
            for read in statement.reads
        }
        return sum(
            meter.billed(meter.processed(self.tables[table], reads)) for table, reads in by_table.items()
        )

    def _assumed(self, statements: list[Statement]) -> Iterator[str]:
        for read in (read for one in statements for read in one.reads):
            table = self.tables[read.table]
            if table.partitioning and self.account.one_row_a(table.name) and read.is_rewritten:
                yield f"{table.name} has partitions of {table.partitioning.width:g} {table.partition}: see changes"
            elif read.is_rewritten:
                yield f"writes all partitions of {table.name} that its constants leave"
            for bound in read.bounds:
                if not bound.values or bound.column == table.partition:
                    continue
                if bound.column in table.clusters[:1]:
                    rule = "batch_id_share" if bound.operator == "between" else "block_bytes"
                    yield f"{table.name} is clustered by {bound.column}: see {rule}"

    def wrong(self) -> Iterator[str]:
        """Statements that read what they should not, and promises that are broken."""
        yield from self.refused
        for one in self.statements:
            for table in sorted({read.table for read in one.reads if self._is_unbounded(read.table, one)}):
                if not any(
                    re.fullmatch(allowed.table, table) and re.match(allowed.statement, one.title)
                    for allowed in self.account.unbounded
                ):
                    yield f"{one.job}: {one.title} reads every partition of {table}: it lacks a constant"
        for promise in self.account.promises:
            found = self.promised(promise)
            if not found:
                yield f"{promise.document}: nothing matches {promise.what or promise.statement}"
            for what, size, _ in found[:1]:
                if size / 1e9 > promise.gigabytes:
                    yield (
                        f"{promise.document}: {what}: {size / 1e9:.3f} GB at {promise.months} months, "
                        f"more than {promise.gigabytes}"
                    )

    def promised(self, promise: Promise) -> list[tuple[str, float, float]]:
        """What it is of, its bytes and its dollars a month: the largest first. Nothing if nothing matches."""
        [meter] = [one for one in self.meters if one.months == promise.months]
        if promise.storage:
            kept = [one for one in self.tables.values() if re.fullmatch(promise.storage, one.name)]
            sizes = sum(map(meter.size, kept)), sum(map(meter.storage_dollars, kept))
            return [(promise.what, *sizes)] if kept else []
        meter = dataclasses.replace(meter, changed=promise.changed)
        if promise.jobs:
            found = [(one, self.billed(one, meter)) for one in self.statements if one.job in promise.jobs]
            sizes = sum(size for _, size in found), sum(self._dollars(one, size) for one, size in found)
            return [(promise.what, *sizes)] if found else []
        matching = [one for one in self.statements if re.fullmatch(promise.statement, one.title)]
        each = [(one, self.billed(one, meter)) for one in matching]
        rows = [(f"{one.job}: {one.title}", size, self._dollars(one, size)) for one, size in each]
        return sorted(rows, key=lambda row: -row[1])

    def _dollars(self, statement: Statement, size: float) -> float:
        """A month."""
        runs = self.account.jobs[statement.job] * DAYS_A_MONTH
        return size * runs * self.account.prices["queries_per_tib"] / TIB

    def _is_unbounded(self, name: str, statement: Statement) -> bool:
        """Whether a scan of a partitioned table has no constant for its partition or first cluster."""
        table = self.tables[name]
        pruning = {table.partition, *table.clusters[:1]}
        return table.partition is not None and any(
            not any(bound.values and bound.column in pruning for bound in read.bounds)
            for read in statement.reads
            if read.table == name
        )

    def loads_a_day(self) -> dict[str, float]:
        """Load jobs by table on a usual day."""
        found: dict[str, float] = {}
        for (job, table), count in self.loads.items():
            found[table] = found.get(table, 0) + count * self.account.jobs[job]
        return found


def bill_of(folder: Path, account: Account, queries: Path) -> Bill:
    """Of a recording, with the analysts' queries and every view as somebody may read it."""
    warehouse = Warehouse(Analyzer())
    statements = list(warehouse.replayed(folder))
    refused = []
    for file in sorted(queries.glob("*.sql")):
        try:
            statements += warehouse.statement("analyst", file.read_text(), file.stem)
        except Refused as refusal:
            refused.append(f"{file.name}: {refusal}")
    for question, sql in questions(queries.parent / "questions.md").items():
        statements += warehouse.statement("question", sql, question)
    for name, sql in account.queries.items():
        statements += warehouse.statement("query", sql, name)
    for dataset, view in sorted(warehouse.views):
        statements += warehouse.statement("view", f"SELECT * FROM {dataset}.{view}", f"SELECT * FROM {view}")  # noqa: S608 - analyzed, not sent
    skips = any(
        column == "rows_export_id" for column, _ in warehouse.analyzer.tables["zendesk", "EXPORT_METADATA"]
    )
    account = dataclasses.replace(account, skips_unchanged=skips)
    tables = warehouse.tables(json.loads((folder / "sizes.json").read_text()))
    meters = tuple(Meter(account, months, warehouse.now) for months in account.months)
    return Bill(account, tuple(statements), tables, warehouse.loads, meters, tuple(refused))
