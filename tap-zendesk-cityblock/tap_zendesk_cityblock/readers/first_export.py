"""A first export: searches, of which Zendesk allows ten times as many per minute, then the cursor-based export. The
export starts a while before the searches began, so it returns objects that changed in the meantime, or that searches
did not show yet. Objects that were deleted before, which searches never show, come from the list of deleted objects,
with few columns. This run and later ones then also read the export of the time before the searches, some pages each: it
has all columns, all deleted objects, and everything that the searches missed.
"""

from __future__ import annotations

import dataclasses
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.errors import (
    CursorInvalidError,
    StreamUnavailableError,
    UnexpectedResponseError,
)
from tap_zendesk_cityblock.http.rate_limit_headers import SEARCH_EXPORT, documented
from tap_zendesk_cityblock.readers.counting import count_changes, count_found, iso
from tap_zendesk_cityblock.readers.exports import ExportReader
from tap_zendesk_cityblock.readers.page import Page, first_refusal_means_unavailable
from tap_zendesk_cityblock.readers.searched_spans import (
    LARGEST_PAGE,
    PAGES_OF_A_SPAN,
    SearchedSpans,
)
from tap_zendesk_cityblock.readers.source_list import SourceList
from tap_zendesk_cityblock.readers.source_strategies import chunks, reading_of
from tap_zendesk_cityblock.state.bookmarks import read_bookmark
from tap_zendesk_cityblock.state.export_metadata import counted
from tap_zendesk_cityblock.state.positions import (
    Position,
    Remainder,
    Search,
    described_at,
    epoch_of,
    is_ahead,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.readers.reader import Estimate
    from tap_zendesk_cityblock.rows.decoding import RowsFactory
    from tap_zendesk_cityblock.settings import Settings

HANDOVER_SECONDS = 3600
"""From the export's start back to the first second that it returns again: a search shows a change some minutes late, if all
is well (https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/, read November 27, 2026)."""
FEW_MINUTES = 3
"""Of the export's rate limit: an export that needs no more does not begin with searches, and a later run reads as much of the
export before them. The run that searches reads a minute's worth."""
THREADS = 2
"""Spans of a model that are searched at a time. Each holds a page in memory."""
DELETED = "deleted"
"""The source in `Model.fallback` that lists deleted objects."""
REFUSALS = (CursorInvalidError, StreamUnavailableError, UnexpectedResponseError)


class FirstExportReader(ExportReader):
    """Of models for which `is_searched_first`. A run that starts at a cursor, or not far back, is an export only."""

    def __init__(
        self,
        model: Model,
        settings: Settings,
        client: ZendeskClient,
        logger: logging.Logger,
        *,
        may_search: bool,
    ) -> None:
        """`may_search`: false to read by the export only, and what an earlier run left."""
        super().__init__(model, settings, client, logger)
        own = documented(self.path) if may_search else None
        self.rows_per_minute = None if own is None else own[1] * self._page_size()

    def start(self, bookmark: Mapping[str, Any]) -> Position | None:
        """What earlier runs left is kept, wherever this one starts."""
        start, known = super().start(bookmark), read_bookmark(bookmark)
        if start is None or known is None:
            return start
        return msgspec.structs.replace(start, remainder=known.remainder)

    def pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        return first_refusal_means_unavailable(self._pages(start, rows))

    def _pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        search = self._begin(start)
        remainder = None if start is None else start.remainder
        if search is not None:
            spans = SearchedSpans(self._endpoint, search, rows)
            for page in self._searched(spans, rows):
                yield _with_remainder(page, remainder)
                del page  # the next one needs the memory
            start = Position(time=spans.search.until)
            remainder = _left_by(spans.search, remainder)
            yield _with_remainder(Page([], rows.make(self.model), start), remainder)
        for page in super().pages(start, rows):
            start = page.position or start
            yield _with_remainder(page, remainder)
            del page  # the next one needs the memory
        if start is not None and remainder is not None:
            most = self._pages_per_minute() * (FEW_MINUTES if search is None else 1)
            yield from self._remainder(start, remainder, rows, most)

    def _remainder(
        self, reached: Position, remainder: Remainder, rows: RowsFactory, most: int
    ) -> Iterator[Page]:
        """Its next pages, up to that number. `reached`: the export's position, which does not change."""
        self._logger.info(
            "%s: exporting again what searches returned, from %s to %s, at most %d pages in a run",
            *(self.model.name, described_at(remainder.at), iso(remainder.until), most),
        )
        at = remainder.at
        for page in islice(super().pages(at, rows), most):
            at = page.position or at
            is_done = page.is_last or (epoch_of(at) or 0) >= remainder.until
            left = None if is_done else Remainder(at, remainder.until)
            yield Page(page.records, page.rows, msgspec.structs.replace(reached, remainder=left))
            del page  # the next one needs the memory
            if is_done:
                return
        self._count_left(Remainder(at, remainder.until))

    def _count_left(self, remainder: Remainder) -> None:
        since, until = iso(epoch_of(remainder.at) or 0), iso(remainder.until)
        try:
            left = count_found(self._client, self.model, f"updated>={since} updated<{until}")
        except REFUSALS:
            left = None
        self.remainder_rows = left
        in_a_run = FEW_MINUTES * self._pages_per_minute() * self._page_size()
        runs = left is not None and counted(left // in_a_run + 1, "run")
        self._logger.info(
            "%s: what changed from %s to %s is left to later runs%s; until then see docs/operations.md, First export",
            *(self.model.name, since, until, f", about {left} rows in {runs}" if runs else ""),
        )

    def _pages_per_minute(self) -> int:
        """Of the export, as Zendesk reports it, or documents it."""
        own = documented(self.path)
        return self._client.per_minute(self.path) or (own[1] if own else 1)

    def estimate(self, start: Position | None) -> Estimate:
        by_export = super().estimate(start)
        if start is not None and start.remainder is not None and by_export.requests is not None:
            by_export = dataclasses.replace(
                by_export, requests=by_export.requests + FEW_MINUTES * self._pages_per_minute()
            )
        if by_export.rows is None or by_export.requests is None or not self._is_far(start, by_export.rows):
            return by_export
        size = min(self._settings.page_size or LARGEST_PAGE, LARGEST_PAGE)
        pages = by_export.rows // size + 1
        return dataclasses.replace(
            by_export,
            requests=pages + -(-pages // PAGES_OF_A_SPAN),
            bucket=SEARCH_EXPORT,
            export_requests=by_export.requests,
        )

    def _begin(self, start: Position | None) -> Search | None:
        """None where the export alone serves as well, or Zendesk does not count. Raises as `probe`."""
        if start is None or start.cursor is not None or self.rows_per_minute is None:
            return None
        if start.search is not None:
            self.probe()
            return start.search
        since = epoch_of(start) or 0
        try:
            total = count_changes(self._client, self.model, since)
        except REFUSALS as refused:
            self._logger.warning(
                "%s: Zendesk refuses to count search results (%s); using the incremental export",
                *(self.model.name, refused),
            )
            return None
        until = int(self._client.now()) - HANDOVER_SECONDS
        if total is None or until <= since or not self._is_far(start, total):
            return None
        self.probe()  # whose response has the account's own limit
        if not self._is_far(start, total):
            return None
        return Search(since, until, ((0, until),), 0, total)

    def _is_far(self, start: Position | None, rows: int) -> bool:
        """Whether the export alone would wait long for its rate limit."""
        if start is None or start.cursor is not None or self.rows_per_minute is None:
            return False
        few = FEW_MINUTES * self._pages_per_minute() * self._page_size()
        return start.search is not None or rows > few

    def _searched(self, spans: SearchedSpans, rows: RowsFactory) -> Iterator[Page]:
        search = spans.search
        try:
            number = spans.divide()
        except REFUSALS as refused:
            spans.drop_from(search.since, f"the search: {refused}")
            return
        self._logger.info(
            "%s: begins with searches of %d spans of time, then the incremental export from %s",
            *(self.model.name, number, iso(search.until)),
        )
        yield Page([], rows.make(self.model), spans.position)
        threads = [spans.pages() for _ in range(THREADS)]
        yield from self._client.side_by_side([self._deleted(spans, rows), *threads])
        self._check(spans)

    def _deleted(self, spans: SearchedSpans, rows: RowsFactory) -> Iterator[Page]:
        """Deleted objects, which have few properties. Raises the same errors as `SourceList.page`."""
        end, start = spans.search.until, spans.search.deleted or Position(time=spans.search.since)
        if (start.time or 0) >= end:
            return
        for source in self.model.fallback:
            if source.name != DELETED:
                continue
            listed = SourceList(self.model, source, self._client, self._settings.page_size, rows)
            reading = reading_of(listed, start, self._client.now, self._logger)
            try:
                for chunk in chunks(listed, reading):
                    if reached := Position(time=end) if chunk.is_last else chunk.position:
                        spans.move_deleted(reached)
                    records = [_selected(record, rows) for record in chunk.records]
                    yield Page(records, listed.rows, spans.position)
            except REFUSALS as refused:
                self._logger.warning(
                    "%s: Zendesk does not list deleted objects (%s); they are exported when they change again",
                    *(self.model.name, refused),
                )

    def _check(self, spans: SearchedSpans) -> None:
        """All spans together against Zendesk's count: their bounds may not be what we take them for.

        An object that has changed since the export's start may be missing: the export returns it.
        """
        search = spans.search
        if search.until <= search.since:
            return
        try:
            counted = spans.count((0, search.until))
            missing = spans.count_settled() - search.rows if counted > search.rows else 0
        except REFUSALS as refused:
            spans.drop_from(search.since, f"all spans were read, but could not be counted again: {refused}")
            return
        self._logger.info(
            "%s: searches returned %d, Zendesk counts %d; the incremental export continues from %s",
            *(self.model.name, search.rows, counted, iso(search.until)),
        )
        if missing > 0:
            spans.drop_from(search.since, f"searches returned {missing} objects too few")


def _left_by(search: Search, before: Remainder | None) -> Remainder | None:
    """What searches leave to later runs, together with what was left before."""
    if search.until <= search.since:
        return before
    at = Position(time=search.since)
    if before is not None and not is_ahead(before.at, at):
        at = before.at
    return Remainder(at, max(search.until, before.until if before else 0))


def _with_remainder(page: Page, remainder: Remainder | None) -> Page:
    if page.position is None or remainder is None:
        return page
    return msgspec.structs.replace(page, position=msgspec.structs.replace(page.position, remainder=remainder))


def _selected(record: dict[str, Any], rows: RowsFactory) -> dict[str, Any]:
    """Without the columns that are deselected: as bytes, no one else leaves them out."""
    if not rows.as_bytes:
        return record
    return {name: value for name, value in record.items() if name in rows.selected}
