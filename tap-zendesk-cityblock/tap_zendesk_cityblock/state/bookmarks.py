"""Bookmarks of incremental models in Singer state: read at the start, moved when a page is written.

A model exported by cursor has `{"cursor": …, "reached": …, "subdomain": …}`; `reached` is for people: the time of the
cursor, or null where the cursor contains none. A model exported by time has `{"start_time": …, "subdomain": …}` in epoch
seconds, and so has one exported by cursor until Zendesk has returned a cursor. A model with a parent has a cursor or a
time for each object of the parent: `{"cursors": {key: …}, "times": {key: …}, "subdomain": …}`.

A `start_time` beside a cursor is an operator's override (`meltano state merge`): it wins, and the next STATE drops it;
beside several cursors, the STATE at the end of the export.

While an export begins with searches, it is `{"search": {"since": …, "until": …, "unread": [[…, …], …], "rows": …, "total": …,
"deleted": {…}}, "subdomain": …}`, as `Search` in positions.py; after them `{"start_time": …, "subdomain": …}`, the time of `until`. Until the export before it is read, too, a bookmark has
`"remainder": {"start_time": …, "until": …}`, or with a cursor.

In fallback a bookmark is `{"sources": {"list": {"cursor": …, "start_time": …}, …}, "reached": …, "subdomain": …}`: one
position for each source, and as `reached` the earliest of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.state.positions import Position, Remainder, Search, epoch_of, time_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Bookmark = dict[str, Any]


def read_bookmark(bookmark: Mapping[str, Any], parent: str | None = None) -> Position | None:
    """The position, None if there is none yet. `parent`: key of the object whose position it is, for models with a parent."""
    position = _read_position(bookmark, parent)
    if position is None or "remainder" not in bookmark:
        return position
    left = bookmark["remainder"]
    at = Position(cursor=left.get("cursor"), time=left.get("start_time"))
    return msgspec.structs.replace(position, remainder=Remainder(at, left["until"]))


def _read_position(bookmark: Mapping[str, Any], parent: str | None) -> Position | None:
    if "start_time" in bookmark:
        return Position(time=bookmark["start_time"])
    if parent is not None:
        return read_parents(bookmark).get(parent)
    if "cursor" in bookmark:
        return Position(cursor=bookmark["cursor"])
    if "search" in bookmark:
        unread = tuple((first, after) for first, after in bookmark["search"]["unread"])
        deleted = bookmark["search"].get("deleted")
        read = {"unread": unread, "deleted": deleted and _read_source(deleted)}
        search = Search(**{**bookmark["search"], **read})
        return Position(time=search.since, search=search)
    if "sources" in bookmark:
        sources = bookmark["sources"]
        return Position(sources={name: _read_source(source) for name, source in sources.items()})
    return None


def read_parents(bookmark: Mapping[str, Any]) -> dict[str, Position]:
    """The positions by the parents' keys; for overrides, see `read_bookmark`."""
    times = {key: Position(time=time) for key, time in bookmark.get("times", {}).items()}
    return times | {key: Position(cursor=cursor) for key, cursor in bookmark.get("cursors", {}).items()}


def move_bookmark(bookmark: Bookmark, position: Position, subdomain: str, parent: str | None = None) -> None:
    """The only place where a bookmark moves. Called after the records up to `position` are written.

    With `parent`, an override and the other parents' positions stay.
    """
    if parent is not None:
        moved = _with_parent(bookmark, parent, position)
    elif position.sources is not None:
        sources = {name: _write_source(at) for name, at in sorted(position.sources.items())}
        reached = epoch_of(position)
        moved = {"sources": sources} | ({} if reached is None else {"reached": _iso(reached)})
    elif position.search is not None:
        moved = {"search": _write_search(position.search)}
    elif position.cursor is None:
        moved = {"start_time": position.time}
    else:
        moved = {"cursor": position.cursor, "reached": _iso(time_of(position.cursor))}
    if position.remainder is not None:
        moved["remainder"] = _write_remainder(position.remainder)
    bookmark.clear()
    bookmark.update(moved, subdomain=subdomain)


def drop_override(bookmark: Bookmark, unread: Collection[str]) -> None:
    """After all parents were read from the override. `unread` parents lose their position, so that they miss nothing."""
    if bookmark.pop("start_time", None) is not None:
        for name in {"cursors", "times"} & bookmark.keys():
            bookmark[name] = {key: at for key, at in bookmark[name].items() if key not in unread}


def _with_parent(bookmark: Bookmark, parent: str, position: Position) -> Bookmark:
    moved = dict(bookmark)
    for name, at in (("cursors", position.cursor), ("times", position.time)):
        others = {key: other for key, other in bookmark.get(name, {}).items() if key != parent}
        moved[name] = others if at is None else others | {parent: at}
    if not moved["times"]:
        del moved["times"]
    return moved


def _read_source(source: Mapping[str, Any]) -> Position:
    return Position(cursor=source.get("cursor"), time=source["start_time"])


def _write_search(search: Search) -> Bookmark:
    names = ("since", "until", "rows", "total")
    deleted = {} if search.deleted is None else {"deleted": _write_source(search.deleted)}
    unread = [[*span] for span in search.unread]
    return {**{name: getattr(search, name) for name in names}, "unread": unread, **deleted}


def _write_remainder(remainder: Remainder) -> Bookmark:
    at = remainder.at
    place = {"start_time": at.time} if at.cursor is None else {"cursor": at.cursor}
    return {**place, "until": remainder.until}


def _write_source(position: Position) -> Bookmark:
    cursor = {} if position.cursor is None else {"cursor": position.cursor}
    return {**cursor, "start_time": position.time}


def _iso(moment: int | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()
