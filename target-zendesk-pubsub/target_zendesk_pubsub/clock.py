"""A monotonic clock: rows are compared by time, also with rows of other machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

INSTANT = timedelta(microseconds=1)
"""BigQuery's resolution."""


class Clock:
    """Each time is later than the one before, even if the machine's clock stops or moves back."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        now = datetime.now(UTC)
        self._last = now if now > self._last else self._last + INSTANT
        return self._last

    def advance_past(self, moment: datetime) -> None:
        """Makes all later times follow `moment`, which another machine may have recorded."""
        self._last = max(self._last, moment)
