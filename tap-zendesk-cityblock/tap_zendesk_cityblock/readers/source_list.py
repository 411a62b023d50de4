"""The pages of one source of fallback: a list or a search that is followed by its page cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.errors import UnexpectedResponseError
from tap_zendesk_cityblock.model_types import Paging
from tap_zendesk_cityblock.readers.fetch import fetch
from tap_zendesk_cityblock.readers.list_pages import next_of_list
from tap_zendesk_cityblock.readers.parsing import check_documented
from tap_zendesk_cityblock.readers.queries import first_query, larger
from tap_zendesk_cityblock.state.positions import moment_of

if TYPE_CHECKING:
    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.model_types import Model, Source
    from tap_zendesk_cityblock.rows.decoding import DictRows, RowsFactory

Record = dict[str, Any]


class ListPage(msgspec.Struct, frozen=True):
    """A page as served. `after` is its page cursor, also on the last page. `served`: objects in the response."""

    records: list[Record]
    after: str | None
    has_more: bool
    size: Query
    served: int


class SourceList:
    """`rows` makes records of the source's objects."""

    def __init__(
        self, model: Model, source: Source, client: ZendeskClient, page_size: int | None, rows: RowsFactory
    ) -> None:
        self.source, self.model = source, model
        self.where = f"{model.name}: {source.path}"
        self._client, self._page_size = client, page_size
        self._list = msgspec.structs.replace(
            model,
            path=source.path,
            root=source.root,
            paging=Paging.LIST_CURSOR,
            query=(),
            largest_page=None,
        )
        self.rows: DictRows = rows.dicts(self._list)
        self._size = first_query(self._list, None, self._page_size)
        self._received: int | None = None
        """Of the list so far; None where its pages did not begin with its first object."""

    def page(self, query: Query, cursor: str | None) -> ListPage:
        """`cursor` None: the first page. Raises CursorInvalidError, StreamUnavailableError and the PluginErrors."""
        asked = query | self._size | ({} if cursor is None else {"page[after]": cursor})
        if cursor is None:
            self._received = 0
        page = fetch(self._client, self.source.path, asked, self._parse)
        if self._received is not None:
            self._received += page.served
        self._size = larger(self._list, page.size, self._page_size)
        return page

    def as_exported(self, records: list[Record]) -> list[Record]:
        """In the shape that exports give them."""
        return [self.rows.finished(self._as_exported(record)) for record in records]

    def _as_exported(self, record: Record) -> Record:
        record.pop("result_type", None)  # Search adds it
        if self.source.as_exported is None:
            return record
        return self.source.as_exported(record, moment_of(record.get(self.source.clock)))

    def next_cursor(self, page: ListPage, cursor: str | None) -> str:
        """Raises UnexpectedResponseError where the page leads to itself."""
        if page.after is None or page.after == cursor:
            raise UnexpectedResponseError(
                f"{self.where}: there are more pages, but the page cursor does not advance"
            )
        return page.after

    def _parse(self, body: bytes, asked: Query) -> ListPage:
        response, records = self.rows.decode(body)
        check_documented(self._list, response)
        served = len(records) + response.skipped
        received = None if self._received is None else self._received + served
        following = next_of_list(self._list, asked, response, self._client.base_url, received)
        if not isinstance(response.meta, dict) or (following is not None and "page[after]" not in following):
            raise UnexpectedResponseError(f"{self.where}: the response has no page cursor")
        after = response.meta.get("after_cursor") if following is None else following["page[after]"]
        if not isinstance(after, str | None):
            raise UnexpectedResponseError(f"{self.where}: the page cursor is not a string")
        return ListPage(records, after, following is not None, {"page[size]": asked["page[size]"]}, served)
