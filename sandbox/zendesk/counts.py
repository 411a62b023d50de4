"""Counts of lists, and objects by their ids; see docs/zendesk/counts.md."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING

from sandbox.zendesk.clock import DAY, iso
from sandbox.zendesk.errors import RequestError
from sandbox.zendesk.models import LISTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.zendesk.store import Store

PATH = re.compile(r"(/api/v2/(?:tickets|users|organizations))/(count|show_many)")
MOST_IDS = 100
BY_PATH = {endpoint.path: endpoint for endpoint in LISTS}


@dataclasses.dataclass
class Counts:
    """Lists with more than `cached_above` objects are counted once a day, in the background of a request."""

    cached_above: int = 100_000
    cached: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    """When (epoch seconds) and what, by model."""

    def answer(self, path: str, query: Mapping[str, str], store: Store) -> bytes:
        """`path`: that PATH matches. Raises RequestError."""
        found = PATH.fullmatch(path)
        assert found is not None  # noqa: S101 - the server has looked
        endpoint = BY_PATH[found[1]]
        if found[2] == "show_many":
            return _shown(endpoint.model, endpoint.root, query, store)
        value, refreshed_at = self._count(endpoint.model, store)
        return json.dumps({"count": {"value": value, "refreshed_at": refreshed_at}}).encode()

    def _count(self, model: str, store: Store) -> tuple[int, str | None]:
        """Of the list, without archived tickets. The time is None while Zendesk counts."""
        value = store.count(model)
        if value <= self.cached_above:
            return value, iso(store.now)
        at, cached = self.cached.get(model, (0, 0))
        if store.now - at < DAY:
            return cached, iso(at)
        self.cached[model] = store.now, value
        return self.cached_above, None


def _shown(model: str, root: str, query: Mapping[str, str], store: Store) -> bytes:
    """Those that exist, archived ones, too, in the order of the ids. Raises RequestError."""
    ids = query.get("ids", "").split(",")
    if not all(one.isdigit() for one in ids) or len(ids) > MOST_IDS:
        raise RequestError(400, {"error": "InvalidValue", "description": "ids is not valid"})
    bodies = store.bodies_of(model, [int(one) for one in ids])
    return b'{"%s":[%s],"count":%d}' % (root.encode(), b",".join(bodies), len(bodies))
