"""Parses a response into the page's objects, the query of the next page, and the position, in each of Zendesk's
pagination styles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tap_zendesk_cityblock.errors import CursorInvalidError, UnexpectedResponseError
from tap_zendesk_cityblock.model_types import Model, Paging
from tap_zendesk_cityblock.readers.list_pages import check_count, is_address, next_of_list
from tap_zendesk_cityblock.readers.queries import query_at
from tap_zendesk_cityblock.state.positions import Position, is_past

if TYPE_CHECKING:
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.rows.decoding import Rows
    from tap_zendesk_cityblock.rows.responses import ResponseBody


class ParsedPage(msgspec.Struct, frozen=True):
    """`next` is the query of the page that follows, None after the last one.

    `position` is where a later run would continue: None for lists, and for a first page that is empty.
    `overflowing_second`: epoch second of which Zendesk may have more rows than it can page through.
    `served`: objects of a list in the response, including those that are left out.
    """

    records: list[Any]
    next: Query | None
    position: Position | None = None
    overflowing_second: int | None = None
    served: int = 0


SMALLEST_EXPORT_PAGE = 100
"""Rows of an export's page; Talk's pages have so many whatever is requested."""


def read_page(  # noqa: PLR0913 - one response, and what it is read by
    model: Model, query: Query, body: bytes, base_url: str, rows: Rows, *, received: int = 0
) -> ParsedPage:
    """`received`: objects of the pages before.

    Raises TransientError for a body cut short, UnexpectedResponseError for one that is not as documented, CursorInvalidError, and
    IncompleteError for a last page that shows that there is more.
    """
    response, records = rows.read(body)
    check_documented(model, response)
    match model.paging:
        case Paging.EXPORT_CURSOR:
            return _export_by_cursor(model, query, response, records)
        case Paging.EXPORT_TIME:
            return _export_by_time(model, query, response, records)
        case Paging.EXPORT_NEXT:
            return _export_by_next_page(model, query, response, records)
        case Paging.LIST_CURSOR | Paging.NEXT_PAGE | Paging.NONE:
            served = len(records) + response.skipped
            following = next_of_list(model, query, response, base_url, received + served)
            return ParsedPage(records, following, served=served)


def check_documented(model: Model, response: ResponseBody) -> None:
    """Values that become the state must be valid. Raises UnexpectedResponseError."""
    for name, is_valid in VALIDATORS.get(model.paging, {}).items():
        if (value := getattr(response, name)) not in (None, msgspec.UNSET) and not is_valid(value):
            raise UnexpectedResponseError(
                f"{model.name}: in the response of {model.path}, {name} is not as documented"
            )


def _is_time(value: Any) -> bool:  # noqa: ANN401 - any value of JSON
    try:
        return is_past(int(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


_LIST = {"next_page": is_address, "meta": _is_object}
VALIDATORS = {
    Paging.EXPORT_CURSOR: {"after_cursor": _is_text},
    Paging.EXPORT_TIME: {"end_time": _is_time, "next_page": is_address},
    Paging.EXPORT_NEXT: {"next_page": is_address},
    Paging.LIST_CURSOR: _LIST,
    Paging.NEXT_PAGE: _LIST,
    Paging.NONE: _LIST,
}
"""By dialect: the properties that it uses, and what they must be where a response has them."""


def _has_ended(response: ResponseBody) -> bool | None:
    """None where the response does not say. Exports of custom objects say it by `meta`, as lists do."""
    more = response.meta.get("has_more") if isinstance(response.meta, dict) else None
    if more or response.end_of_stream is None:
        return None if more is None else not more
    return bool(response.end_of_stream)


def _export_by_cursor(model: Model, query: Query, response: ResponseBody, records: list[Any]) -> ParsedPage:
    cursor, ended = response.after_cursor, _has_ended(response)
    if not cursor:
        if not ended:
            raise UnexpectedResponseError(
                f"{model.name}: the export has not ended, but its response has no cursor to continue from"
            )
        return ParsedPage(records, None)
    if cursor == query.get("cursor") and not ended:
        raise CursorInvalidError("the export has not ended, but its cursor does not advance")
    position = Position(cursor=cursor)
    return ParsedPage(records, None if ended else query_at(model, query, position), position)


def _export_by_time(model: Model, query: Query, response: ResponseBody, records: list[Any]) -> ParsedPage:
    """Some of these exports lack end_of_stream (Talk, Help Center), and their pages may be smaller than requested.

    A page that does not move the time is then the last, unless it may be full.
    """
    end, ended = response.end_time, _has_ended(response)
    if end is None:
        if ended is False or (ended is None and records and response.next_page):
            raise UnexpectedResponseError(
                f"{model.name}: the export has not ended, but its response has no time to continue from"
            )
        return ParsedPage(records, None)
    start, full = (
        int(query["start_time"]),
        len(records) >= min(SMALLEST_EXPORT_PAGE, int(query["per_page"])),
    )
    position = Position(time=int(end))
    if ended is None and (not records or not response.next_page):
        check_count(model, response, len(records) + response.skipped)
        ended = True
    if ended or (ended is None and int(end) <= start and not full):
        return ParsedPage(records, None, position)
    if int(end) > start:
        return ParsedPage(records, query_at(model, query, position), position)
    if int(end) < start:
        raise UnexpectedResponseError(f"{model.name}: the export has not ended, but its end_time moved back")
    position = Position(time=start + 1)
    return ParsedPage(records, query_at(model, query, position), position, overflowing_second=start)


def _export_by_next_page(
    model: Model, query: Query, response: ResponseBody, records: list[Any]
) -> ParsedPage:
    """Only a page without rows, or one that leads to itself, shows the end."""
    following = urlsplit(response.next_page or "").query
    if not (following and records):
        check_count(model, response, len(records) + response.skipped)
    if not following:
        return ParsedPage(records, None)
    position, moved = Position(cursor=following), query | dict(parse_qsl(following))
    return ParsedPage(records, moved if records and moved != query else None, position)
