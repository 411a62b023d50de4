"""A first export: by searches, of which Zendesk allows ten times as many a minute, then by the cursor-based export.

The export starts a while before the searches began, so it returns again what changed meanwhile, and what they did not show
yet. Deleted objects, which no search shows, come from their list.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.errors import (
    CursorInvalidError,
    StreamUnavailableError,
    UnexpectedResponseError,
)
from tap_zendesk_cityblock.http.rate_limit_headers import SEARCH_EXPORT, documented
from tap_zendesk_cityblock.readers.counting import count_changes, iso
from tap_zendesk_cityblock.readers.exports import ExportReader
from tap_zendesk_cityblock.readers.page import Page, first_refusal_means_unavailable
from tap_zendesk_cityblock.readers.searched_spans import (
    LARGEST_PAGE,
    PAGES_OF_A_SPAN,
    SearchedSpans,
)
from tap_zendesk_cityblock.readers.source_list import SourceList
from tap_zendesk_cityblock.readers.source_strategies import chunks, reading_of
from tap_zendesk_cityblock.state.positions import Position, Search, epoch_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.readers.reader import Estimate
    from tap_zendesk_cityblock.rows.decoding import RowsFactory
    from tap_zendesk_cityblock.settings import Settings

HANDOVER_SECONDS = 3600
"""From the export's start back to the first second that it returns again: a search shows a change some minutes late, if all
is well (https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/, read November 27, 2026)."""
THREADS = 4
"""Spans that are searched at a time. Each holds a page in memory."""
DELETED = "deleted"
"""The source in `Model.fallback` that lists deleted objects."""
REFUSALS = (CursorInvalidError, StreamUnavailableError, UnexpectedResponseError)


class FirstExportReader(ExportReader):
    """Of models for which `is_searched_first`. A run that starts at a cursor, or not far back, is an export only."""

    def __init__(
        self, model: Model, settings: Settings, client: ZendeskClient, logger: logging.Logger
    ) -> None:
        super().__init__(model, settings, client, logger)
        own = documented(self.path)
        self.rows_per_minute = None if own is None else own[1] * self._page_size()

    def pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        return first_refusal_means_unavailable(self._pages(start, rows))

    def _pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        search = self._begin(start)
        if search is not None:
            self.probe()
            spans = SearchedSpans(self._endpoint, search, rows)
            yield from self._searched(spans, rows)
            start = Position(time=spans.search.until)
            yield Page([], rows.make(self.model), start)
        yield from super().pages(start, rows)

    def estimate(self, start: Position | None) -> Estimate:
        by_export = super().estimate(start)
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
        """None where the export alone serves as well, or Zendesk does not count."""
        if start is None or start.cursor is not None:
            return None
        if start.search is not None:
            return start.search
        since = epoch_of(start) or 0
        try:
            total = count_changes(self._client, self.model, since)
        except REFUSALS as refused:
            self._logger.warning(
                "%s: Zendesk refuses to count what a search finds (%s); reading by the incremental export",
                *(self.model.name, refused),
            )
            return None
        until = int(self._client.now()) - HANDOVER_SECONDS
        if total is None or until <= since or not self._is_far(start, total):
            return None
        return Search(since, until, ((0, until),), 0, total)

    def _is_far(self, start: Position | None, rows: int) -> bool:
        """Whether the export alone would wait for its rate limit."""
        if start is not None and start.search is not None:
            return True
        is_by_time = start is not None and start.cursor is None
        return is_by_time and self.rows_per_minute is not None and rows >= self.rows_per_minute

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
        yield from self._client.side_by_side([self._deleted(search, rows), *threads])
        self._check(spans, search)

    def _deleted(self, search: Search, rows: RowsFactory) -> Iterator[Page]:
        """Objects that were deleted, of which little is left. Raises as `SourceList.page`."""
        for source in self.model.fallback:
            if source.name != DELETED:
                continue
            listed = SourceList(self.model, source, self._client, self._settings.page_size, rows)
            reading = reading_of(listed, Position(time=search.since), self._client.now, self._logger)
            try:
                for chunk in chunks(listed, reading):
                    yield Page([_selected(record, rows) for record in chunk.records], listed.rows)
            except REFUSALS as refused:
                self._logger.warning(
                    "%s: Zendesk does not list what was deleted (%s); it is exported when it next changes",
                    *(self.model.name, refused),
                )

    def _check(self, spans: SearchedSpans, begun: Search) -> None:
        """All spans together against Zendesk's count: their bounds may not be what we take them for."""
        search = spans.search
        if search.until <= search.since:
            return
        try:
            counted = spans.count((0, search.until))
        except REFUSALS as refused:
            spans.drop_from(search.since, f"all spans were read, but not counted again: {refused}")
            return
        self._logger.info(
            "%s: searches returned %d, Zendesk counts %d; the incremental export goes on from %s",
            *(self.model.name, search.rows, counted, iso(search.until)),
        )
        is_whole = search.until == begun.until and search.rows >= search.total
        if search.rows < counted and not is_whole:
            spans.drop_from(search.since, f"searches returned {counted - search.rows} too few")


def _selected(record: dict[str, Any], rows: RowsFactory) -> dict[str, Any]:
    """Without the columns that are deselected: as bytes, no one else leaves them out."""
    if not rows.as_bytes:
        return record
    return {name: value for name, value in record.items() if name in rows.selected}
