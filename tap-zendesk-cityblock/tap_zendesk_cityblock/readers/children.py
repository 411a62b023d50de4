"""Models whose rows are by the objects of another model: one export for each, with a cursor of its own."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tap_zendesk_cityblock.errors import StreamUnavailableError
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.readers.pages import Pages
from tap_zendesk_cityblock.rows.decoding import DictRows
from tap_zendesk_cityblock.rows.oddities import Oddities, check_not_all_left_out
from tap_zendesk_cityblock.state.cursors import (
    Position,
    finish_children,
    read_child_bookmark,
    write_child_bookmark,
)
from tap_zendesk_cityblock.state.progress import Progress
from tap_zendesk_cityblock.streams import ModelStream

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.models import Model, Parent
    from tap_zendesk_cityblock.readers.members import Member
    from tap_zendesk_cityblock.settings import Settings
    from tap_zendesk_cityblock.state.export_metadata import Export

Key = int | str


def of_parent(model: Model, key: Key) -> Model:
    """The model as it is asked for below that object."""
    path = model.path.format(**{parent_of(model).column: quote(str(key), safe="")})
    return dataclasses.replace(model, path=path)


def parent_of(model: Model) -> Parent:
    assert model.parent is not None  # noqa: S101 - only models below a parent are asked for it
    return model.parent


def keys_of(
    parent: Model, client: ZendeskClient, settings: Settings, logger: logging.Logger
) -> Iterator[Key]:
    """Of all its objects. Raises StreamUnavailableError and the PluginErrors."""
    oddities, count = Oddities(parent.name, logger, is_exported=False), 0
    rows = DictRows(parent, [parent.key], {}, oddities)
    for page in Pages(parent, client, settings, rows, logger).following(None):
        for record in page.records:
            count += 1
            yield record[parent.key]
    check_not_all_left_out(parent.name, count, oddities)


class ChildStream(ModelStream):
    """A parent that is gone when its turn comes has no rows; one that may not be read stops no other."""

    _key: Key | None = None
    """Whose rows are read just now."""

    def get_records(self, context: Context | None) -> Iterable[Any]:  # noqa: ARG002 - the SDK's signature
        tap, parent = self.zendesk, MODELS[parent_of(self.model).model]
        members, causes = [self.begin()], dict[Key, StreamUnavailableError | None]()

        def left() -> tuple[int, int] | None:
            return tap.client.left(of_parent(self.model, next(reversed(causes))).path)

        progress = Progress(members[0].export, left, self.logger)
        try:
            for key in keys_of(parent, tap.client, tap.settings, self.logger):
                self._key, causes[key], self._has_stayed = key, None, False
                try:
                    yield from self._below(key, members, progress)
                except StreamUnavailableError as unavailable:
                    causes[key] = unavailable
                    self.logger.info("%s: none of %s (%s)", self.name, key, unavailable)
            self._finish(causes)
            raise_where_rows_lack(causes)
        except StreamUnavailableError as unavailable:
            self._leave_out(members, unavailable)
        else:
            self._complete(members)

    def _finish(self, causes: Mapping[Key, StreamUnavailableError | None]) -> None:
        """A rewind has been obeyed, unless nothing could be read."""
        unread = {str(key) for key, cause in causes.items() if cause}
        if len(unread) < len(causes) or not causes:
            finish_children(self.stream_state, unread)

    def _below(self, key: Key, members: list[Member], progress: Progress) -> Iterator[Any]:
        tap, model = self.zendesk, of_parent(self.model, key)
        rows = self._rows(model, members)
        pages = Pages(model, tap.client, tap.settings, rows, self.logger)
        for page in pages.following(self.start()):
            yield from self._handed_out(members[0], page, rows)
            self._commit(page, members, members)
            progress.tell(members[0].export)

    def _constants(self, export: Export) -> dict[str, Any]:
        return {**super()._constants(export), parent_of(self.model).column: self._key}

    def start(self) -> Position | None:
        settings = self.zendesk.settings
        if not self.model.is_incremental or self._key is None:  # there is no one start
            return None
        if settings.start_time is not None:
            return Position(time=settings.start_time)
        return self.stands() or Position(time=settings.start_date)

    def stands(self) -> Position | None:
        """Where the parent's bookmark does."""
        return read_child_bookmark(self.stream_state, self._key)

    def move(self, export: Export, position: Position) -> None:  # noqa: ARG002 - it has no one cursor
        """The cursor of the parent's."""
        write_child_bookmark(self.stream_state, self._key, position, self.zendesk.settings.subdomain)


def raise_where_rows_lack(causes: Mapping[Key, StreamUnavailableError | None]) -> None:
    """Raises StreamUnavailableError where a parent's rows may not be read, or no parent has any such thing."""
    refused = {key: cause for key, cause in causes.items() if cause and not cause.is_missing}
    if refused:
        told = ", ".join(f"{key}: {cause}" for key, cause in refused.items())
        kinds = {type(cause) for cause in refused.values()}
        kind = kinds.pop() if len(kinds) == 1 else StreamUnavailableError
        raise kind(told, is_refused=all(cause.is_refused for cause in refused.values()))
    if causes and all(causes.values()):
        raise StreamUnavailableError("HTTP 404", is_missing=True)
