"""Zendesk's side: counts, objects by id, objects by creation, and what changed since the last export."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from tap_zendesk_cityblock.errors import (
    CursorInvalidError,
    StartTooRecentError,
    TooManyRequestsError,
    TransientError,
    UnexpectedResponseError,
)
from tap_zendesk_cityblock.readers.counting import count_found, iso
from tap_zendesk_cityblock.readers.fetch import fetch
from tap_zendesk_cityblock.readers.queries import first_query
from tap_zendesk_cityblock.state.positions import Position

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.settings import Settings

    from zendesk_reconciliation.exports import LastExport

Json = dict[str, Any]
T = TypeVar("T")

CACHED_ABOVE = 100_000
"""Zendesk counts more objects once a day (docs/zendesk/counts.md)."""
SHOWN = 100
"""Maximum ids of one request."""
EXPORT_PAGE = 1000


@dataclasses.dataclass(frozen=True)
class Total:
    """Zendesk's own count of a list. `refreshed_at`: None while Zendesk counts."""

    value: int
    refreshed_at: str | None

    @property
    def is_current(self) -> bool:
        return self.refreshed_at is not None and self.value <= CACHED_ABOVE


@dataclasses.dataclass(frozen=True)
class Changes:
    """Objects that changed since an export, as they are now, by id. `is_whole`: false if there are more."""

    objects: Mapping[int, Json]
    is_whole: bool


class Zendesk:
    """`start_date`: what did not change since is not exported (epoch seconds)."""

    def __init__(self, client: ZendeskClient, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self.start_date = settings.start_date

    def is_partly_exported(self, model: Model) -> bool:
        """Whether Search returns objects that exports leave out, as far as is known."""
        return model.by_support_type and self._settings.support_type_scope != "all"

    @property
    def requests(self) -> int:
        """Sent so far."""
        return self._client.usage.requests

    @property
    def requests_left(self) -> int:
        return (self._client.most_requests or 0) - self.requests

    def reserve(self, requests: int) -> None:
        """Raises TooManyRequestsError if that many requests may no longer be sent."""
        if requests > self.requests_left:
            raise TooManyRequestsError(
                f"{requests} requests are needed, and only {self.requests_left} more may be sent (max_requests)"
            )

    def total(self, model: Model) -> Total:
        """Of the list, whose archived tickets Zendesk may leave out. Raises as `Request.send`."""
        count = self._get(f"/api/v2/{model.root}/count", {}, "count", dict)
        return Total(int(count.get("value") or 0), count.get("refreshed_at"))

    def counted(self, model: Model, first: int, beyond: int) -> int:
        """Objects created in [first, beyond), in epoch seconds, by Search: archived ones, but no deleted ones.

        Raises as `Request.send`.
        """
        return count_found(self._client, model, self._created(first, beyond)) or 0

    def created(self, model: Model, first: int, beyond: int, most: int) -> list[Json]:
        """The latest of these objects. Raises as `Request.send`."""
        return self._found(model, self._created(first, beyond), most)

    def listed(self, model: Model) -> tuple[list[Json], int | None]:
        """The first page of the list, and how many objects it has, if it says so. Raises as `Request.send`."""
        query = {**dict(model.query), "per_page": str(SHOWN)}
        page = fetch(self._client, model.path, query, _decoded)
        count = page.get("count")
        return _property(page, model.path, model.root, list), count if isinstance(count, int) else None

    def shown(self, model: Model, ids: Collection[int]) -> dict[int, Json]:
        """By id, without those that do not exist, or are deleted. At most SHOWN. Raises as `Request.send`."""
        if not ids:
            return {}
        query = {"ids": ",".join(map(str, sorted(ids)))}
        objects = self._get(f"/api/v2/{model.root}/show_many", query, model.root, list)
        return {one["id"]: one for one in objects}

    def changed(self, export: LastExport) -> Changes:
        """One page of the incremental export, from where the last one ended; without these exports one of Search, which has no
        deleted objects. Raises as `Request.send`.
        """
        model = self._settings.asked_for(export.model)
        if not self._settings.incremental_exports:
            objects = self._found(model, f"updated>={iso(export.reached)}", EXPORT_PAGE)
            return Changes({one["id"]: one for one in objects}, is_whole=len(objects) < EXPORT_PAGE)
        position = export.position or Position(time=export.reached)
        try:
            objects = self._get(model.path, first_query(model, position, EXPORT_PAGE), model.root, list)
        except CursorInvalidError:
            query = first_query(model, Position(time=export.reached), EXPORT_PAGE)
            objects = self._get(model.path, query, model.root, list)
        except StartTooRecentError:
            objects = []
        return Changes({one["id"]: one for one in objects}, is_whole=len(objects) < EXPORT_PAGE)

    def _found(self, model: Model, conditions: str, most: int) -> list[Json]:
        query = {"filter[type]": model.name, "query": conditions, "page[size]": str(most)}
        return self._get("/api/v2/search/export", query, "results", list)

    def _created(self, first: int, beyond: int) -> str:
        return f"created>={iso(first)} created<{iso(beyond)} updated>={iso(self.start_date)}"

    def _get(self, path: str, query: Query, name: str, kind: type[T]) -> T:
        """That property of the response. Raises as `Request.send`, and UnexpectedResponseError."""
        return _property(fetch(self._client, path, query, _decoded), path, name, kind)


def is_deleted(model: Model, one: Json) -> bool:
    """As the model's view decides by SQL."""
    match model.name:
        case "ticket":
            return bool(one.get("status") == "deleted")
        case "user":
            return not one.get("active")
        case _:
            return one.get("deleted_at") is not None


def _property(body: Json, path: str, name: str, kind: type[T]) -> T:
    """Raises UnexpectedResponseError."""
    found = body.get(name)
    if not isinstance(found, kind):
        raise UnexpectedResponseError(f"The response of {path} has no {name!r} as documented")
    return found


def _decoded(body: bytes, _: Query) -> Json:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        raise TransientError("a response with incomplete JSON") from None
