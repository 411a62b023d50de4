"""An erasure: loads its ids into a table, sends one statement per table, then writes its proof. If it is killed at
any point, it can be resumed.

The order: ids, counts, rows of zendesk_ticket_erased (from then on the publisher sends nothing older of these tickets),
content, staging files, proof; then the ids are dropped. Each step changes nothing when it is repeated.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec
from cityblock_singer.google.errors import WarehouseError
from google.cloud.bigquery import SchemaField
from target_zendesk_pubsub.warehouse import Table

from zendesk_erasure import announcement, erased_ids, people, proof, statements
from zendesk_erasure.content import Kind  # noqa: TC001 - msgspec reads it
from zendesk_erasure.redactions import replaced_tables
from zendesk_erasure.removals import REMOVALS, TEXTS, select_ids
from zendesk_erasure.tables import erasables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zendesk_erasure.removals import Removal
    from zendesk_erasure.tables import Erasable
    from zendesk_erasure.warehouse import Warehouse

IDS = (
    SchemaField("id", "INTEGER", "REQUIRED"),
    SchemaField("about", "STRING"),
    SchemaField("until", "TIMESTAMP"),
    SchemaField("published_until", "TIMESTAMP"),
)
"""Names that no other table has. `until`, `published_until`: times of rows of the tap and of the publisher, of a sweep for
what came back after an erasure."""
TEXT_IDS = (
    SchemaField("redacted_model", "STRING", "REQUIRED"),
    SchemaField("redacted_key", "STRING", "REQUIRED"),
    SchemaField("redacted_at", "TIMESTAMP", "REQUIRED"),
    SchemaField("fingerprint", "INTEGER"),
)
"""Keys of rows, the time from which their text is the redacted one, and its fingerprint, if it is here."""
PREFIX, DRY_PREFIX = "_erasure_ids_", "_erasure_count_"
"""Of the tables with ids: of an erasure, and of a dry run, which nothing resumes."""
DRY_KEPT = timedelta(days=1)
"""For how long BigQuery keeps the ids of a dry run that is killed. Those of an erasure stay until it is finished."""
ABANDONED = timedelta(hours=1)
"""Time after which an unfinished erasure is no longer under way, and the next command finishes it."""
MOST_ROUNDS = 4
"""Maximum rounds: a run of a job may write content while an erasure is under way, and another round erases it."""


class Request(msgspec.Struct, frozen=True):
    """What the description of the table with ids says.

    `request`: the operator's text; `removal`: of a sweep, its name; `tables`: rows by table, once counted.
    """

    kind: Kind
    mode: Literal["erase", "sweep"]
    started_at: datetime
    request: str | None = None
    removal: str | None = None
    tables: dict[str, int] | None = None


@dataclasses.dataclass(frozen=True)
class Found:
    """Rows with content, by where their partitions start. Those of a table without partitions are under None."""

    table: Erasable
    rows: Mapping[int | None, int]


@dataclasses.dataclass
class Erasure:
    """`datasets`: of the tap's tables, and of the log."""

    warehouse: Warehouse
    datasets: tuple[str, str]
    erasure_id: str
    request: Request
    is_dry: bool = False

    @property
    def ids(self) -> str:
        """The table with the ids."""
        return f"{self.datasets[0]}.{DRY_PREFIX if self.is_dry else PREFIX}{self.erasure_id}"

    def size(self) -> int:
        """How many ids there are. Raises WarehouseError."""
        counted = "COUNT(*)" if self.removal == TEXTS else "COUNT(DISTINCT IF(about IS NULL, id, NULL))"
        [row] = self.warehouse.query("ids", f"SELECT {counted} AS size FROM {self.ids}", {})
        return int(row.size)

    @property
    def removal(self) -> Removal | None:
        """Of a sweep. Those of TEXTS have keys of rows with an earlier text instead of ids."""
        return REMOVALS.get(self.request.removal or "")

    def find(self) -> list[Found]:
        """The tables with rows to erase. Raises PluginError."""
        if self.request.kind == "user":
            people.complete(self.warehouse, self.datasets[0], self.ids)
        tables = {one.name: one for one in self._tables()}
        if not tables:
            return []
        rows = self._counted(tables, statements.candidates(tables.values()))
        return self._counted(tables, *statements.counts((one.table, one.rows.keys()) for one in rows))

    def _counted(self, tables: Mapping[str, Erasable], *queries: str) -> list[Found]:
        rows: dict[str, dict[int | None, int]] = {}
        for sql in queries:
            for row in self.warehouse.query("rows with content", sql, {}):
                rows.setdefault(row.table_name, {})[row.partition_start] = row.row_count
        return [Found(tables[name], by_partition) for name, by_partition in rows.items()]

    def _tables(self) -> Iterator[Erasable]:
        removal = self.removal
        if removal == TEXTS:
            yield from replaced_tables(self.warehouse, self.datasets, self.ids)
            return
        for table in erasables(
            self.warehouse, self.datasets, self.request.kind, self.ids, is_bounded=removal is not None
        ):
            is_clean = removal is not None and table.model == removal.model
            yield dataclasses.replace(table, unless=removal.clean) if removal and is_clean else table

    def carry_out(self, found: list[Found] | None = None, *, is_announced: bool = True) -> dict[str, int]:
        """Erased rows by table, those of an earlier attempt included. `found`: already. `is_announced`: consumers learn of it.

        Raises PluginError.
        """
        found = self.find() if found is None else found
        erased = Counter(self._kept_count(found))
        if self.removal != TEXTS:
            erased_ids.remember(
                self.warehouse, self.datasets[0], self.request.kind, self.ids, self.erasure_id
            )
        if is_announced and self.request.kind == "ticket" and self.removal != TEXTS:
            announcement.announce(
                self.warehouse,
                self.datasets,
                self.ids,
                self.erasure_id,
                is_swept=self.request.mode == "sweep",
            )
        for _ in range(MOST_ROUNDS):
            self._blank(found)
            found = self.find()
            if not found:
                return dict(erased)
            erased.update(rows_of(found))
        raise WarehouseError(
            f"{', '.join(rows_of(found))} still has content to erase after {MOST_ROUNDS} rounds: "
            "wait until no job is running, then finish this erasure with erase --resume"
        )

    def _kept_count(self, found: Iterable[Found]) -> dict[str, int]:
        """Keeps the first count for the proof: what a killed attempt has erased is not found again."""
        if self.request.tables is None:
            self.request = msgspec.structs.replace(self.request, tables=rows_of(found))
            self.warehouse.describe(self.ids, msgspec.json.encode(self.request).decode())
        return self.request.tables or {}

    def _blank(self, found: Iterable[Found]) -> None:
        for one in found:
            for sql in statements.updates(one.table, one.rows):
                self.warehouse.change(one.table.name, sql)

    def finish(self, erased: Mapping[str, int], ids: int) -> None:
        """The proof, after which nothing is left to resume. `ids`: how many. Raises PluginError."""
        request = self.request
        proof.record(
            self.warehouse,
            self.datasets[0],
            proof.Proof(
                erasure_id=self.erasure_id,
                request=request.request,
                kind=request.kind,
                mode=request.mode,
                started_at=request.started_at,
                ended_at=datetime.now(UTC),
                ids=ids,
                tables=[proof.Rows(name, count) for name, count in sorted(erased.items())],
            ),
        )
        self.drop()

    def drop(self) -> None:
        """Removes the table with the ids. Raises WarehouseError."""
        self.warehouse.drop(self.ids)


