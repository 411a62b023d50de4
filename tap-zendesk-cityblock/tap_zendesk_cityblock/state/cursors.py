"""Where an incremental model stands: read from the state, moved when a page is written.

A bookmark is `{"cursor": …, "reached": …, "subdomain": …}` for models exported by cursor, where `reached` tells
people the time at which it stands, or is null where Zendesk gave a cursor that names none, and
`{"start_time": …, "subdomain": …}` in epoch seconds for the others, and for those by cursor as long as Zendesk has
given none. Models with a parent have a cursor for each of its objects, or such a time:
`{"cursors": {key: …}, "times": {key: …}, "subdomain": …}`. A `start_time` beside a cursor is an operator's
override by `meltano state merge`: it wins, and the next STATE drops it; beside several cursors, the STATE at the end.

Without incremental exports it is `{"sources": {"list": {"cursor": …, "start_time": …}, …}, "reached": …, "subdomain": …}`:
each of the model's sources stands somewhere else, and `reached` is where the last of them does. Either kind of run goes on
where the other kind ended.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import time
from datetime import UTC, datetime
from math import floor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cityblock_singer.errors import SettingsError

from tap_zendesk_cityblock.models import Model, Paging

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Bookmark = dict[str, Any]

ACROSS_SECONDS = 3600
"""`generated_timestamp`, by which tickets are exported, may be later than `updated_at`, by which they are listed."""

CLOCKS_DIFFER = 86_400
"""Seconds by which this machine's clock may be behind the one that a state was written by."""

BY_CURSOR = (Paging.EXPORT_CURSOR, Paging.EXPORT_NEXT)
TIME = re.compile(r"\d{1,11}(\.\d*)?")
CURSOR = re.compile(rb"(\d{1,11}(?:\.\d{1,6})?)\d*\|\|(\d*)")

OPAQUE = re.compile(r"[!-~]{8,}")


@dataclasses.dataclass(frozen=True)
class Position:
    """A point of an export: a cursor, or a time in epoch seconds, or the points of its sources. Exactly one is set.

    A source's point may be both, a cursor and the time at which it stands.
    """

    cursor: str | None = None
    time: int | None = None
    sources: Mapping[str, Position] | None = None


def read_bookmark(model: Model, bookmark: Mapping[str, Any], *, by_exports: bool = True) -> Position | None:
    """The position in the state, None if it has none.

    A bookmark of the other kind of run is a time. Raises SettingsError where its cursor tells none.
    """
    if "start_time" in bookmark:
        return Position(time=bookmark["start_time"])
    if "cursor" in bookmark and model.paging in BY_CURSOR:
        position = Position(cursor=bookmark["cursor"])
        return position if by_exports else Position(time=_across(model, time_of(bookmark["cursor"])))
    if "sources" in bookmark:
        position = Position(sources={name: _of_source(at) for name, at in bookmark["sources"].items()})
        return Position(time=_across(model, epoch_of(position))) if by_exports else position
    return None


def _across(model: Model, reached: int | None) -> int:
    """Where the other kind of run goes on: a little before, because exports go by another clock than lists."""
    if reached is None:
        raise SettingsError(
            f"state of {model.name}: its cursor tells no time to go on from without exports; write {example(model)}"
        )
    return max(0, reached - ACROSS_SECONDS)


def _of_source(bookmark: Mapping[str, Any]) -> Position:
    return Position(cursor=bookmark.get("cursor"), time=bookmark["start_time"])


def read_child_bookmark(bookmark: Mapping[str, Any], key: object) -> Position | None:
    """The position of the parent with this key."""
    if "start_time" in bookmark:
        return Position(time=bookmark["start_time"])
    if (cursor := bookmark.get("cursors", {}).get(str(key))) is not None:
        return Position(cursor=cursor)
    moment = bookmark.get("times", {}).get(str(key))
    return None if moment is None else Position(time=moment)


def write_child_bookmark(bookmark: Bookmark, key: object, position: Position, subdomain: str) -> None:
    """Moves it, as `write_bookmark` does. An override stays until all have moved."""
    for name, at in (("cursors", position.cursor), ("times", position.time)):
        others = {other: place for other, place in bookmark.get(name, {}).items() if other != str(key)}
        bookmark[name] = others if at is None else others | {str(key): at}
    if not bookmark["times"]:
        del bookmark["times"]
    bookmark["subdomain"] = subdomain


def finish_children(bookmark: Bookmark, unread: Collection[str]) -> None:
    """An override has been obeyed, but for the parents `unread`: they lose their cursors, so that they miss nothing."""
    if bookmark.pop("start_time", None) is not None:
        for name in {"cursors", "times"} & bookmark.keys():
            bookmark[name] = {key: at for key, at in bookmark[name].items() if key not in unread}


def write_bookmark(bookmark: Bookmark, position: Position, subdomain: str) -> None:
    """Moves it: the one place where a cursor moves, called once a page's records are written."""
    bookmark.clear()
    if position.sources is not None:
        bookmark["sources"] = {name: _to_bookmark(at) for name, at in sorted(position.sources.items())}
        if (reached := epoch_of(position)) is not None:
            bookmark["reached"] = datetime.fromtimestamp(reached, UTC).isoformat()
    elif position.cursor is None:
        bookmark["start_time"] = position.time
    else:
        reached = time_of(position.cursor)
        bookmark["cursor"] = position.cursor
        bookmark["reached"] = None if reached is None else datetime.fromtimestamp(reached, UTC).isoformat()
    bookmark["subdomain"] = subdomain


def _to_bookmark(position: Position) -> Bookmark:
    cursor = {} if position.cursor is None else {"cursor": position.cursor}
    return {**cursor, "start_time": position.time}


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
    """Whether it may be a cursor of a kind that is not known: no dash, no ellipsis, nothing with spaces."""
    return OPAQUE.fullmatch(cursor) is not None


def _place(position: Position) -> tuple[float, int] | None:
    """Epoch seconds and id behind which an export goes on there; None for a cursor that tells neither.

    A cursor may be the query of a next_page: of Chat, with the time and an id that is a text; of Skills, with a cursor.
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
    """Whether an export that stands at `position` has all that one has that stands at `other`, and more.

    False where that cannot be told: rows are rather repeated than missed.
    """
    here, there = _place(position), _place(other)
    return here is not None and there is not None and here > there


def earliest(positions: Sequence[Position], start_date: int) -> Position:
    """Where an export has to start that shall miss nothing for any of them; `start_date` if that cannot be told."""
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
    """The time at which it stands, as far as it tells."""
    if position is None:
        return None
    if position.sources is not None:
        return min((at.time for at in position.sources.values() if at.time is not None), default=None)
    return time_of(position.cursor) if position.time is None and position.cursor else position.time


def seconds_of(told: object) -> int:
    """Since 1970, rounded down, of an ISO time; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(str(told))
    return floor((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def moment_of(clock: object) -> int | None:
    """Epoch seconds of what an object has for its clock, which is a number or an ISO time; None for anything else."""
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
    """Whether these are whole seconds since 1970, and not of the future."""
    return type(moment) is int and 0 <= moment <= time.time() + CLOCKS_DIFFER


def example(model: Model) -> str:
    """What an operator can write as its bookmark."""
    at = '{"start_time": 1748736000}'
    if model.parent:
        return f'{{"cursors": {{"{model.parent.column}": "…"}}}} or {at}'
    return f'{{"cursor": "…"}} or {at}' if model.paging in BY_CURSOR else at
