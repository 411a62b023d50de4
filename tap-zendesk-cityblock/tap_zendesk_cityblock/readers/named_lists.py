"""Lists that are read only where another model's export shows that something changed, one list for each object it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.errors import StreamUnavailableError
from tap_zendesk_cityblock.readers.page import Page
from tap_zendesk_cityblock.readers.reader import Estimate, Reader
from tap_zendesk_cityblock.rows.decoding import RowsFactory
from tap_zendesk_cityblock.rows.oddities import Oddities
from tap_zendesk_cityblock.rows.redaction_events import number
from tap_zendesk_cityblock.state.positions import moment_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping

    from tap_zendesk_cityblock.model_types import Model, NamedBy
    from tap_zendesk_cityblock.state.bookmarks import Bookmark
    from tap_zendesk_cityblock.state.positions import Position


class NamedListsReader(Reader):
    """Its position is that of the other model's export, and moves when the lists of a page are read."""

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        model: Model,
        named_by: NamedBy,
        *,
        export: Reader,
        below: Callable[[Model], Reader],
        now: Callable[[], float],
        logger: logging.Logger,
    ) -> None:
        """`export` reads the other model, `below` makes the reader of one list. `now`: epoch seconds by Zendesk's clock."""
        self.model, self.path, self._named_by = model, model.path, named_by
        self._export, self._below, self._now, self._logger = export, below, now, logger

    def start(self, bookmark: Mapping[str, Any]) -> Position | None:
        return self._export.start(bookmark)

    def pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        """Reads a list again only if its object changed after it was read."""
        named = self._export.model
        oddities = Oddities(named.name, self._logger, is_exported=False)
        naming = RowsFactory([named.key, named.clock, self._named_by.column], (), {}, oddities)
        read, empty = dict[int, float](), rows.make(self.model)
        for page in self._export.pages(start, naming):
            changed = self._changed(page, read)
            page = msgspec.structs.replace(page, records=[], rows=empty)  # noqa: PLW2901 - the lists need the memory
            for key in changed:
                read[key] = self._now()
                yield from self._list(key, rows)
            yield page

    def _changed(self, page: Page, read: Mapping[int, float]) -> dict[int, None]:
        """The objects that the page names, without those whose list was `read` after the change, by epoch seconds."""
        keys = dict[int, None]()
        for record, (_, clock) in zip(page.records, page.rows.versions(page.records), strict=True):
            key, moment = number(page.rows.value(record, self._named_by.column)), moment_of(clock)
            if key is not None and (key not in read or moment is None or moment >= int(read[key])):
                keys[key] = None
        return keys

    def _list(self, key: int, rows: RowsFactory) -> Iterator[Page]:
        """Returns nothing for a deleted object."""
        path = self.model.path.format(**{self._named_by.column: key})
        try:
            for page in self._below(msgspec.structs.replace(self.model, path=path)).pages(None, rows):
                yield Page(page.records, page.rows)
        except StreamUnavailableError as unavailable:
            if not unavailable.is_missing:
                raise
            self._logger.info("%s: skipping %s: %s", self.model.name, key, unavailable)

    def finish(self, bookmark: Bookmark) -> None:
        """Does nothing."""

    def probe(self) -> None:
        self._export.probe()

    def estimate(self, start: Position | None) -> Estimate:  # noqa: ARG002 - the protocol's signature
        return Estimate()
