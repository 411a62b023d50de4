"""The pages of one export, in their order, whatever happens between them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.client import StartTooRecentError, ZendeskClient
from tap_zendesk_cityblock.cursors import Position, time_of
from tap_zendesk_cityblock.errors import AnswerError, CursorInvalidError
from tap_zendesk_cityblock.pagination import Page, first_query, larger, read_page

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from tap_zendesk_cityblock.models import Model
    from tap_zendesk_cityblock.pagination import Query
    from tap_zendesk_cityblock.rows import Rows
    from tap_zendesk_cityblock.settings import Settings

WITHHELD_SECONDS = 61
"""Exports may not start in the last minute (the document "Incremental Exports"); one second for clocks that differ."""


class Pages:
    """`rows` is how records are read."""

    def __init__(
        self, model: Model, client: ZendeskClient, settings: Settings, rows: Rows, logger: logging.Logger
    ) -> None:
        self._model, self._client, self._settings = model, client, settings
        self._rows, self._logger = rows, logger

    def following(self, start: Position | None) -> Iterator[Page]:
        """Every page from there on, its records without those that the page before had.

        Raises StreamUnavailableError and the TapErrors.
        """
        query: Query | None = self._first_query(start)
        before: set[tuple[Any, Any]] = set()
        while query is not None:
            try:
                page = self._page(query)
            except StartTooRecentError:
                return
            except CursorInvalidError as refused:
                if "cursor" not in query:
                    raise AnswerError(f"{self._model.path}: {refused}") from None
                query = self._first_query(self._healed(query["cursor"]))
                continue
            if page.lost_second is not None:
                self._logger.error(
                    "%s: more than a page of rows changed in the second %d; Zendesk serves no more of them, going on behind it",
                    self._model.name,
                    page.lost_second,
                )
            versions = [self._rows.version(record) for record in page.records]
            fresh = [
                record
                for record, version in zip(page.records, versions, strict=True)
                if version not in before
            ]
            before = set(versions)
            query = None if page.next is None else larger(self._model, page.next, self._settings.page_size)
            page = Page(fresh, query, page.position)
            del fresh
            yield page
            del page  # the next one needs the room

    def _page(self, query: Query) -> Page:
        return self._client.get(
            self._model.path,
            query,
            lambda body, asked: read_page(self._model, asked, body, self._client.base_url, self._rows),
        )

    def _first_query(self, start: Position | None) -> Query:
        if start is not None and start.time is not None:
            start = Position(time=min(start.time, int(time.time()) - WITHHELD_SECONDS))
        return first_query(self._model, start, self._settings.page_size)

    def _healed(self, cursor: str) -> Position:
        """A second before the time at which a refused cursor stood: rows may repeat, none is missed."""
        reached = time_of(cursor)
        moment = self._settings.start_date if reached is None else reached - 1
        self._logger.warning(
            "%s: Zendesk refused the cursor; going on from its time, %s",
            self._model.name,
            datetime.fromtimestamp(moment, UTC),
        )
        return Position(time=moment)
