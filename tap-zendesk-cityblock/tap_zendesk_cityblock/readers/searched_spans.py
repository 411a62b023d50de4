"""Spans of creation time that a first export searches: which ones are unread, and their pages."""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.errors import (
    CursorInvalidError,
    StreamUnavailableError,
    UnexpectedResponseError,
)
from tap_zendesk_cityblock.model_types import Paging
from tap_zendesk_cityblock.readers.counting import count_found, iso
from tap_zendesk_cityblock.readers.fetch import fetch
from tap_zendesk_cityblock.readers.page import Page
from tap_zendesk_cityblock.readers.queries import larger
from tap_zendesk_cityblock.readers.source_strategies import SEARCH_TRIES
from tap_zendesk_cityblock.readers.walk import Endpoint, parse
from tap_zendesk_cityblock.state.positions import Position, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.rows.decoding import RowsFactory
    from tap_zendesk_cityblock.state.positions import Search, Span

SEARCH_EXPORT = "/api/v2/search/export"
LAST_UPDATE = "updated_at"
LARGEST_PAGE = 1000
"""Objects of a search page, as Zendesk documents it (docs/zendesk/search-export.md)."""
PAGES_OF_A_SPAN = 20
"""Maximum objects of a span, unless one second has more: a span is read long before its cursor expires, and little
is repeated after a kill.
"""


def searched(model: Model) -> Model:
    """The model as Search returns it."""
    return msgspec.structs.replace(
        model,
        path=SEARCH_EXPORT,
        root="results",
        paging=Paging.LIST_CURSOR,
        query=(("filter[type]", model.name),),
        largest_page=LARGEST_PAGE,
        left_out=model.left_out | {"result_type"},  # which Search adds
    )


