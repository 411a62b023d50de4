"""The interface of all ways of retrieval. `reader_for` in selection.py chooses the one of a model."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

from cityblock_singer.errors import SettingsError

from tap_zendesk_cityblock.state.positions import Position, epoch_of, example

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.readers.page import Page
    from tap_zendesk_cityblock.rows.decoding import RowsFactory
    from tap_zendesk_cityblock.settings import Settings
    from tap_zendesk_cityblock.state.bookmarks import Bookmark

DAY_SECONDS = 86_400
SWITCH_OVERLAP_SECONDS = 3600
"""`generated_timestamp`, by which tickets are exported, may be later than `updated_at`, by which they are listed."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """What an export would need. `rows` and `requests` are None where Zendesk counts nothing.

    `bucket`: of the rate limit, if it is not that of the model's path. `export_requests`: of the incremental export alone,
    where it begins with searches. `cause`: why the model may not be read.
    """

    rows: int | None = None
    requests: int | None = None
    is_exact: bool = False
    bucket: str | None = None
    export_requests: int | None = None
    cause: str | None = None


class Reader(Protocol):
    """Reads one model. Models with readers of the same `model` share pages.

    `model` is the one whose objects are on the pages: for a derived model, its source. `path` is that of most requests.
    `reads_bytes`: whether values may stay bytes. `rows_per_minute`: that the export alone would return, if it begins with
    searches. `remainder_rows`: after the last page, how many rows are left to later runs, if Zendesk counts them.
    """

    model: Model
    path: str
    reads_bytes: bool = True
    rows_per_minute: int | None = None
    remainder_rows: int | None = None

    def start(self, bookmark: Mapping[str, Any]) -> Position | None:
        """Where a run starts: settings before bookmark, bookmark before start_date. None for bulk models.

        Raises SettingsError for a bookmark that this reader cannot continue from.
        """

    def pages(self, start: Position | None, rows: RowsFactory) -> Iterator[Page]:
        """Every page from there on. Positions never move back. Raises StreamUnavailableError and the PluginErrors."""

    def finish(self, bookmark: Bookmark) -> None:
        """Call it after the last page. Raises StreamUnavailableError if rows are missing."""

    def probe(self) -> None:
        """Requests one row. Raises StreamUnavailableError or RefusedError where the model may not be read, PluginErrors."""

    def estimate(self, start: Position | None) -> Estimate:
        """With one request, but none to the exports, whose rate limit is low. Raises as `probe`."""


def configured_start(settings: Settings) -> Position | None:
    """The start that the settings of this run ask for, instead of the state's."""
    if settings.start_cursor is not None:
        return Position(cursor=settings.start_cursor)
    return None if settings.start_time is None else Position(time=settings.start_time)


def after_switch(model: Model, position: Position | None) -> Position:
    """Where a run continues if it reads the model in another way than the last run did: a little before the
    position's time.

    Raises SettingsError where the position has no time.
    """
    reached = epoch_of(position)
    if reached is None:
        raise SettingsError(
            f"State of {model.name}: its cursor has no time to continue from in fallback; write {example(model)}"
        )
    return Position(time=max(0, reached - SWITCH_OVERLAP_SECONDS))
