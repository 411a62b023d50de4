"""One source's pages, as they are served: lists and searches that are followed by their page cursor."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.errors import AnswerError
from tap_zendesk_cityblock.models import Paging
from tap_zendesk_cityblock.readers.fetch import fetch
from tap_zendesk_cityblock.readers.pagination import first_query, larger, next_of_list
from tap_zendesk_cityblock.state.cursors import moment_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.models import Model, Source
    from tap_zendesk_cityblock.rows.decoding import DictRows

Record = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Listed:
    """A page as it was served."""

    records: list[Record]
    after: str | None
    has_more: bool
    size: Query
    served: int


class Reader:
    """One source's pages."""

    def __init__(
        self,
        model: Model,
        source: Source,
        client: ZendeskClient,
        page_size: int | None,
        rows: Callable[[Model], DictRows],
    ) -> None:
        self.source = source
        self.where = f"{model.name}: {source.path}"
        self._client, self._page_size = client, page_size
        self._model = dataclasses.replace(
            model,
            path=source.path,
            root=source.root,
            paging=Paging.LIST_CURSOR,
            query=(),
            largest_page=None,
        )
        self._rows = rows(self._model)
        self._size = first_query(self._model, None, self._page_size)
        self._received: int | None = None
        """Of the list so far; None where its pages did not begin with its first object."""

    def page(self, query: Query, cursor: str | None) -> Listed:
        """Raises CursorInvalidError, StreamUnavailableError and the PluginErrors."""
        asked = query | self._size | ({} if cursor is None else {"page[after]": cursor})
        if cursor is None:
            self._received = 0
        page = fetch(self._client, self.source.path, asked, self._read)
        if self._received is not None:
            self._received += page.served
        self._size = larger(self._model, page.size, self._page_size)
        return page

    def _read(self, body: bytes, asked: Query) -> Listed:
        answer, records = self._rows.decode(body)
        served = len(records) + answer.skipped
        received = None if self._received is None else self._received + served
        following = next_of_list(self._model, asked, answer, self._client.base_url, received)
        if not isinstance(answer.meta, dict) or (following is not None and "page[after]" not in following):
            raise AnswerError(f"{self.where}: the answer has no page cursor")
        after = answer.meta.get("after_cursor") if following is None else following["page[after]"]
        if not isinstance(after, str | None):
            raise AnswerError(f"{self.where}: the page cursor is no text")
        return Listed(records, after, following is not None, {"page[size]": asked["page[size]"]}, served)

    def finished(self, records: list[Record]) -> list[Record]:
        """In the shape that exports give them."""
        return self._rows.released([self._rows.finished(self._as_exported(one)) for one in records])

    def _as_exported(self, record: Record) -> Record:
        record.pop("result_type", None)  # Search adds it
        if self.source.as_exported is None:
            return record
        return self.source.as_exported(record, moment_of(record.get(self.source.clock)))


def moved(reader: Reader, page: Listed, cursor: str | None) -> str:
    if page.after is None or page.after == cursor:
        raise AnswerError(f"{reader.where}: there are more pages, and the page cursor stands still")
    return page.after
