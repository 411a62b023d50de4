"""Zendesk's kinds of pagination: from the query to the response body."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sandbox.zendesk import keyset
from sandbox.zendesk.clock import iso
from sandbox.zendesk.derived import beside, keys, sideloaded
from sandbox.zendesk.errors import RequestError
from sandbox.zendesk.events import MODEL as TICKET_EVENT
from sandbox.zendesk.events import complete
from sandbox.zendesk.metric_events import MODEL as TICKET_METRIC_EVENT
from sandbox.zendesk.metric_events import bring_up_to_date
from sandbox.zendesk.models import SORTED, UNSORTED, Endpoint, Paging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multidict import MultiMapping

    from sandbox.zendesk.store import Store

    Query = MultiMapping[str]

WITHHELD_SECONDS = 60
"""Exports leave out the last minute, and reject a start in it."""

SUPPORT_TYPE_SCOPES = ("all", "agent", "ai_agent")
OFFSET_PAGES = 100
LARGEST_ID = 2**62
INTERNAL = 28_835_700_000_000
"""The first of the internal ids that order tickets within a second in sorted lists; no response has them."""


def page(endpoint: Endpoint, key: str | None, query: Query, store: Store, base_url: str) -> bytes:
    """The JSON body. `key` is the parent's, from the path. Raises RequestError."""
    if endpoint.parent is not None:
        if key is None or key not in map(str, keys(endpoint.parent, store)):
            raise RequestError(404, {"error": "RecordNotFound", "description": "Not found"})
        path = endpoint.path.replace(f"{{{endpoint.parents_key}}}", key)
        endpoint = dataclasses.replace(endpoint, model=endpoint.within(key), path=path)
    if endpoint.model == TICKET_EVENT:
        complete(store)
    if endpoint.model == TICKET_METRIC_EVENT:
        bring_up_to_date(store)
    dialect = endpoint.paging
    if dialect is Paging.LIST_CURSOR and "page[size]" not in query:
        dialect = Paging.OFFSET
    return _DIALECTS[dialect](endpoint, query, store, base_url)


def _export_cursor(endpoint: Endpoint, query: Query, store: Store, base_url: str) -> bytes:
    limit = _per_page(endpoint, query)
    if "cursor" in query:
        changed, object_id = _decoded_cursor(query["cursor"])
        reached: str | None = query["cursor"]
    else:
        changed, object_id, reached = _start_time(query, store) - 1, LARGEST_ID, None
    rows = _exported(endpoint, (changed, object_id), query, store, limit)
    if rows:
        reached = _cursor(rows[-1][0], rows[-1][1])
    next_url = (
        None
        if reached is None
        else _url(base_url, endpoint.path, {"cursor": reached, "per_page": str(limit)})
    )
    is_last = len(rows) < limit
    end: dict[str, object] = (
        {"meta": {"has_more": not is_last}} if endpoint.end == "has_more" else {"end_of_stream": is_last}
    )
    include, bodies = query.get("include", ""), [row[2] for row in rows]
    position = {"after_cursor": reached, "after_url": next_url, "before_cursor": None, "before_url": None}
    return _body(
        endpoint.root,
        sideloaded(endpoint, include, store, bodies),
        {**beside(endpoint, include, bodies), **position, **end},
    )


def _exported(
    endpoint: Endpoint, position: tuple[int, int], query: Query, store: Store, limit: int
) -> list[tuple[int, int, bytes]]:
    """Raises RequestError."""
    until, support_type = store.now - WITHHELD_SECONDS, None
    if endpoint.support_type is not None:
        scope = query.get("support_type_scope", "agent")
        if scope not in SUPPORT_TYPE_SCOPES:
            raise RequestError(400, _errors("InvalidValue", "support_type_scope is not valid"))
        support_type = None if scope == "all" else (endpoint.support_type, scope)
    return store.changed_after(endpoint.model, position, until, limit, support_type=support_type)


