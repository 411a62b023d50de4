"""The pages of one export, in their order, whatever happens between them."""

from __future__ import annotations

import dataclasses
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tap_zendesk_cityblock.errors import (
    AnswerError,
    CursorInvalidError,
    CursorRefusedError,
    RefusedError,
    StartTooRecentError,
    StreamUnavailableError,
)
from tap_zendesk_cityblock.http.query import PAGE_SIZES
from tap_zendesk_cityblock.readers.fetch import fetch
from tap_zendesk_cityblock.readers.pagination import Page, first_query, larger, largest, read_page
from tap_zendesk_cityblock.state.cursors import Position, example, is_ahead, moment_of, seconds_of, time_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.models import Model, Window
    from tap_zendesk_cityblock.rows.decoding import Rows, Version
    from tap_zendesk_cityblock.settings import Settings

T = TypeVar("T")

WITHHELD_SECONDS = 61
"""Exports may not start in the last minute (docs/zendesk/last-minute-is-withheld.md); one second for clocks that differ."""


def treat_refusal_as_unavailable(pages: Iterator[T]) -> Iterator[T]:
    """Those pages. Raises StreamUnavailableError where Zendesk does not take the first request for them as it is."""
    has_begun = False
    try:
        for page in pages:
            has_begun = True
            yield page
            del page  # the next one needs the room
    except RefusedError as refused:
        if has_begun:
            raise
        raise StreamUnavailableError(str(refused), is_refused=refused.status == 400) from None


def _comparable(versions: list[Version]) -> tuple[list[Version], set[Version]]:
    """Twice. A clock that is an object or a list tells no versions apart, as an absent one."""
    try:
        return versions, set(versions)
    except TypeError:
        plain = [(key, None if isinstance(clock, dict | list) else clock) for key, clock in versions]
        return plain, set(plain)


def _is_absent(value: object) -> bool:
    return value is None or value is msgspec.UNSET


