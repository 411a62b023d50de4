"""A list that every run reads in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_zendesk_cityblock.readers.counting import count_list
from tap_zendesk_cityblock.readers.own_endpoint import OwnEndpointReader
from tap_zendesk_cityblock.readers.page import first_refusal_means_unavailable
from tap_zendesk_cityblock.readers.reader import Estimate
from tap_zendesk_cityblock.readers.walk import ForwardOnly, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tap_zendesk_cityblock.readers.page import Page
    from tap_zendesk_cityblock.rows.decoding import RowsFactory
    from tap_zendesk_cityblock.state.positions import Position


class ListReader(OwnEndpointReader):
    """For bulk models, which have no bookmark."""

    def start(self, bookmark: Mapping[str, Any]) -> Position | None:  # noqa: ARG002 - the protocol's signature
        return None

    def pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        walk = Walk(self._endpoint, rows.make(self.model), ForwardOnly(start))
        return first_refusal_means_unavailable(walk.pages(self._endpoint.first_query(start)))

    def estimate(self, start: Position | None) -> Estimate:  # noqa: ARG002 - the protocol's signature
        rows = count_list(self._client, self.model)
        if rows is None:
            return Estimate()
        return Estimate(rows, max(1, -(-rows // self._page_size())), is_exact=True)