def _export_time(endpoint: Endpoint, query: Query, store: Store, base_url: str) -> bytes:
    limit = _per_page(endpoint, query)
    start = _start_time(query, store)
    rows = _exported(endpoint, (start - 1, LARGEST_ID), query, store, limit)
    end, is_last = rows[-1][0] if rows else None, len(rows) < limit
    if not is_last and endpoint.end == "end_of_stream":
        rows, end = _whole_second(endpoint, start, query, store, rows)
    if endpoint.end == "end_time" and end is None:
        end = start  # Talk always has it
    next_page = (
        None
        if end is None or (endpoint.end == "next_page" and is_last)
        else _url(base_url, endpoint.path, {"start_time": str(end), "per_page": str(limit)})
    )
    rest: dict[str, object] = {"next_page": next_page, "end_time": end, "count": len(rows)}
    if endpoint.end == "end_of_stream":
        rest["end_of_stream"] = is_last
    bodies = sideloaded(endpoint, query.get("include", ""), store, [row[2] for row in rows])
    return _body(endpoint.root, bodies, rest)


def _whole_second(
    endpoint: Endpoint, start: int, query: Query, store: Store, rows: list[tuple[int, int, bytes]]
) -> tuple[list[tuple[int, int, bytes]], int]:
    """The rows and end_time of a full page. If all rows are of one second: all rows of that second, and the next second.

    Support's exports do this, however small per_page is (recorded in 2023 and 2024); Talk's repeat the page forever.
    """
    second, limit = rows[0][0], len(rows)
    if rows[-1][0] > second:
        return rows, rows[-1][0]
    while len(rows) == limit and rows[-1][0] == second:
        limit *= 2
        rows = _exported(endpoint, (start - 1, LARGEST_ID), query, store, limit)
    return [row for row in rows if row[0] == second], second + 1


def _export_next(endpoint: Endpoint, query: Query, store: Store, base_url: str) -> bytes:
    """Skills have a cursor; Chat has the time, with a fraction, and the id of the last row."""
    limit = int(query.get("limit", 100))
    if "cursor" in query:
        changed, object_id = _decoded_cursor(query["cursor"])
    elif "start_id" in query:
        changed, object_id = int(float(query["start_time"])), int(query["start_id"].rpartition(".")[2])
    else:
        changed, object_id = int(float(query.get("start_time", 0))) - 1, LARGEST_ID
    rows = _exported(endpoint, (changed, object_id), query, store, limit)
    if rows:
        changed, object_id = rows[-1][:2]
    is_chat = endpoint.model == "chat"
    following = (
        {
            "fields": "chats(*)",
            "limit": str(limit),
            "start_time": f"{changed}.0",
            "start_id": f"1712.{object_id}",
        }
        if is_chat
        else {"cursor": _cursor(changed, object_id)}
    )
    rest = {
        "count": len(rows),
        "end_time": float(changed) if is_chat else changed,
        "next_page": _url(base_url, endpoint.path, following),
    }
    return _body(endpoint.root, [row[2] for row in rows], rest)


def _list_cursor(endpoint: Endpoint, query: Query, store: Store, base_url: str) -> bytes:
    size, most = int(query["page[size]"]), endpoint.per_page
    if not 1 <= size <= most:
        raise _pagination_error(f"page[size] must be between 1 and {most}")
    cursor = query.get("page[after]")
    if "sort" in query and endpoint.path in SORTED | UNSORTED:
        if query["sort"] != "updated_at" or endpoint.path in UNSORTED:
            raise _pagination_error("sort is not valid")
        found = _sorted(endpoint.model, cursor, store, size + 1)
    elif endpoint.window is not None:
        since, until = _window(endpoint.window, query)
        if endpoint.model == "access_log":  # exclusive bounds, as documented
            since, until = since + 1, until - 1
        found = _in_window(endpoint.model, (since, until), cursor, store, size + 1)
    else:
        listed = store.listed_after(endpoint.model, 0 if cursor is None else _decoded_id(cursor), size + 1)
        found = [(_encoded_id(object_id), body) for object_id, body in listed]
    has_more, found = len(found) > size, found[:size]
    reached = found[-1][0] if found else None
    before = found[0][0] if found else None
    meta = {"has_more": has_more, "after_cursor": reached, "before_cursor": before}
    following = {"page[size]": str(size), "page[after]": reached}
    links = {"next": _url(base_url, endpoint.path, following) if found else None, "prev": None}
    return _body(endpoint.root, [body for _, body in found], {"meta": meta, "links": links})


def _in_window(
    model: str, window: tuple[int, int], cursor: str | None, store: Store, limit: int
) -> list[tuple[str, bytes]]:
    """The objects of that time, each with the cursor after it."""
    since, until = window
    changed, object_id = (since - 1, LARGEST_ID) if cursor is None else _decoded_cursor(cursor)
    rows = store.changed_after(model, (changed, object_id), until, limit)
    return [(_cursor(changed, object_id), body) for changed, object_id, body in rows]


