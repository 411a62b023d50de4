"""What models are read from where the account may not use Zendesk's incremental exports: a row a source.

Zendesk's lists have neither archived nor deleted objects, so a model needs up to three of them. How they are ordered and
what they leave out was seen by Estuary's connector authors on a live account (October 2026).
"""

from __future__ import annotations

import dataclasses
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_zendesk_cityblock.models import Model


class Way(Enum):
    """How a source tells what changed since a time."""

    SORTED = "sort=updated_at: its page cursor is a time and an id, so that it serves the next run, too"
    WHOLE = "in another order: all of it, every run, and what is older is passed over"
    SEARCHED = "search/export, a span of time after the other, because its cursors expire"


@dataclasses.dataclass(frozen=True)
class Source:
    """`name` is the position's in the bookmark; `clock` tells when an object changed last."""

    name: str
    path: str
    root: str
    way: Way
    clock: str = "updated_at"


EXPORTS = "/api/v2/incremental/"
"""Zendesk's Incremental Exports. Those of Talk, Help Center and NPS are APIs of their own, and stay in use."""

SOURCES = {
    "ticket": (
        Source("list", "/api/v2/tickets", "tickets", Way.SORTED),
        Source("deleted", "/api/v2/deleted_tickets", "deleted_tickets", Way.SORTED, clock="deleted_at"),
        Source("archived", "/api/v2/search/export", "results", Way.SEARCHED),
    ),
    "user": (
        Source("list", "/api/v2/users", "users", Way.SORTED),
        Source("deleted", "/api/v2/deleted_users", "deleted_users", Way.WHOLE),
    ),
    "organization": (Source("list", "/api/v2/organizations", "organizations", Way.SORTED),),
}
"""By model, in the order in which they are read."""

NO_SOURCE = "only incremental exports have it, and incremental_exports is false"


def sources_of(model: Model, *, by_exports: bool) -> tuple[Source, ...] | None:
    """None: the model's own endpoint is read. Empty: there is no other way to what only exports have."""
    if by_exports or not model.path.startswith(EXPORTS):
        return None
    return SOURCES.get(model.name, ())
