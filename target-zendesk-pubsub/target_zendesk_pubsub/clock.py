"""Moments in their order: rows are compared by time, also with those of other machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

INSTANT = timedelta(microseconds=1)
"""BigQuery's resolution."""


class Clock:
    """Each moment is later than the one before, even where the machine's clock stands or goes back."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        now = datetime.now(UTC)
        self._last = now if now > self._last else self._last + INSTANT
        return self._last

    def pass_by(self, moment: datetime) -> None:
        """What comes now is later than `moment`, which another machine may have written down."""
        self._last = max(self._last, moment)