def _sorted(model: str, cursor: str | None, store: Store, limit: int) -> list[tuple[str, bytes]]:
    """The objects, each with the cursor after it: its time and id, for tickets an internal id."""
    made_of, inside = (INTERNAL, 7) if model in ("ticket", "deleted_ticket") else (0, 1)
    moment, object_id = (0, 0) if cursor is None else keyset.decoded(cursor)
    rows = store.updated_after(model, iso(moment), (object_id - made_of) // inside, limit)
    return [
        (keyset.encoded(int(datetime.fromisoformat(updated).timestamp()), made_of + number * inside), body)
        for updated, number, body in rows
    ]


def _pagination_error(description: str) -> RequestError:
    return RequestError(400, {"error": "InvalidPaginationParameter", "description": description})


def _window(names: tuple[str, str], query: Query) -> tuple[int, int]:
    """Unbounded where the query has no value. If both names are the same, it has both values in order."""
    since, until = (
        query.getall(names[0], ["0", "9999999999"])
        if names[0] == names[1]
        else [query.get(names[0], "0"), query.get(names[1], "9999999999")]
    )
    return _moment(since), _moment(until)


def _moment(text: str) -> int:
    return int(text) if text.isdigit() else int(datetime.fromisoformat(text).timestamp())


def _offset(endpoint: Endpoint, query: Query, store: Store, base_url: str) -> bytes:
    size, number = _per_page(endpoint, query), int(query.get("page", 1))
    if number > OFFSET_PAGES:
        raise RequestError(
            400, {"error": "InvalidPaginationDepth", "description": "The page is past the limit of 100 pages"}
        )
    count = store.count(endpoint.model)
    rows = store.listed_after(endpoint.model, 0, size, offset=(number - 1) * size)

    def link(to: int) -> str:
        return _url(base_url, endpoint.path, {"page": str(to), "per_page": str(size)})

    links = {
        "next_page": link(number + 1) if number * size < count else None,
        "previous_page": link(number - 1) if number > 1 else None,
        "count": count,
    }
    return _body(endpoint.root, [row[1] for row in rows], links)


_DIALECTS = {
    Paging.EXPORT_CURSOR: _export_cursor,
    Paging.EXPORT_TIME: _export_time,
    Paging.EXPORT_NEXT: _export_next,
    Paging.LIST_CURSOR: _list_cursor,
    Paging.OFFSET: _offset,
}


def _body(root: str, bodies: Sequence[bytes], rest: Mapping[str, object]) -> bytes:
    return b'{"%s":[%s],%s' % (root.encode(), b",".join(bodies), json.dumps(rest).encode()[1:])


def _url(base_url: str, path: str, query: Mapping[str, str | None]) -> str:
    return f"{base_url}{path}.json?{urlencode({name: value for name, value in query.items() if value is not None})}"


def _per_page(endpoint: Endpoint, query: Mapping[str, str]) -> int:
    return max(1, min(endpoint.per_page, int(query.get("per_page", endpoint.per_page))))


def _start_time(query: Query, store: Store) -> int:
    try:
        start = int(query["start_time"])
    except (KeyError, ValueError):
        raise RequestError(400, _errors("InvalidValue", "start_time must be an integer")) from None
    if start > store.now - WITHHELD_SECONDS:
        raise RequestError(400, _errors("StartTimeTooRecent", "start_time must be more than 60 seconds ago"))
    return start


def _errors(code: str, title: str) -> object:
    return {"errors": [{"code": code, "status": "400", "title": title}]}


def _cursor(changed: int, object_id: int) -> str:
    return base64.b64encode(f"{changed}.0||{object_id}|".encode()).decode()


def _decoded_cursor(cursor: str) -> tuple[int, int]:
    try:
        changed, _, rest = base64.b64decode(cursor, validate=True).decode().partition(".0||")
        return int(changed), int(rest.rstrip("|"))
    except (ValueError, binascii.Error):
        raise RequestError(400, _errors("InvalidCursor", "cursor is invalid or expired")) from None


def _encoded_id(object_id: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"o": "id", "v": object_id}).encode()).decode()


def _decoded_id(cursor: str) -> int:
    try:
        return int(json.loads(base64.urlsafe_b64decode(cursor))["v"])
    except (ValueError, KeyError, TypeError):
        raise _pagination_error("page[after] is not valid") from None
