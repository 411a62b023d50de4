"""Tickets, users and organizations without incremental exports: from lists and searches, one source after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.errors import CursorInvalidError, StreamUnavailableError
from tap_zendesk_cityblock.http.rate_limit_headers import ACCOUNT
from tap_zendesk_cityblock.model_types import SourceStrategy
from tap_zendesk_cityblock.readers.counting import LIST_PAGE, count_changes
from tap_zendesk_cityblock.readers.page import Page, first_refusal_means_unavailable
from tap_zendesk_cityblock.readers.reader import (
    DAY_SECONDS,
    Estimate,
    Reader,
    after_switch,
    configured_start,
)
from tap_zendesk_cityblock.readers.source_list import SourceList
from tap_zendesk_cityblock.readers.source_positions import SourcePositions
from tap_zendesk_cityblock.readers.source_strategies import chunks, query_of, reading_of, spans
from tap_zendesk_cityblock.rows.decoding import RowsFactory
from tap_zendesk_cityblock.rows.oddities import IGNORED
from tap_zendesk_cityblock.state.bookmarks import read_bookmark
from tap_zendesk_cityblock.state.positions import Position, described_at, earliest, epoch_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping, Sequence

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.model_types import Model, Source
    from tap_zendesk_cityblock.readers.source_strategies import Chunk
    from tap_zendesk_cityblock.settings import Settings
    from tap_zendesk_cityblock.state.bookmarks import Bookmark


NO_SOURCE = "only incremental exports have it, and incremental_exports is false"


class FallbackReader(Reader):
    """Reads the sources in their order. Each has its own position."""

    reads_bytes = False

    def __init__(
        self,
        model: Model,
        sources: Sequence[Source],
        settings: Settings,
        client: ZendeskClient,
        logger: logging.Logger,
    ) -> None:
        self.model, self.path, self._sources = model, sources[0].path, sources
        self._settings, self._client, self._logger = settings, client, logger

    def start(self, bookmark: Mapping[str, Any]) -> Position | None:
        """After a run with incremental exports, a time: before all that these have left to later runs."""
        if (configured := configured_start(self._settings)) is not None:
            return configured
        position = read_bookmark(bookmark)
        if position is not None and position.remainder is not None:
            position = earliest([position, position.remainder.at], self._settings.start_date)
        if position is not None and position.cursor is not None:
            return after_switch(self.model, position)
        return position or Position(time=self._settings.start_date)

    def pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        """Up to a minute ago, as exports are."""
        positions = SourcePositions(self._sources, start)
        for source in self._sources:
            listed = SourceList(self.model, source, self._client, self._settings.page_size, rows)
            reading = reading_of(listed, positions.of(source), self._client.now, self._logger)
            pages = (self._page(source, chunk, listed, positions) for chunk in chunks(listed, reading))
            yield from first_refusal_means_unavailable(pages)

    def finish(self, bookmark: Bookmark) -> None:
        """Does nothing."""

    def probe(self) -> None:
        now = int(time.time())
        rows = RowsFactory((), (), {}, IGNORED)
        for source in self._sources:
            listed = SourceList(self.model, source, self._client, 1, rows)
            try:
                listed.page(query_of(self.model, source, now - DAY_SECONDS, now), None)
            except CursorInvalidError as cause:
                raise StreamUnavailableError(str(cause)) from None

    def estimate(self, start: Position | None) -> Estimate:
        since = epoch_of(start)
        rows = count_changes(self._client, self.model, since)
        if rows is None:
            return Estimate()
        searches = (
            len(spans(since or 0, self._client.now()))
            if any(source.strategy is SourceStrategy.SEARCHED for source in self._sources)
            else 0
        )
        pages = rows // min(self._settings.page_size or LIST_PAGE, LIST_PAGE)
        return Estimate(rows, pages + len(self._sources) + searches, bucket=ACCOUNT)

    def _page(self, source: Source, chunk: Chunk, listed: SourceList, positions: SourcePositions) -> Page:
        if chunk.position is not None and not positions.move(source, chunk.position):
            self._logger.info(
                "%s: the response of %s points back to %s; the bookmark stays at %s",
                *(self.model.name, source.path),
                *(described_at(chunk.position), described_at(positions.of(source))),
            )
        if chunk.is_last:
            positions.end(source)
        is_last = chunk.is_last and source is self._sources[-1]
        return Page(chunk.records, listed.rows, positions.together(), is_last=is_last)


class UnavailableReader(Reader):
    """Of a model that only incremental exports have, where the settings forbid these."""

    def __init__(self, model: Model) -> None:
        self.model, self.path = model, model.path

    def start(self, bookmark: Mapping[str, Any]) -> Position | None:  # noqa: ARG002 - the protocol's signature
        return None

    def pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:  # noqa: ARG002
        raise StreamUnavailableError(NO_SOURCE)

    def finish(self, bookmark: Bookmark) -> None:
        """Does nothing."""

    def probe(self) -> None:
        raise StreamUnavailableError(NO_SOURCE)

    def estimate(self, start: Position | None) -> Estimate:  # noqa: ARG002 - the protocol's signature
        raise StreamUnavailableError(NO_SOURCE)
