"""How a source of the fallback is read up to a minute ago: by its order, as a whole, or by searches of time spans."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from tap_zendesk_cityblock.errors import CursorInvalidError, UnexpectedResponseError
from tap_zendesk_cityblock.model_types import SourceStrategy
from tap_zendesk_cityblock.readers.counting import iso
from tap_zendesk_cityblock.readers.list_cursors import cursor_at
from tap_zendesk_cityblock.readers.reader import DAY_SECONDS
from tap_zendesk_cityblock.readers.walk import WITHHELD_SECONDS
from tap_zendesk_cityblock.state.positions import Position, epoch_of, moment_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.model_types import Model, Source
    from tap_zendesk_cityblock.readers.source_list import ListPage, Record, SourceList

ARCHIVED_AFTER = 119 * DAY_SECONDS
"""Zendesk archives tickets that have been closed for 120 days (docs/zendesk/archived-tickets.md); a day to spare."""
SPAN_SECONDS = 30 * DAY_SECONDS
"""Of one search, whose cursors expire after an hour."""
SEARCH_TRIES = 3


class Chunk(msgspec.Struct, frozen=True):
    """Records of a source as exported, and the position they move it to: None if it stays."""

    records: list[Record]
    position: Position | None = None
    is_last: bool = False


def query_of(model: Model, source: Source, since: int, until: int) -> Query:
    """Without page size and cursor. The span, in epoch seconds, matters to searches only."""
    match source.strategy:
        case SourceStrategy.SORTED:
            return {"sort": "updated_at"}
        case SourceStrategy.WHOLE:
            return {}
        case SourceStrategy.SEARCHED:
            span = f"status:closed updated>={iso(since)} updated<{iso(until)}"
            return {"filter[type]": model.name, "query": span}


def spans(since: int, now: float) -> list[tuple[int, int]]:
    """The spans of time to search, in epoch seconds."""
    end = int(now) - WITHHELD_SECONDS - ARCHIVED_AFTER
    return [(start, min(start + SPAN_SECONDS, end)) for start in range(since, end, SPAN_SECONDS)]


class SourceReading(ABC):
    """One source in one run. `query` and `cursor` are those of the next page; `has_ended`: no page is left."""

    has_ended = False
    cursor: str | None = None

    def __init__(
        self, source: SourceList, start: Position, now: Callable[[], float], logger: logging.Logger
    ) -> None:
        self._source, self._now, self._logger = source, now, logger
        self._since = epoch_of(start) or 0
        self.query = query_of(source.model, source.source, self._since, self._since)

    @abstractmethod
    def chunk(self, page: ListPage) -> Chunk:
        """What of the page is exported."""

    def advance(self, page: ListPage) -> None:
        """To the page after this one, whose chunk is written. Raises UnexpectedResponseError."""
        self.cursor = self._source.next_cursor(page, self.cursor)

    def replace_cursor(self, refused: CursorInvalidError) -> None:
        """After Zendesk refused it. Raises UnexpectedResponseError where no other cursor helps."""
        raise UnexpectedResponseError(f"{self._source.where}: {refused}") from None

    def _until(self) -> int:
        """Exports leave out the last minute, in which changes may not be visible yet, and so does the fallback."""
        return int(self._now()) - WITHHELD_SECONDS

    def _moments(self, records: list[Record]) -> list[int | None]:
        """Epoch seconds at which each changed last, None where it has no valid clock."""
        clock = self._source.source.clock
        moments = [moment_of(record.get(clock)) for record in records]
        if without := moments.count(None):
            self._logger.warning(
                "%s: %d of %d objects have no valid %s; they are exported, and do not move the bookmark",
                *(self._source.where, without, len(records), clock),
            )
        return moments

    def _between(self, page: ListPage, moments: list[int | None], since: int, until: int) -> list[Record]:
        """Records that changed in that span, and those without a valid clock, because repeating is better than
        missing them.
        """
        return self._source.as_exported(
            [
                record
                for record, moment in zip(page.records, moments, strict=True)
                if moment is None or since <= moment < until
            ]
        )


class SortedReading(SourceReading):
    """By `updated_at`. A refused cursor is replaced by one made of its time; if that is refused, the whole list is read."""

    def __init__(
        self, source: SourceList, start: Position, now: Callable[[], float], logger: logging.Logger
    ) -> None:
        super().__init__(source, start, now, logger)
        self.cursor = start.cursor or cursor_at(self._since)
        self._oldest = 0

    def chunk(self, page: ListPage) -> Chunk:
        until, moments = self._until(), self._moments(page.records)
        kept = self._between(page, moments, self._oldest, until)
        last = next((moment for moment in reversed(moments) if moment is not None), None)
        if last is None:
            return Chunk(kept, is_last=not page.has_more)
        self._since = max(self._since, last)
        if last >= until:
            return Chunk(kept, Position(time=until), is_last=True)
        return Chunk(kept, Position(cursor=page.after, time=self._since), is_last=not page.has_more)

    def replace_cursor(self, refused: CursorInvalidError) -> None:
        if self.cursor is None:
            super().replace_cursor(refused)
        made = cursor_at(self._since)
        is_made = self.cursor == made
        self._logger.warning(
            "%s: Zendesk refused the cursor of %s; continuing from %s",
            self._source.model.name,
            self._source.source.path,
            "its beginning" if is_made else datetime.fromtimestamp(self._since, UTC),
        )
        self.cursor, self._oldest = (None, self._since) if is_made else (made, 0)


class WholeReading(SourceReading):
    """In every run. The position is after the latest second in the list, so that two clocks need not agree."""

    def __init__(
        self, source: SourceList, start: Position, now: Callable[[], float], logger: logging.Logger
    ) -> None:
        super().__init__(source, start, now, logger)
        self._latest = self._since - 1

    def chunk(self, page: ListPage) -> Chunk:
        until, moments = self._until(), self._moments(page.records)
        kept = self._between(page, moments, self._since, until)
        known = (moment for moment in moments if moment is not None and moment < until)
        self._latest = max([self._latest, *known])
        return Chunk(kept) if page.has_more else Chunk(kept, Position(time=self._latest + 1), is_last=True)


class SearchedReading(SourceReading):
    """One span of time after the other; one whose cursor has expired is searched again from its start."""

    def __init__(
        self, source: SourceList, start: Position, now: Callable[[], float], logger: logging.Logger
    ) -> None:
        super().__init__(source, start, now, logger)
        self._spans = iter(spans(self._since, now()))
        self._span, self._tries = (0, 0), 0
        self._begin_next_span()

    def chunk(self, page: ListPage) -> Chunk:
        records = self._source.as_exported(page.records)
        return Chunk(records) if page.has_more else Chunk(records, Position(time=self._span[1]))

    def advance(self, page: ListPage) -> None:
        if page.has_more:
            super().advance(page)
        else:
            self._begin_next_span()

    def replace_cursor(self, refused: CursorInvalidError) -> None:  # noqa: ARG002 - the protocol's signature
        self._logger.warning(
            "%s: the search's cursor has expired; continuing from %s",
            self._source.model.name,
            datetime.fromtimestamp(self._span[0], UTC),
        )
        self.cursor, self._tries = None, self._tries + 1
        if self._tries == SEARCH_TRIES:
            raise UnexpectedResponseError(
                f"{self._source.where}: {SEARCH_TRIES} searches expired before they ended"
            ) from None

    def _begin_next_span(self) -> None:
        self.cursor, self._tries, span = None, 0, next(self._spans, None)
        if span is None:
            self.has_ended = True
        else:
            self._span = span
            self.query = query_of(self._source.model, self._source.source, *span)


def chunks(source: SourceList, reading: SourceReading) -> Iterator[Chunk]:
    """Sets `has_ended` on the last one. Raises StreamUnavailableError and the PluginErrors."""
    while not reading.has_ended:
        try:
            page = source.page(reading.query, reading.cursor)
        except CursorInvalidError as refused:
            reading.replace_cursor(refused)
            continue
        chunk = reading.chunk(page)
        yield chunk
        if chunk.is_last:
            return
        reading.advance(page)
    yield Chunk([], is_last=True)


def reading_of(
    source: SourceList, start: Position, now: Callable[[], float], logger: logging.Logger
) -> SourceReading:
    """`now`: epoch seconds by Zendesk's clock."""
    readings: dict[SourceStrategy, Callable[..., SourceReading]] = {
        SourceStrategy.SORTED: SortedReading,
        SourceStrategy.WHOLE: WholeReading,
        SourceStrategy.SEARCHED: SearchedReading,
    }
    return readings[source.source.strategy](source, start, now, logger)
