"""Finds where two counts differ: time spans in which so few objects were created that their ids can be compared."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from zendesk_reconciliation.view import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SMALL = 500
"""Objects whose ids one response has."""


@dataclasses.dataclass(frozen=True)
class Span:
    """Objects created in [first, beyond), in epoch seconds: how many Zendesk has, and how many it should have by the view."""

    first: int
    beyond: int
    zendesk: int
    here: int

    @property
    def difference(self) -> int:
        return abs(self.zendesk - self.here)

    @property
    def is_small(self) -> bool:
        return max(self.zendesk, self.here) <= SMALL or self.is_second

    @property
    def is_second(self) -> bool:
        """Whether it cannot be halved."""
        return self.beyond - self.first <= 1

    @property
    def is_crowded(self) -> bool:
        """Whether one second has more objects than one response, so that not all ids can be compared."""
        return self.is_second and max(self.zendesk, self.here) > SMALL


class SmallSpans:
    """Those within `whole` that differ, the largest difference first. Each step asks Zendesk for one count.

    `pending`: what differs and was not looked at yet, if one stops before the end. A difference of a span in which both have
    as many is not found: one object too few, another one too many.
    """

    def __init__(
        self, whole: Span, zendesk: Callable[[int, int], int], here: Callable[[int, int], int]
    ) -> None:
        self._zendesk, self._here = zendesk, here
        self.pending = [whole] if whole.difference else []

    def step(self) -> Span | None:
        """A small span that differs; None if a larger one was halved."""
        span = max(self.pending, key=lambda one: one.difference)
        halves = [] if span.is_small else self._halved(span)
        self.pending.remove(span)
        self.pending += [one for one in halves if one.difference]
        return span if span.is_small else None

    def _halved(self, span: Span) -> list[Span]:
        middle = (span.first + span.beyond) // 2
        if span.beyond - span.first > 2 * DAY:
            middle -= middle % DAY  # so that counts by day suffice
        left = Span(span.first, middle, self._zendesk(span.first, middle), self._here(span.first, middle))
        return [left, Span(middle, span.beyond, span.zendesk - left.zendesk, span.here - left.here)]


class Expected:
    """How many objects Zendesk should count, if the view is complete: those that it shows, brought up to date by `since`.

    `since`: time of creation → by how much, of objects that were deleted or restored since the last export.
    """

    def __init__(
        self, by_day: Mapping[int, int], count: Callable[[int, int], int], since: Mapping[int, int]
    ) -> None:
        self._by_day, self._count, self._since = by_day, count, since

    def __call__(self, first: int, beyond: int) -> int:
        corrected = sum(by for created, by in self._since.items() if first <= created < beyond)
        if first % DAY == 0 and beyond % DAY == 0:
            days = range(first // DAY, beyond // DAY)
            return corrected + sum(self._by_day.get(day, 0) for day in days)
        return corrected + self._count(first, beyond)

    @property
    def first(self) -> int:
        """When the first object was created, to the day; 0 without any."""
        return min(self._by_day, default=0) * DAY
