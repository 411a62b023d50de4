"""The target: what is published when, when STATE goes out, and how a run ends."""

from __future__ import annotations

import gc
import sys
import time
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, Self

from singer_sdk import Target
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import PluginCapabilities
from singer_sdk.plugin_base import _ConfigInput

from target_zendesk_pubsub.batches import BatchLimits
from target_zendesk_pubsub.configuration import misspelt, read_environment, read_file
from target_zendesk_pubsub.connections import connect
from target_zendesk_pubsub.counted import counted
from target_zendesk_pubsub.errors import InputError, SettingsError, TargetError, untold
from target_zendesk_pubsub.publication import Counts, Publication
from target_zendesk_pubsub.reader import STREAM, TicketReader
from target_zendesk_pubsub.settings import SETTINGS
from target_zendesk_pubsub.settings_files import keep_private
from target_zendesk_pubsub.sinks import IgnoringSink, TicketSink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from click import Context, Option
    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.sinks import Sink

    from target_zendesk_pubsub.connections import Connections
    from target_zendesk_pubsub.odd_tickets import Rejected
    from target_zendesk_pubsub.tickets import Remnant, Ticket

SECRETS = [name for name, schema in SETTINGS.to_dict()["properties"].items() if schema.get("secret")]


class TargetZendeskPubSub(Target):
    name = "target-zendesk-pubsub"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's arguments, handed on
        self._since_state = 0
        self._bytes_before = 0
        self._publishing = 0
        self._signal = 0
        self._is_prepared = False
        self._reader = TicketReader(self.logger)
        self.counts = Counts()
        super().__init__(**{"message_reader": self._reader, **kwargs})
        self.max_parallelism = 1

    @classmethod
    def configured(cls, option: str) -> Self:
        """As --config says: by a file, or ENV. Raises SettingsError."""
        if option == "ENV":
            return cls(parse_env_config=True)
        return cls(config=read_file(option))

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """None of the SDK's own settings means anything here."""

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - of the class, as the SDK's is
        """Raises SettingsError."""
        cls.append_builtin_config(cls.config_jsonschema)
        return read_environment(cls.config_jsonschema["properties"], cls._env_var_prefix)

    @classmethod
    def cb_config(cls, ctx: Context, param: Option, value: tuple[str, ...]) -> _ConfigInput:  # noqa: ARG003 - the SDK's signature
        """The SDK's ends in a traceback where a file is not as it must be. Raises SettingsError."""
        given = _ConfigInput(parse_env="ENV" in value)
        for path in value:
            if path != "ENV":
                keep_private(Path(path))
                given.config |= read_file(path)
        return given

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """The SDK's, whose errors quote values, those of secrets left out; and names that are no settings."""
        errors = [
            next((f"{name} is not of its type" for name in SECRETS if f"config[{name!r}]" in error), error)
            for error in super()._validate_config(raise_errors=False)
        ]
        errors += misspelt(self.config, self.config_jsonschema["properties"])
        if errors and raise_errors:
            raise SettingsError("; ".join(errors))
        return errors

    @cached_property
    def connections(self) -> Connections:
        """Raises SettingsError."""
        return connect(self.config, self.logger)

    @cached_property
    def publication(self) -> Publication:
        """Made at the first SCHEMA: --about needs no credentials."""
        return Publication(
            self.connections, self.config["environment"], self.limits, self.logger, self.counts
        )

    @property
    def limits(self) -> BatchLimits:
        return BatchLimits(self.config["batch_size"], self.config["batch_size_bytes"])

    def get_sink_class(self, stream_name: str) -> type[Sink]:
        return TicketSink if stream_name == STREAM else IgnoringSink

    def prepare(self) -> None:
        """Once a run, before anything is published. Raises TargetError."""
        if not self._is_prepared:
            with self.uninterrupted():
                self.publication.prepare()
                self._is_prepared = True

    def publish(self, tickets: Sequence[Ticket | Remnant | Rejected]) -> None:
        """Raises TargetError."""
        self._bytes_before = self._reader.bytes_read
        self._since_state += len(tickets)
        with self.uninterrupted():
            self.publication.publish(tickets)

    @property
    def bytes_in_hand(self) -> int:
        """Input read since the last batch."""
        return self._reader.bytes_read - self._bytes_before

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Not the SDK's way, which copies, maps and validates dicts: tickets are values, typed by the reader."""
        sink = self._sinks_active.get(message_dict["stream"])
        if sink is None:
            raise InputError(f"a RECORD of stream {message_dict['stream']} came before its SCHEMA")
        if isinstance(sink, TicketSink):
            tickets = message_dict["record"]
            while tickets:
                if sink.is_full:  # asked only now, so that a STATE in between goes out with its batch
                    self.drain_one(sink)
                tickets = sink.take(tickets)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """The SDK sends STATE at the end of the input; a long run shall not lose all of its progress."""
        super()._process_state_message(message_dict)
        in_hand = sum(sink.current_size for sink in self._sinks_active.values())
        if self._since_state + in_hand >= self.config["batch_size"]:
            self.drain_all()
        self._handle_max_record_age()

    def drain_all(self, *, is_endofpipe: bool = False) -> None:  # type: ignore[misc] # final, and the SDK is pinned
        with self.uninterrupted():
            super().drain_all(is_endofpipe=is_endofpipe)
            self._since_state = 0

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Only that the stream comes: what a ticket is, the reader knows, so that no schema is too odd."""
        stream = message_dict.get("stream")
        if not isinstance(stream, str):
            raise InputError("a SCHEMA lacks its stream")
        if not self.sink_exists(stream):
            self.add_sink(stream, {"properties": {}})

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        if message_dict.get("stream") == STREAM:
            raise InputError("BATCH messages are not supported: remove batch_config from the tap's settings")

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Nothing: tickets say themselves that they are deleted."""

    def listen(self, file_input: IO[str] | None = None) -> None:  # type: ignore[misc] # final, and the SDK is pinned
        """The last line is there however the run ends; of a run that fails, the error's sentence follows it."""
        began = time.monotonic()
        try:
            super().listen(file_input)
        finally:
            if self.config.get("legacy_log"):
                self.logger.info(
                    "%s taken over from %s",
                    counted(self.counts.taken_over, "ticket"),
                    self.config["legacy_log"],
                )
            self.logger.info("%s; %.1f s", self.counts, time.monotonic() - began)

    def process_endofpipe(self) -> None:
        """Also of an empty pipe: what waits is tried every run."""
        super().process_endofpipe()
        self.prepare()
        for tickets in self.publication.mended():
            with self.uninterrupted():
                self.publication.publish_tickets(tickets)

    @contextmanager
    def uninterrupted(self) -> Iterator[None]:
        """A signal waits until the block is left: a batch under way is published, logged and its STATE written.

        The SDK's own handler would drain again from inside the batch, and lose it.
        """
        self._publishing += 1
        try:
            yield
        finally:
            self._publishing -= 1
        if self._signal and not self._publishing:
            sys.exit(128 + self._signal)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of handlers
        self._signal = signum
        if not self._publishing:
            sys.exit(128 + signum)
        self.logger.warning("signal %d: leaving once the batch in hand is published", signum)


def run(command: Callable[[], object]) -> None:
    """Expected errors are one line on stderr and exit code 1; of any other its type and place are told."""
    try:
        command()
    except TargetError as error:
        TargetZendeskPubSub.logger.critical("%s", error)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - whatever it is, its text must not get out
        TargetZendeskPubSub.logger.critical("%s", untold(error))
        sys.exit(1)


def main() -> None:
    """The command."""
    gc.set_threshold(10_000)  # a batch is trees, which need no collector; it would walk them again and again
    gc.freeze()  # nor would it find anything in the modules, which it would walk once more at the end
    run(TargetZendeskPubSub.cli)
