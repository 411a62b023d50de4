"""Business time as one would count it by hand: each minute, by what a clock on the wall shows."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE, QUARTER = 60, 15
"""Seconds and minutes. Zones differ from UTC by whole quarters of an hour, and change at one."""

WEEK = 7 * 24 * 60


@dataclasses.dataclass(frozen=True)
class Hours:
    """`intervals`: Zendesk's, in minutes since Sunday, or an end before its start in the next week."""

    zone: str
    intervals: tuple[tuple[int, int], ...]

    def week(self) -> bytes:
        """1 for each minute of the local week that is open."""
        opened = bytearray(WEEK)
        for start, end in self.intervals:
            for minute in range(start, end if end > start else end + WEEK):
                opened[minute % WEEK] = 1
        return bytes(opened)


class Clock:
    """`versions`: (from when, hours), the first for all time before the second. `holidays`: first and last days."""

    def __init__(
        self,
        versions: list[tuple[datetime, Hours]],
        holidays: list[tuple[date, date]],
        since: datetime,
        until: datetime,
    ) -> None:
        self._since = since
        closed = {
            first + timedelta(days=n) for first, last in holidays for n in range((last - first).days + 1)
        }
        opened = bytearray()
        weeks = [(start, ZoneInfo(hours.zone), hours.week()) for start, hours in versions]
        moment = since
        while moment < until:
            zone, week = next(
                (zone, week)
                for start, zone, week in reversed(weeks)
                if start <= moment or start == weeks[0][0]
            )
            local = moment.astimezone(zone)
            if local.date() in closed:
                opened += bytes(QUARTER)
            else:
                minute = local.isoweekday() % 7 * 1440 + local.hour * 60 + local.minute
                opened += week[minute : minute + QUARTER]
            moment += timedelta(minutes=QUARTER)
        self._opened = bytes(opened)

    def seconds(self, start: datetime, end: datetime) -> int:
        """Business seconds between two moments."""
        first, last = self._second(start), self._second(end)
        whole = self._opened.count(1, first // MINUTE, last // MINUTE) * MINUTE
        return (
            whole
            - self._opened[first // MINUTE] * (first % MINUTE)
            + self._opened[last // MINUTE] * (last % MINUTE)
        )

    def _second(self, moment: datetime) -> int:
        return int((moment.astimezone(UTC) - self._since).total_seconds())
