"""One stream class for all models: pages in, RECORDs out, the cursor after them."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform

from tap_zendesk_cityblock.columns import described
from tap_zendesk_cityblock.cursors import Position, read_bookmark, write_bookmark
from tap_zendesk_cityblock.errors import StreamUnavailableError
from tap_zendesk_cityblock.export_metadata import Export
from tap_zendesk_cityblock.pages import Pages
from tap_zendesk_cityblock.progress import Progress
from tap_zendesk_cityblock.rows import DictRows, RawRows
from tap_zendesk_cityblock.sources import NO_SOURCE, sources_of
from tap_zendesk_cityblock.without_exports import SourcePages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.helpers.types import Context

    from tap_zendesk_cityblock.models import Model
    from tap_zendesk_cityblock.pagination import Page
    from tap_zendesk_cityblock.rows import Rows
    from tap_zendesk_cityblock.tap import TapZendeskCityblock

EXPORT_COLUMNS = {"_export_id": {"type": "string"}, "_exported_at": {"type": "string", "format": "date-time"}}


def load_schema(model: str) -> dict[str, Any]:
    """Zendesk's properties of the model, and the two that tell which export a row is of; each says what it is.

    Raises KeyError for a property that columns.py does not know: nobody has said whether it is personal.
    """
    text = (files("tap_zendesk_cityblock") / "schemas" / f"{model}.json").read_text()
    schema: dict[str, Any] = json.loads(text)
    schema["properties"] = described(model, {**schema["properties"], **EXPORT_COLUMNS})
    return schema


class ModelStream(Stream):
    """A row of the models table, exported."""

    TYPE_CONFORMANCE_LEVEL = (
        TypeConformanceLevel.NONE
    )  # the loader checks types; walking every record here costs most

    def __init__(self, tap: TapZendeskCityblock, model: Model) -> None:
        self.model = model
        self.zendesk = tap
        super().__init__(tap, schema=load_schema(model.name), name=model.name)
        self.primary_keys = (model.key,)
        self._reported: set[str] = set()
        self._raw: RawRows | None = None

    def get_records(self, context: Context | None) -> Iterable[Any]:  # noqa: ARG002 - the SDK's signature
        start = self.start()
        export = Export(self.name, uuid.uuid4().hex, datetime.now(UTC), start, start)
        tap = self.zendesk
        progress = Progress(export, lambda: tap.client.left(self.model.path), self.logger)
        try:
            for page in self._pages(export).following(start):
                yield from page.records
                export.count += len(page.records)
                self._commit(page, export)
                progress.tell(export)
                del page  # the next one needs the room
        except StreamUnavailableError as unavailable:
            self.zendesk.unavailable[self.name] = str(unavailable)
            self.logger.warning("%s: not available to this account (%s)", self.name, unavailable)
            return
        self._mirror(export, complete=True)
        seconds = (datetime.now(UTC) - export.started).total_seconds()
        self.logger.info(
            "%s: %d records of %d pages in %.1f s", self.name, export.count, export.pages, seconds
        )

    def _pages(self, export: Export) -> Pages | SourcePages:
        """Raises StreamUnavailableError."""
        tap, model = self.zendesk, self.model
        sources = sources_of(model, by_exports=tap.settings.incremental_exports)
        if sources is None:
            return Pages(model, tap.client, tap.settings, self._rows(export), self.logger)
        if not sources:
            raise StreamUnavailableError(NO_SOURCE)
        self._raw = None
        known, constants = self._properties(export)
        return SourcePages(
            model,
            sources,
            client=tap.client,
            settings=tap.settings,
            rows=lambda source: DictRows(source, known, constants, self._report),
            logger=self.logger,
        )

    def _properties(self, export: Export) -> tuple[list[str], dict[str, str]]:
        """The names of Zendesk's, and ours with their values."""
        known = [name for name in self.schema["properties"] if name not in EXPORT_COLUMNS]
        return known, {"_export_id": export.export_id, "_exported_at": export.started.isoformat()}

    def _rows(self, export: Export) -> Rows:
        """Bytes where records are handed on as they are, dicts where something looks into them."""
        known, constants = self._properties(export)
        if not self._hands_records_on():
            self._raw = None
            return DictRows(self.model, known, constants, self._report)
        selected = [name for name in self.schema["properties"] if self.mask["properties", name]]
        self._raw = RawRows(self.model, known, selected, constants, self._report)
        return self._raw

    def _hands_records_on(self) -> bool:
        [stream_map, *others] = self.stream_maps
        is_mapped = others or type(stream_map) is not SameRecordTransform or stream_map.flattening_enabled
        looks_inside = any(len(crumb) > 2 and not selected for crumb, selected in self.mask.items())
        return not is_mapped and not looks_inside

    def _write_record_message(self, record: Any) -> None:  # noqa: ANN401 - a dict or a row
        if self._raw is None:
            super()._write_record_message(record)
        else:
            self.zendesk.writer.write_record(self._raw.append, record)
            self.state_manager.is_flushed = False

    def start(self) -> Position | None:
        """Settings before state, state before start_date. None for bulk models."""
        if not self.model.is_incremental:
            return None
        settings = self.zendesk.settings
        if settings.start_cursor is not None:
            return Position(cursor=settings.start_cursor)
        if settings.start_time is not None:
            return Position(time=settings.start_time)
        sources = sources_of(self.model, by_exports=settings.incremental_exports)
        position = read_bookmark(self.model, self.stream_state, by_exports=not sources)
        return position or Position(time=settings.start_date)

    def _report(self, name: str) -> None:
        if name not in self.model.left_out and name not in self._reported:
            self._reported.add(name)
            self.logger.warning(
                "%s: Zendesk has a new property, %s; it is left out until the schema has it", self.name, name
            )

    def _commit(self, page: Page, export: Export) -> None:
        """After a page's RECORDs: the cursor moves, its row in EXPORT_METADATA if one is due, STATE."""
        export.pages += 1
        if page.position is None:
            self.zendesk.writer.flush()  # a STATE would; of a list, each page reaches the loader by this
            return
        export.reached = page.position
        write_bookmark(self.stream_state, page.position, self.zendesk.settings.subdomain)
        if page.next is not None and export.is_due(datetime.now(UTC)):
            self._mirror(export, complete=False)
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _mirror(self, export: Export, *, complete: bool) -> None:
        export.mirrored = datetime.now(UTC)
        self.zendesk.export_metadata.write(export.row(export.mirrored, complete=complete))
        self.zendesk.writer.flush()
