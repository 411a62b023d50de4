"""The warehouse's side: the rows of `<model>_latest`, of raw tables, and of rejected records."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from cityblock_singer.google.rejected_records import TABLE as REJECTED
from tap_zendesk_cityblock.state.positions import moment_of
from target_bigquery.names import column_name
from target_zendesk_pubsub.warehouse import moment

from zendesk_reconciliation.errors import NotComparedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tap_zendesk_cityblock.model_types import Model
    from target_zendesk_pubsub.warehouse import Warehouse

Json = dict[str, Any]

DAY = 86_400
BATCH = 500
"""Rows of a query with whole rows, each of which may have 64 KB."""


@dataclasses.dataclass(frozen=True)
class Shown:
    """A row of the view without its content. Times in epoch seconds."""

    id: int
    clock: int
    created: int | None
    updated: int | None
    is_deleted: bool


class View:
    """`<model>_latest` of an incremental model with numbers as keys."""

    def __init__(self, warehouse: Warehouse, dataset: str, model: Model) -> None:
        self._warehouse, self._dataset, self.model = warehouse, dataset, model
        self._raw = f"{dataset}.{column_name(model.name)}"
        self.name = f"{self._raw}_latest"

    def check(self) -> None:
        """Raises NotComparedError if there is no such view, WarehouseError."""
        if self._warehouse.find(self.name) is None:
            raise NotComparedError(f"{self.name} does not exist: `meltano run tap-to-bigquery` builds it")

    def counts_by_day(self, beyond: int, start_date: int) -> dict[int, int]:
        """Days since 1970 → objects created on it, before `beyond`, and updated since `start_date`; no deleted ones.

        Raises WarehouseError.
        """
        sql = f"""
            SELECT DIV(UNIX_SECONDS(created_at), {DAY}) AS day, COUNT(*) AS objects
            FROM {self.name} WHERE {self._counted(0, beyond, start_date)} GROUP BY 1 ORDER BY 1
        """
        return {row.day: row.objects for row in self._warehouse.query(f"counts of {self.name}", sql, {})}

    def count(self, first: int, beyond: int, start_date: int) -> int:
        """Of these objects, created in [first, beyond). Raises WarehouseError."""
        sql = f"SELECT COUNT(*) AS objects FROM {self.name} WHERE {self._counted(first, beyond, start_date)}"
        [row] = self._warehouse.query(f"counts of {self.name}", sql, {})
        return int(row.objects)

    def created(self, first: int, beyond: int, start_date: int) -> set[int]:
        """Their ids. Raises WarehouseError."""
        sql = f"SELECT id FROM {self.name} WHERE {self._counted(first, beyond, start_date)}"
        return {row.id for row in self._warehouse.query(f"objects of {self.name}", sql, {})}

    def draw(self, seed: int, size: int) -> set[int]:
        """Ids of objects that are not deleted, the same for the same seed and objects. Raises WarehouseError."""
        sql = f"""
            SELECT id FROM {self.name} WHERE NOT IFNULL(is_deleted, FALSE)
            ORDER BY FARM_FINGERPRINT(CONCAT(CAST(id AS STRING), ' {seed}')), id LIMIT {size}
        """
        return {row.id for row in self._warehouse.query(f"sample of {self.name}", sql, {})}

    def rows(self, ids: Collection[int]) -> dict[int, Shown]:
        """Raises WarehouseError."""
        if not ids:
            return {}
        clock = self.model.clock
        sql = f"""
            SELECT id, TO_JSON_STRING({clock}) AS clock, UNIX_SECONDS(created_at) AS created,
              UNIX_SECONDS(updated_at) AS updated, IFNULL(is_deleted, FALSE) AS is_deleted
            FROM {self.name} WHERE {_is_one_of(ids)}
        """
        found = self._warehouse.query(f"objects of {self.name}", sql, {})
        return {
            row.id: Shown(row.id, _moment(row.clock), row.created, row.updated, row.is_deleted)
            for row in found
        }

    def contents(self, ids: Collection[int]) -> Iterator[tuple[int, Json]]:
        """Whole rows, as JSON. Raises WarehouseError."""
        wanted = sorted(ids)
        for start in range(0, len(wanted), BATCH):
            condition = _is_one_of(wanted[start : start + BATCH])
            sql = f"SELECT id, TO_JSON_STRING(shown) AS row FROM {self.name} AS shown WHERE {condition}"
            for row in self._warehouse.query(f"rows of {self.name}", sql, {}):
                yield row.id, msgspec.json.decode(row.row)

    def exported(self, clocks: Mapping[int, int]) -> set[int]:
        """The ids that have a row in the raw table with at least that clock. Raises WarehouseError."""
        if not clocks or self._warehouse.find(self._raw) is None:
            return set()
        sql = f"""
            SELECT id, TO_JSON_STRING(MAX({self.model.clock})) AS clock
            FROM {self._raw} WHERE {_is_one_of(clocks)} GROUP BY id
        """
        rows = self._warehouse.query(f"rows of {self._raw}", sql, {})
        return {row.id for row in rows if _moment(row.clock) >= clocks[row.id]}

    def rejected(self, ids: Collection[int]) -> set[int]:
        """Those with an open rejected record. Raises WarehouseError."""
        table = f"{self._dataset}.{REJECTED}"
        if not ids or self._warehouse.find(table) is None:
            return set()
        keys = ", ".join(f"'{one}'" for one in sorted(ids))
        sql = f"""
            SELECT DISTINCT record_key FROM {table}
            WHERE stream = '{self.model.name}' AND resolved_at IS NULL AND record_key IN ({keys})
        """
        return {int(row.record_key) for row in self._warehouse.query("rejected records", sql, {})}

    def _counted(self, first: int, beyond: int, start_date: int) -> str:
        """SQL condition, as Search counts."""
        conditions = [
            "NOT IFNULL(is_deleted, FALSE)",
            f"created_at < {_literal(beyond)}",
            f"updated_at >= {_literal(start_date)}",
        ]
        if first:
            conditions.append(f"created_at >= {_literal(first)}")
        return " AND ".join(conditions)


def _is_one_of(ids: Collection[int]) -> str:
    """By constants, so that BigQuery prunes partitions and clusters."""
    return f"id IN ({', '.join(map(str, sorted(ids)))})"


def _literal(seconds: int) -> str:
    return moment(datetime.fromtimestamp(seconds, UTC))


def _moment(clock: str | None) -> int:
    """`clock`: as JSON, because it is a number or a time."""
    return moment_of(msgspec.json.decode(clock)) or 0 if clock else 0
