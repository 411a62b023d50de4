"""One stream class for all models: pages in, RECORDs out, the cursor after them."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform

from tap_zendesk_cityblock.columns import EXPORT_COLUMNS, load_schema
from tap_zendesk_cityblock.errors import StreamUnavailableError
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.readers.members import Member, set_out, with_parts
from tap_zendesk_cityblock.readers.pages import Pages
from tap_zendesk_cityblock.rows.decoding import DictRows, RawRows
from tap_zendesk_cityblock.rows.derived import Parts
from tap_zendesk_cityblock.rows.oddities import Oddities, check_not_all_left_out
from tap_zendesk_cityblock.state.cursors import (
    Position,
    described_at,
    epoch_of,
    read_bookmark,
    write_bookmark,
)
from tap_zendesk_cityblock.state.export_metadata import Export, TapStream
from tap_zendesk_cityblock.state.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.helpers.types import Context
    from singer_sdk.metrics import Counter
    from singer_sdk.singerlib import Catalog

    from tap_zendesk_cityblock.models import Model
    from tap_zendesk_cityblock.readers.pagination import Page
    from tap_zendesk_cityblock.rows.decoding import Rows
    from tap_zendesk_cityblock.tap import TapZendeskCityblock


class ModelStream(TapStream):
    """A row of the models table, exported."""

    # The loader checks types; walking every record here would cost most of all.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: TapZendeskCityblock, model: Model) -> None:
        self.model = model
        self.zendesk = tap
        super().__init__(tap, schema=load_schema(model.name), name=model.name)
        self.primary_keys = (model.key,)
        self._companions: list[ModelStream] = []
        self.oddities = Oddities(model.name, self.logger)
        self._export: Export | None = None
        self._as_bytes = False
        self._counter: Counter | None = None
        self._has_stayed = False

    @property
    def replication_method(self) -> str:
        """As Zendesk offers the model: a catalog cannot make a list incremental, nor an export whole."""
        return "INCREMENTAL" if self.model.is_incremental else "FULL_TABLE"

    def apply_catalog(self, catalog: Catalog) -> None:
        """The cursor is Zendesk's, so no column is a replication key."""
        super().apply_catalog(catalog)
        self.replication_key = None

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Nothing: the bookmark is a cursor, and a page moves it."""

    def _increment_stream_state(self, latest_record: Any, *, context: Context | None = None) -> None:  # noqa: ANN401
        """Nothing, for the same reason."""

    def lead(self, companions: Iterable[ModelStream]) -> None:
        """Makes this stream serve those too, whose rows its pages bring; the SDK leaves their sync to it."""
        self._companions = list(companions)
        self.child_streams = [*self._companions]
        for companion in self._companions:
            companion.parent_stream_type = ModelStream

    def generate_child_contexts(
        self,
        record: Any,  # noqa: ANN401, ARG002 - the SDK's signature
        context: Context | None,  # noqa: ARG002
    ) -> Iterable[None]:
        """None: companions get their rows page by page, not record by record."""
        return ()

    def get_records(self, context: Context | None) -> Iterable[Any]:  # noqa: ARG002 - the SDK's signature
        tap = self.zendesk
        members = [stream.begin() for stream in (*self._companions, self) if stream.selected]
        start = set_out(members, tap.settings.start_date)
        whole = with_parts(tap.settings.asked_for(MODELS[self.model.whole]), members)
        rows = self._rows(whole, members)
        pages = Pages(whole, tap.client, tap.settings, rows, self.logger)
        progress = Progress(members[-1].export, lambda: tap.client.left(whole.path), self.logger)
        try:
            for page in pages.following(start):
                wanting = [member for member in members if member.wants(page)]
                for member in wanting:
                    yield from self._handed_out(member, page, rows)
                self._commit(page, members, wanting)
                progress.tell(members[-1].export)
                del page  # the next one needs the room
        except StreamUnavailableError as unavailable:
            self._leave_out(members, unavailable)
        else:
            self._complete(members)

    def _leave_out(self, members: list[Member], cause: StreamUnavailableError) -> None:
        for name in (member.stream.name for member in members):
            self.zendesk.unavailable[name] = cause
            self.logger.warning("%s: %s (%s)", name, cause.problem, cause)

    def _complete(self, members: list[Member]) -> None:
        """Raises AnswerError for a list whose objects were all left out."""
        for member in members:
            if not self.model.is_incremental:
                check_not_all_left_out(member.export.model, member.export.count, member.stream.oddities)
        for export in (member.export for member in members):
            self._check_clock(export)
            self._mirror(export, complete=True)
            export.is_complete = True
            seconds = (datetime.now(UTC) - export.started).total_seconds()
            self.logger.info("%s: %s in %.1f s", export.model, export.told(), seconds)

    @property
    def has_via(self) -> bool:
        """Whether its column `via` is a RECORD, which takes nothing but objects."""
        return (
            "object" in (via := self.schema["properties"].get("via", {}).get("type", ()))
            and "string" not in via
        )

    def _check_clock(self, export: Export) -> None:
        """An export that was to start after Zendesk's own time has not got anywhere."""
        now, start, reached = self.zendesk.client.now(), epoch_of(export.start), epoch_of(export.reached)
        if start is not None and start > now:
            self.logger.warning(
                "%s: its start, %s, is later than Zendesk's clock, %s: nothing can have changed since",
                *(export.model, datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(now, UTC)),
            )
        if reached is not None and reached > now:
            export.reached = None

    def begin(self) -> Member:
        """Its part in an export that begins. Companions write their SCHEMA, as no sync of their own does."""
        if self.parent_stream_type:
            self._write_schema_message()
        start = self.start()
        self._export = Export(self.name, uuid.uuid4().hex, datetime.now(UTC), start, start)
        return Member(self, self._export)

    @property
    def exported(self) -> int:
        """Records in this run."""
        return 0 if self._export is None else self._export.count

    @property
    def is_complete(self) -> bool:
        """Whether this run has exported it to its end."""
        return self._export is not None and self._export.is_complete

    def _handed_out(self, member: Member, page: Page, rows: Rows) -> Iterable[Any]:
        """Writes the records; its own, where they are dicts, it leaves to the SDK."""
        records = member.parts.of(page.records, rows) if member.parts else rows.released(page.records)
        member.export.count += len(records)
        if member.stream is self and not self._as_bytes:
            return records
        member.stream.write(records)
        return ()

    def _rows(self, whole: Model, members: list[Member]) -> Rows:
        """Bytes where records are handed on as they are, dicts where something looks into them."""
        as_bytes = all(member.stream.hands_records_on() for member in members)
        prepared = [member.stream.prepare(member, whole, as_bytes=as_bytes) for member in members]
        if (rows := prepared[-1]) is not None:
            return rows
        known = [*load_schema(whole.name)["properties"]]  # the model itself is not exported
        oddities = Oddities(whole.name, self.logger, is_exported=False)
        if as_bytes:
            return RawRows(whole, known, (), {}, oddities)
        return DictRows(whole, known, {}, oddities)

    def prepare(self, member: Member, whole: Model, *, as_bytes: bool) -> Rows | None:
        """How its records are made of the whole model's pages; the rows where it is that model itself."""
        names, export = [*self.schema["properties"]], member.export
        known = [name for name in names if name not in EXPORT_COLUMNS]
        selected = [name for name in names if self.mask["properties", name]]
        constants = self._constants(export)
        self._as_bytes = as_bytes
        if self.model.part is not None:
            member.parts = Parts(self.model, known, selected, constants, self.oddities)
            return None
        if not as_bytes:
            return DictRows(whole, known, constants, self.oddities, has_via=self.has_via)
        return RawRows(whole, known, selected, constants, self.oddities, has_via=self.has_via)

    def _constants(self, export: Export) -> dict[str, Any]:
        """What every record gets."""
        return {"_export_id": export.export_id, "_exported_at": export.started.isoformat()}

    def hands_records_on(self) -> bool:
        """Whether nothing looks into them: no stream map, no flattening, no deselected nested property, no dry run."""
        if self.ABORT_AT_RECORD_COUNT is not None:
            return False
        [stream_map, *others] = self.stream_maps
        is_mapped = others or type(stream_map) is not SameRecordTransform or stream_map.flattening_enabled
        looks_inside = any(len(crumb) > 2 and not selected for crumb, selected in self.mask.items())
        return not is_mapped and not looks_inside

    def get_record_counter(self, **named: Any) -> Counter:  # noqa: ANN401 - the SDK's arguments, handed on
        """The SDK's, which counts the records that it writes itself; `write` counts the others."""
        self._counter = super().get_record_counter(**named)
        return self._counter

    def write(self, records: list[Any]) -> None:
        """Their RECORD messages."""
        if not self._as_bytes:
            for record in records[: self.ABORT_AT_RECORD_COUNT]:
                self._write_record_message(record)
            return
        self.zendesk.writer.write_records(self.name, records)
        self.state_manager.is_flushed = False
        if self._counter is not None:
            self._counter.increment(len(records))

    def start(self) -> Position | None:
        """Settings before state, state before start_date. None for bulk models."""
        if not self.model.is_incremental:
            return None
        settings = self.zendesk.settings
        if settings.start_cursor is not None:
            return Position(cursor=settings.start_cursor)
        if settings.start_time is not None:
            return Position(time=settings.start_time)
        return read_bookmark(self.model, self.stream_state) or Position(time=settings.start_date)

    def _commit(self, page: Page, members: list[Member], wanting: list[Member]) -> None:
        """After a page's RECORDs: the cursors of those that got them move, rows in EXPORT_METADATA if due, STATE."""
        for member in members:
            member.export.pages += 1
        for member in wanting:
            member.stream.take(member.export, page)
            if page.next is not None and member.export.is_due(datetime.now(UTC)):
                self._mirror(member.export, complete=False)
        if page.position is None and not self._is_end(page):
            self.zendesk.writer.flush()  # a STATE would; of a list, each page reaches the loader by this
            return
        self.state_manager.is_flushed = False
        self._write_state_message()

    def take(self, export: Export, page: Page) -> None:
        """The position of a page whose records are written. An export that tells none leaves the bookmark where it is.

        Where there is no bookmark yet, it becomes the time of the last row, or of the start: without one, the next run
        would export everything again, and nobody would know why.
        """
        if page.position is not None:
            self.move(export, page.position)
            return
        is_end = self._is_end(page)
        if not is_end and page.behind is None:
            return
        stands = self.stands()
        if is_end and stands is None and (start := self.start()) is not None:
            stands = (
                start
                if start.cursor
                else Position(time=min(max(start.time or 0, page.latest or 0), int(time.time())))
            )
            self.move(export, stands)
        if not self._has_stayed:
            self._has_stayed = True
            answer = (
                "has no position to continue from"
                if page.behind is None
                else f"points back to {described_at(page.behind)}"
            )
            self.logger.log(
                logging.WARNING if page.records else logging.INFO,
                "%s: Zendesk's answer %s; the bookmark stays at %s",
                *(self.name, answer, described_at(stands)),
            )

    def _is_end(self, page: Page) -> bool:
        """Of an export; the last page of a span of time is not."""
        return page.next is None and self.model.is_incremental and self.model.window is None

    def stands(self) -> Position | None:
        """Where its bookmark does."""
        return read_bookmark(self.model, self.stream_state)

    def move(self, export: Export, position: Position) -> None:
        """Its cursor."""
        export.reached = position
        write_bookmark(self.stream_state, position, self.zendesk.settings.subdomain)

    def _mirror(self, export: Export, *, complete: bool) -> None:
        export.mirrored = datetime.now(UTC)
        row = export.row(export.mirrored, self.zendesk.client.zendesk_time(), complete=complete)
        self.zendesk.export_metadata.write(row)
        self.zendesk.writer.flush()
