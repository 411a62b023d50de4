"""The page dialects: from a position to a query, and from an answer to records and the next query.

Knows answers only; what a record is for, and where a run stands, is known elsewhere.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tap_zendesk_cityblock.errors import AnswerError, CursorInvalidError, IncompleteError
from tap_zendesk_cityblock.http.query import page_sizes
from tap_zendesk_cityblock.models import LARGEST_PAGE, Model, Paging
from tap_zendesk_cityblock.state.cursors import Position, is_past

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.rows.answers import Answer
    from tap_zendesk_cityblock.rows.decoding import Rows


@dataclasses.dataclass(frozen=True)
class Page:
    """`next` is the query of the page that follows, None after the last one.

    `position` is where a later run would go on: None for lists, and for a first page that is empty.
    `lost_second` is a second (epoch) of which Zendesk may have more rows than it can page through.
    `behind` is the position that the answer tells, where that is behind the one before: then `position` is None.
    `served` is how many objects of a list the answer had, those that are left out among them.
    `latest` is the time (epoch seconds) of the last of its rows, where an export ends without a position.
    """

    records: list[Any]
    next: Query | None
    position: Position | None = None
    lost_second: int | None = None
    behind: Position | None = None
    latest: int | None = None
    served: int = 0


BY_NUMBER = ("page", "per_page")
BY_CURSOR = ("page[size]", "page[after]")
SMALLEST_PAGE = 100
"""Rows of an export's page, as Talk's have them whatever is asked for."""


def first_query(model: Model, position: Position | None, page_size: int | None) -> Query:
    query = dict(model.query)
    if model.paging in LARGEST_PAGE:
        name = "page[size]" if model.paging is Paging.LIST_CURSOR else "per_page"
        query[name] = str(_largest(model, page_size))
    if position is not None:
        query.update(_start(model, position))
    return query


def larger(model: Model, query: Query, page_size: int | None) -> Query:
    """With twice as many, up to the size that was asked for first; none was where the list was to come whole."""
    if model.paging is Paging.NONE:
        return query
    most = _largest(model, page_size)
    return query | {name: str(min(most, 2 * size)) for name, size in page_sizes(query)}


def largest(model: Model, query: Query) -> Query:
    """With as many as Zendesk serves: for a second of which a smaller page cannot hold all rows."""
    return query | {
        name: str(model.largest_page or LARGEST_PAGE[model.paging]) for name, _ in page_sizes(query)
    }


def _largest(model: Model, page_size: int | None) -> int:
    most = model.largest_page or LARGEST_PAGE.get(model.paging, 1)
    return min(page_size or most, most)


def read_page(  # noqa: PLR0913 - one answer, and what it is read by
    model: Model, query: Query, body: bytes, base_url: str, rows: Rows, *, received: int = 0
) -> Page:
    """`received`: objects of the pages before.

    Raises TransientError for a body cut short, AnswerError for one that is not as documented, CursorInvalidError, and
    IncompleteError for a last page that shows that there is more.
    """
    answer, records = rows.read(body)
    _check(model, answer)
    match model.paging:
        case Paging.EXPORT_CURSOR:
            return _export_cursor(model, query, answer, records)
        case Paging.EXPORT_TIME:
            return _export_time(model, query, answer, records)
        case Paging.EXPORT_NEXT:
            return _export_next(model, query, answer, records)
        case Paging.LIST_CURSOR | Paging.NEXT_PAGE | Paging.NONE:
            served = len(records) + answer.skipped
            following = next_of_list(model, query, answer, base_url, received + served)
            return Page(records, following, served=served)


def next_of_list(
    model: Model, query: Query, answer: Answer, base_url: str, received: int | None
) -> Query | None:
    """The query of the page that follows, in the dialect that the answer speaks, whatever the model is declared to have.

    `received`: objects so far, this page's among them; None where the pages did not begin with the list's first one.
    Raises AnswerError, IncompleteError.
    """
    following = _by_cursor(model, query, answer) or _by_address(model, query, answer, base_url)
    if following is None and received is not None:
        _check_count(model, answer, received)
    return following


def _check_count(model: Model, answer: Answer, received: int) -> None:
    if type(answer.count) is int and answer.count > received:
        raise IncompleteError(
            f"Zendesk counts {answer.count} objects but returned {received},"
            f" and its answer to {model.path} has no next page"
        )


def _check(model: Model, answer: Answer) -> None:
    """What an answer tells about pages becomes the state: what cannot stand there is refused. Raises AnswerError."""
    for name, is_sound in SOUND.get(model.paging, {}).items():
        if (told := getattr(answer, name)) not in (None, msgspec.UNSET) and not is_sound(told):
            raise AnswerError(f"{model.name}: in the answer of {model.path}, {name} is not as documented")


def _is_time(told: Any) -> bool:  # noqa: ANN401 - any value of JSON
    try:
        return is_past(int(told))
    except (TypeError, ValueError, OverflowError):
        return False


def _is_address(told: Any) -> bool:  # noqa: ANN401 - any value of JSON
    try:
        return isinstance(told, str) and urlsplit(told) is not None
    except ValueError:
        return False


def _is_text(told: Any) -> bool:  # noqa: ANN401 - any value of JSON
    return isinstance(told, str)


def _is_object(told: Any) -> bool:  # noqa: ANN401 - any value of JSON
    return isinstance(told, dict)


_LIST = {"next_page": _is_address, "meta": _is_object}
SOUND = {
    Paging.EXPORT_CURSOR: {"after_cursor": _is_text},
    Paging.EXPORT_TIME: {"end_time": _is_time, "next_page": _is_address},
    Paging.EXPORT_NEXT: {"next_page": _is_address},
    Paging.LIST_CURSOR: _LIST,
    Paging.NEXT_PAGE: _LIST,
    Paging.NONE: _LIST,
}
"""By dialect, what each of the properties it goes by has to be where an answer has it."""


def _ended(answer: Answer) -> bool | None:
    """Whether an export has; None where it does not say. Custom objects tell it by `meta`, as lists do."""
    more = answer.meta.get("has_more") if isinstance(answer.meta, dict) else None
    if more or answer.end_of_stream is None:
        return None if more is None else not more
    return bool(answer.end_of_stream)


def _export_cursor(model: Model, query: Query, answer: Answer, records: list[Any]) -> Page:
    cursor, ended = answer.after_cursor, _ended(answer)
    if not cursor:
        if not ended:
            raise AnswerError(f"{model.name}: the export has not ended, and there is no cursor to go on with")
        return Page(records, None)
    if cursor == query.get("cursor") and not ended:
        raise CursorInvalidError("the export has not ended, and its cursor stands still")
    position = Position(cursor=cursor)
    return Page(records, None if ended else _moved(model, query, position), position)


def _export_time(model: Model, query: Query, answer: Answer, records: list[Any]) -> Page:
    """Some of these exports lack end_of_stream (Talk, Help Center), and their pages may be smaller than asked for.

    A page that does not move the time is then the last, unless it may be full.
    """
    end, ended = answer.end_time, _ended(answer)
    if end is None:
        if ended is False or (ended is None and records and answer.next_page):
            raise AnswerError(f"{model.name}: the export has not ended, and there is no time to go on from")
        return Page(records, None)
    start, full = int(query["start_time"]), len(records) >= min(SMALLEST_PAGE, int(query["per_page"]))
    position = Position(time=int(end))
    if ended is None and (not records or not answer.next_page):
        _check_count(model, answer, len(records) + answer.skipped)
        ended = True
    if ended or (ended is None and int(end) <= start and not full):
        return Page(records, None, position)
    if int(end) > start:
        return Page(records, _moved(model, query, position), position)
    if int(end) < start:
        raise AnswerError(f"{model.name}: the export has not ended, and its end_time went back")
    position = Position(time=start + 1)
    return Page(records, _moved(model, query, position), position, lost_second=start)


def _export_next(model: Model, query: Query, answer: Answer, records: list[Any]) -> Page:
    """Nothing tells the end but a page without rows, or one that leads to itself."""
    following = urlsplit(answer.next_page or "").query
    if not (following and records):
        _check_count(model, answer, len(records) + answer.skipped)
    if not following:
        return Page(records, None)
    position, moved = Position(cursor=following), query | dict(parse_qsl(following))
    return Page(records, moved if records and moved != query else None, position)


def _by_cursor(model: Model, query: Query, answer: Answer) -> Query | None:
    """As `meta` tells; `links` have the cursor, too. None: there is no more, or the answer has no page cursor."""
    if answer.meta is None:
        if model.paging is Paging.LIST_CURSOR and answer.next_page is msgspec.UNSET and answer.count is None:
            raise AnswerError(f"{model.name}: the answer of {model.path} has no page cursor")
        return None
    after, has_more = answer.meta.get("after_cursor"), answer.meta.get("has_more")
    if has_more is None and after:
        raise AnswerError(
            f"{model.name}: the answer of {model.path} does not tell whether there are more pages"
        )
    if not has_more:
        return None
    if after is None and isinstance(answer.links, dict) and _is_address(answer.links.get("next")):
        after = _query_of(answer.links["next"]).get("page[after]")
    if not after or not isinstance(after, str) or after == query.get("page[after]"):
        raise AnswerError(f"{model.name}: there are more pages, and the page cursor stands still")
    return {**_without(query, BY_NUMBER), "page[after]": after}


def _by_address(model: Model, query: Query, answer: Answer, base_url: str) -> Query | None:
    if not answer.next_page:
        return None
    parts = urlsplit(answer.next_page)
    if parts.netloc != urlsplit(base_url).netloc:
        raise AnswerError(
            f"{model.name}: the next page is on another host, {parts.hostname}; credentials are not sent there"
        )
    told = _query_of(answer.next_page)
    other = BY_CURSOR if "page" in told else BY_NUMBER if "page[after]" in told else ()
    following = {**_without(query, other), **told}
    if following == query:
        raise AnswerError(f"{model.name}: the next page is the same page")
    return following


def _query_of(address: str) -> Query:
    """As `to_parameters` takes it: the values of a name that ends in [] are one, with commas between them."""
    query: Query = {}
    for name, value in parse_qsl(urlsplit(address).query):
        query[name] = f"{query[name]},{value}" if name.endswith("[]") and name in query else value
    return query


def _without(query: Query, names: Collection[str]) -> Query:
    return {name: value for name, value in query.items() if name not in names}


def _moved(model: Model, query: Query, position: Position) -> Query:
    return _without(query, ("cursor", "start_time")) | _start(model, position)


def _start(model: Model, position: Position) -> Query:
    if position.cursor is None:
        return {"start_time": str(position.time)}
    if model.paging is Paging.EXPORT_NEXT:
        return dict(parse_qsl(position.cursor))
    return {"cursor": position.cursor}
