"""Retention: after how many days BigQuery drops the partitions of a table.

A table gets an expiration only if it drops no partition that is still read.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.cloud import bigquery

from cityblock_singer.checks import CheckFailed
from cityblock_singer.google.bigquery import JOB_SECONDS
from cityblock_singer.google.errors import ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from cityblock_singer.google.bigquery import BigQuery

DAY_MS = 86_400_000
SPARE_DAYS = 7
"""Days that must be left before the first partition that is read would be dropped."""
PARTITION_DAYS = {"MONTH": 31, "YEAR": 366}
"""BigQuery counts from the start of a partition, whose last rows are that much younger."""
PARTITION_IDS = {"HOUR": "%Y%m%d%H", "DAY": "%Y%m%d", "MONTH": "%Y%m", "YEAR": "%Y"}


@dataclasses.dataclass(frozen=True)
class Kept:
    """A partitioned table, and the days for which it keeps rows by the settings; None: forever.

    `read_from`: the first day whose rows something still reads here. None: all of them, for the reason `held_by`.
    """

    table: bigquery.Table
    kind: str
    days: int | None
    read_from: date | None
    held_by: str = ""


@dataclasses.dataclass(frozen=True)
class Change:
    """`before` and `after`: days after which BigQuery drops a partition; None: never. `held_by`: why it does not."""

    kept: Kept
    before: int | None
    after: int | None
    held_by: str

    @property
    def name(self) -> str:
        return str(self.kept.table.table_id)

    @property
    def is_change(self) -> bool:
        return self.before != self.after

    @property
    def is_shorter(self) -> bool:
        return self.after is not None and (self.before is None or self.after < self.before)


@dataclasses.dataclass(frozen=True)
class Dropped:
    """What a change drops at once. `oldest` and `newest`: partition ids."""

    partitions: int
    rows: int
    oldest: str
    newest: str


def listed(warehouse: BigQuery, dataset: str) -> list[bigquery.Table]:
    """The tables of a dataset, with labels and partitioning only. Raises WarehouseError."""
    items = warehouse.call(
        f"Tables of {dataset}",
        lambda seconds: list(warehouse.client.list_tables(dataset, retry=ONCE, timeout=seconds)),
    )
    tables = []
    for item in items:
        if item.table_type == "TABLE":
            table = bigquery.Table(item.reference)
            table.time_partitioning, table.labels = item.time_partitioning, item.labels
            tables.append(table)
    return tables


def expiration_of(table: bigquery.Table) -> int | None:
    """In days."""
    milliseconds = table.time_partitioning and table.time_partitioning.expiration_ms
    return milliseconds // DAY_MS if milliseconds else None


def change_of(kept: Kept, today: date) -> Change:
    """The change that gives the table the expiration in the settings, or removes it if it would drop rows that are
    still read.
    """
    wanted = kept.days + PARTITION_DAYS.get(kept.table.time_partitioning.type_, 0) if kept.days else None
    held_by = ""
    if wanted is not None and (
        kept.read_from is None or first_kept(wanted, today) > kept.read_from - timedelta(days=SPARE_DAYS)
    ):
        held_by = f"rows of {kept.read_from} are still read" if kept.read_from else kept.held_by
        wanted = None
    return Change(kept, expiration_of(kept.table), wanted, held_by)


def first_kept(days: int, today: date) -> date:
    """The first day that an expiration of that many days does not drop."""
    return today - timedelta(days=days - 1)


def expires_soon(table: bigquery.Table) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a row would be dropped at once, or before it is read."""
    days = expiration_of(table)
    if days is None:
        return lambda _row: False
    column, first = table.time_partitioning.field, first_kept(days, today()) + timedelta(days=SPARE_DAYS)

    def expires(row: Mapping[str, Any]) -> bool:
        value = row.get(column)
        return value is not None and datetime.fromisoformat(str(value)).date() < first

    return expires


def dropped_by(warehouse: BigQuery, changes: Iterable[Change], today: date) -> dict[str, Dropped]:
    """What the changes drop at once, by table. Raises WarehouseError."""
    shorter: dict[str, list[Change]] = {}
    for change in changes:
        if change.is_shorter:
            shorter.setdefault(change.kept.table.dataset_id, []).append(change)
    result: dict[str, Dropped] = {}
    for dataset, found in shorter.items():
        limits = ", ".join(
            f"STRUCT('{change.name}' AS name, '{_first_id(change, today)}' AS first_kept)" for change in found
        )
        # Partition ids of digits come before __NULL__, which never expires.
        sql = f"""
            SELECT kept.name, COUNT(*) AS partitions, SUM(part.total_rows) AS total_rows,
              MIN(part.partition_id) AS oldest, MAX(part.partition_id) AS newest
            FROM `{warehouse.client.project}.{dataset}.INFORMATION_SCHEMA.PARTITIONS` AS part
            JOIN UNNEST([{limits}]) AS kept ON kept.name = part.table_name
            WHERE part.partition_id < kept.first_kept AND part.total_rows > 0
            GROUP BY kept.name
        """  # noqa: S608 - names and dates
        result |= {
            row["name"]: Dropped(row["partitions"], row["total_rows"], row["oldest"], row["newest"])
            for row in ask(warehouse, f"partitions of {dataset}", sql)
        }
    return result


