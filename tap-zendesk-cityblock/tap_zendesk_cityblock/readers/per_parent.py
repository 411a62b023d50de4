"""Rows that belong to the objects of another model: one export for each object of the parent, with its own
bookmark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from tap_zendesk_cityblock.errors import StreamUnavailableError
from tap_zendesk_cityblock.readers.reader import Estimate, Reader, configured_start
from tap_zendesk_cityblock.rows.decoding import RowsFactory
from tap_zendesk_cityblock.rows.oddities import Oddities, check_not_all_left_out
from tap_zendesk_cityblock.state.bookmarks import drop_override, read_bookmark, read_parents
from tap_zendesk_cityblock.state.positions import Position

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping

    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.readers.page import Page
    from tap_zendesk_cityblock.settings import Settings
    from tap_zendesk_cityblock.state.bookmarks import Bookmark


class PerParentReader(Reader):
    """An object that was deleted in the meantime has no rows; an object that may not be read does not stop the
    others.
    """

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        model: Model,
        column: str,
        *,
        parents: Reader,
        below: Callable[[Model], Reader],
        settings: Settings,
        logger: logging.Logger,
    ) -> None:
        """`column` is that of the parent's key; `parents` reads the objects, `below` makes the reader of one's path."""
        self.model, self.path, self._column = model, model.path, column
        self._parents, self._below = parents, below
        self._settings, self._logger = settings, logger
        self._causes: dict[str, StreamUnavailableError | None] = {}

    def start(self, bookmark: Mapping[str, Any]) -> Position | None:
        if not self.model.is_incremental:
            return None
        override = configured_start(self._settings) or read_bookmark(bookmark)
        if override is not None:
            return Position(time=override.time, parents={})
        return Position(time=self._settings.start_date, parents=read_parents(bookmark))

    def pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        self._causes = {}
        for key in self._keys():
            parent = str(key)
            if parent in self._causes:
                continue
            self._causes[parent] = None
            position = None if start is None else start.of_parent(parent)
            below = rows.with_constants({self._column: key})
            try:
                pages = self._reader_below(key).pages(position, below)
                yield from (msgspec.structs.replace(page, parent=parent) for page in pages)
            except StreamUnavailableError as unavailable:
                self._causes[parent] = unavailable
                self._logger.info("%s: skipping %s: %s", self.model.name, key, unavailable)

    def finish(self, bookmark: Bookmark) -> None:
        """An override has been followed, unless nothing could be read."""
        unread = {parent for parent, cause in self._causes.items() if cause}
        if len(unread) < len(self._causes) or not self._causes:
            drop_override(bookmark, unread)
        raise_if_unreadable(self._causes)

    def probe(self) -> None:
        """Probes the rows of the first object; without any object, there is nothing to refuse."""
        key = next(self._keys(), None)
        if key is not None:
            self._reader_below(key).probe()

    def estimate(self, start: Position | None) -> Estimate:  # noqa: ARG002 - the protocol's signature
        return Estimate()

    def _reader_below(self, key: int | str) -> Reader:
        path = self.model.path.format(**{self._column: quote(str(key), safe="")})
        return self._below(msgspec.structs.replace(self.model, path=path))

    def _keys(self) -> Iterator[int | str]:
        """Of all objects of the parent. Raises StreamUnavailableError and the PluginErrors."""
        parent, count = self._parents.model, 0
        oddities = Oddities(parent.name, self._logger, is_exported=False)
        for page in self._parents.pages(None, RowsFactory([parent.key], (), {}, oddities)):
            for record in page.records:
                count += 1
                yield record[parent.key]
        check_not_all_left_out(parent.name, count, oddities)


def raise_if_unreadable(causes: Mapping[str, StreamUnavailableError | None]) -> None:
    """Raises StreamUnavailableError where rows of an object may not be read, or no object has any such rows."""
    refused = {parent: cause for parent, cause in causes.items() if cause and not cause.is_missing}
    if refused:
        sentence = ", ".join(f"{parent}: {cause}" for parent, cause in refused.items())
        kinds = {type(cause) for cause in refused.values()}
        kind = kinds.pop() if len(kinds) == 1 else StreamUnavailableError
        raise kind(sentence, is_refused=all(cause.is_refused for cause in refused.values()))
    if causes and all(causes.values()):
        raise StreamUnavailableError("HTTP 404", is_missing=True)
