"""The account's list of ticket audits, newest first. It has what ticket events have, and comments that were made private.

Recorded shape of the cursors: docs/zendesk/private-comments.md.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

import orjson

from sandbox.zendesk.clock import iso
from sandbox.zendesk.errors import RequestError
from sandbox.zendesk.events import A_TICKET, FIRST_EVENT, complete
from sandbox.zendesk.events import MODEL as TICKET_EVENT
from sandbox.zendesk.store import Stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.zendesk.store import Json, Store

PATH = "/api/v2/ticket_audits"
PARAMETERS = {"limit", "cursor"}
LARGEST_PAGE = 1000
MODEL = "ticket_audit"
"""Audits that no ticket event shows."""
CURSOR = re.compile(rb"\|(\d+)\.0\|\|(\d+)")
NEWEST = (2**40, 0)


def add_audit(store: Store, ticket: Json, child: Json, moment: int) -> None:
    """An audit with this event, which the export of ticket events lacks."""
    last = FIRST_EVENT + A_TICKET * (ticket["id"] + 1) - 1
    number = last - store.count_within(MODEL, last - A_TICKET + 1, last)
    event = {
        "id": number,
        "ticket_id": ticket["id"],
        "created_at": iso(moment),
        "updater_id": ticket["submitter_id"],
        "metadata": {},
        "child_events": [{"id": number, **child}],
    }
    store.put([Stored.of(MODEL, event, moment)])


def audits(query: Mapping[str, str], store: Store) -> bytes:
    """One page. Raises RequestError."""
    complete(store)
    limit = max(1, min(LARGEST_PAGE, int(query.get("limit", 100))))
    before = NEWEST if "cursor" not in query else _decoded(query["cursor"])
    found = store.of_listed_tickets_before((TICKET_EVENT, MODEL), before, limit)
    first, last = (found[0][:2], found[-1][:2]) if found else (None, None)
    page = {
        "audits": [_audit(orjson.loads(body)) for *_, body in found],
        "before_cursor": last and _encoded(b"|%d.0||%d", last),
        "after_cursor": first and _encoded(b"%d.0||%d|", first),
    }
    return orjson.dumps(page)


def _audit(event: Json) -> Json:
    events = [
        {name: value for name, value in child.items() if name != "event_type"} | {"type": child["event_type"]}
        for child in event["child_events"]
    ]
    about = {name: event[name] for name in ("id", "ticket_id", "created_at", "metadata")}
    return {**about, "author_id": event["updater_id"], "via": {"channel": "web"}, "events": events}


def _encoded(shape: bytes, place: tuple[int, int]) -> str:
    return base64.b64encode(shape % place).decode()


def _decoded(cursor: str) -> tuple[int, int]:
    try:
        found = CURSOR.fullmatch(base64.b64decode(cursor, validate=True))
    except binascii.Error:
        found = None
    if found is None:
        raise RequestError(400, {"error": "InvalidPaginationParameter", "description": "cursor is not valid"})
    return int(found[1]), int(found[2])
