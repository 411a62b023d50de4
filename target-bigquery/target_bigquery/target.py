"""The target: when rows are loaded, when STATE is written, and how a run ends."""

from __future__ import annotations

import gc
import logging
import time
from collections import Counter
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

from cityblock_singer.errors import SettingsError
from cityblock_singer.google.clients import bigquery_client
from cityblock_singer.google.errors import WarehouseError
from cityblock_singer.google.pipeline_runs import PipelineRun
from cityblock_singer.google.rejected_records import TABLE
from cityblock_singer.google.retention import settle
from cityblock_singer.pipeline_run import NAME as PIPELINE_RUN
from cityblock_singer.plugin import Plugin, run
from cityblock_singer.termination import Termination
from singer_sdk import Target
from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.helpers.capabilities import PluginCapabilities
from singer_sdk.mapper import SameRecordTransform

from target_bigquery.compiled import CompiledRecords
from target_bigquery.computed import StreamMapFailed, raised_by_stream_map
from target_bigquery.converters import NestedTooDeeply
from target_bigquery.errors import InputError, SchemaError
from target_bigquery.loader import Loader
from target_bigquery.messages import batch_records, check_record, check_schema
from target_bigquery.names import column_name
from target_bigquery.reader import BytesReader
from target_bigquery.rejected import RejectedRecords
from target_bigquery.retention import kept, retention_days
from target_bigquery.schema_drift import SchemaDrift
from target_bigquery.settings import RETIRED, SETTINGS, bucket
from target_bigquery.sink import BigQuerySink

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.sinks import Sink


JOB = "tap-to-bigquery"
"""Of meltano.yml."""


