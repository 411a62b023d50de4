"""Sink of one stream: converts records to rows, spools them, and loads each spool by one load job."""

from __future__ import annotations

import time
from datetime import UTC
from typing import TYPE_CHECKING, Any, Protocol

from cityblock_singer.errors import PluginError
from singer_sdk.sinks import BatchSink

from target_bigquery.compiled import encode_lines
from target_bigquery.computed import as_json, computed_properties
from target_bigquery.converters import (
    MissingKey,
    NotSerializable,
    PrecisionLost,
    RefusedByBigQuery,
    Rejection,
)
from target_bigquery.errors import RefusedRowError, SpoolError
from target_bigquery.loader import EXPORT_ID, Layout
from target_bigquery.names import column_name
from target_bigquery.schema import CLUSTERABLE, columns_of, export_kind, personal_leaves, tagged
from target_bigquery.spool import Spool

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from singer_sdk.mapper import PluginMapper

    from target_bigquery.loader import Loader
    from target_bigquery.rejected import RejectedRecords
    from target_bigquery.schema import Columns
    from target_bigquery.schema_drift import SchemaDrift

PARTITIONABLE = ("TIMESTAMP", "DATE")
METADATA_PARTITION = "bq_partition"
"""Of EXPORT_METADATA, which has no rows of an export."""
MOST_CLUSTERS = 4
MAX_REFUSED_ROWS = 10
"""Of one spool: after each row that BigQuery names when it refuses a load job, the others are loaded again."""


class Run(Protocol):
    """What the sinks of a run share: their target."""

    rows: Counter[str]
    loaded: Counter[str]
    loaded_bytes: Counter[str]
    rejected: RejectedRecords
    schema_drift: SchemaDrift

    @property
    def loader(self) -> Loader: ...

    @property
    def mapper(self) -> PluginMapper: ...

    def table_of(self, stream: str) -> str: ...

    def exact_record(self, stream: str, record: dict[str, Any]) -> dict[str, Any]: ...


