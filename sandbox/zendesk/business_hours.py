"""The account's schedules, and business time by them."""

from __future__ import annotations

import functools
from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sandbox.zendesk.clock import BEGINNING, DAY, START

if TYPE_CHECKING:
    from sandbox.zendesk.store import Json

YEARS_TO_COME = 3
HOLIDAYS = 9
MINUTES_OF_A_DAY = 1440
OFFICE_HOURS = [{"start_time": day * 1440 + 540, "end_time": day * 1440 + 1020} for day in range(1, 6)]
SCHEDULES: tuple[Json, ...] = (
    {"time_zone": "Eastern Time (US & Canada)", "intervals": OFFICE_HOURS},
    {"time_zone": "Pacific Time (US & Canada)", "intervals": [{"start_time": 0, "end_time": 10_080}]},
)
"""The first one is that of tickets without another one."""

ZONES = {
    "Eastern Time (US & Canada)": "America/New_York",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
}


def holiday(number: int) -> str:
    """The day of the account's holiday `number`, which the schedule `number % len(SCHEDULES)` has."""
    return datetime.fromtimestamp(BEGINNING + number * 91 * DAY, UTC).date().isoformat()


def business_seconds(schedule: int, start: int, end: int) -> int:
    """Between two moments, in epoch seconds."""
    return _until(schedule, end) - _until(schedule, start)


def moment_after(schedule: int, start: int, seconds: int) -> int:
    """The first moment with so many business seconds since the start."""
    starts, _, before = _openings(schedule)
    reached = _until(schedule, start) + seconds
    place = bisect_left(before, reached) - 1
    return starts[place] + reached - before[place]


def _until(schedule: int, moment: int) -> int:
    starts, ends, before = _openings(schedule)
    place = bisect_right(starts, moment) - 1
    return 0 if place < 0 else before[place] + min(moment, ends[place]) - starts[place]


@functools.cache
def _openings(schedule: int) -> tuple[list[int], list[int], list[int]]:
    """Of each opening: start, end, and the business seconds before it."""
    zone = ZoneInfo(ZONES[SCHEDULES[schedule]["time_zone"]])
    numbers = range(schedule, HOLIDAYS, len(SCHEDULES))
    closed = {date.fromisoformat(holiday(number)) for number in numbers}
    starts, ends = [], []
    day = datetime.fromtimestamp(BEGINNING, UTC).date() - timedelta(days=1)
    while day.toordinal() < datetime.fromtimestamp(START, UTC).toordinal() + YEARS_TO_COME * 365:
        for opens, closes in _hours(schedule, day.isoweekday() % 7) if day not in closed else ():
            starts.append(_moment(day, opens, zone))
            ends.append(_moment(day, closes, zone))
        day += timedelta(days=1)
    lengths = [end - start for start, end in zip(starts, ends, strict=True)]
    return starts, ends, [0, *accumulate(lengths)]


def _hours(schedule: int, weekday: int) -> list[tuple[int, int]]:
    """In minutes of the day."""
    first = weekday * MINUTES_OF_A_DAY
    found = [
        (max(part["start_time"] - first, 0), min(part["end_time"] - first, MINUTES_OF_A_DAY))
        for part in SCHEDULES[schedule]["intervals"]
    ]
    return [(opens, closes) for opens, closes in found if opens < closes]


def _moment(day: date, minute: int, zone: ZoneInfo) -> int:
    return int((datetime.combine(day, time(), zone) + timedelta(minutes=minute)).timestamp())
