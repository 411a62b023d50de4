"""The tap: settings, streams, and how a run ends."""

from __future__ import annotations

import gc
import json
import os
import sys
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import click
from cityblock_singer.errors import SettingsError
from cityblock_singer.json_files import parse_object
from cityblock_singer.plugin import Plugin, run
from cityblock_singer.settings import unknown
from cityblock_singer.termination import on_termination
from singer_sdk import Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from tap_zendesk_cityblock.access import PROBE_DEADLINE_SECONDS, mark_readable
from tap_zendesk_cityblock.cooperative_threads import CooperativeThreads
from tap_zendesk_cityblock.ending import Ending, check_availability, check_responses
from tap_zendesk_cityblock.errors import UnexpectedResponseError
from tap_zendesk_cityblock.http.client import ZendeskClient
from tap_zendesk_cityblock.http.credentials import credentials
from tap_zendesk_cityblock.http.rate_limit_headers import BUCKETS
from tap_zendesk_cityblock.http.rate_limits import RateLimits
from tap_zendesk_cityblock.run_context import RunContext
from tap_zendesk_cityblock.run_record import RunRecord, figures
from tap_zendesk_cityblock.settings import SETTINGS, Settings
from tap_zendesk_cityblock.state.export_metadata import ExportMetadataStream
from tap_zendesk_cityblock.state.validation import check_state
from tap_zendesk_cityblock.streams import ModelStream
from tap_zendesk_cityblock.writer import BufferedWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum


LEAVE_SECONDS = 2.0
"""After a signal, for the running thread to finish what it writes."""