def _first_id(change: Change, today: date) -> str:
    assert change.after is not None  # noqa: S101 - it is_shorter
    format_ = PARTITION_IDS[change.kept.table.time_partitioning.type_]
    return first_kept(change.after, today).strftime(format_)


def ask(warehouse: BigQuery, where: str, sql: str) -> list[bigquery.Row]:
    """The rows of a query, which may run twice if a response is lost. Raises WarehouseError."""
    return warehouse.call(
        where,
        lambda seconds: list(
            warehouse.client.query_and_wait(
                sql, retry=ONCE, job_retry=ONCE, api_timeout=seconds, wait_timeout=JOB_SECONDS
            )
        ),
    )


def apply(warehouse: BigQuery, change: Change) -> None:
    """Raises WarehouseError."""
    kept = change.kept.table
    partitioning = bigquery.TimePartitioning.from_api_repr(kept.time_partitioning.to_api_repr())
    partitioning.expiration_ms = change.after and change.after * DAY_MS
    table = bigquery.Table(kept.reference)  # without the etag: rows may have been loaded since it was read
    table.time_partitioning = partitioning
    warehouse.update_table(table, ["time_partitioning"])


def today() -> date:
    return datetime.now(UTC).date()


def settle(warehouse: BigQuery, kept: Iterable[Kept]) -> None:
    """At the end of a run: changes expirations by the settings, unless that drops rows at once. Raises WarehouseError."""
    day = today()
    changes = [change for change in (change_of(one, day) for one in kept) if change.is_change]
    dropped = dropped_by(warehouse, changes, day)
    for change in changes:
        if change.name in dropped:
            continue
        apply(warehouse, change)
        if change.held_by:
            warehouse.logger.warning("%s: partitions do not expire, because %s", change.name, change.held_by)
        else:
            warehouse.logger.info("%s: partitions expire after %s days", change.name, change.after)
    if dropped:
        warehouse.logger.warning(
            "Retention is not applied to %s, because that would drop rows: run the command retention",
            ", ".join(sorted(dropped)),
        )


def carry_out(
    warehouse: BigQuery, kept: Iterable[Kept], say: Callable[[str], object], *, is_dry: bool
) -> None:
    """For the commands: a line for each table, what its change drops at once included; then the changes, unless `is_dry`.

    Raises WarehouseError.
    """
    day = today()
    changes = [change_of(one, day) for one in kept]
    dropped = dropped_by(warehouse, changes, day)
    for change in changes:
        if change.is_change and not is_dry:
            apply(warehouse, change)
        say(_line(change, dropped.get(change.name), is_dry=is_dry))
    if not changes:
        say("no tables yet: the first run creates them")


def _line(change: Change, dropped: Dropped | None, *, is_dry: bool) -> str:
    before, after = (f"{days} days" if days else "never" for days in (change.before, change.after))
    text = f"{change.name} ({change.kept.kind}): {before}"
    if change.is_change:
        text += f" → {after}"
    if change.held_by:
        text += f", because {change.held_by}"
    if dropped:
        verb = "would drop" if is_dry else "drops"
        ids = dropped.oldest if dropped.partitions == 1 else f"{dropped.oldest} to {dropped.newest}"
        text += (
            f"; {verb} {counted(dropped.partitions, 'partition')} ({ids}) with {counted(dropped.rows, 'row')}"
        )
    return text


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def check_retention(kept: Iterable[Kept]) -> str:
    """For the checks: the expirations by kind, and which tables are held.

    Raises CheckFailed, which names the tables whose expiration is another than that of the settings.
    """
    day = today()
    changes = [change_of(one, day) for one in kept]
    days = {change.kept.kind: change.kept.days for change in changes}
    parts = []
    for kind, wanted in days.items():
        count = sum(change.kept.kind == kind for change in changes)
        held = [
            f"{change.name}, because {change.held_by}"
            for change in changes
            if change.kept.kind == kind and change.held_by
        ]
        part = f"{kind} {counted(wanted, 'day') if wanted else 'never'} ({counted(count, 'table')})"
        parts.append(part + (f", but without expiration: {'; '.join(held)}" if held else ""))
    text = ", ".join(parts) or "no tables yet"
    differing = [
        f"{change.name} ({counted(change.before, 'day') if change.before else 'never'})"
        for change in changes
        if change.is_change
    ]
    if differing:
        raise CheckFailed(f"{text}; different expiration: {', '.join(differing)}")
    return text
