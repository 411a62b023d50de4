"""The common part of readers that request the path in a model's row."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.errors import StartTooRecentError
from tap_zendesk_cityblock.http.query import page_sizes
from tap_zendesk_cityblock.readers.counting import LIST_PAGE
from tap_zendesk_cityblock.readers.fetch import fetch
from tap_zendesk_cityblock.readers.queries import first_query
from tap_zendesk_cityblock.readers.reader import Reader, configured_start
from tap_zendesk_cityblock.readers.walk import Endpoint, parse
from tap_zendesk_cityblock.rows.decoding import DictRows
from tap_zendesk_cityblock.rows.oddities import IGNORED
from tap_zendesk_cityblock.state.bookmarks import read_bookmark
from tap_zendesk_cityblock.state.positions import Position

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.settings import Settings
    from tap_zendesk_cityblock.state.bookmarks import Bookmark


class OwnEndpointReader(Reader):
    """Subclasses define the queries of the pages."""

    def __init__(
        self, model: Model, settings: Settings, client: ZendeskClient, logger: logging.Logger
    ) -> None:
        self.model, self.path = model, model.path
        self._settings, self._client, self._logger = settings, client, logger
        self._endpoint = Endpoint(model, client, settings.page_size, logger)

    def start(self, bookmark: Mapping[str, Any]) -> Position | None:
        settings = self._settings
        return configured_start(settings) or self._position(bookmark) or Position(time=settings.start_date)

    def _position(self, bookmark: Mapping[str, Any]) -> Position | None:
        return read_bookmark(bookmark)

    def finish(self, bookmark: Bookmark) -> None:
        """Does nothing."""

    def probe(self) -> None:
        rows = DictRows(self.model, (), {}, IGNORED)
        with suppress(StartTooRecentError):
            fetch(self._client, self.path, self._probe_query(), partial(parse, self._endpoint, rows, 0))

    def _probe_query(self) -> Query:
        """Of one row."""
        return first_query(self.model, None, 1)

    def _page_size(self) -> int:
        return next((size for _, size in page_sizes(self._endpoint.first_query())), LIST_PAGE)
