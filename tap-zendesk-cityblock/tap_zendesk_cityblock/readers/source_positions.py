"""The positions of a model's sources in one run of fallback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_zendesk_cityblock.model_types import SourceStrategy
from tap_zendesk_cityblock.readers.walk import WITHHELD_SECONDS
from tap_zendesk_cityblock.state.positions import Position, epoch_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_zendesk_cityblock.model_types import Source


class SourcePositions:
    """None of them moves back.

    A source without a position starts at the list's position: searches find tickets that were archived before the
    list returned them.
    """

    def __init__(self, sources: Sequence[Source], start: Position | None) -> None:
        known = (start.sources if start is not None else None) or {}
        self._first = sources[0].name
        listed = known.get(self._first, Position(time=epoch_of(start)))
        from_list = Position(time=epoch_of(listed))
        self._positions = {source.name: known.get(source.name, from_list) for source in sources}
        self._stayed = set[str]()

    def of(self, source: Source) -> Position:
        return self._positions[source.name]

    def together(self) -> Position:
        """As a bookmark has them."""
        return Position(sources=self._positions)

    def move(self, source: Source, position: Position) -> bool:
        """False if the position moved back and is therefore kept, for the first time in this run."""
        if _place(position) >= _place(self.of(source)):
            self._positions = self._positions | {source.name: position}
            return True
        has_stayed_before = source.name in self._stayed
        self._stayed.add(source.name)
        return has_stayed_before

    def end(self, source: Source) -> None:
        """After its last page. A searched source needs no position; the others catch up with the first.

        A list may be quiet for long; this keeps its position from getting old meanwhile.
        """
        if source.strategy is SourceStrategy.SEARCHED:
            self._positions = {name: at for name, at in self._positions.items() if name != source.name}
        elif source.name != self._first:
            seconds = (epoch_of(self._positions[self._first]) or 0) - WITHHELD_SECONDS
            if (epoch_of(self.of(source)) or 0) < seconds:
                self._positions = self._positions | {source.name: Position(time=seconds)}


def _place(position: Position) -> tuple[int, bool]:
    """Compared by time. Within one second, a time comes before a cursor, which is somewhere inside the second."""
    return position.time or 0, position.cursor is not None
