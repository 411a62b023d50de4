"""What a successful run leaves for the next one, so that a run without changes reads no table.

Labels of zendesk_ticket_state have a checksum of the sizes of the tables that a publication appends to. Metadata is free
to read. If the sizes differ, something was written since: a killed run, an older release, a replay.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.cloud import bigquery

    from target_zendesk_pubsub.warehouse import Table, Warehouse

CHECKSUM, WAITING, REJECTED = "checksum", "waiting", "rejected"


class Checkpoint:
    """`table`: the one with the labels. `sources`: created if missing. `optional`: may be missing.

    `derived`: the table of waiting tickets, created if missing, which a run may rewrite.
    """

    def __init__(
        self, warehouse: Warehouse, table: Table, sources: Sequence[Table], optional: Table, derived: Table
    ) -> None:
        self._warehouse, self._table = warehouse, table
        self._sources, self._optional, self._derived = sources, optional, derived
        self._rows: dict[str, int] = {}
        self.labels: dict[str, str] = {}
        self.labels_of_waiting: dict[str, str] = {}
        self.is_valid = False
        """Whether nothing was written since the last successful run."""

    def open(self) -> None:
        """Creates missing tables. Raises SettingsError, WarehouseError."""
        found: dict[str, bigquery.Table | None] = {
            str(one): self._warehouse.ensure(one) for one in self._sources
        }
        found[str(self._optional)] = self._warehouse.find(self._optional)
        self._rows = _rows(found)
        found[str(self._derived)] = waiting = self._warehouse.ensure(self._derived)
        self.labels_of_waiting = dict(waiting.labels)
        self.labels = dict(self._warehouse.ensure(self._table).labels)
        self.is_valid = self.labels.get(CHECKSUM) == _checksum(found)

    @property
    def is_empty(self) -> bool:
        """Whether no run has written anything yet."""
        return not any(self._rows.values())

    def has_rows(self, table: Table) -> bool:
        """Whether one of the sources had rows when the run began."""
        return self._rows[str(table)] > 0

    @property
    def waiting(self) -> int | None:
        """Number of waiting tickets, if known."""
        return self._number(WAITING)

    @property
    def rejected(self) -> int | None:
        """Number of open rejected tickets, if known."""
        return self._number(REJECTED)

    def _number(self, label: str) -> int | None:
        return int(self.labels[label]) if self.is_valid and label in self.labels else None

    def close(self, waiting: int, rejected: int) -> None:
        """Call it at the end of a run, after everything is written. Raises WarehouseError."""
        if self.is_valid and not self._warehouse.has_written:
            return
        found = {str(one): self._warehouse.find(one) for one in (*self._sources, self._optional)}
        appended = self._warehouse.appended
        if _rows(found) != {name: rows + appended[name] for name, rows in self._rows.items()}:
            self._warehouse.logger.info(
                "Tables were written by another process, too: the next run will check them"
            )
            return
        found[str(self._derived)] = self._warehouse.find(self._derived)
        labels = {CHECKSUM: _checksum(found), WAITING: str(waiting), REJECTED: str(rejected)}
        self._warehouse.label(self._table, labels)


def _rows(tables: Mapping[str, bigquery.Table | None]) -> dict[str, int]:
    return {name: 0 if table is None else int(table.num_rows or 0) for name, table in tables.items()}


def _checksum(tables: Mapping[str, bigquery.Table | None]) -> str:
    """A label's value may have 63 characters."""
    sizes = [(name, table and (table.num_rows or 0, table.num_bytes or 0)) for name, table in tables.items()]
    return hashlib.sha256(repr(sizes).encode()).hexdigest()[:40]