class BigQuerySink(BatchSink):
    """Row numbers count through the run, also across sinks of one stream whose schema changes."""

    def __init__(self, target: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's arguments
        self._run: Run = target
        self._spool: Spool | None = None
        self._dropped: set[str] = set()
        self._reported: set[str] = set()
        super().__init__(target, **kwargs)

    def get_validator(self) -> None:
        """None: rows are checked against the table's columns."""

    def setup(self) -> None:
        """Creates or extends the table. Raises SchemaError, SettingsError, WarehouseError."""
        try:
            self._columns = columns_of(self.schema)
            layout = self._layout()
            name = self._run.table_of(self.stream_name)
            tag = self.config.get("policy_tag")
            wanted = tagged(self._columns, tag) if tag else self._columns.fields
            self._table = self._run.loader.ensure_table(self.config["dataset"], name, wanted, layout)
            self._columns = columns_of(self.schema, self._table.schema)
            kinds = {field.name.lower(): field.field_type for field in self._columns.fields}
            self._computed = {
                name: kinds[column_name(name).lower()]
                for name in computed_properties(self._run.mapper, self.stream_name)
                if column_name(name).lower() in kinds
            }
        except PluginError as error:
            raise type(error)(f"Stream {self.stream_name}: {error}") from None

    def _layout(self) -> Layout:
        """Of its table. A view of a stream whose exports have all rows reads one export."""
        fields = {field.name: field for field in self._columns.fields}
        partition = fields.get(self.config["partition_column"]) or fields.get(METADATA_PARTITION)
        is_partitioned = partition is not None and partition.field_type in PARTITIONABLE
        granularity = self.config["partition_granularity"]
        if granularity == "hour" and partition is not None and partition.field_type == "DATE":
            granularity = "day"
        kind = export_kind(self.schema)
        keys = self.key_properties if self.config["cluster_on_key_properties"] else ()
        names = dict.fromkeys(column_name(name) for name in ([EXPORT_ID, *keys] if kind == "bulk" else keys))
        clusters = [
            name
            for name in names
            if name in fields and fields[name].field_type in CLUSTERABLE and fields[name].mode != "REPEATED"
        ]
        return Layout(
            partition.name if partition is not None and is_partitioned else None,
            granularity,
            clusters[:MOST_CLUSTERS],
            kind,
            personal_leaves(self._columns),
        )

    @property
    def max_size(self) -> int:
        return int(self.config["batch_size"])

    @property
    def is_full(self) -> bool:
        spooled = self._spool.bytes if self._spool else 0
        return super().is_full or spooled >= int(self.config["batch_size_bytes"])

    def start_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002 - the SDK's signature
        # A recreated or extended table is a different one: equal rows must be loaded into it again.
        table = self._table
        identity = f"{table.reference} {table.created} {[field.to_api_repr() for field in table.schema]}"
        try:
            self._spool = Spool(self._run.rows[self.stream_name] + 1, identity)
        except SpoolError as failure:
            raise SpoolError(f"Stream {self.stream_name}: {failure}") from None

    def _remove_sdc_metadata_from_schema(self) -> None:
        """Nothing: the SDK silently drops `_sdc_` properties, but those that a stream declares are columns."""

    def _remove_sdc_metadata_from_record(self, record: dict[str, Any]) -> None:
        """Nothing: undeclared ones are dropped with the same warning as any unknown property."""

    def preprocess_record(self, record: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the SDK's signature
        for name, kind in self._computed.items():
            if name in record:
                record[name] = as_json(record[name], kind)
        return record

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record unchanged: process_record validates. The SDK's method logs values."""
        return record

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Nothing: the SDK's error quotes the whole record."""

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Raises SpoolError."""
        rejection = self._add(record)
        if self._columns.seen.unknown:
            self._note_dropped(record)
        if rejection is None:
            return
        exact = self._run.exact_record(self.stream_name, record)
        exact = self.preprocess_record(exact, context)
        if isinstance(rejection, PrecisionLost):
            rejection = self._add(exact)
        if rejection is not None:
            self._run.rejected.add(self.stream_name, exact, self.key_properties, rejection)

    @property
    def columns(self) -> Columns:
        return self._columns

    @property
    def is_computed(self) -> bool:
        """Whether stream maps compute any of the columns."""
        return bool(self._computed)

    def take(self, records: Sequence[Any]) -> bool:
        """Spools records that compiled code has decoded. False if one of them could begin or complete a batch, which
        process_record does. Raises SpoolError.
        """
        spool, count = self._spool, len(records)
        if spool is None or self.current_size + count >= self.max_size:
            return False
        lines = encode_lines(records)
        if spool.bytes + len(lines) >= int(self.config["batch_size_bytes"]):
            return False
        try:
            if not spool.extend(lines, count):
                return False
        except SpoolError as failure:
            raise SpoolError(f"Stream {self.stream_name}: {failure}") from None
        self._run.rows[self.stream_name] = spool.last
        self.tally_record_read(count)
        self.record_counter_metric.increment(count)
        return True

    def _add(self, record: dict[str, Any]) -> Rejection | None:
        """Spools the record; the reason if it is rejected. Raises SpoolError."""
        spool = self._spool
        assert spool is not None  # noqa: S101 - start_batch comes first
        try:
            for key in self.key_properties:
                if record.get(key) is None:
                    return MissingKey(key)
            spool.add(self._columns.convert(record))
        except Rejection as rejection:
            return rejection
        except (TypeError, RecursionError):
            return NotSerializable()
        except SpoolError as failure:
            raise SpoolError(f"Stream {self.stream_name}: {failure}") from None
        self._run.rows[self.stream_name] = spool.last
        return None

    def _note_dropped(self, record: dict[str, Any]) -> None:
        unknown = self._columns.seen.unknown
        self._dropped.update(path for path, _ in unknown)
        self._run.schema_drift.add(self.stream_name, record, unknown)
        unknown.clear()

    def process_batch(self, context: dict[str, Any]) -> None:
        """Raises SpoolError, WarehouseError, SettingsError."""
        spool = self._spool
        assert spool is not None  # noqa: S101 - start_batch comes first
        self._spool = None
        if not spool.rows:  # all rows were rejected
            spool.close()
            return
        started = time.monotonic()
        try:
            spool.finish()
            stamp = context["batch_start_time"].astimezone(UTC).strftime("%Y%m%dT%H%M%S%f")
            name = self._table.table_id
            blob = f"{name}/{stamp}-{context['batch_id'][:8]}/{name}.json.gz"
            job_id, refused = "", 0
            while spool.rows and not job_id:
                try:
                    job_id = self._run.loader.load_spool(self._table, spool, blob)
                except RefusedRowError as error:
                    refused += 1
                    if refused > MAX_REFUSED_ROWS:
                        raise
                    spool = self._without(spool, error)
        except PluginError as error:
            raise type(error)(f"Stream {self.stream_name}: {error}") from None
        finally:
            spool.close()
        if not job_id:
            return
        self._run.loaded[self.stream_name] += spool.rows
        self._run.loaded_bytes[self.stream_name] += spool.bytes
        self.logger.info(
            "%s: rows %d-%d loaded, %d bytes in %.1f s, job %s",
            self.stream_name,
            spool.first,
            spool.last,
            spool.bytes,
            time.monotonic() - started,
            job_id,
        )
        self._report()

    def _without(self, spool: Spool, error: RefusedRowError) -> Spool:
        """Rejects the row that BigQuery names; the spool of the other rows. Raises SpoolError."""
        others, row = spool.without(error.row)
        spool.close()
        keys = [column_name(key) for key in self.key_properties]
        self._run.rejected.add(self.stream_name, row, keys, RefusedByBigQuery(error.reason))
        return others

    def _report(self) -> None:
        """Logs dropped properties and conversions, once per column and run."""
        seen = self._columns.seen
        if fresh := self._dropped - self._reported:
            hint = "; add_record_metadata adds columns for those of the SDK"
            self.logger.warning(
                "%s: dropped properties that are not in the schema: %s%s",
                self.stream_name,
                ", ".join(sorted(fresh)),
                hint if any(name.startswith("_sdc_") for name in fresh) else "",
            )
        for changed in sorted(seen.converted - self._reported):
            self.logger.warning("%s: %s", self.stream_name, changed)
        self._reported |= self._dropped | seen.converted

    def close(self) -> None:
        """Discards rows that are not loaded."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None
