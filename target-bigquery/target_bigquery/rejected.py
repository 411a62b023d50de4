"""Rejected records go to a separate table, so that they stop neither other rows nor STATE."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from cityblock_singer.errors import PluginError
from cityblock_singer.google.rejected_records import CLUSTERS, FIELDS, PARTITION, TABLE, are_too_many
from google.cloud.bigquery import PolicyTagList, SchemaField

from target_bigquery.converters import RowTooLarge
from target_bigquery.errors import RowError
from target_bigquery.loader import Layout
from target_bigquery.spool import LINE, Spool

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence

    from google.cloud import bigquery

    from target_bigquery.converters import Rejection
    from target_bigquery.loader import Loader

REJECTED_BY = "target-bigquery"
LAYOUT = Layout(PARTITION, "day", [*CLUSTERS])
PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Keys that may be logged; others could be free text."""
MOST_NAMED = 20
"""Rejected records that a run logs by name, per stream; the others are counted."""


def fields(policy_tag: str | None) -> list[SchemaField]:
    """The columns of the table, the personal one with the policy tag."""
    if not policy_tag:
        return list(FIELDS)
    payload = SchemaField("payload", "STRING", policy_tags=PolicyTagList([policy_tag]))
    return [payload if field.name == payload.name else field for field in FIELDS]


def key_parts(record: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """The values of the key as text; empty without a key, or if a value is missing or not a scalar."""
    values = [record.get(key) for key in keys]
    if not all(isinstance(value, (str, int, float)) for value in values):
        return []
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def shown(parts: Sequence[str], row: int) -> str:
    """Name of the record for logs: its key if that cannot be content, otherwise its row number."""
    return ",".join(parts) if parts and all(map(PLAIN_KEY.fullmatch, parts)) else f"row {row}"


def written(record: Mapping[str, Any]) -> str:
    """The record as JSON text; values of stream maps that JSON does not have become strings."""
    try:
        return orjson.dumps(record, default=str, option=LINE & ~orjson.OPT_APPEND_NEWLINE).decode()
    except TypeError:  # lone surrogates, integers over 64 bits, more than 254 levels
        return json.dumps(record, default=str)


class RejectedRecords:
    """The rejected records of a run. `loaded`: number of records in the table, by stream."""

    def __init__(
        self,
        loader: Callable[[], Loader],
        config: Mapping[str, Any],
        rows: Mapping[str, int],
        logger: logging.Logger,
    ) -> None:
        """`rows`: number of accepted rows of the run, by stream."""
        self.loaded: Counter[str] = Counter()
        self._loader, self._config, self._rows, self._logger = loader, config, rows, logger
        self._run_id = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._table: bigquery.Table | None = None
        self._spool: Spool | None = None
        self._last = 0
        self._waiting: Counter[str] = Counter()
        self._named: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._taken: Counter[str] = Counter()  # as of the last STATE
        self._rejected: defaultdict[str, Counter[str]] = defaultdict(Counter)  # since then, by reason

    def add(self, stream: str, record: Mapping[str, Any], keys: Sequence[str], rejection: Rejection) -> None:
        """Raises SpoolError, WarehouseError, SchemaError, SettingsError."""
        key, export_id = key_parts(record, keys), record.get("_export_id")
        run_id = export_id if isinstance(export_id, str) else None
        row = {
            "stream": stream,
            "record_key": ",".join(key) or None,
            "column": rejection.column or None,
            "reason": rejection.reason,
            "run_id": run_id,
            "payload": written(record),
            "rejected_by": REJECTED_BY,
        }
        stamp = {"run_id": run_id or self._run_id, "rejected_at": datetime.now(UTC)}
        with self._lock:
            try:
                try:
                    self._open().add(row, stamp)
                except RowTooLarge:  # too large for BigQuery in this table, too
                    self._open().add({**row, "payload": None}, stamp)
            except PluginError as error:
                raise type(error)(f"Rejected records: {error}") from None
            self._waiting[stream] += 1
            self._rejected[stream][str(rejection)] += 1
            name = shown(key, self._rows[stream] + self._waiting[stream])
            self._log(stream, "rejected", name, str(rejection))

    def _open(self) -> Spool:
        if self._spool is None:
            table = self._table = self._loader().ensure_table(
                self._config["dataset"], TABLE, fields(self._config.get("policy_tag")), LAYOUT
            )
            self._spool = Spool(self._last + 1, f"{table.reference} {table.created}")
        return self._spool

    def repaired(self, stream: str, record: Mapping[str, Any], keys: Sequence[str]) -> None:
        """Logs that a record with invalid Unicode was accepted."""
        name = shown(key_parts(record, keys), self._rows[stream])
        self._log(stream, "repaired", name, "invalid Unicode replaced by U+FFFD")

    def _log(self, stream: str, what: str, name: str, reason: str) -> None:
        named = self._named[stream, what]
        if name in named or len(named) > MOST_NAMED:
            return
        named.add(name)
        if len(named) > MOST_NAMED:
            self._logger.warning("%s: more records %s, not logged one by one", stream, what)
        else:
            self._logger.warning("%s %s %s: %s", stream, name, what, reason)

    def check(self) -> None:
        """Raises RowError if the share of rejected rows of a stream exceeds max_rejected_share."""
        share = self._config["max_rejected_share"]
        for stream, reasons in self._rejected.items():
            count, taken = reasons.total(), self._rows[stream] - self._taken[stream]
            if are_too_many(count, count + taken, share):
                raise RowError(
                    f"Stream {stream}: {count} of {count + taken} rows rejected, more than max_rejected_share "
                    f"({share:g}): the schema is probably wrong; most frequent reason: {reasons.most_common(1)[0][0]}"
                )

    def load(self) -> None:
        """Before the STATE that covers these records. Raises SpoolError, WarehouseError."""
        spool, table = self._spool, self._table
        if spool is None or table is None:
            return
        try:
            spool.finish()
            stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{self._run_id[:8]}"
            self._loader().load_spool(table, spool, f"{TABLE}/{stamp}/{TABLE}.json.gz")
        except PluginError as error:
            raise type(error)(f"Rejected records: {error}") from None
        finally:
            self.close()
        self._last = spool.last
        self.loaded += self._waiting
        self._waiting.clear()

    def settle(self) -> None:
        """After STATE is sent: restarts the count of shares."""
        self._taken = Counter(self._rows)
        self._rejected.clear()

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def summarize(self) -> None:
        for stream, count in self.loaded.items():
            self._logger.warning(
                "%s: %d rejected %s stored in %s.%s; target-bigquery:reload-rejected tries them again",
                stream,
                count,
                "record is" if count == 1 else "records are",
                self._config["dataset"],
                TABLE,
            )
