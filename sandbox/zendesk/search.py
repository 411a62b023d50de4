"""Zendesk's search: counts and exports the objects that match a query; see docs/zendesk/search-export.md."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sandbox.zendesk.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.zendesk.store import Store

COUNT = "/api/v2/search/count"
EXPORT = "/api/v2/search/export"

TYPES = ("ticket", "user", "organization")
TERM = re.compile(r"(\w+)(:|>=|<=|>|<)(\S+)")
PROPERTIES = {"updated": "updated_at", "created": "created_at", "status": "status"}

SESSION_SECONDS = 3600
LARGEST_PAGE = 1000

CLOCK_OF_EXPORTS = re.compile(rb'"generated_timestamp":\w+,')
"""In the text of an object; in a text value its quotes would be escaped."""

Condition = tuple[str, str, str]
"""Property, comparison, value."""


@dataclasses.dataclass(frozen=True)
class Lacking:
    """IDs of objects that a search does not return: not indexed yet, or counted all the same."""

    unindexed: frozenset[int] = frozenset()
    counted: frozenset[int] = frozenset()

    @classmethod
    def of(cls, body: Mapping[str, list[int]]) -> Lacking:
        return cls(**{name: frozenset(ids) for name, ids in body.items()})


def count(query: Mapping[str, str], store: Store, lacking: Lacking) -> bytes:
    """Counts objects that are not deleted. Raises RequestError."""
    kind, conditions = _parsed(query.get("query", ""))
    if kind is None:
        raise _invalid("query must name a type")
    found = store.count_found(kind, conditions)
    if lacking.unindexed:
        found -= sum(row[1] in lacking.unindexed for row in store.found(kind, conditions, None, found))
    return json.dumps({"count": found}).encode()


def export(query: Mapping[str, str], store: Store, lacking: Lacking) -> bytes:
    """Newest first, with archived objects, without deleted ones. Raises RequestError."""
    kind, size = query.get("filter[type]"), int(query.get("page[size]", 100))
    named, conditions = _parsed(query.get("query", ""))
    if kind not in TYPES or named is not None:
        raise _invalid("filter[type] is missing or the query names a type")
    if not 1 <= size <= LARGEST_PAGE:
        raise _invalid("page[size] must be between 1 and 1000")
    after = _decoded(query["page[after]"], query["query"]) if "page[after]" in query else None
    rows = store.found(kind, conditions, None if after is None else after[1:], size + 1)
    has_more, rows = len(rows) > size, rows[:size]
    started = time.time() if after is None else after[0]
    reached = _encoded(started, query["query"], rows[-1][0], rows[-1][1]) if rows else None
    hidden = lacking.unindexed | lacking.counted
    results = [_result(kind, body) for _, object_id, body in rows if object_id not in hidden]
    rest = {"facets": None, "meta": {"has_more": has_more, "after_cursor": reached}, "links": {"prev": None}}
    return b'{"results":[%s],%s' % (b",".join(results), json.dumps(rest).encode()[1:])


def _result(kind: str, body: bytes) -> bytes:
    """Without the clock of exports, which is not documented for search results."""
    return b'{"result_type":"%b",%b' % (kind.encode(), CLOCK_OF_EXPORTS.sub(b"", body, count=1)[1:])


def _parsed(text: str) -> tuple[str | None, list[Condition]]:
    kind, conditions = None, []
    for name, comparison, value in TERM.findall(text):
        if name == "type":
            kind = value
        elif name in PROPERTIES:
            conditions.append((PROPERTIES[name], "=" if comparison == ":" else comparison, _plain(value)))
        else:
            raise _invalid(f"unknown property {name}")
    if kind is not None and kind not in TYPES:
        raise _invalid(f"unknown type {kind}")
    return kind, conditions


def _plain(value: str) -> str:
    """Times in the format of the objects."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _encoded(started: float, query: str, created: str, object_id: int) -> str:
    content = {
        "field": "created_at",
        "sortValues": [created, object_id],
        "sessionStart": started,
        "of": query,
    }
    return base64.b64encode(json.dumps(content).encode()).decode()


def _decoded(cursor: str, query: str) -> tuple[float, str, int]:
    try:
        content = json.loads(base64.b64decode(cursor))
        started, (created, object_id) = content["sessionStart"], content["sortValues"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise _invalid("page[after] is not valid") from None
    if content["of"] != query:
        raise _invalid("page[after] is of another query")
    if time.time() - started > SESSION_SECONDS:
        raise _invalid("page[after] has expired")
    return started, created, object_id


def _invalid(description: str) -> RequestError:
    return RequestError(400, {"error": "InvalidPaginationParameter", "description": description})