def rows_of(found: Iterable[Found]) -> dict[str, int]:
    """By table."""
    return {one.table.name: sum(one.rows.values()) for one in found}


def begin(
    warehouse: Warehouse, datasets: tuple[str, str], request: Request, ids: Iterable[int], *, is_dry: bool
) -> Erasure:
    """Puts the ids into a table, repeated ones too. Raises PluginError."""
    erasure = Erasure(warehouse, datasets, uuid.uuid4().hex, request, is_dry)
    dataset, _, name = erasure.ids.partition(".")
    warehouse.create(erasure.ids, IDS, _expires(is_dry=is_dry), msgspec.json.encode(request).decode())
    warehouse.append(Table(dataset, name, IDS, None, None, ()), (b'{"id":%d}' % one for one in ids))
    return erasure


def begin_sweep(
    warehouse: Warehouse,
    datasets: tuple[str, str],
    request: Request,
    first: datetime | None,
    *,
    is_dry: bool,
) -> Erasure | None:
    """Puts the ids of objects that Zendesk removed into a table; None if no table shows removals. `first`: only
    removals that exports and erasures from then on show, None: all. Raises PluginError.
    """
    removal = REMOVALS[request.removal or ""]
    selected = select_ids(removal, warehouse, datasets, first)
    if selected is None:
        return None
    columns, sql = selected
    erasure = Erasure(warehouse, datasets, uuid.uuid4().hex, request, is_dry)
    fields = TEXT_IDS if removal == TEXTS else IDS
    about = msgspec.json.encode(request).decode()
    warehouse.create(erasure.ids, fields, _expires(is_dry=is_dry), about)
    warehouse.change(removal.title, f"INSERT INTO {erasure.ids} ({columns}) {sql}")
    return erasure


def _expires(*, is_dry: bool) -> datetime | None:
    return datetime.now(UTC) + DRY_KEPT if is_dry else None


def unfinished(warehouse: Warehouse, datasets: tuple[str, str]) -> list[Erasure]:
    """Erasures whose tables with ids are there, oldest first. Raises WarehouseError."""
    found = []
    for name in warehouse.names(datasets[0]):
        if name.startswith(PREFIX) and (table := warehouse.find(f"{datasets[0]}.{name}")):
            request = msgspec.json.decode(table.description or "", type=Request)
            found.append(Erasure(warehouse, datasets, name.removeprefix(PREFIX), request))
    return sorted(found, key=lambda one: one.request.started_at)