class SearchedSpans:
    """Reads the unread spans, oldest first; several threads take them.

    A span is complete if it had as many objects as Zendesk counts in it. If a span stays incomplete, or Zendesk refuses
    it, the search ends there, and the cursor-based export starts at the beginning of the span: objects that were
    created later have also changed later.
    """

    def __init__(self, endpoint: Endpoint, search: Search, rows: RowsFactory) -> None:
        """`endpoint`: of the export."""
        self._model, self._client, self._logger = endpoint.model, endpoint.client, endpoint.logger
        self._endpoint = msgspec.structs.replace(endpoint, model=searched(endpoint.model))
        self._rows = rows.make(self._endpoint.model)
        self._search, self._clock_limit = search, search.until - 1
        self._waiting: deque[tuple[Span, int]] = deque()

    @property
    def search(self) -> Search:
        """The spans that are still unread, and the rows so far."""
        return self._search

    def move_deleted(self, position: Position) -> None:
        """Records how far the list of deleted objects has been read."""
        self._search = msgspec.structs.replace(self._search, deleted=position)

    @property
    def position(self) -> Position:
        return Position(time=self._search.since, search=self._search)

    def count(self, span: Span) -> int:
        """Objects that were created then. Raises as `fetch`, and UnexpectedResponseError."""
        return self._count(self._conditions(span))

    def count_settled(self) -> int:
        """Objects of all spans that have not changed since the export's start. Raises as `count`."""
        until = self._search.until
        return self._count(f"{self._conditions((0, until))} updated<{iso(until)}")

    def _count(self, conditions: str) -> int:
        counted = count_found(self._client, self._model, conditions)
        if counted is None:
            raise UnexpectedResponseError(f"{self._model.name}: Zendesk's search returns no count")
        return counted

    def divide(self) -> int:
        """Divides the unread spans into spans of a few pages each, and returns how many. One request for each count."""
        largest = PAGES_OF_A_SPAN * int(self._endpoint.first_query()["page[size]"])
        unread = deque(self._search.unread)
        while unread:
            first, after = span = unread.popleft()
            counted = self.count(span)
            parts = min(-(-counted // largest), after - first)
            if parts <= 1:
                self._waiting.append((span, counted))
                continue
            bounds = [first + (after - first) * part // parts for part in range(parts)] + [after]
            unread.extendleft(reversed([*pairwise(bounds)]))
        return len(self._waiting)

    def pages(self) -> Iterator[Page]:
        """Of the spans that no other thread has taken. The last page of each span has the position."""
        while self._waiting:
            yield from self._pages_of(*self._waiting.popleft())

    def _pages_of(self, span: Span, expected: int) -> Iterator[Page]:
        problem = ""
        for _ in range(SEARCH_TRIES):
            seen = set[Any]()
            try:
                for records, is_last in self._lists(span):
                    if self._is_dropped(span):
                        return
                    seen.update(key for key, _ in self._rows.versions(records))
                    if is_last and (len(seen) >= expected or len(seen) >= self.count(span)):
                        self._complete(span, len(seen))
                        yield Page(records, self._rows, self.position)
                        return
                    yield Page(records, self._rows)
                    del records  # the next ones need the memory
                problem = f"Zendesk counts {expected} and returned {len(seen)}"
            except CursorInvalidError as expired:
                problem = str(expired)
            except (UnexpectedResponseError, StreamUnavailableError) as refused:
                problem = str(refused)
                break
        self.drop_from(
            span[0], f"the search for objects created from {iso(span[0])} to {iso(span[1])}: {problem}"
        )
        yield Page([], self._rows, self.position)

    def _lists(self, span: Span) -> Iterator[tuple[list[Any], bool]]:
        """The records of each page, and whether it is the last."""
        query: Query | None = self._endpoint.first_query() | {"query": self._conditions(span)}
        received = 0
        while query is not None:
            parsed = fetch(
                self._client, SEARCH_EXPORT, query, partial(parse, self._endpoint, self._rows, received)
            )
            received += parsed.served
            self._add_clocks(parsed.records)
            query = (
                None
                if parsed.next is None
                else larger(self._endpoint.model, parsed.next, self._endpoint.page_size)
            )
            yield parsed.records, query is None
            del parsed  # the next one needs the memory

    def _add_clocks(self, records: list[Any]) -> None:
        """Where a search lacks the clock of exports: the time of the last update, but before all that the export returns."""
        if self._model.clock == LAST_UPDATE:
            return
        for record in records:
            if self._rows.value(record, self._model.clock) is None:
                updated = self._rows.value(record, LAST_UPDATE)
                plain = msgspec.json.decode(updated) if isinstance(updated, msgspec.Raw) else updated
                if (moment := moment_of(plain)) is not None:
                    self._rows.replace(record, self._model.clock, min(moment, self._clock_limit))

    def drop_from(self, start: int, problem: str) -> None:
        """Leaves the spans from that time on to the cursor-based export."""
        search = self._search
        start = max(start, search.since)
        if start >= search.until:
            return
        self._waiting = deque(one for one in self._waiting if one[0][0] < start)
        unread = tuple((first, min(after, start)) for first, after in search.unread if first < start)
        self._search = msgspec.structs.replace(search, until=start, unread=unread)
        self._logger.warning(
            "%s: %s; continuing by the incremental export from %s", self._model.name, problem, iso(start)
        )

    def _is_dropped(self, span: Span) -> bool:
        return span[0] >= self._search.until

    def _complete(self, span: Span, rows: int) -> None:
        if self._is_dropped(span):
            return
        unread = []
        for first, after in self._search.unread:
            unread += [(first, min(after, span[0])), (max(first, span[1]), after)]
        self._search = msgspec.structs.replace(
            self._search,
            unread=tuple(one for one in unread if one[0] < one[1]),
            rows=self._search.rows + rows,
        )

    def _conditions(self, span: Span) -> str:
        first, after = span
        since = f"created>={iso(first)} " if first else ""
        return f"{since}created<{iso(after)} updated>={iso(self._search.since)}"
