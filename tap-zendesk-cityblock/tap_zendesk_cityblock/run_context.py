"""What the streams of one run share."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.readers.redacted_comments import RedactedComments
from tap_zendesk_cityblock.readers.selection import reader_for
from tap_zendesk_cityblock.schema_drift import SchemaDrift

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

    from tap_zendesk_cityblock.errors import StreamUnavailableError, UnexpectedResponseError
    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.model_types import Derivation, Model
    from tap_zendesk_cityblock.readers.reader import Reader
    from tap_zendesk_cityblock.settings import Settings
    from tap_zendesk_cityblock.state.export_metadata import ExportMetadataStream
    from tap_zendesk_cityblock.writer import BufferedWriter


@dataclasses.dataclass
class RunContext:
    """`unavailable` and `failed`: why, by the names of streams. `connect` makes a client for a retry deadline in seconds."""

    settings: Settings
    connect: Callable[[float], ZendeskClient]
    writer: BufferedWriter
    export_metadata: ExportMetadataStream
    unavailable: dict[str, StreamUnavailableError] = dataclasses.field(default_factory=dict)
    failed: dict[str, UnexpectedResponseError] = dataclasses.field(default_factory=dict)

    @cached_property
    def schema_drift(self) -> SchemaDrift:
        return SchemaDrift(self.writer)

    @cached_property
    def client(self) -> ZendeskClient:
        """Made when it is first needed: discovery may do without credentials. Raises SettingsError."""
        return self.connect(self.settings.give_up_after)

    def reader(self, model: Model, logger: logging.Logger, derived: Sequence[Derivation] = ()) -> Reader:
        return reader_for(model, self.settings, self.client, logger, derived)

    def redacted_comments(self, model: Model, logger: logging.Logger) -> RedactedComments:
        """For the model of a reader."""
        return RedactedComments(model, self.settings, self.client, self.export_metadata.stream_state, logger)
