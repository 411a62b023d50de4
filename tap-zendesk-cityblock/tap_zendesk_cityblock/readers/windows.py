"""A list that is requested in time windows."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from tap_zendesk_cityblock.readers.own_endpoint import OwnEndpointReader
from tap_zendesk_cityblock.readers.page import first_refusal_means_unavailable
from tap_zendesk_cityblock.readers.queries import first_query
from tap_zendesk_cityblock.readers.reader import DAY_SECONDS, Estimate
from tap_zendesk_cityblock.readers.walk import WITHHELD_SECONDS, ForwardOnly, Walk
from tap_zendesk_cityblock.state.positions import Position, epoch_of, seconds_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.model_types import Model, Window
    from tap_zendesk_cityblock.readers.page import Page
    from tap_zendesk_cityblock.rows.decoding import RowsFactory
    from tap_zendesk_cityblock.settings import Settings


class WindowedReader(OwnEndpointReader):
    """The position is the time of the last row: rows that are added to the list later come after it."""

    def __init__(
        self,
        model: Model,
        settings: Settings,
        client: ZendeskClient,
        logger: logging.Logger,
        *,
        window: Window,
    ) -> None:
        super().__init__(model, settings, client, logger)
        self._window = window

    def pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        forward = ForwardOnly(start)
        pages = self._pages(epoch_of(start) or 0, rows, forward)
        return first_refusal_means_unavailable(map(forward.checked, pages))

    def _pages(self, since: int, rows: RowsFactory, forward: ForwardOnly) -> Iterator[Page]:
        """A window begins a second early, because some lists mean "after", not "from" (docs/zendesk/time-ranges.md)."""
        made, last = rows.make(self.model), int(time.time()) - WITHHELD_SECONDS
        start = since
        while start < last:
            end = min(start + self._window.days * DAY_SECONDS, last)
            query = self._endpoint.first_query() | self._window.bounds(max(0, start - 1), end)
            located = _Located(self._window, end, self.model, self._logger)
            yield from map(located.page, Walk(self._endpoint, made, forward).pages(query))
            start = end

    def _probe_query(self) -> Query:
        since = int(time.time()) - DAY_SECONDS
        return first_query(self.model, None, 1) | self._window.bounds(since, since + 1)

    def estimate(self, start: Position | None) -> Estimate:
        """One request for each window, at least."""
        seconds = int(self._client.now() - (epoch_of(start) or 0))
        return Estimate(requests=max(1, -(-seconds // (self._window.days * DAY_SECONDS))))


class _Located:
    """Gives the pages of one window their positions.

    Rows that do not prove their order are not believed to be in order: newest first, the first page has the last row.
    """

    def __init__(self, window: Window, end: int, model: Model, logger: logging.Logger) -> None:
        self._end, self._is_in_order, self._model, self._logger = end, window.in_order, model, logger
        self._first: int | None = None
        self._latest = 0

    def page(self, page: Page) -> Page:
        moments = self._moments(page)
        self._is_in_order &= [self._latest, *moments] == sorted([self._latest, *moments])
        if self._first is None:
            self._first = next(iter(moments), None)
        self._latest = max([self._latest, *moments])
        is_reached = self._is_in_order and self._first != self._latest
        if self._latest == 0 or not (page.is_last or is_reached):
            return page
        return msgspec.structs.replace(page, position=Position(time=min(self._latest, self._end)))

    def _moments(self, page: Page) -> list[int]:
        """Epoch seconds at which the records changed, of those that have a valid clock."""
        moments = []
        for _, clock in page.rows.versions(page.records):
            with suppress(ValueError):
                moments.append(seconds_of(clock))
        if without := len(page.records) - len(moments):
            self._logger.warning(
                "%s: %d of %d objects have no valid %s; they are exported, and do not move the bookmark",
                *(self._model.name, without, len(page.records), self._model.clock),
            )
        return moments
