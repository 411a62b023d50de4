"""The target: when tickets are published, when STATE is written, and how a run ends."""

from __future__ import annotations

import gc
import time
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

from cityblock_singer.google.errors import WarehouseError
from cityblock_singer.google.pipeline_runs import PipelineRun
from cityblock_singer.google.retention import settle
from cityblock_singer.pipeline_run import NAME as PIPELINE_RUN
from cityblock_singer.plugin import Plugin, run
from cityblock_singer.termination import Termination
from singer_sdk import Target
from singer_sdk.helpers.capabilities import PluginCapabilities

from target_zendesk_pubsub.batches import BatchLimits
from target_zendesk_pubsub.connections import connect
from target_zendesk_pubsub.counted import counted
from target_zendesk_pubsub.errors import InputError
from target_zendesk_pubsub.publication import Counts, Publication
from target_zendesk_pubsub.reader import STREAM, TicketReader
from target_zendesk_pubsub.retention import check_days, kept
from target_zendesk_pubsub.settings import SETTINGS
from target_zendesk_pubsub.sinks import IgnoringSink, TicketSink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.sinks import Sink

    from target_zendesk_pubsub.connections import Connections
    from target_zendesk_pubsub.ticket_parsing import Rejected
    from target_zendesk_pubsub.tickets import DeletionStub, Ticket


JOB = "tap-to-pubsub"
"""Of meltano.yml."""


class TargetZendeskPubSub(Plugin, Target):
    name = "target-zendesk-pubsub"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's arguments, handed on
        self._since_state = 0
        self._bytes_before = 0
        self._is_prepared = False
        self._reader = TicketReader(self.logger)
        self.counts = Counts()
        super().__init__(**{"message_reader": self._reader, **kwargs})
        self.termination = Termination("the current batch", self.logger)
        self._pipeline_run = PipelineRun(
            *(JOB, self.config["dataset"], lambda: self.connections.warehouse.client),
            *(self.config["timeout"], self.logger),
        )
        self.max_parallelism = 1

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """None of the SDK's own settings has an effect here."""

    @cached_property
    def connections(self) -> Connections:
        """Raises SettingsError."""
        return connect(self.config, self.logger)

    @cached_property
    def publication(self) -> Publication:
        """Created at the first SCHEMA, so that --about needs no credentials."""
        return Publication(
            self.connections, self.config["environment"], self.limits, self.logger, self.counts
        )

    @property
    def limits(self) -> BatchLimits:
        return BatchLimits(self.config["batch_size"], self.config["batch_size_bytes"])

    def get_sink_class(self, stream_name: str) -> type[Sink]:
        return TicketSink if stream_name == STREAM else IgnoringSink

    def prepare(self) -> None:
        """Once a run, before anything is published. Raises PluginError."""
        if not self._is_prepared:
            check_days(self.config)
            with self.termination.postponed():
                self.publication.prepare()
                self._is_prepared = True

    def publish(self, tickets: Sequence[Ticket | DeletionStub | Rejected]) -> None:
        """Raises PluginError."""
        self._bytes_before = self._reader.bytes_read
        self._since_state += len(tickets)
        with self.termination.postponed():
            self.publication.publish(tickets)

    @property
    def bytes_in_hand(self) -> int:
        """Input read since the last batch."""
        return self._reader.bytes_read - self._bytes_before

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Without the SDK's copies, maps and validation of dicts: the reader has typed the tickets."""
        if message_dict["stream"] == PIPELINE_RUN:
            with self.termination.postponed():
                self._pipeline_run.hear(message_dict["record"])
            return
        sink = self._sinks_active.get(message_dict["stream"])
        if sink is None:
            raise InputError(f"A RECORD of stream {message_dict['stream']} came before its SCHEMA")
        if isinstance(sink, TicketSink):
            tickets = message_dict["record"]
            while tickets:
                if sink.is_full:  # asked only now, so that a STATE in between goes out with its batch
                    self.drain_one(sink)
                tickets = sink.take(tickets)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """The SDK writes STATE only at the end of the input; an interrupted run would lose all of its progress."""
        super()._process_state_message(message_dict)
        in_hand = sum(sink.current_size for sink in self._sinks_active.values())
        if self._since_state + in_hand >= self.config["batch_size"]:
            self.drain_all()
        self._handle_max_record_age()

    def drain_all(self, *, is_endofpipe: bool = False) -> None:  # type: ignore[misc] # final, and the SDK is pinned
        with self.termination.postponed():
            super().drain_all(is_endofpipe=is_endofpipe)
            self._since_state = 0

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """The schema itself is ignored: the reader knows the shape of a ticket."""
        stream = message_dict.get("stream")
        if not isinstance(stream, str):
            raise InputError("A SCHEMA lacks its stream")
        if stream != PIPELINE_RUN and not self.sink_exists(stream):
            self.add_sink(stream, {"properties": {}})

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        if message_dict.get("stream") == STREAM:
            raise InputError("BATCH messages are not supported: remove batch_config from the tap's settings")

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Ignored: a deleted ticket is marked in its record."""

    def listen(self, file_input: IO[str] | None = None) -> None:  # type: ignore[misc] # final, and the SDK is pinned
        """The last line has counts and seconds, however the run ends. Only the sentence of an error follows it."""
        began = time.monotonic()
        error: BaseException | None = None
        try:
            super().listen(file_input)
        except BaseException as raised:
            error = raised
            raise
        finally:
            try:
                self._record(error)
            finally:  # a signal that came meanwhile ends the run only after the last line
                self._log_counts(time.monotonic() - began)

    def _log_counts(self, seconds: float) -> None:
        if self.config.get("legacy_log"):
            self.logger.info(
                "%s taken over from %s",
                counted(self.counts.taken_over, "ticket"),
                self.config["legacy_log"],
            )
        self.logger.info("%s; %.1f s", self.counts, seconds)

    def _record(self, error: BaseException | None) -> None:
        counts = self.counts
        figures = {
            "rows": counts.read,
            "bytes": self._reader.bytes_read,
            "rejected_records": counts.rejected,
            "published": counts.published,
            "waiting": counts.waiting_total,
            "refused": counts.refused,
        }
        with self.termination.postponed():
            self._pipeline_run.end(error, figures)

    def process_endofpipe(self) -> None:
        """Also if the pipe was empty: waiting tickets are retried in every run."""
        super().process_endofpipe()
        self.prepare()
        for tickets in self.publication.resolvable():
            with self.termination.postponed():
                self.publication.publish_tickets(tickets)
        self._settle_retention()
        with self.termination.postponed():
            self.publication.finish()

    def _settle_retention(self) -> None:
        """Never fails the run, whose messages are published; the check reports it, too."""
        if not any(self.config.get(name) for name in ("log_retention_days", "join_error_retention_days")):
            return
        try:
            settle(self.connections.warehouse, kept(self.config, self.connections))
        except WarehouseError as error:
            self.logger.warning("Retention is not applied: %s", error)


def main() -> None:
    """Runs the command after everything is imported."""
    gc.set_threshold(10_000)  # a batch has no cycles, and the collector would walk it again and again
    gc.freeze()  # modules stay until the end
    gc.enable()
    run(TargetZendeskPubSub.cli, TargetZendeskPubSub.logger)