class TargetBigQuery(Plugin, Target):
    """`rows` counts each stream's rows of this run: the numbers in messages and job ids. `loaded`: those in BigQuery.

    `loaded_bytes`: of these, as JSON.
    """

    name = "target-bigquery"
    default_sink_class = BigQuerySink
    message_reader_class = BytesReader
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    retired_settings: ClassVar[dict[str, Any]] = RETIRED
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.BATCH,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's arguments, handed on
        self.rows: Counter[str] = Counter()
        self.loaded: Counter[str] = Counter()
        self.loaded_bytes: Counter[str] = Counter()
        self._started = time.monotonic()
        self._tables = {TABLE: "of rejected records", PIPELINE_RUN: "of runs"}
        self._versioned: set[str] = set()
        self._pending = 0
        self._compiled = CompiledRecords(self._take)
        super().__init__(**kwargs)
        self._termination = Termination("the current load", self.logger)
        assert isinstance(self.message_reader, BytesReader)  # noqa: S101 - see message_reader_class
        self._reader = self.message_reader
        self._reader.compiled = self._compiled
        self.schema_drift = SchemaDrift()
        self.rejected = RejectedRecords(lambda: self.loader, self.config, self.rows, self.logger)
        self._pipeline_run = PipelineRun(
            JOB, self.config["dataset"], lambda: self.loader.client, self.config["timeout"], self.logger
        )
        self.max_parallelism = self.config["load_parallelism"]
        if self.metrics_logger.level == logging.INFO:  # the loader's own lines have these numbers
            self.metrics_logger.setLevel(logging.WARNING)

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """The SDK's own settings, without those that would have no effect."""
        super().append_builtin_config(config_jsonschema)
        for name in ("batch_size_rows", "batch_config", "load_method"):
            config_jsonschema["properties"].pop(name, None)

    @cached_property
    def loader(self) -> Loader:
        """Created at the first SCHEMA, so that --about needs no credentials."""
        return Loader(bigquery_client(self.config), bucket(self.config), self.config["timeout"], self.logger)

    def listen(self, file_input: IO[str] | None = None) -> None:  # type: ignore[misc] # final, and the SDK is pinned
        """The last line has rows and seconds, however the run ends. Only the sentence of an error follows it."""
        code: Any = 1
        error: BaseException | None = None
        try:
            super().listen(file_input)
            self._settle_retention()
            code = 0
        except BaseException as raised:
            error = raised
            code = raised.code if isinstance(raised, SystemExit) else 1
            raise
        finally:
            try:
                self._record(error)
            finally:  # a signal that came meanwhile ends the run only after the last line
                self._finish(code)

    def _finish(self, code: Any) -> None:  # noqa: ANN401 - of SystemExit
        self._close()
        self.rejected.summarize()
        rows = ", ".join(f"{stream} {count}" for stream, count in self.loaded.items())
        self.logger.info(
            "ends after %.1f s with exit code %s; rows loaded: %s",
            time.monotonic() - self._started,
            code,
            rows or "none",
        )

    def _record(self, error: BaseException | None) -> None:
        counts = {"rows": self.loaded, "bytes": self.loaded_bytes, "rejected_records": self.rejected.loaded}
        with self._termination.postponed():
            self._pipeline_run.end(error, {name: count.total() for name, count in counts.items()})

    def _settle_retention(self) -> None:
        """Never fails the run, whose rows are loaded; the check reports it, too."""
        if not any(retention_days(self.config).values()):
            return
        try:
            tables = kept(self.config, self.loader, in_run=True)
            settle(self.loader, tables)
        except WarehouseError as error:
            self.logger.warning("Retention is not applied: %s", error)

    def _close(self) -> None:
        for sink in (*self._sinks_active.values(), *self._sinks_to_clear):
            assert isinstance(sink, BigQuerySink)  # noqa: S101 - the only class there is
            sink.close()
        self.rejected.close()
        if "loader" in vars(self):
            self.loader.close()

    def table_of(self, stream: str) -> str:
        """Raises SchemaError where another stream of this run has that table."""
        name = column_name(stream)
        if (other := self._tables.setdefault(name, f"of stream {stream}")) != f"of stream {stream}":
            raise SchemaError(
                f"its table would be {name}, like that {other}: rename it with __alias__ in stream_maps"
            )
        return name

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Rows of the old schema are loaded before a new one changes the table."""
        check_schema(message_dict)
        stream = message_dict["stream"]
        if stream == PIPELINE_RUN:
            return
        if self._is_known(message_dict):
            return
        sink = self._sinks_active.get(stream)
        if sink is not None and sink.current_size:
            with self._termination.postponed():
                self.drain_one(sink)
        try:
            super()._process_schema_message(message_dict)
        except RecursionError:
            raise SchemaError(f"Stream {stream}: its schema is nested too deeply") from None
        except (AttributeError, LookupError, TypeError) as error:
            if not raised_by_stream_map(error):
                raise
            raise SettingsError(
                f"stream_maps: the SDK cannot apply them to stream {stream} ({type(error).__name__})"
            ) from None
        if self._sinks_active.get(stream) is not sink:
            self._compiled.forget(stream)

    def _is_known(self, message: dict[str, Any]) -> bool:
        """Whether the SCHEMA repeats the stream's last one, as the SDK's taps do for each parent of a child stream."""
        last = next(iter(self.mapper.stream_maps.get(message["stream"], ())), None)
        given = message["schema"], message.get("key_properties")
        return last is not None and given == (last.raw_schema, last.raw_key_properties)

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        if type(message_dict.get("record")) is not dict or type(message_dict.get("stream")) is not str:
            check_record(message_dict)
        with self._termination.postponed():
            if message_dict["stream"] == PIPELINE_RUN:
                self._pipeline_run.hear(message_dict["record"])
                return
            self._pending += 1
            try:
                if self._reader.is_cut and message_dict["stream"] in self.mapper.stream_maps:
                    self.rejected.add(*self._keyed(self._reader.exact_message()), NestedTooDeeply())
                    return
                super()._process_record_message(message_dict)
                if self._reader.is_repaired:
                    self.rejected.repaired(*self._keyed(message_dict))
            except RecordsWithoutSchemaException:
                raise InputError(
                    f"a RECORD of stream {message_dict['stream']} came before its SCHEMA"
                ) from None
            except Exception as error:
                if not raised_by_stream_map(error):
                    raise
                self.rejected.add(*self._keyed(message_dict), StreamMapFailed(error))
        if self._compiled.is_due(message_dict["stream"]):
            self._compile(message_dict["stream"], message_dict["record"])

    def _compile(self, stream: str, sample: dict[str, Any]) -> None:
        """Unless the SDK changes the stream's records before its sink gets them."""
        maps, sink = self.mapper.stream_maps[stream], self._sinks_active.get(stream)
        if self.config.get("add_record_metadata") or [*map(type, maps)] != [SameRecordTransform]:
            return
        if isinstance(sink, BigQuerySink) and not sink.is_computed:
            self._compiled.add(stream, sink.columns, sink.key_properties, sample)

    def _take(self, stream: str, records: list[Any]) -> bool:
        """Spools records that need no change, or leaves them all."""
        sink = self._sinks_active[stream]
        assert isinstance(sink, BigQuerySink)  # noqa: S101 - the only class there is
        with self._termination.postponed():
            if not sink.take(records):
                return False
            self._pending += len(records)
            self._handle_max_record_age()
        return True

    def _keyed(self, message: dict[str, Any]) -> tuple[str, dict[str, Any], Sequence[str]]:
        """Stream, record and key properties of a RECORD, as the tap sent it."""
        stream = message["stream"]
        return stream, message["record"], self.mapper.stream_maps[stream][0].raw_key_properties or ()

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Processes its records one by one. The SDK would hold a whole file in memory and skip stream maps."""
        for line in batch_records(message_dict):
            self._reader.enter(message_dict, line)
            self._process_record_message({**message_dict, "type": "RECORD", "record": line.value})

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """The SDK expects a sink, which may not exist yet, and logs that columns are added, which is not true here."""
        stream = str(message_dict.get("stream"))
        if stream not in self._versioned:
            self._versioned.add(stream)
            self.logger.warning(
                "%s: ACTIVATE_VERSION is ignored; tables are append-only, rows of earlier versions stay",
                stream,
            )

    def exact_record(self, stream: str, record: dict[str, Any]) -> dict[str, Any]:
        """`record`, the current line's, with every digit of its numbers, as far as `stream_maps` leaves them alone."""
        try:
            message = self._reader.exact_message()
        except ValueError:
            return record
        for stream_map in self.mapper.stream_maps[message["stream"]]:
            if stream_map.stream_alias == stream:
                again = stream_map.transform(message["record"]) or {}
                return {name: again.get(name, value) for name, value in record.items()}
        return record

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """The SDK writes STATE only at the end of the input; an interrupted run would lose all of its progress."""
        super()._process_state_message(message_dict)
        due = time.time() - self._last_full_drain_at >= self.config["checkpoint_seconds"]
        if self._pending >= self.config["checkpoint_rows"] or (due and self._pending):
            self.drain_all()

    def drain_all(self, *, is_endofpipe: bool = False) -> None:  # type: ignore[misc] # final, and the SDK is pinned
        with self._termination.postponed():
            super().drain_all(is_endofpipe=is_endofpipe)
            self.rejected.settle()
            self._pending = 0

    def process_endofpipe(self) -> None:
        """Schema drift that the run found is loaded with the last rows."""
        for message in self.schema_drift.messages(self._pipeline_run.run_id):
            if message["type"] == "SCHEMA":
                self._process_schema_message(message)
            else:
                self._process_record_message(message)
        super().process_endofpipe()

    def drain_one(self, sink: Sink) -> None:  # type: ignore[misc] # final, and the SDK is pinned
        """A sink of `load_last` that is full, or gets another schema, follows all others, too."""
        last = self.config["load_last"]
        if sink.stream_name in last and sink.current_size:
            others = (*self._sinks_to_clear, *self._sinks_active.values())
            self._drain_all([one for one in others if one.stream_name not in last and one.current_size], 1)
        super().drain_one(sink)

    def _drain_all(self, sink_list: Iterable[Sink], parallelism: int) -> None:
        """Streams of `load_last` follow all others: EXPORT_METADATA must not call an export complete that is not loaded."""
        sinks, last = list(sink_list), self.config["load_last"]
        self.rejected.check()
        first = [sink for sink in sinks if sink.stream_name not in last]
        super()._drain_all(first, min(parallelism, len(first)) or 1)  # threads for one sink would only wait
        self.rejected.load()
        super()._drain_all([sink for sink in sinks if sink.stream_name in last], 1)


def main() -> None:
    """Runs the command after everything is imported."""
    gc.freeze()  # what was imported stays: the collector need not visit it again
    gc.enable()
    run(TargetBigQuery.cli, TargetBigQuery.logger)
