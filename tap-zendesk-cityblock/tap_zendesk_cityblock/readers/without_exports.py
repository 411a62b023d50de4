"""The pages of one export that is read from other sources than Zendesk's incremental exports, one source after the other."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.errors import (
    AnswerError,
    CursorInvalidError,
    RefusedError,
    StreamUnavailableError,
)
from tap_zendesk_cityblock.models import Way
from tap_zendesk_cityblock.readers.keyset import cursor_at
from tap_zendesk_cityblock.readers.pages import WITHHELD_SECONDS, treat_refusal_as_unavailable
from tap_zendesk_cityblock.readers.pagination import Page
from tap_zendesk_cityblock.readers.source_pages import Reader, Record, moved
from tap_zendesk_cityblock.rows.decoding import DictRows
from tap_zendesk_cityblock.rows.oddities import IGNORED
from tap_zendesk_cityblock.state.cursors import Position, described_at, epoch_of, moment_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.models import Model, Source
    from tap_zendesk_cityblock.settings import Settings

DAY = 86_400
ARCHIVED_AFTER = 119 * DAY
"""Zendesk archives tickets that have been closed for 120 days (docs/zendesk/archived-tickets.md); a day to spare."""
SPAN = 30 * DAY
"""Of one search, whose cursors end after an hour."""
SEARCH_TRIES = 3


def probe_source(source: Source, model: Model, client: ZendeskClient) -> str | None:
    """What is in the way of reading it, None if nothing is. Raises PluginError where login or host fail."""
    reader = Reader(model, source, client, 1, lambda one: DictRows(one, (), {}, IGNORED))
    now = int(time.time())
    try:
        reader.page(_first_query(model, source, now - DAY, now), None)
    except (CursorInvalidError, RefusedError, StreamUnavailableError) as cause:
        return str(cause)
    return None


def searches(sources: Sequence[Source], start: int | None, now: float) -> int:
    """How many spans of time are searched, from the first run's start or one that has been long ago."""
    began, end = start or 0, int(now) - WITHHELD_SECONDS - ARCHIVED_AFTER
    return len(range(began, end, SPAN)) if any(source.way is Way.SEARCHED for source in sources) else 0


def _first_query(model: Model, source: Source, since: int, until: int) -> Query:
    match source.way:
        case Way.SORTED:
            return {"sort": "updated_at"}
        case Way.WHOLE:
            return {}
        case Way.SEARCHED:
            span = f"status:closed updated>={_iso(since)} updated<{_iso(until)}"
            return {"filter[type]": model.name, "query": span}


@dataclasses.dataclass(frozen=True)
class Stretch:
    """Some records of a source, and where it then stands: None if where it stood."""

    records: list[Record]
    position: Position | None
    is_last: bool = False


