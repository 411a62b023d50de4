"""From BigQuery to facts: each query's rows are turned into dataclasses by a function of their own."""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_bigquery.tables import stored

from operations_page import queries
from operations_page.facts import (
    AGES,
    Drift,
    Erasure,
    Export,
    Facts,
    Published,
    Refused,
    Rejected,
    Run,
    Table,
    TicketsWaiting,
    Waiting,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_bigquery.loader import Loader

    from operations_page.queries import Query

Row = dict[str, Any]
CURSOR_TIME = re.compile(rb"\d{9,11}(?=[.|])")
"""The time in a decoded cursor of Zendesk's incremental exports: `1767225420.0||1983|`. The id behind it is not shown."""
IDS = re.compile(r"\b(tickets?|users?|records?|organizations?|keys?|ids?) (#?\d+(?:, \d+)*)|\b\d{6,}\b")


class Warehouse:
    """`datasets`: {"zendesk": its name, "messages": its name}."""

    def __init__(self, loader: Loader, datasets: Mapping[str, str]) -> None:
        self._loader, self._datasets = loader, datasets
        self.tables = frozenset(
            f"{part}.{name}" for part, dataset in datasets.items() for name in self._names(dataset)
        )

    def _names(self, dataset: str) -> list[str]:
        """Of tables and views."""
        return self._loader.call(
            f"Tables of {dataset}",
            lambda seconds: [
                item.table_id for item in self._loader.client.list_tables(dataset, timeout=seconds)
            ],
        )

    def rows(self, query: Query) -> list[Row]:
        """Without rows if a table that it needs does not exist yet. Raises WarehouseError."""
        if not self.tables.issuperset(query.needs):
            return []
        sql = query.sql.format(**self._datasets)
        return [dict(row) for row in self._loader.query(f"query of {query.needs[0]}", sql)]

    def stored(self) -> tuple[Table, ...]:
        """The largest first."""
        found = [
            Table(dataset, one.name, one.rows, one.logical_bytes, one.dollars, one.expires_after)
            for dataset in self._datasets.values()
            for one in stored(self._loader, dataset)
        ]
        return tuple(sorted(found, key=lambda one: (-one.logical_bytes, one.name)))


def collect(warehouse: Warehouse, environment: str, project: str) -> Facts:
    """Raises WarehouseError."""
    tables = warehouse.stored()
    asked = [value for value in vars(queries).values() if isinstance(value, queries.Query)]
    return Facts(
        environment=environment,
        project=project,
        at=datetime.now(UTC),
        runs=runs(warehouse.rows(queries.RUNS)),
        exports=exports(warehouse.rows(queries.EXPORTS), {one.name: one.rows for one in tables}),
        repeated=repeated(warehouse.rows(queries.STARTS)),
        published=tuple(Published(**row) for row in warehouse.rows(queries.PUBLISHED)),
        waiting=waiting(warehouse.rows(queries.WAITING)),
        tickets_waiting=next(
            (TicketsWaiting(**row) for row in warehouse.rows(queries.WAITING_TICKETS)), TicketsWaiting()
        ),
        rejected=tuple(
            Rejected(**{**row, "reason": without_ids(row["reason"])})
            for row in warehouse.rows(queries.REJECTED)
        ),
        drift=tuple(Drift(**row) for row in warehouse.rows(queries.DRIFT)),
        refused=tuple(Refused(**row) for row in warehouse.rows(queries.REFUSED)),
        tables=tables,
        erasures=erasures(warehouse.rows(queries.ERASURES)),
        absent=frozenset(name for query in asked for name in query.needs) - warehouse.tables,
    )


def runs(rows: Iterable[Row]) -> tuple[Run, ...]:
    """The newest first."""
    names = [name for name in Run.__dataclass_fields__ if name not in ("steps", "error", "remainder")]
    found = [
        Run(
            **{name: row[name] for name in names},
            error=row["error"] and without_ids(row["error"]),
            steps=tuple((step["name"], step["seconds"]) for step in row["steps"] or ()),
            remainder=tuple((left["model"], left["rows"]) for left in row.get("remainder") or ()),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda run: run.started_at, reverse=True))


def exports(rows: Iterable[Row], sizes: Mapping[str, int]) -> tuple[Export, ...]:
    """`sizes`: rows by table. A current table has a row per object; an export of a bulk model has all of them."""
    found = []
    for row in rows:
        model, ends = row["table_name"], row["zendesk_time"] or row["bq_inserted_at"]
        position = row["end_time"] or time_of(row["end_cursor"])
        is_incremental = bool(row["end_time"] or row["end_cursor"])
        found.append(
            Export(
                model=model,
                completed_at=row["bq_inserted_at"],
                exported=row["export_count"],
                objects=sizes.get(f"{model}_current") if is_incremental else row["export_count"],
                seconds=row["run_length_sec"],
                position=position,
                lag_seconds=(ends - position).total_seconds() if position else None,
                in_progress_at=row["in_progress_at"],
            )
        )
    return tuple(found)


def repeated(rows: Iterable[Row]) -> tuple[str, ...]:
    """Of the last two exports of each model, in order."""
    found = []
    for model, both in itertools.groupby(rows, key=lambda row: str(row["table_name"])):
        match list(both):
            case [before, last]:
                start, was = (
                    (row["start_time"] if row["start_cursor"] is None else None, row["start_cursor"])
                    for row in (last, before)
                )
                if start == was != (before["end_time"], before["end_cursor"]):
                    found.append(model)
    return tuple(found)


def time_of(cursor: str | None) -> datetime | None:
    """None for a cursor that contains no time."""
    try:
        found = CURSOR_TIME.match(base64.b64decode(cursor or "", validate=True))
    except (binascii.Error, ValueError):
        return None
    return datetime.fromtimestamp(int(found[0]), UTC) if found else None


def waiting(rows: Sequence[Row]) -> tuple[Waiting, ...]:
    """`age` of a row: an index of AGES."""
    return tuple(Waiting(row["reason"], row["field"], AGES[row["age"]], row["tickets"]) for row in rows)


def erasures(rows: Iterable[Row]) -> tuple[Erasure, ...]:
    return tuple(
        Erasure(
            request=row["request"],
            kind=row["kind"],
            mode=row["mode"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            ids=row["ids"],
            rows=row["erased_rows"] or 0,
        )
        for row in rows
    )


def without_ids(sentence: str) -> str:
    """Errors may name a record by its id, which the page must not show."""
    return IDS.sub(lambda found: f"{found[1]} …" if found[1] else "…", sentence)