class TapZendeskCityblock(Plugin, Tap):
    """The settings name the streams; a catalog can only deselect some of them."""

    name = "tap-zendesk-cityblock"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    message_writer_class = BufferedWriter
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.DISCOVER,
        TapCapabilities.STATE,
        TapCapabilities.TEST,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's arguments, handed on
        self._threads = CooperativeThreads()
        self._ending = Ending(self.logger)
        super().__init__(**kwargs)
        on_termination(self._leave)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """With files that are opened when they are read: the SDK leaves them open if a setting is invalid."""
        command = super().get_singer_command()
        for parameter in command.params:
            if isinstance(parameter.type, click.File):
                parameter.type = click.File(lazy=True)
        return command

    @cached_property
    def settings(self) -> Settings:
        return Settings.from_config(self.config)

    def connect(self, give_up_after: float) -> ZendeskClient:
        """`give_up_after`: retry deadline in seconds. Raises SettingsError."""
        for bucket in self.settings.requests_per_minute:
            if bucket not in BUCKETS:
                self.logger.warning(
                    "requests_per_minute: %s (it has an effect only if Zendesk's responses name it)",
                    unknown("bucket", bucket, BUCKETS),
                )
        return ZendeskClient(
            self.settings.base_url,
            credentials(self.config),
            RateLimits(self.settings.requests_per_minute),
            self.logger,
            give_up_after=give_up_after,
            max_concurrent=self.settings.concurrent_requests,
            checks_clock=self.config.get("environment") != "local",  # the sandbox's clock stands
            unlocked=self._threads.unlocked,
            side_by_side=self._threads.side_by_side,
        )

    @cached_property
    def run_context(self) -> RunContext:
        writer = cast("BufferedWriter", self.message_writer)
        return RunContext(self.settings, self.connect, writer, ExportMetadataStream(self))

    def discover_streams(self) -> list[Stream]:
        models = [*self.settings.bulk_models, *self.settings.incremental_models]
        streams = [ModelStream(self, model, self.run_context) for model in models]
        return [self.run_context.export_metadata, *streams]

    def run_discovery(self) -> str:
        """With what the account may read, unless `discover_permissions` is false."""
        catalog = self.catalog_dict
        if self.settings.discover_permissions:
            mark_readable(catalog, self.settings, self.connect(PROBE_DEADLINE_SECONDS), self.logger)
        text = json.dumps(catalog, indent=2)
        click.echo(text)
        return text

    def setup_mapper(self) -> None:
        """Adds EXPORT_METADATA and models that come with others, which are written even if they are not in the catalog."""
        super().setup_mapper()
        brought = [stream for stream in self.model_streams if stream.is_brought]
        for stream in (self.run_context.export_metadata, *brought):
            self.mapper.register_raw_stream_schema(stream.name, stream.schema, stream.primary_keys)

    def load_state(self, state: dict[str, Any]) -> None:
        check_state(state, self.settings.subdomain)
        bookmarks = state.get("bookmarks", {})
        super().load_state(
            {"bookmarks": {name: at for name, at in bookmarks.items() if at is not None}}
            if bookmarks
            else state
        )

    def sync_all(self) -> None:  # type: ignore[misc] # final, and the SDK is pinned
        """As the SDK's, but streams run concurrently, after the SCHEMA of EXPORT_METADATA.

        Raises UnexpectedResponseError once all have run, other PluginErrors at once.
        """
        self._reset_state_progress_markers()
        self._set_compatible_replication_methods()
        if self.state:
            self.state_writer.write_state(self.state)
        self.run_context.export_metadata.sync()
        selected = [one for one in self.model_streams if one.selected]
        for one in selected:
            if not one.is_due:
                self.logger.info("%s: exported today, next due tomorrow (daily_models)", one.name)
        streams = sharing_pages([one for one in selected if one.is_due])
        self._threads.run([partial(self._sync, stream) for stream in streams])
        for stream in self.streams.values():
            stream.log_sync_costs()
        check_responses(self.model_streams, self.run_context.failed)

    def _sync(self, stream: ModelStream) -> None:
        """Undocumented responses fail their own model only."""
        try:
            stream.sync()
        except UnexpectedResponseError as error:
            self.run_context.failed[stream.name] = error
            self.logger.warning("%s: failed; the other models continue: %s", stream.name, error)
        else:
            for one in (*stream.followers, stream):
                one.finalize_state_progress_markers()

    def _leave(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of handlers
        """Exits at once. The SDK's handler writes a STATE that may split a RECORD, and exits with 0."""
        if not self._threads.stop(LEAVE_SECONDS):
            self._ending.log(128 + number)
            os._exit(128 + number)  # a thread waits for a reader and would keep the process alive
        sys.exit(128 + number)

    def check_selection(self) -> None:
        """Raises SettingsError if a catalog selects no model."""
        models = self.model_streams
        if models and not any(stream.selected for stream in models):
            raise SettingsError(
                "The catalog selects none of the models: check the names in select and _select_filter"
            )

    @property
    def model_streams(self) -> list[ModelStream]:
        return [stream for stream in self.streams.values() if isinstance(stream, ModelStream)]

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,  # noqa: ANN401 - private types of the SDK's command line
        state: Any = None,  # noqa: ANN401
        catalog: Any = None,  # noqa: ANN401
    ) -> None:
        """As the SDK's, with a check before and one after the sync, for which it has no hook."""
        super(Tap, cls).invoke(about=about, about_format=about_format)
        given = cls.given(
            config.config if config else None, parse_env_config=bool(config and config.parse_env)
        )
        with RunRecord.written(is_wanted=given.get("record_run") is True) as record:
            tap = cls(
                config=given,
                state=None if state is None else parse_object(state.read(), f"--state: {state.name}"),
                catalog=None
                if catalog is None
                else parse_object(catalog.read(), f"--catalog: {catalog.name}"),
            )
            tap.check_selection()
            client = tap.run_context.client  # credentials are checked before the first message
            tap.run_context.schema_drift.run_id = record.run_id
            record.figures = lambda: figures(client, tap.model_streams)
            gc.freeze()  # objects made at start-up stay; the collector need not traverse them again
            with tap._ending.of(tap.model_streams):
                tap.sync_all()
                check_availability(tap.model_streams, tap.run_context.unavailable, tap.settings)


def sharing_pages(streams: Sequence[ModelStream]) -> list[ModelStream]:
    """The streams that request pages, in their order. The others become followers of one that reads the same pages.

    The model on the pages requests them, if its stream is among these; else one derived from it.
    """
    by_model: dict[str, list[ModelStream]] = {}
    for stream in streams:
        by_model.setdefault(stream.reads_from, []).append(stream)
    for group in by_model.values():
        leader, *followers = sorted(group, key=lambda stream: stream.model.derivation is not None)
        leader.followers = followers
        for follower in followers:
            follower.is_following = True
    return [stream for stream in streams if not stream.is_following]


def main() -> None:
    """What the command does once everything is imported."""
    gc.freeze()  # what was imported stays: the collector need not visit it
    gc.enable()
    run(TapZendeskCityblock.cli, TapZendeskCityblock.logger)
