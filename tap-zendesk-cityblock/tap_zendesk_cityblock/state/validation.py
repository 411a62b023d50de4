"""Validation of the state, which operators may edit. Errors say what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cityblock_singer.errors import SettingsError

from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.state.positions import BY_CURSOR, Search, example, is_opaque, is_past, is_readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_zendesk_cityblock.model_types import Model


def check_state(state: Mapping[str, Any], subdomain: str) -> None:
    """Raises SettingsError with what to write instead. A bookmark of null counts as absent."""
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict) or set(state) - {"bookmarks"}:
        raise SettingsError('State: write {"bookmarks": {"ticket": {"cursor": "…"}}}')
    for name, bookmark in bookmarks.items():
        if name == "EXPORT_METADATA" or bookmark is None:
            continue
        if name not in MODELS:
            raise SettingsError(f"State: unknown model {name!r}; {_remove(name)}")
        if not isinstance(bookmark, dict):
            raise SettingsError(f"State of {name}: a bookmark is an object, {example(MODELS[name])}")
        _check_bookmark(MODELS[name], bookmark, subdomain)


def _check_bookmark(model: Model, bookmark: Mapping[str, Any], subdomain: str) -> None:
    where = f"State of {model.name}"
    own = {"cursors", "times"} if model.parent else {"cursor"}
    known = {*own, "reached", "remainder", "search", "sources", "start_time", "subdomain"}
    if bookmark and not model.is_incremental:
        raise SettingsError(
            f"{where}: a bulk model is exported in full and has no bookmark; {_remove(model.name)}"
        )
    if "cursor" in bookmark and model.parent:
        raise SettingsError(f"{where}: it has a cursor for each {model.parent.model}; write {example(model)}")
    if "cursor" in bookmark and model.paging not in BY_CURSOR:
        raise SettingsError(f"{where}: it is exported by time and has no cursor; write {example(model)}")
    if unknown := sorted(set(bookmark) - known):
        raise SettingsError(f"{where}: unknown key {', '.join(unknown)}; write {example(model)}")
    cursors = bookmark.get("cursors", {})
    if not isinstance(cursors, dict):
        raise SettingsError(f"{where}: invalid cursors: expected an object; write {example(model)}")
    for cursor in [*cursors.values(), bookmark.get("cursor", "absent")]:
        if not isinstance(cursor, str) or cursor == "":
            raise SettingsError(f"{where}: invalid cursor: expected a string; write {example(model)}")
    _check_start_time(model, bookmark)
    _check_sources(model, bookmark)
    _check_search(model, bookmark)
    if bookmark.get("subdomain", subdomain) != subdomain:
        raise SettingsError(
            f"{where}: it belongs to the account {bookmark['subdomain']}, this run exports {subdomain}; use the state of that account"
        )
    if "start_time" not in bookmark:  # which wins over a cursor
        _check_cursors(model, bookmark)


def _check_cursors(model: Model, bookmark: Mapping[str, Any]) -> None:
    """Cursors that Zendesk cannot have returned are rejected: the run would export everything again, and succeed."""
    is_unknown_kind = "reached" in bookmark and bookmark["reached"] is None  # as `move_bookmark` marks those
    for cursor in [
        *bookmark.get("cursors", {}).values(),
        *([bookmark["cursor"]] if "cursor" in bookmark else []),
    ]:
        if not (is_readable(model, cursor) or (is_unknown_kind and is_opaque(cursor))):
            raise SettingsError(
                f"State of {model.name}: its cursor is not one of Zendesk's, or was truncated; nothing was exported;"
                f" write {example(model)}, or {_remove(model.name)}"
            )


def _remove(name: str) -> str:
    return f'remove its bookmark: meltano state merge <state id> \'{{"singer_state": {{"bookmarks": {{"{name}": null}}}}}}\''


def _check_start_time(model: Model, bookmark: Mapping[str, Any]) -> None:
    times = bookmark.get("times", {})
    if not isinstance(times, dict) or not all(map(is_past, times.values())):
        raise SettingsError(
            f"State of {model.name}: only the tap writes times; write {example(model)} instead"
        )
    start = bookmark.get("start_time", 0)
    if not isinstance(start, int) or isinstance(start, bool) or start < 0:
        raise SettingsError(
            f"State of {model.name}: invalid start_time: expected whole seconds since 1970; write {example(model)}"
        )
    if not is_past(start):
        raise SettingsError(
            f"State of {model.name}: start_time is in the future; seconds since 1970, not milliseconds: write {example(model)}"
        )


def _check_sources(model: Model, bookmark: Mapping[str, Any]) -> None:
    if "sources" not in bookmark:
        return
    sources = bookmark["sources"]
    names = [source.name for source in model.fallback]
    if (
        not isinstance(sources, dict)
        or not sources
        or not set(sources) <= set(names)
        or not all(map(_is_position, sources.values()))
    ):
        raise SettingsError(
            f"State of {model.name}: only the tap writes sources; write {example(model)} instead"
        )


def _check_search(model: Model, bookmark: Mapping[str, Any]) -> None:
    if "search" in bookmark and not (model.is_searched_first and _is_search(bookmark["search"])):
        raise SettingsError(
            f"State of {model.name}: only the tap writes search; write {example(model)} instead"
        )

    if "remainder" in bookmark and not (
        MODELS[model.whole].is_searched_first and _is_remainder(bookmark["remainder"])
    ):
        raise SettingsError(
            f"State of {model.name}: only the tap writes remainder; remove it, or write {example(model)}"
        )


def _is_remainder(remainder: object) -> bool:
    return isinstance(remainder, dict) and (
        (remainder.keys() == {"start_time", "until"} and all(map(is_past, remainder.values())))
        or (
            remainder.keys() == {"cursor", "until"}
            and isinstance(remainder["cursor"], str)
            and is_opaque(remainder["cursor"])
            and is_past(remainder["until"])
        )
    )


def _is_search(search: object) -> bool:
    """With spans that are in order and do not overlap."""
    names = {*Search.__struct_fields__}
    if not isinstance(search, dict) or search.keys() | {"deleted"} != names:
        return False
    unread = search["unread"]
    if not isinstance(unread, list) or not all(isinstance(span, list) and len(span) == 2 for span in unread):
        return False
    moments = [moment for span in unread for moment in span]
    return (
        all(map(is_past, [*moments, search["since"], search["until"]]))
        and all(type(search[name]) is int and search[name] >= 0 for name in ("rows", "total"))
        and moments == sorted(moments)
        and all(first < after for first, after in unread)
        and (not moments or moments[-1] <= search["until"])
        and ("deleted" not in search or _is_position(search["deleted"]))
    )


def _is_position(source: object) -> bool:
    return (
        isinstance(source, dict)
        and set(source) <= {"cursor", "start_time"}
        and is_past(source.get("start_time"))
        and isinstance(source.get("cursor", ""), str)
    )
