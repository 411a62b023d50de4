"""The list of a ticket's comments, as they are now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from sandbox.zendesk.errors import RequestError
from sandbox.zendesk.events import is_comment, of_ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.zendesk.store import Store

PATH = re.compile(r"/api/v2/tickets/(\d+)/comments")
NOT_LISTED = ("event_type", "via_reference_id")
"""What only the child event has."""


def comments(ticket_id: int, query: Mapping[str, str], store: Store) -> bytes:
    """One page. Raises RequestError for a ticket that is deleted or does not exist."""
    stored = store.get("ticket", ticket_id)
    ticket = orjson.loads(stored.body) if stored else {"status": "deleted"}
    if ticket["status"] == "deleted":
        raise RequestError(404, {"error": "RecordNotFound", "description": "Not found"})
    after, size = int(query.get("page[after]", 0)), int(query["page[size]"])
    listed = [
        {name: value for name, value in child.items() if name not in NOT_LISTED}
        for event in of_ticket(store, ticket)
        for child in event["child_events"]
        if is_comment(child) and child["id"] > after
    ]
    found = listed[:size]
    reached = str(found[-1]["id"]) if found else None
    meta = {"has_more": len(listed) > size, "after_cursor": reached, "before_cursor": None}
    return orjson.dumps({"comments": found, "meta": meta, "links": {"prev": None, "next": None}})
