"""How many rows a run would read of a model and in how many requests, counted with one request."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from tap_zendesk_cityblock.errors import RefusedError, StreamUnavailableError, TransientError
from tap_zendesk_cityblock.http.query import PAGE_SIZES
from tap_zendesk_cityblock.http.rate_limit_headers import ACCOUNT
from tap_zendesk_cityblock.models import LARGEST_PAGE, MODELS, Model, Paging
from tap_zendesk_cityblock.readers.fetch import fetch
from tap_zendesk_cityblock.readers.pagination import first_query
from tap_zendesk_cityblock.readers.sources import NO_SOURCE, sources_of
from tap_zendesk_cityblock.readers.without_exports import searches

if TYPE_CHECKING:
    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.settings import Settings

LIST_PAGE = LARGEST_PAGE[Paging.LIST_CURSOR]


@dataclasses.dataclass(frozen=True)
class Need:
    """What one model would need. `rows` and `requests` are None where Zendesk counts nothing; `cause`: not readable.

    `bucket`: of the rate limit, if it is not that of the model's path.
    """

    model: Model
    start: int | None
    rows: int | None = None
    _: dataclasses.KW_ONLY
    is_exact: bool = False
    requests: int | None = None
    cause: str | None = None
    bucket: str | None = None


class Counter:
    """Counts at the cost of one request a model, none of them of the exports' scarce ones."""

    def __init__(self, client: ZendeskClient, settings: Settings) -> None:
        self._client, self._page_size = client, settings.page_size
        self._by_exports = settings.incremental_exports

    def need(self, model: Model, start: int | None) -> Need:
        """`start`: epoch seconds, None for bulk models. Raises PluginError where login or host fail."""
        sources = sources_of(model, by_exports=self._by_exports)
        if sources is not None and not sources:
            return Need(model, start, requests=0, cause=NO_SOURCE)
        try:
            rows = self._rows(model, start)
        except (RefusedError, StreamUnavailableError) as cause:
            return Need(model, start, requests=0, cause=str(cause))
        if rows is None:
            return Need(model, start, requests=self._spans(model, start))
        if sources is not None:
            size = min(self._page_size or LIST_PAGE, LIST_PAGE)
            requests = rows // size + len(sources) + searches(sources, start, self._client.now())
            return Need(model, start, rows, requests=requests, bucket=ACCOUNT)
        is_exact = not model.is_incremental
        return Need(model, start, rows, is_exact=is_exact, requests=self._pages(model, rows))

    def _spans(self, model: Model, start: int | None) -> int | None:
        """Of time, each of which is a request at least; None where the model is not asked for so."""
        if model.window is None or start is None:
            return None
        return max(1, -(-int(self._client.now() - start) // (model.window.days * 86_400)))

    def _rows(self, model: Model, start: int | None) -> int | None:
        if model.parent is not None:
            return None
        if not model.is_incremental:
            return self._count(model.path, {**dict(model.query), "per_page": "1"})
        if not MODELS[model.whole].is_searchable or start is None:
            return None
        since = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._count("/api/v2/search/count", {"query": f"type:{model.whole} updated>={since}"})

    def _count(self, path: str, query: Query) -> int | None:
        """By offset, lists tell their length; some are only paged by cursor, and do not."""
        return fetch(self._client, path, query, lambda body, _: _read_count(body))

    def _pages(self, model: Model, rows: int) -> int:
        query = first_query(model, None, self._page_size)
        size = int(next((query[name] for name in PAGE_SIZES if name in query), LIST_PAGE))
        return rows // size + 1 if model.is_incremental else max(1, -(-rows // size))


def _read_count(body: bytes) -> int | None:
    try:
        count = msgspec.json.decode(body).get("count")
    except (msgspec.DecodeError, AttributeError):
        raise TransientError("an answer that is not whole JSON") from None
    return count if isinstance(count, int) else None
