"""Where an incremental model stands: read from the state, moved when a page is written.

A bookmark is `{"cursor": …, "reached": …, "subdomain": …}` for models exported by cursor, where `reached` tells
people (and the tap, should Zendesk refuse the cursor) the time at which it stands, and
`{"start_time": …, "subdomain": …}` in epoch seconds for the others. A `start_time` beside a cursor is an operator's
override by `meltano state merge`: it wins, and the next STATE drops it.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.errors import ConfigurationError
from tap_zendesk_cityblock.models import MODELS, Model, Paging

if TYPE_CHECKING:
    from collections.abc import Mapping

Bookmark = dict[str, Any]

CURSOR = re.compile(rb"(\d+)(?:\.\d+)?\|\|")


@dataclasses.dataclass(frozen=True)
class Position:
    """A point of an export: a cursor, or a time in epoch seconds. Exactly one is set."""

    cursor: str | None = None
    time: int | None = None


def read_bookmark(model: Model, bookmark: Mapping[str, Any]) -> Position | None:
    """The position in the state, None if it has none."""
    if "start_time" in bookmark:
        return Position(time=bookmark["start_time"])
    if "cursor" in bookmark and model.paging is Paging.EXPORT_CURSOR:
        return Position(cursor=bookmark["cursor"])
    return None


def write_bookmark(bookmark: Bookmark, position: Position, subdomain: str) -> None:
    """Moves it: the one place where a cursor moves, called once a page's records are written."""
    bookmark.clear()
    if position.cursor is None:
        bookmark["start_time"] = position.time
    else:
        bookmark["cursor"] = position.cursor
        if (reached := time_of(position.cursor)) is not None:
            bookmark["reached"] = datetime.fromtimestamp(reached, UTC).isoformat()
    bookmark["subdomain"] = subdomain


def time_of(cursor: str) -> int | None:
    """The epoch seconds inside a cursor, which Zendesk makes of a time and an id. None for any other."""
    try:
        decoded = base64.b64decode(cursor, validate=True)
    except (binascii.Error, ValueError):
        return None
    found = CURSOR.match(decoded)
    return int(found[1]) if found else None


def epoch_of(position: Position | None) -> int | None:
    """The time at which it stands, as far as it tells."""
    if position is None:
        return None
    return position.time if position.cursor is None else time_of(position.cursor)


def check_state(state: Mapping[str, Any], subdomain: str) -> None:
    """Raises ConfigurationError with what to write instead."""
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict) or set(state) - {"bookmarks"}:
        raise ConfigurationError('state: write {"bookmarks": {"ticket": {"cursor": "…"}}}')
    for name, bookmark in bookmarks.items():
        if name == "EXPORT_METADATA":
            continue
        if name not in MODELS:
            raise ConfigurationError(f"state: there is no model {name}; remove its bookmark")
        if not isinstance(bookmark, dict):
            raise ConfigurationError(f"state of {name}: a bookmark is an object, {_example(MODELS[name])}")
        _check_bookmark(MODELS[name], bookmark, subdomain)


def _check_bookmark(model: Model, bookmark: Mapping[str, Any], subdomain: str) -> None:
    where = f"state of {model.name}"
    known = {"cursor", "reached", "start_time", "subdomain"}
    if unknown := sorted(set(bookmark) - known):
        raise ConfigurationError(f"{where}: {', '.join(unknown)} means nothing; write {_example(model)}")
    if bookmark and not model.is_incremental:
        raise ConfigurationError(f"{where}: a bulk model is exported whole and has no bookmark; remove it")
    if "cursor" in bookmark and model.paging is not Paging.EXPORT_CURSOR:
        raise ConfigurationError(
            f"{where}: it is exported by time and has no cursor; write {_example(model)}"
        )
    if not isinstance(bookmark.get("cursor", ""), str) or bookmark.get("cursor") == "":
        raise ConfigurationError(f"{where}: cursor must be a text; write {_example(model)}")
    time = bookmark.get("start_time", 0)
    if not isinstance(time, int) or isinstance(time, bool) or time < 0:
        raise ConfigurationError(
            f"{where}: start_time must be whole seconds since 1970; write {_example(model)}"
        )
    if bookmark.get("subdomain", subdomain) != subdomain:
        raise ConfigurationError(
            f"{where}: it is of the account {bookmark['subdomain']}, and this is {subdomain}; use that account's own state"
        )


def _example(model: Model) -> str:
    return (
        '{"cursor": "…"} or {"start_time": 1748736000}'
        if model.paging is Paging.EXPORT_CURSOR
        else '{"start_time": 1748736000}'
    )
