"""One query and the pages that follow it: repeats removed, loops detected, refused cursors replaced by their time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.errors import (
    CursorInvalidError,
    CursorRefusedError,
    StartTooRecentError,
    UnexpectedResponseError,
)
from tap_zendesk_cityblock.http.query import PAGE_SIZES
from tap_zendesk_cityblock.readers.fetch import fetch
from tap_zendesk_cityblock.readers.page import Page
from tap_zendesk_cityblock.readers.parsing import ParsedPage, read_page
from tap_zendesk_cityblock.readers.queries import first_query, larger, largest
from tap_zendesk_cityblock.rows.decoding import Version
from tap_zendesk_cityblock.state.positions import Position, example, is_ahead, time_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.rows.decoding import Rows

WITHHELD_SECONDS = 61
"""Exports may not start in the last minute (docs/zendesk/last-minute-is-withheld.md); one second for clocks that differ."""


class Endpoint(msgspec.Struct, frozen=True):
    """A model's path and the client that requests it."""

    model: Model
    client: ZendeskClient
    page_size: int | None
    logger: logging.Logger

    def first_query(self, start: Position | None = None) -> Query:
        """A start in the last minute is moved back to where Zendesk accepts it."""
        if start is not None and start.time is not None:
            start = Position(time=min(start.time, int(time.time()) - WITHHELD_SECONDS))
        return first_query(self.model, start, self.page_size)


class ForwardOnly:
    """Keeps an export's position from moving back.

    Responses may have a position of long ago (Help Center's export has 1 as its end_time).
    """

    def __init__(self, reached: Position | None) -> None:
        self.reached = reached

    def checked(self, page: Page) -> Page:
        """The page, without a position that is behind the one before."""
        position = page.position
        if position is not None and self.reached is not None and is_ahead(self.reached, position):
            return msgspec.structs.replace(page, position=None, behind=position)
        self.reached = position or self.reached
        return page


class Walk:
    """The pages of one query. `forward` learns where a replaced cursor goes back to."""

    def __init__(self, endpoint: Endpoint, rows: Rows, forward: ForwardOnly) -> None:
        self._endpoint, self._model, self._rows, self._forward = endpoint, endpoint.model, rows, forward
        self._seen = set[Version]()
        self._requested = set[frozenset[tuple[str, str]]]()
        self._received = 0
        self._replaced_cursor: str | None = None

    def pages(self, query: Query) -> Iterator[Page]:
        """Each page without the records of the page before. Raises StreamUnavailableError and the PluginErrors."""
        following: Query | None = query
        while following is not None:
            try:
                parsed = self._fetch(following)
            except StartTooRecentError:
                return
            except CursorInvalidError as invalid:
                following = self._without_cursor(following, invalid)
                continue
            if parsed.overflowing_second is not None:
                if following != (whole := largest(self._model, following)):
                    following = whole
                    continue
                self._log_overflow(parsed.overflowing_second)
            self._received += parsed.served
            page = Page(self._without_repeats(parsed.records), self._rows, parsed.position)
            following = self._next(parsed.next)
            if following is None:
                page = msgspec.structs.replace(page, is_last=True)
            del parsed
            yield page
            del page  # the next one needs the memory

    def _fetch(self, query: Query) -> ParsedPage:
        response = partial(parse, self._endpoint, self._rows, self._received)
        return fetch(self._endpoint.client, self._model.path, query, response)

    def _without_repeats(self, records: list[Any]) -> list[Any]:
        """An incremental record without a clock is not recognized as a repeat: it may have changed."""
        versions, seen = _comparable(self._rows.versions(records))
        before, self._seen = self._seen, seen
        keeps_all = self._model.is_incremental
        return [
            record
            for record, version in zip(records, versions, strict=True)
            if version not in before or (keeps_all and _is_absent(version[1]))
        ]

    def _next(self, query: Query | None) -> Query | None:
        """Raises UnexpectedResponseError where that page was requested before."""
        if query is None:
            return None
        place = frozenset((name, value) for name, value in query.items() if name not in PAGE_SIZES)
        if place in self._requested:
            raise UnexpectedResponseError(f"{self._model.name}: the pages of {self._model.path} form a loop")
        self._requested.add(place)
        return larger(self._model, query, self._endpoint.page_size)

    def _log_overflow(self, second: int) -> None:
        self._endpoint.logger.error(
            "%s: more than a page of rows changed in the second %d; Zendesk serves no more of them, continuing after it",
            self._model.name,
            second,
        )

    def _without_cursor(self, query: Query, invalid: CursorInvalidError) -> Query:
        """Continues a second before the time of the refused cursor: rows may repeat, but none is missed. Raises
        CursorRefusedError if the cursor contains no time, because the alternative would be to export everything
        again. UnexpectedResponseError where the query has no cursor, or the same one is refused again.
        """
        cursor = query.get("cursor")
        if cursor is None or cursor == self._replaced_cursor:
            raise UnexpectedResponseError(
                f"{self._model.name}: {invalid}, and continuing from its time did not help"
            ) from None
        self._replaced_cursor = cursor
        reached = time_of(cursor)
        if reached is None:
            raise CursorRefusedError(
                f"{invalid}, and it has no time to continue from; write {example(self._model)} into the state"
            )
        self._forward.reached = Position(time=reached - 1)
        self._endpoint.logger.warning(
            "%s: %s; continuing from the cursor's time, %s",
            *(self._model.name, invalid, datetime.fromtimestamp(reached - 1, UTC)),
        )
        return self._endpoint.first_query(self._forward.reached)


def parse(endpoint: Endpoint, rows: Rows, received: int, body: bytes, query: Query) -> ParsedPage:
    """Of the response to a query there. `received`: objects of the pages before. Raises as `read_page`."""
    return read_page(endpoint.model, query, body, endpoint.client.base_url, rows, received=received)


def _comparable(versions: list[Version]) -> tuple[list[Version], set[Version]]:
    """As a list and as a set. A clock that is an object or a list counts as absent."""
    try:
        return versions, set(versions)
    except TypeError:
        plain = [(key, None if isinstance(clock, dict | list) else clock) for key, clock in versions]
        return plain, set(plain)


def _is_absent(value: object) -> bool:
    return value is None or value is msgspec.UNSET
