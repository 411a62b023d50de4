"""The tap: settings, streams, and how a run ends."""

from __future__ import annotations

import gc
import json
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

import click
from singer_sdk import Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from tap_zendesk_cityblock.availability import SECONDS, tell
from tap_zendesk_cityblock.client import ZendeskClient
from tap_zendesk_cityblock.credentials import credentials
from tap_zendesk_cityblock.cursors import check_state
from tap_zendesk_cityblock.errors import ConfigurationError, PartlyUnavailableError, TapError
from tap_zendesk_cityblock.export_metadata import NAME as EXPORT_METADATA
from tap_zendesk_cityblock.export_metadata import ExportMetadataStream
from tap_zendesk_cityblock.limits import Limits
from tap_zendesk_cityblock.settings import SETTINGS, Settings
from tap_zendesk_cityblock.streams import ModelStream
from tap_zendesk_cityblock.writer import BufferedWriter

if TYPE_CHECKING:
    from types import FrameType

    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum


SECRETS = [name for name, schema in SETTINGS.to_dict()["properties"].items() if schema.get("secret")]


class TapZendeskCityblock(Tap):
    """Streams are those that the settings name; a catalog can only deselect some of them."""

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
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's arguments, handed on
        self.unavailable: dict[str, str] = {}
        super().__init__(**kwargs)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """The SDK's, whose errors quote values: those of secrets are told without."""
        errors = [
            next((f"{name} is not of its type" for name in SECRETS if f"config[{name!r}]" in error), error)
            for error in super()._validate_config(raise_errors=False)
        ]
        if errors and raise_errors:
            raise ConfigurationError("; ".join(errors))
        return errors

    @cached_property
    def settings(self) -> Settings:
        return Settings.from_config(self.config)

    @cached_property
    def client(self) -> ZendeskClient:
        return self.new_client(self.settings.give_up_after)

    def new_client(self, give_up_after: float) -> ZendeskClient:
        """Raises ConfigurationError where the credentials make no sense."""
        return ZendeskClient(
            self.settings.base_url,
            credentials(self.config),
            Limits(self.settings.requests_per_minute),
            self.logger,
            give_up_after=give_up_after,
        )

    @cached_property
    def export_metadata(self) -> ExportMetadataStream:
        return ExportMetadataStream(self)

    def discover_streams(self) -> list[Stream]:
        models = [*self.settings.bulk_models, *self.settings.incremental_models]
        return [self.export_metadata, *(ModelStream(self, model) for model in models)]

    def run_discovery(self) -> str:
        """The SDK's; and, unless the settings say no, what the account may read."""
        catalog = self.catalog_dict
        if self.settings.discover_permissions:
            models = (*self.settings.bulk_models, *self.settings.incremental_models)
            by_exports = self.settings.incremental_exports
            tell(catalog, models, self.new_client(SECONDS), self.logger, by_exports=by_exports)
        text = json.dumps(catalog, indent=2)
        click.echo(text)
        return text

    def setup_mapper(self) -> None:
        """The mapper knows the streams of the catalog; EXPORT_METADATA is written even if the catalog lacks it."""
        super().setup_mapper()
        if EXPORT_METADATA not in self.mapper.stream_maps:
            stream = self.export_metadata
            self.mapper.register_raw_stream_schema(stream.name, stream.schema, stream.primary_keys)

    def load_state(self, state: dict[str, Any]) -> None:
        check_state(state, self.settings.subdomain)
        super().load_state(state)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of handlers
        """Leaves at once. The SDK's writes a STATE that may cut a RECORD in two, and calls it success."""
        sys.exit(128 + signum)

    @property
    def writer(self) -> BufferedWriter:
        return cast("BufferedWriter", self.message_writer)

    def check_selection(self) -> None:
        """Raises ConfigurationError where a catalog leaves nothing of what the settings ask for."""
        models = [stream for stream in self.streams.values() if stream.name != EXPORT_METADATA]
        if models and not any(stream.selected for stream in models):
            raise ConfigurationError(
                "the catalog selects none of the models: check the names in select and _select_filter"
            )

    def check_availability(self) -> None:
        """Raises PartlyUnavailableError where a model that is not optional could not be read."""
        missing = {
            name: cause
            for name, cause in self.unavailable.items()
            if name not in self.settings.optional_models
        }
        if missing:
            told = ", ".join(f"{name} ({cause})" for name, cause in missing.items())
            raise PartlyUnavailableError(
                f"not available to this account: {told}; the other models are complete"
            )

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
        """The SDK's own, with a check before and one after the sync: it offers no hook for either."""
        super(Tap, cls).invoke(about=about, about_format=about_format)
        tap = cls(
            config=config.config if config else None,
            state=None if state is None else read_json(state.read(), "state"),
            catalog=None if catalog is None else read_json(catalog.read(), "catalog"),
            parse_env_config=bool(config and config.parse_env),
        )
        tap.check_selection()
        _ = tap.client  # credentials are checked before the first message
        gc.freeze()  # what start-up made stays; there is no use in looking through it again and again
        tap.sync_all()
        tap.check_availability()


def read_json(text: str, what: str) -> dict[str, Any]:
    """Raises ConfigurationError."""
    try:
        content = json.loads(text)
    except ValueError:
        raise ConfigurationError(f"{what}: the file is not JSON") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{what}: the file holds no JSON object")
    return content


def main() -> None:
    """The command: expected errors are one line on stderr and their exit code."""
    try:
        TapZendeskCityblock.cli()
    except TapError as error:
        TapZendeskCityblock.logger.critical("%s", error)
        sys.exit(error.exit_code)