class Pages:
    """`rows` is how records are read."""

    def __init__(
        self, model: Model, client: ZendeskClient, settings: Settings, rows: Rows, logger: logging.Logger
    ) -> None:
        self._model, self._client, self._settings = model, client, settings
        self._rows, self._logger = rows, logger
        self._stands: Position | None = None

    def following(self, start: Position | None) -> Iterator[Page]:
        """Every page from there on, its records without those that the page before had.

        No position is behind `start` or the one before. Raises StreamUnavailableError and the PluginErrors.
        """
        self._stands = start
        if self._model.window is not None and start is not None and start.time is not None:
            pages = self._in_windows(self._model.window, start.time)
        else:
            pages = self._from(self._first_query(start))
        return treat_refusal_as_unavailable(map(self._forward, pages))

    def _forward(self, page: Page) -> Page:
        """Answers may tell a position of long ago (Help Center's export has 1 for its end_time), or none at all."""
        told = page.position
        if told is not None and self._stands is not None and is_ahead(self._stands, told):
            page = dataclasses.replace(page, position=None, behind=told)
        if page.position is not None:
            self._stands = page.position
        elif page.next is None and self._model.is_incremental and self._model.window is None:
            page = dataclasses.replace(page, latest=self._latest(page.records))
        return page

    def _latest(self, records: list[Any]) -> int | None:
        """Of an export that has ended, so that everything up to a minute ago is read."""
        clocks = [clock for _, clock in self._rows.versions(records)]
        latest = max((moment for clock in clocks if (moment := moment_of(clock)) is not None), default=None)
        return None if latest is None else min(latest, int(time.time()) - WITHHELD_SECONDS)

    def _in_windows(self, window: Window, start: int) -> Iterator[Page]:
        """The position is the time of the last row there is: what the list may still get is behind it.

        A span begins a second early, because some lists mean "after", not "from" (docs/zendesk/time-ranges.md). That a
        list is in order is believed of rows that show it: newest first, the first page has the time of the last row.
        """
        last = int(time.time()) - WITHHELD_SECONDS
        while start < last:
            end = min(start + window.days * 86_400, last)
            first, latest, is_in_order = None, 0, window.in_order
            for page in self._from(
                first_query(self._model, None, self._settings.page_size)
                | window.bounds(max(0, start - 1), end)
            ):
                moments = self._moments(page.records)
                is_in_order &= [latest, *moments] == sorted([latest, *moments])
                first = next(iter(moments), None) if first is None else first
                latest = max([latest, *moments])
                is_told = latest > 0 and (page.next is None or (is_in_order and first != latest))
                yield dataclasses.replace(page, position=Position(time=min(latest, end)) if is_told else None)
            start = end

    def _moments(self, records: list[Any]) -> list[int]:
        """Epoch seconds at which they changed, of those that tell."""
        moments = []
        for _, clock in self._rows.versions(records):
            with suppress(ValueError):
                moments.append(seconds_of(clock))
        if without := len(records) - len(moments):
            self._logger.warning(
                "%s: %d of %d objects have no valid %s; they are exported, and do not move the bookmark",
                *(self._model.name, without, len(records), self._model.clock),
            )
        return moments

    def _from(self, query: Query | None) -> Iterator[Page]:
        before: set[Version] = set()
        healed, received, asked = None, 0, set[frozenset[tuple[str, str]]]()
        while query is not None:
            try:
                page = self._page(query, received)
            except StartTooRecentError:
                return
            except CursorInvalidError as invalid:
                cursor = query.get("cursor")
                if cursor is None or cursor == healed:
                    raise AnswerError(
                        f"{self._model.name}: {invalid}, and going on from its time did not help"
                    ) from None
                healed = cursor
                self._stands = self._healed(cursor, invalid)
                query = self._first_query(self._stands)
                continue
            if page.lost_second is not None:
                if query != (whole := largest(self._model, query)):
                    query = whole
                    continue
                self._logger.error(
                    "%s: more than a page of rows changed in the second %d; Zendesk serves no more of them, going on behind it",
                    self._model.name,
                    page.lost_second,
                )
            received += page.served
            versions, seen = _comparable(self._rows.versions(page.records))
            fresh = [
                record
                for record, version in zip(page.records, versions, strict=True)
                if version not in before or (self._model.is_incremental and _is_absent(version[1]))
            ]
            before = seen
            query = None if page.next is None else larger(self._model, page.next, self._settings.page_size)
            page = Page(fresh, query, page.position)
            del fresh
            if query is not None:
                place = frozenset((name, value) for name, value in query.items() if name not in PAGE_SIZES)
                if place in asked:
                    raise AnswerError(f"{self._model.name}: the pages of {self._model.path} form a loop")
                asked.add(place)
            yield page
            del page  # the next one needs the room

    def _page(self, query: Query, received: int) -> Page:
        model, base_url = self._model, self._client.base_url
        return fetch(
            self._client,
            model.path,
            query,
            lambda body, query: read_page(model, query, body, base_url, self._rows, received=received),
        )

    def _first_query(self, start: Position | None) -> Query:
        if start is not None and start.time is not None:
            start = Position(time=min(start.time, int(time.time()) - WITHHELD_SECONDS))
        return first_query(self._model, start, self._settings.page_size)

    def _healed(self, cursor: str, invalid: CursorInvalidError) -> Position:
        """A second before the time at which such a cursor stood: rows may repeat, none is missed.

        Raises CursorRefusedError where that would be all since the first day.
        """
        reached = time_of(cursor)
        if reached is None:
            raise CursorRefusedError(
                f"{invalid}, and it names no time to go on from; write {example(self._model)} into the state"
            )
        moment = reached - 1
        self._logger.warning(
            "%s: %s; going on from the cursor's time, %s",
            self._model.name,
            invalid,
            datetime.fromtimestamp(moment, UTC),
        )
        return Position(time=moment)
