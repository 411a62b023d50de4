"""Figures and times as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
SHOWN = 5
"""Names of a list, before the rest is only counted."""


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """The largest unit only, such as "3 hours"; "-" if it is not known."""
    if seconds is None:
        return "-"
    for size, noun in UNITS:
        if seconds >= size:
            return counted(int(seconds // size), noun)
    return f"{seconds:.0f} s" if seconds >= 1 else "< 1 s"


def ago(age: timedelta) -> str:
    seconds = age.total_seconds()
    return f"{duration(seconds)} ago" if seconds >= UNITS[-1][0] else "just now"


def listed(names: Sequence[str]) -> str:
    """The first ones, and how many more."""
    if len(names) > SHOWN:
        return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
