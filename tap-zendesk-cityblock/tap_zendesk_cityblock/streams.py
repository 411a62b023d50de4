"""The stream of each model: reads pages, writes RECORDs, then moves the bookmark."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.columns import load_schema
from tap_zendesk_cityblock.errors import StreamUnavailableError
from tap_zendesk_cityblock.readers.shared_pages import before_remainders, common_start
from tap_zendesk_cityblock.record_stream import RecordStream
from tap_zendesk_cityblock.rows.decoding import RowsFactory
from tap_zendesk_cityblock.rows.oddities import Oddities, check_not_all_left_out
from tap_zendesk_cityblock.state.bookmarks import move_bookmark, read_bookmark
from tap_zendesk_cityblock.state.loaded_exports import LoadedExport, write_loaded
from tap_zendesk_cityblock.state.positions import Position, described_at, epoch_of
from tap_zendesk_cityblock.state.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.readers.page import Page
    from tap_zendesk_cityblock.readers.reader import Reader
    from tap_zendesk_cityblock.readers.redacted_comments import RedactedComments
    from tap_zendesk_cityblock.run_context import RunContext


class ModelStream(RecordStream):
    """One model, exported.

    Of streams that read the same pages, one requests them; the others are its `followers`, which get their records from
    these pages. They are not child streams of the SDK, which are synced once for each record of the parent.
    """

    def __init__(self, tap: Tap, model: Model, run: RunContext) -> None:
        super().__init__(tap, model, run)
        self.followers: Sequence[ModelStream] = ()
        self.is_following = False
        self._unmoved = set[str | None]()

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
        start = self._begin(streams)
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
            self.export.remainder_rows = reader.remainder_rows
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
        """Reads again the events whose comments have been redacted since their export. Their rows have a later
        time, so they win.
        """
        if redacted.notice_private():
            self._write_moved_state()
        if not redacted.has_any:
            return
        for stream in streams:
            stream.export.read_again = datetime.now(UTC)
        for ticket, pages in redacted.tickets(self._prepare(streams, reader, start)):
            for page in pages:
                for stream in streams:
                    yield from stream.emit(page, requested_by=self)
            redacted.settled(ticket)
            self._write_moved_state()

    def _write_moved_state(self) -> None:
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _begin(self, streams: Sequence[ModelStream]) -> Position | None:
        """The common start. A stream that joins others reads what they read, and no page for itself."""
        leading = [stream for stream in streams if not stream.joins_others] or streams
        start_date = self._run.settings.start_date
        starts = before_remainders({stream.name: stream.start for stream in leading}, start_date)
        common = common_start([*starts.values()], start_date)
        now = datetime.now(UTC)
        for stream in streams:
            stream.begin(starts.get(stream.name, common), now)
        return common

    @property
    def start(self) -> Position | None:
        """Where its export starts, None for bulk models."""
        return self._reader.start(self.stream_state)

    @property
    def joins_others(self) -> bool:
        """Whether it has no position, and comes with models that may have one."""
        return bool(self.model.comes_with) and read_bookmark(self.stream_state) is None

    @property
    def has_remainder(self) -> bool:
        """Whether the state, as of now, leaves a part of a first export to later runs."""
        bookmark = read_bookmark(self.stream_state)
        return bookmark is not None and bookmark.remainder is not None

    def begin(self, start: Position | None, now: datetime) -> None:
        """Followers write their SCHEMA here, as no sync of their own does."""
        if self.is_following:
            self._write_schema_message()
        self.export = self._new_export(start, now)

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
        self._write_moved_state()

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
        elif self._repeatable is not None:
            self._keep_loaded(self._repeatable)
        self._run.schema_drift.write(self.export, self.oddities.properties)
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
        self._keep_loaded(loaded)

    def _keep_loaded(self, loaded: LoadedExport) -> None:
        write_loaded(self._run.export_metadata.stream_state, self.name, loaded)
        self.state_manager.is_flushed = False

    def _check_clock(self) -> None:
        """Warns about an export whose start is later than Zendesk's clock."""
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
