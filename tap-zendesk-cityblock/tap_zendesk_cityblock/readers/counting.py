"""How many objects Zendesk has of a model, each count by one request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from tap_zendesk_cityblock.errors import TransientError
from tap_zendesk_cityblock.model_types import LARGEST_PAGE, Model, Paging
from tap_zendesk_cityblock.readers.fetch import fetch

if TYPE_CHECKING:
    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query

LIST_PAGE = LARGEST_PAGE[Paging.LIST_CURSOR]


def count_list(client: ZendeskClient, model: Model) -> int | None:
    """None where the list has no count, as some that are paged by cursor only."""
    return fetch(client, model.path, {**dict(model.query), "per_page": "1"}, _count)


def count_changes(client: ZendeskClient, model: Model, since: int | None) -> int | None:
    """`since`: epoch seconds. None where Zendesk does not count them."""
    if not model.is_searchable or since is None:
        return None
    return count_found(client, model, f"updated>={iso(since)}")


def count_found(client: ZendeskClient, model: Model, conditions: str) -> int | None:
    """As Search counts them, without deleted objects. None where Zendesk does not count them."""
    return fetch(client, "/api/v2/search/count", {"query": f"type:{model.name} {conditions}"}, _count)


def iso(moment: int) -> str:
    """As searches take it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _count(body: bytes, _: Query) -> int | None:
    try:
        count = msgspec.json.decode(body).get("count")
    except (msgspec.DecodeError, AttributeError):
        raise TransientError("a response with incomplete JSON") from None
    return count if isinstance(count, int) else None
