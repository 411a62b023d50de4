"""A model of Zendesk's incremental exports, where the account may not use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.columns import EXPORT_COLUMNS
from tap_zendesk_cityblock.errors import StreamUnavailableError
from tap_zendesk_cityblock.readers.sources import NO_SOURCE, sources_of
from tap_zendesk_cityblock.readers.without_exports import SourcePages
from tap_zendesk_cityblock.rows.decoding import DictRows
from tap_zendesk_cityblock.state.cursors import Position, read_bookmark
from tap_zendesk_cityblock.state.progress import Progress
from tap_zendesk_cityblock.streams import ModelStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.helpers.types import Context

    from tap_zendesk_cityblock.state.export_metadata import Export


class SourcesStream(ModelStream):
    """Its rows come from lists and search; if nothing but exports has them, it is not available."""

    def get_records(self, context: Context | None) -> Iterable[Any]:  # noqa: ARG002 - the SDK's signature
        member = self.begin()
        export = member.export
        try:
            pages = self._pages(export)
            progress = Progress(export, lambda: self.zendesk.client.left(pages.path), self.logger)
            for page in pages.following(export.start):
                yield from page.records
                export.count += len(page.records)
                self._commit(page, [member], [member])
                progress.tell(export)
        except StreamUnavailableError as unavailable:
            self._leave_out([member], unavailable)
        else:
            self._complete([member])

    def _pages(self, export: Export) -> SourcePages:
        """Raises StreamUnavailableError."""
        tap = self.zendesk
        sources = sources_of(self.model, by_exports=False)
        if not sources:
            raise StreamUnavailableError(NO_SOURCE)
        known = [name for name in self.schema["properties"] if name not in EXPORT_COLUMNS]
        constants = self._constants(export)
        return SourcePages(
            self.model,
            sources,
            client=tap.client,
            settings=tap.settings,
            rows=lambda model: DictRows(model, known, constants, self.oddities, has_via=self.has_via),
            logger=self.logger,
        )

    def start(self) -> Position | None:
        """Settings before state, state before start_date."""
        settings = self.zendesk.settings
        if settings.start_time is not None:
            return Position(time=settings.start_time)
        position = read_bookmark(
            self.model, self.stream_state, by_exports=not sources_of(self.model, by_exports=False)
        )
        return position or Position(time=settings.start_date)
