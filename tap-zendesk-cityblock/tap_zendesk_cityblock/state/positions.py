"""Positions: how far an export has come, as a cursor or a time, and which of two is ahead."""

from __future__ import annotations

import base64
import binascii
import re
import time
from datetime import UTC, datetime
from math import floor
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec

from tap_zendesk_cityblock.model_types import Model, Paging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLOCK_SKEW_SECONDS = 86_400
"""Seconds by which this machine's clock may be behind the one that a state was written by."""

BY_CURSOR = (Paging.EXPORT_CURSOR, Paging.EXPORT_NEXT)
TIME = re.compile(r"\d{1,11}(\.\d*)?")
CURSOR = re.compile(rb"(\d{1,11}(?:\.\d{1,6})?)\d*\|\|(\d{0,19})")

OPAQUE = re.compile(r"[!-~]{8,}")


Span = tuple[int, int]
"""Of time, in epoch seconds: its first second, and the one after its last."""


class Search(msgspec.Struct, frozen=True):
    """How far an export that begins with searches has come. It covers what changed since `since` and was created
    before `until`.

    The cursor-based export then starts at `until`. `unread`: spans of creation, in order. `rows`: read so far, of `total` by
    Zendesk's count at the beginning. `deleted`: reached in the list of deleted objects, `until` at its end.
    """

    since: int
    until: int
    unread: tuple[Span, ...]
    rows: int
    total: int
    deleted: Position | None = None


class Remainder(msgspec.Struct, frozen=True):
    """What a first export by searches leaves to later runs: the export from `at` to `until`."""

    at: Position
    until: int


class Position(msgspec.Struct, frozen=True):
    """Of an export: a cursor, or a time in epoch seconds; in fallback one for each source, which may be both.

    `parents`: by the key of the parent's object, for models with a parent; `time` is then that of all other objects.
    `search`: of an export that begins with searches; `time` is then its start, since which nothing is complete. `remainder`
    is read beside the export.
    """

    cursor: str | None = None
    time: int | None = None
    sources: Mapping[str, Position] | None = None
    parents: Mapping[str, Position] | None = None
    search: Search | None = None
    remainder: Remainder | None = None

    def of_parent(self, key: str | None) -> Position:
        """Itself, unless it differs by parent."""
        if self.parents is None or key is None:
            return self
        return self.parents.get(key, Position(time=self.time))


def time_of(cursor: str) -> int | None:
    """The epoch seconds inside a cursor, which Zendesk makes of a time and an id. None for any other."""
    place = _place(Position(cursor=cursor))
    return None if place is None else int(place[0])


def is_readable(model: Model, cursor: str) -> bool:
    """Whether Zendesk can have given the model this cursor. Those of custom objects are opaque."""
    if model.parent is not None:
        return is_opaque(cursor)
    if model.paging is Paging.EXPORT_NEXT:
        return is_opaque(cursor) and bool(parse_qsl(cursor))
    return time_of(cursor) is not None


def is_opaque(cursor: str) -> bool:
    """Whether it may be a cursor of an unknown kind: printable, without spaces, not a placeholder."""
    return OPAQUE.fullmatch(cursor) is not None


def _place(position: Position) -> tuple[float, int] | None:
    """Epoch seconds and id after which an export continues there; None for a cursor that contains neither.

    A cursor may be the query of a next_page: Chat's has the time and an id that is a text, Skills' has a cursor.
    """
    if position.cursor is None:
        return position.time or 0, -1
    query = dict(parse_qsl(position.cursor))
    if found_time := TIME.fullmatch(query.get("start_time", "")):
        return float(found_time[0]), -1
    try:
        decoded = base64.b64decode(query.get("cursor", position.cursor), validate=True)
    except (binascii.Error, ValueError):
        return None
    found = CURSOR.match(decoded)
    return (float(found[1]), int(found[2] or -1)) if found else None


def is_ahead(position: Position, other: Position) -> bool:
    """Whether an export at `position` has everything that one at `other` has, and more.

    False if that is unknown, because repeating rows is better than missing them.
    """
    here, there = _place(position), _place(other)
    return here is not None and there is not None and here > there


def earliest(positions: Sequence[Position], start_date: int) -> Position:
    """Where an export has to start to miss nothing for any of them; `start_date` if that is unknown."""
    first, *others = positions
    for other in others:
        if other == first:
            continue
        if _place(first) is None or _place(other) is None:
            return Position(time=start_date)
        if is_ahead(first, other):
            first = other
    return first


def epoch_of(position: Position | None) -> int | None:
    """The time of the position in epoch seconds, None if it has none."""
    if position is None or position.parents is not None:
        return None
    if position.sources is not None:
        return min((at.time for at in position.sources.values() if at.time is not None), default=None)
    return time_of(position.cursor) if position.time is None and position.cursor else position.time


def seconds_of(iso: object) -> int:
    """Since 1970, rounded down, of an ISO time; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(str(iso))
    return floor((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def moment_of(clock: object) -> int | None:
    """Epoch seconds of an object's clock, which is a number or an ISO time; None for anything else."""
    if type(clock) is int:
        return clock
    try:
        return seconds_of(clock)
    except ValueError:
        return None


def described_at(position: Position | None) -> str:
    """For log lines: the time of the position, if it has one."""
    moment = epoch_of(position)
    return "its cursor" if moment is None else str(datetime.fromtimestamp(moment, UTC))


def is_past(moment: object) -> bool:
    """Whether it is an integer of epoch seconds that is not in the future."""
    return type(moment) is int and 0 <= moment <= time.time() + CLOCK_SKEW_SECONDS


def example(model: Model) -> str:
    """What an operator can write as its bookmark."""
    at = '{"start_time": 1748736000}'
    if model.parent:
        return f'{{"cursors": {{"{model.parent.column}": "…"}}}} or {at}'
    return f'{{"cursor": "…"}} or {at}' if model.paging in BY_CURSOR else at
