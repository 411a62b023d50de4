"""REJECTED_RECORD: records that cannot be parsed as tickets, open until a release parses them or a newer version comes.

target-bigquery keeps its own rows in the same table.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from cityblock_singer.google.errors import WarehouseError
from cityblock_singer.google.rejected_records import CLUSTERS, FIELDS, PARTITION, TABLE, are_too_many, is_open
from google.api_core.exceptions import NotFound

from target_zendesk_pubsub.erased_tickets import BLANK
from target_zendesk_pubsub.errors import RecordError
from target_zendesk_pubsub.ticket_parsing import NAME, Rejected
from target_zendesk_pubsub.warehouse import Table, encode_row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from google.cloud.bigquery import Row

    from target_zendesk_pubsub.clock import Clock
    from target_zendesk_pubsub.erased_messages import Erased
    from target_zendesk_pubsub.tickets import DeletionStub, Ticket
    from target_zendesk_pubsub.warehouse import Warehouse

STREAM = "ticket"
REJECTED_BY = "target-zendesk-pubsub"
OPEN = f"stream = '{STREAM}' AND {is_open(REJECTED_BY)}"


@dataclasses.dataclass(frozen=True, slots=True)
class OpenRecord:
    """The last rejected version of a ticket."""

    record_key: str
    payload: str
    rejected_at: datetime


class RejectedRecords:
    """The rows of this target. Creates the table with the first one. `max_share`: share of a batch that stops the run."""

    def __init__(self, warehouse: Warehouse, dataset: str, run_id: str, max_share: float) -> None:
        self._warehouse, self._run_id, self._max_share = warehouse, run_id, max_share
        self.table = Table(dataset, TABLE, FIELDS, "payload", PARTITION, CLUSTERS)
        self._exists = False
        self._open: set[str] = set()

    def prepare(self) -> None:
        """Reads which tickets are open, so that batches without them need no query. Raises WarehouseError."""
        self._open = {
            row.record_key or ""
            for row in self._if_exists(f"SELECT DISTINCT record_key FROM {self.table} WHERE {OPEN}")
        }

    def __len__(self) -> int:
        """Number of open tickets."""
        return len(self._open)

    def record(self, rejected: Sequence[Rejected], read: int, clock: Clock) -> None:
        """Appends a row each, except for versions that are open already. `read`: number of tickets in the batch.

        Raises RecordError, SettingsError, WarehouseError.
        """
        if are_too_many(len(rejected), read, self._max_share):
            first = rejected[0]
            raise RecordError(
                f"{len(rejected)} of {read} tickets cannot be parsed, more than max_rejected_share allows: "
                f"the schema is probably wrong; the first is {first.name}: {first.reason}"
            )
        known = self._versions({one.record_key for one in rejected if one.record_key in self._open})
        rows = []
        for one in rejected:
            version = (one.record_key, _version(one.payload))
            if version not in known:
                known.append(version)
                rows.append(self._row(one, clock.now()))
        if rows and not self._exists:
            self._warehouse.ensure(self.table)
            self._exists = True
        self._warehouse.append(self.table, rows)
        self._open |= {one.record_key or "" for one in rejected}

    def _row(self, rejected: Rejected, now: datetime) -> bytes:
        return encode_row(
            {
                "stream": STREAM,
                "record_key": rejected.record_key,
                "column": rejected.column,
                "reason": rejected.reason,
                "run_id": rejected.export_id or self._run_id,
                "payload": rejected.payload,
                "rejected_at": now,
                "resolved_at": None,
                "rejected_by": REJECTED_BY,
            }
        )

    def _versions(self, keys: Collection[str | None]) -> list[tuple[str | None, Any]]:
        named = [key for key in keys if key is not None and NAME.fullmatch(key)]
        if not named:
            return []
        sql = f"SELECT record_key, payload FROM {self.table} WHERE {OPEN} AND record_key IN UNNEST(SPLIT(@keys, ','))"
        rows = self._warehouse.query("rejected records", sql, {"keys": ",".join(named)})
        return [(row.record_key, _version(row.payload)) for row in rows]

    def settle(self, given: Iterable[Ticket | DeletionStub | Rejected]) -> None:
        """After a batch is published, resolves tickets whose last version was parsed. Raises WarehouseError."""
        if self._open:
            last = {
                one.record_key if isinstance(one, Rejected) else str(one.id): not isinstance(one, Rejected)
                for one in given
            }
            self.resolve([key for key, is_read in last.items() if is_read and key in self._open])

    def settle_erased(self, erased: Sequence[Erased]) -> None:
        """Resolves the records of these tickets that were rejected before the erasure. Raises WarehouseError."""
        keys = [key for key in (str(one.id) for one in erased) if key in self._open]
        self.resolve(keys, until=max(one.erased_at for one in erased))

    def resolve(self, keys: Collection[str | None], until: datetime | None = None) -> None:
        """Marks rows of these tickets as resolved, rejected up to `until` if given. Raises WarehouseError."""
        if keys:
            bound = f"AND rejected_at <= TIMESTAMP '{until.isoformat()}'" if until else ""
            sql = f"""
                UPDATE {self.table} SET resolved_at = CURRENT_TIMESTAMP()
                WHERE {OPEN} AND record_key IN UNNEST(SPLIT(@keys, ',')) {bound}
            """
            self._warehouse.execute("rejected records", sql, {"keys": ",".join(map(str, keys))})
            self._open.difference_update(map(str, keys))

    def read(self) -> Iterator[tuple[OpenRecord, int]]:
        """The last version of each open ticket that is not erased, and its size in bytes, oldest first.

        Raises WarehouseError.
        """
        sql = f"""
            SELECT record_key, payload, rejected_at FROM {self.table}
            WHERE {OPEN} AND record_key IS NOT NULL AND payload != '{BLANK}'
            QUALIFY ROW_NUMBER() OVER (PARTITION BY record_key ORDER BY rejected_at DESC) = 1
            ORDER BY rejected_at
        """
        for row in self._if_exists(sql):
            yield OpenRecord(row.record_key, row.payload, row.rejected_at), len(row.payload)

    def _if_exists(self, sql: str) -> Iterator[Row]:
        """The rows, none if the table does not exist. Raises WarehouseError."""
        try:
            yield from self._warehouse.query("rejected records", sql, {})
        except WarehouseError as failure:
            if not isinstance(failure.__cause__, NotFound):
                raise


def _version(payload: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Zendesk's properties: those of the tap (`_export_id`, `_exported_at`) differ in every run."""
    try:
        record = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    return {name: value for name, value in record.items() if not name.startswith("_")}
