"""An export: what changed since a cursor or a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from tap_zendesk_cityblock.readers.counting import count_changes
from tap_zendesk_cityblock.readers.own_endpoint import OwnEndpointReader
from tap_zendesk_cityblock.readers.page import first_refusal_means_unavailable
from tap_zendesk_cityblock.readers.queries import first_query
from tap_zendesk_cityblock.readers.reader import DAY_SECONDS, Estimate, after_switch
from tap_zendesk_cityblock.readers.walk import WITHHELD_SECONDS, ForwardOnly, Walk
from tap_zendesk_cityblock.state.bookmarks import read_bookmark
from tap_zendesk_cityblock.state.positions import Position, epoch_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.readers.page import Page
    from tap_zendesk_cityblock.rows.decoding import RowsFactory


class ExportReader(OwnEndpointReader):
    """Zendesk's Incremental Exports, and those of Talk, Chat, Help Center and the like."""

    def _position(self, bookmark: Mapping[str, Any]) -> Position | None:
        """After a run in fallback, a time."""
        position = read_bookmark(bookmark)
        is_of_fallback = position is not None and position.sources is not None
        return after_switch(self.model, position) if is_of_fallback else position

    def pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        forward = ForwardOnly(start)
        walk = Walk(self._endpoint, rows.make(self.model), forward)
        pages = map(forward.checked, walk.pages(self._endpoint.first_query(start)))
        return first_refusal_means_unavailable(map(_with_end, pages))

    def _probe_query(self) -> Query:
        since = int(self._client.now()) - DAY_SECONDS  # Chat refuses one in the last minutes
        return first_query(self.model, Position(time=since), 1)

    def estimate(self, start: Position | None) -> Estimate:
        rows = count_changes(self._client, self.model, epoch_of(start))
        return Estimate() if rows is None else Estimate(rows, rows // self._page_size() + 1)


def _with_end(page: Page) -> Page:
    """An export that ends without a position has everything up to a minute ago."""
    if page.position is not None or not page.is_last:
        return page
    clocks = [moment_of(clock) for _, clock in page.rows.versions(page.records)]
    latest = max((clock for clock in clocks if clock is not None), default=0)
    return msgspec.structs.replace(page, end=min(latest, int(time.time()) - WITHHELD_SECONDS))