class SourcePages:
    """`rows` makes the reader of a model's records, by the path and the root that it is given."""

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        model: Model,
        sources: Sequence[Source],
        *,
        client: ZendeskClient,
        settings: Settings,
        rows: Callable[[Model], DictRows],
        logger: logging.Logger,
    ) -> None:
        self._model, self._sources, self._client = model, sources, client
        self._settings, self._rows, self._logger = settings, rows, logger

    @property
    def path(self) -> str:
        """That of the first source, which most requests are for."""
        return self._sources[0].path

    def _until(self) -> int:
        """Up to when rows are taken: exports leave out the last minute, in which a change may not show yet."""
        return int(self._client.now()) - WITHHELD_SECONDS

    def following(self, start: Position | None) -> Iterator[Page]:
        """Every page from there on, up to a minute ago, as exports are. Raises StreamUnavailableError and the PluginErrors."""
        positions, stayed = self._positions(start), set[str]()
        first, final = self._sources[0], self._sources[-1]
        for source in self._sources:
            for stretch in treat_refusal_as_unavailable(self._stretches(source, positions[source.name])):
                stands = positions.get(source.name)
                if stretch.position is not None and _is_behind(stretch.position, stands):
                    if source.name not in stayed:
                        self._logger.info(
                            "%s: the answer of %s points back to %s; the bookmark stays at %s",
                            *(self._model.name, source.path),
                            *(described_at(stretch.position), described_at(stands)),
                        )
                    stayed.add(source.name)
                elif stretch.position is not None:
                    positions = positions | {source.name: stretch.position}
                if stretch.is_last and source.way is Way.SEARCHED:
                    positions = {name: at for name, at in positions.items() if name != source.name}
                elif stretch.is_last and source is not first:
                    latest = _later(positions[source.name], positions[first.name])
                    positions = positions | {source.name: latest}
                ended = stretch.is_last and source is final
                yield Page(stretch.records, None if ended else {}, Position(sources=positions))

    def _positions(self, start: Position | None) -> dict[str, Position]:
        """Of each source. Searched is for what was archived before it could be seen in the list: from where that stood."""
        began = epoch_of(start)
        known = (start.sources if start is not None else None) or {}
        listed = known.get(self._sources[0].name, Position(time=began))
        from_list = Position(time=epoch_of(listed))
        return {source.name: known.get(source.name, from_list) for source in self._sources}

    def _stretches(self, source: Source, start: Position) -> Iterator[Stretch]:
        reader = Reader(self._model, source, self._client, self._settings.page_size, self._rows)
        match source.way:
            case Way.SORTED:
                return self._sorted(reader, start)
            case Way.WHOLE:
                return self._whole(reader, start)
            case Way.SEARCHED:
                return self._searched(reader, start)

    def _moments(self, reader: Reader, records: list[Record]) -> list[int | None]:
        """Epoch seconds at which each changed last, None where it does not tell."""
        moments = [moment_of(record.get(reader.source.clock)) for record in records]
        if without := moments.count(None):
            self._logger.warning(
                "%s: %d of %d objects have no valid %s; they are exported, and do not move the bookmark",
                *(reader.where, without, len(records), reader.source.clock),
            )
        return moments

    def _sorted(self, reader: Reader, start: Position) -> Iterator[Stretch]:
        """A cursor that Zendesk refuses is replaced by one made of its time; that one refused, all of the list is read."""
        since, oldest = epoch_of(start) or 0, 0
        cursor: str | None = start.cursor or cursor_at(since)
        query = _first_query(self._model, reader.source, since, since)
        while True:
            try:
                page = reader.page(query, cursor)
            except CursorInvalidError as refused:
                cursor = self._other_cursor(reader, cursor, since, refused)
                oldest = since if cursor is None else 0
                continue
            until = self._until()
            moments = self._moments(reader, page.records)
            kept = _between(page.records, moments, oldest, until)
            last = next((moment for moment in reversed(moments) if moment is not None), None)
            position: Position | None = None
            if last is not None:
                since = max(since, last)
                told = Position(cursor=page.after, time=since)
                position = told if last < until else Position(time=until)
            is_last = not page.has_more or (last is not None and last >= until)
            yield Stretch(reader.finished(kept), position, is_last)
            if is_last:
                return
            cursor = moved(reader, page, cursor)

    def _other_cursor(
        self, reader: Reader, cursor: str | None, since: int, refused: CursorInvalidError
    ) -> str | None:
        if cursor is None:
            raise AnswerError(f"{reader.where}: {refused}") from None
        made = cursor_at(since)
        self._logger.warning(
            "%s: Zendesk refused the cursor of %s; going on from %s",
            self._model.name,
            reader.source.path,
            "its beginning" if cursor == made else datetime.fromtimestamp(since, UTC),
        )
        return None if cursor == made else made

    def _whole(self, reader: Reader, start: Position) -> Iterator[Stretch]:
        """It stands behind the latest second that it has told, so that two clocks need not agree."""
        since = epoch_of(start) or 0
        latest, cursor = since - 1, None
        query = _first_query(self._model, reader.source, since, since)
        while True:
            try:
                page = reader.page(query, cursor)
            except CursorInvalidError as refused:
                raise AnswerError(f"{reader.where}: {refused}") from None
            until = self._until()
            moments = self._moments(reader, page.records)
            kept = _between(page.records, moments, since, until)
            latest = max([latest, *(moment for moment in moments if moment is not None and moment < until)])
            if not page.has_more:
                yield Stretch(reader.finished(kept), Position(time=latest + 1), is_last=True)
                return
            yield Stretch(reader.finished(kept), None)
            cursor = moved(reader, page, cursor)

    def _searched(self, reader: Reader, start: Position) -> Iterator[Stretch]:
        began, end = epoch_of(start) or 0, self._until() - ARCHIVED_AFTER
        spans = [(since, min(since + SPAN, end)) for since in range(began, end, SPAN)]
        for since, until in spans:
            for _ in range(SEARCH_TRIES):
                try:
                    yield from self._span(reader, since, until)
                    break
                except CursorInvalidError:
                    self._logger.warning(
                        "%s: the search's cursor has expired; going on from %s",
                        self._model.name,
                        datetime.fromtimestamp(since, UTC),
                    )
            else:
                raise AnswerError(f"{reader.where}: {SEARCH_TRIES} searches expired before they ended")
        yield Stretch([], None, is_last=True)

    def _span(self, reader: Reader, since: int, until: int) -> Iterator[Stretch]:
        query, cursor = _first_query(self._model, reader.source, since, until), None
        while True:
            page = reader.page(query, cursor)
            if not page.has_more:
                yield Stretch(reader.finished(page.records), Position(time=until))
                return
            yield Stretch(reader.finished(page.records), None)
            cursor = moved(reader, page, cursor)


def _between(records: list[Record], moments: list[int | None], since: int, until: int) -> list[Record]:
    """Those that changed then, and those that do not tell when: repeated rather than missed."""
    return [
        record
        for record, moment in zip(records, moments, strict=True)
        if moment is None or since <= moment < until
    ]


def _is_behind(position: Position, stands: Position | None) -> bool:
    """By the time, and in one second a time is behind a cursor, which is somewhere inside it."""
    if stands is None:
        return False
    return (position.time or 0, position.cursor is not None) < (stands.time or 0, stands.cursor is not None)


def _later(position: Position, listed: Position) -> Position:
    """Where a source stands that was read to its end after the list: not before the list, but for what shows late.

    A list may be quiet for long; this keeps its position from growing old meanwhile.
    """
    moment = (epoch_of(listed) or 0) - WITHHELD_SECONDS
    return position if (epoch_of(position) or 0) >= moment else Position(time=moment)


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
