"""The stream of each model: pages in, RECORDs out, the bookmark after them."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform

from tap_zendesk_cityblock.columns import EXPORT_COLUMNS, load_schema
from tap_zendesk_cityblock.errors import StreamUnavailableError
from tap_zendesk_cityblock.readers.shared_pages import ahead_of, common_start, has_had
from tap_zendesk_cityblock.rows.decoding import RowsFactory
from tap_zendesk_cityblock.rows.derived import DerivedRows
from tap_zendesk_cityblock.rows.oddities import Oddities, check_not_all_left_out
from tap_zendesk_cityblock.state.bookmarks import move_bookmark, read_bookmark
from tap_zendesk_cityblock.state.export_metadata import Export, TapStream
from tap_zendesk_cityblock.state.loaded_exports import LoadedExport, read_loaded, write_loaded
from tap_zendesk_cityblock.state.positions import Position, described_at, epoch_of
from tap_zendesk_cityblock.state.progress import Progress
from tap_zendesk_cityblock.unchanged import PLACEHOLDERS, ComparedRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context
    from singer_sdk.metrics import Counter
    from singer_sdk.singerlib import Catalog

    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.readers.page import Page
    from tap_zendesk_cityblock.readers.reader import Reader
    from tap_zendesk_cityblock.readers.redacted_comments import RedactedComments
    from tap_zendesk_cityblock.run_context import RunContext


class ModelStream(TapStream):
    """One model, exported.

    Of streams that read the same pages, one requests them; the others are its `followers`, which get their records from
    these pages. They are not child streams of the SDK, which are synced once for each record of the parent.
    """

    # The loader checks types; walking every record here would cost most of all.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: Tap, model: Model, run: RunContext) -> None:
        self.model = model
        self._run = run
        super().__init__(tap, schema=load_schema(model.name), name=model.name)
        self.primary_keys = (model.key,)
        self.followers: Sequence[ModelStream] = ()
        self.is_following = False
        self.oddities = Oddities(model.name, self.logger)
        self.export = self._new_export(None)
        """In this run; `begin` begins it."""
        self._derived: DerivedRows | None = None
        self._hashed = run.settings.hashed.get(model.name)
        self._ahead: Position | None = None
        self._as_bytes = False
        self._compared: ComparedRows | None = None
        self._counter: Counter | None = None
        self._unmoved = set[str | None]()

    @property
    def replication_method(self) -> str:
        """As Zendesk offers the model: a catalog cannot make a list incremental, nor an export whole."""
        return "INCREMENTAL" if self.model.is_incremental else "FULL_TABLE"

    def apply_catalog(self, catalog: Catalog) -> None:
        """The cursor is Zendesk's, so no column is a replication key."""
        super().apply_catalog(catalog)
        self.replication_key = None

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Does nothing: the bookmark is a cursor, which `move_bookmark` moves page by page."""

    def _increment_stream_state(self, latest_record: Any, *, context: Context | None = None) -> None:  # noqa: ANN401
        """Does nothing: see `_write_starting_replication_value`."""

    def generate_child_contexts(
        self,
        record: Any,  # noqa: ANN401, ARG002 - the SDK's signature
        context: Context | None,  # noqa: ARG002
    ) -> Iterable[None]:
        """None: no stream has child streams, and the SDK would copy every record for them."""
        return ()

    @property
    def _last_loaded(self) -> LoadedExport | None:
        return read_loaded(self._run.export_metadata.stream_state, self.name)

    @property
    def is_due(self) -> bool:
        """Whether this run exports it: a daily model has no complete export of this UTC day yet."""
        last = self._last_loaded
        is_daily = self.name in self._run.settings.daily_models
        return not (is_daily and last is not None and last.day == datetime.now(UTC).date().isoformat())

    @property
    def reads_from(self) -> str:
        """The model whose pages its records are in."""
        return self._reader.model.name

    @property
    def _reader(self) -> Reader:
        return self._run.reader(self.model, self.logger)

    def get_records(self, context: Context | None) -> Iterable[Any]:  # noqa: ARG002 - the SDK's signature
        streams = [*self.followers, self]
        derived = [stream.model.derivation for stream in streams if stream.model.derivation]
        reader = self._run.reader(self.model, self.logger, derived)
        for stream in streams:
            stream.begin()
        start = common_start([stream.export.start for stream in streams], self._run.settings.start_date)
        rows = self._prepare(streams, reader, start)
        redacted = self._run.redacted_comments(reader.model, self.logger)
        left = partial(self._run.client.left, reader.path)
        progress = Progress(self.export, left, self.logger, rows_per_minute=reader.rows_per_minute)
        try:
            for page in reader.pages(start, rows):
                receiving = [stream for stream in streams if stream.receives(page)]
                redacted.notice(page, *_names(receiving))
                for stream in receiving:
                    yield from stream.emit(page, requested_by=self)
                self._commit(page, streams, receiving)
                progress.log(self.export)
                del page  # the next one needs the memory
            reader.finish(self.stream_state)
            yield from self._read_again(redacted, streams, reader, start)
        except StreamUnavailableError as cause:
            for stream in streams:
                stream.mark_unavailable(cause)
        else:
            for stream in streams:
                stream.check_kept_any()
            for stream in streams:
                stream.complete()
        finally:
            for stream in streams:
                stream.close()

    def _read_again(
        self,
        redacted: RedactedComments,
        streams: Sequence[ModelStream],
        reader: Reader,
        start: Position | None,
    ) -> Iterable[Any]:
        """Events whose comments have been redacted since they were exported, as rows of a later time, which win."""
        if not redacted.has_any:
            return
        for stream in streams:
            stream.export.read_again = datetime.now(UTC)
        for ticket, pages in redacted.tickets(self._prepare(streams, reader, start)):
            for page in pages:
                for stream in streams:
                    yield from stream.emit(page, requested_by=self)
            redacted.settled(ticket)
            self.state_manager.is_flushed = False
            self._write_state_message()

    def begin(self) -> None:
        """Followers write their SCHEMA here, as no sync of their own does."""
        if self.is_following:
            self._write_schema_message()
        self.export = self._new_export(self._reader.start(self.stream_state))

    def _new_export(self, start: Position | None) -> Export:
        return Export(self.name, uuid.uuid4().hex, datetime.now(UTC), start, start)

    def _prepare(self, streams: Sequence[ModelStream], reader: Reader, start: Position | None) -> RowsFactory:
        """How the pages' objects become records: bytes, or dicts where something looks into them."""
        as_bytes = reader.reads_bytes and all(stream.passes_through() for stream in streams)
        for stream in streams:
            stream.prepare(start, as_bytes=as_bytes)
        if self.model.derivation is None:
            known, selected = self._columns()
            return RowsFactory(known, selected, self._constants(), self.oddities, self._has_via, as_bytes)
        known = [*load_schema(reader.model.name)["properties"]]  # the model itself is not exported
        oddities = Oddities(reader.model.name, self.logger, is_exported=False)
        return RowsFactory(known, (), {}, oddities, as_bytes=as_bytes)

    def prepare(self, start: Position | None, *, as_bytes: bool) -> None:
        """For pages that begin at `start`."""
        self._as_bytes, self._ahead = as_bytes, ahead_of(self.export.start, start)
        if as_bytes and not self.model.is_incremental and self._run.settings.skip_unchanged:
            others = [self._run.settings.subdomain, self.schema, self._columns()]
            self._compared = ComparedRows(
                self.export, self._constants(), others, self._last_loaded, self._run.writer
            )
        if self.model.derivation is not None:
            known, selected = self._columns()
            self._derived = DerivedRows(self.model, known, selected, self._constants(), self.oddities)

    def _columns(self) -> tuple[list[str], list[str]]:
        """Zendesk's, and those that are selected."""
        names = [*self.schema["properties"]]
        known = [name for name in names if name not in EXPORT_COLUMNS]
        return known, [name for name in names if self.mask["properties", name]]

    def _constants(self) -> dict[str, Any]:
        """Values of every record."""
        if self._compared is not None:
            return {name: msgspec.Raw(byte) for name, byte in PLACEHOLDERS.items()}
        exported_at = self.export.read_again or self.export.started
        return {"_export_id": self.export.export_id, "_exported_at": exported_at.isoformat()}

    @property
    def _has_via(self) -> bool:
        """Whether its column `via` is a RECORD, which accepts nothing but objects."""
        types = self.schema["properties"].get("via", {}).get("type", ())
        return "object" in types and "string" not in types

    def passes_through(self) -> bool:
        """Whether nothing looks into records: no stream map, flattening, deselected nested property or dry run."""
        if self.ABORT_AT_RECORD_COUNT is not None:
            return False
        [stream_map, *others] = self.stream_maps
        is_mapped = others or type(stream_map) is not SameRecordTransform or stream_map.flattening_enabled
        looks_inside = any(len(crumb) > 2 and not selected for crumb, selected in self.mask.items())
        return not is_mapped and not looks_inside

    def receives(self, page: Page) -> bool:
        """Whether the page's records are new to it."""
        return not has_had(self._ahead, page)

    def emit(self, page: Page, requested_by: ModelStream) -> Iterable[Any]:
        """Writes its records of the page; returns instead those that the SDK has to write."""
        if self._derived is not None:
            records = self._derived.of(page.records, page.rows)
            if self._hashed is not None:
                self._hashed.replace_in(records)
        else:
            records = page.rows.released(page.records)
            if self._hashed is not None:
                self._hashed.replace(records, page.rows)
        self.export.count += len(records)
        if requested_by is self and not self._as_bytes:
            return records
        self._write(records)
        return ()

    def get_record_counter(self, **named: Any) -> Counter:  # noqa: ANN401 - the SDK's arguments, handed on
        """The SDK's, which counts the records that the SDK writes; `_write` counts the others."""
        self._counter = super().get_record_counter(**named)
        return self._counter

    def _write(self, records: list[Any]) -> None:
        if not self._as_bytes:
            for record in records[: self.ABORT_AT_RECORD_COUNT]:
                self._write_record_message(record)
            return
        writer = self._compared or self._run.writer
        writer.write_records(self.name, records)
        self.state_manager.is_flushed = False
        if self._counter is not None:
            self._counter.increment(len(records))

    def _commit(self, page: Page, streams: Sequence[ModelStream], receiving: Sequence[ModelStream]) -> None:
        """After a page's RECORDs: bookmarks move, rows in EXPORT_METADATA if due, STATE."""
        for stream in streams:
            stream.export.pages += 1
        for stream in receiving:
            stream.move_bookmark(page)
            if not page.is_last and stream.export.is_due(datetime.now(UTC)):
                stream.mirror(complete=False)
        if page.position is None and page.end is None:
            self._run.writer.flush()  # a STATE would; of a list, each page reaches the loader by this
            return
        self.state_manager.is_flushed = False
        self._write_state_message()

    def move_bookmark(self, page: Page) -> None:
        """Call it when the page's records are written. The bookmark stays if the page has no position.

        At the end of an export without a position a missing bookmark becomes the time of the last row, or of the start:
        otherwise the next run would export everything again.
        """
        if page.position is not None:
            self._move(page.position, page.parent)
        elif page.end is not None or page.behind is not None:
            bookmark = read_bookmark(self.stream_state, page.parent)
            start = None if self.export.start is None else self.export.start.of_parent(page.parent)
            if page.end is not None and bookmark is None and start is not None:
                bookmark = (
                    start
                    if start.cursor
                    else Position(time=min(max(start.time or 0, page.end), int(time.time())))
                )
                self._move(bookmark, page.parent)
            self._log_unmoved(page, bookmark)

    def _move(self, position: Position, parent: str | None) -> None:
        if parent is None:
            self.export.reached = position
        move_bookmark(self.stream_state, position, self._run.settings.subdomain, parent)

    def _log_unmoved(self, page: Page, bookmark: Position | None) -> None:
        """Once, and for each parent."""
        if page.parent in self._unmoved:
            return
        self._unmoved.add(page.parent)
        self.logger.log(
            logging.WARNING if page.records else logging.INFO,
            "%s: Zendesk's response %s; the bookmark stays at %s",
            self.name,
            "has no position to continue from"
            if page.behind is None
            else f"points back to {described_at(page.behind)}",
            described_at(bookmark),
        )

    def mirror(self, *, complete: bool) -> None:
        """Writes how far its export has come to EXPORT_METADATA."""
        self.export.mirrored = datetime.now(UTC)
        row = self.export.row(self.export.mirrored, self._run.client.zendesk_time(), complete=complete)
        self._run.export_metadata.write(row)
        self._run.writer.flush()

    def mark_unavailable(self, cause: StreamUnavailableError) -> None:
        self._run.unavailable[self.name] = cause
        self.logger.warning("%s: %s (%s)", self.name, cause.problem, cause)

    def check_kept_any(self) -> None:
        """Raises UnexpectedResponseError for a list whose objects were all left out."""
        if not self.model.is_incremental:
            check_not_all_left_out(self.name, self.export.count, self.oddities)

    def complete(self) -> None:
        self._check_clock()
        if not self.model.is_incremental:
            self._settle_rows()
        self.mirror(complete=True)
        self.export.is_complete = True
        seconds = (datetime.now(UTC) - self.export.started).total_seconds()
        unchanged = ", unchanged" if self.export.rows_of else ""
        self.logger.info("%s: %s in %.1f s%s", self.name, self.export.described(), seconds, unchanged)

    def _settle_rows(self) -> None:
        """Of a bulk model: writes those that are held, or names the export that has them."""
        loaded = LoadedExport(self.export.export_id, self.export.day)
        if self._compared is not None:
            loaded = self._compared.finish()
        if loaded.export_id != self.export.export_id:
            self.export.rows_of = loaded
        write_loaded(self._run.export_metadata.stream_state, self.name, loaded)
        self.state_manager.is_flushed = False

    def close(self) -> None:
        """Drops rows of an export that has failed."""
        if self._compared is not None:
            self._compared.close()
            self._compared = None

    def _check_clock(self) -> None:
        """An export that was to start after Zendesk's own time has not got anywhere."""
        now = self._run.client.now()
        start, reached = epoch_of(self.export.start), epoch_of(self.export.reached)
        if start is not None and start > now:
            self.logger.warning(
                "%s: its start, %s, is later than Zendesk's clock, %s: nothing can have changed since",
                *(self.name, datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(now, UTC)),
            )
        if reached is not None and reached > now:
            self.export.reached = None


def _names(streams: Sequence[ModelStream]) -> tuple[list[str], list[str]]:
    """Of all, and of those that have no bookmark yet."""
    first = [stream.name for stream in streams if read_bookmark(stream.stream_state) is None]
    return [stream.name for stream in streams], first
