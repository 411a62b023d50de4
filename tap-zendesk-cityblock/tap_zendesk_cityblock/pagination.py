"""The page dialects: from a position to a query, and from an answer to records and the next query.

Knows answers only; what a record is for, and where a run stands, is known elsewhere.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tap_zendesk_cityblock.cursors import Position, is_past
from tap_zendesk_cityblock.errors import AnswerError, CursorInvalidError
from tap_zendesk_cityblock.models import LARGEST_PAGE, Model, Paging

if TYPE_CHECKING:
    from tap_zendesk_cityblock.answers import Answer
    from tap_zendesk_cityblock.rows import Rows

Query = dict[str, str]


@dataclasses.dataclass(frozen=True)
class Page:
    """`next` is the query of the page that follows, None after the last one.

    `position` is where a later run would go on: None for lists, and for a first page that is empty.
    `lost_second` is a second (epoch) of which Zendesk may have more rows than it can page through.
    """

    records: list[Any]
    next: Query | None
    position: Position | None = None
    lost_second: int | None = None


SIZES = ("page[size]", "per_page")
SMALLEST_PAGE = 100
"""Rows of an export's page, as Talk's have them whatever is asked for."""


def to_parameters(query: Query) -> list[tuple[str, str]]:
    """As it is sent: a name that ends in [] once for each of its values, which commas part."""
    return [
        (name, one)
        for name, value in query.items()
        for one in (value.split(",") if name.endswith("[]") else [value])
    ]


def first_query(model: Model, position: Position | None, page_size: int | None) -> Query:
    query = dict(model.query)
    if model.paging in LARGEST_PAGE:
        name = "page[size]" if model.paging is Paging.LIST_CURSOR else "per_page"
        query[name] = str(_largest(model, page_size))
    if position is not None:
        query.update(_start(model, position))
    return query


def smaller(query: Query) -> Query:
    """The same page with half as many objects, at least one: for one that Zendesk could not put together in time."""
    return query | {name: str(max(1, size // 2)) for name, size in _sizes(query)}


def larger(model: Model, query: Query, page_size: int | None) -> Query:
    """With twice as many, up to the size that was asked for first."""
    most = _largest(model, page_size)
    return query | {name: str(min(most, 2 * size)) for name, size in _sizes(query)}


def largest(model: Model, query: Query) -> Query:
    """With as many as Zendesk serves: for a second of which a smaller page cannot hold all rows."""
    return query | {name: str(model.largest_page or LARGEST_PAGE[model.paging]) for name, _ in _sizes(query)}


def _sizes(query: Query) -> list[tuple[str, int]]:
    """None where the page is told by its number: with another size, that is another place in the list."""
    return [] if "page" in query else [(name, int(query[name])) for name in SIZES if name in query]


def _largest(model: Model, page_size: int | None) -> int:
    most = model.largest_page or LARGEST_PAGE.get(model.paging, 1)
    return min(page_size or most, most)


def read_page(model: Model, query: Query, body: bytes, base_url: str, rows: Rows) -> Page:
    """Raises TransientError for a body cut short, AnswerError for one that is not as documented, CursorInvalidError."""
    answer, records = rows.read(body)
    _check(model, answer)
    match model.paging:
        case Paging.EXPORT_CURSOR:
            return _export_cursor(model, query, answer, records)
        case Paging.EXPORT_TIME:
            return _export_time(model, query, answer, records)
        case Paging.EXPORT_NEXT:
            return _export_next(query, answer, records)
        case Paging.LIST_CURSOR:
            return _list_cursor(model, query, answer, records)
        case Paging.NEXT_PAGE:
            return Page(records, _following(model, answer.next_page, query, base_url))
        case Paging.NONE:
            return Page(records, None)


def _check(model: Model, answer: Answer) -> None:
    """What an answer tells about pages becomes the state: what cannot stand there is refused. Raises AnswerError."""
    for name, is_sound in SOUND.get(model.paging, {}).items():
        if (told := getattr(answer, name)) is not None and not is_sound(told):
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


SOUND = {
    Paging.EXPORT_CURSOR: {"after_cursor": _is_text},
    Paging.EXPORT_TIME: {"end_time": _is_time, "next_page": _is_address},
    Paging.EXPORT_NEXT: {"next_page": _is_address},
    Paging.NEXT_PAGE: {"next_page": _is_address},
}
"""By dialect, what each of the properties it goes by has to be where an answer has it."""


def _export_cursor(model: Model, query: Query, answer: Answer, records: list[Any]) -> Page:
    """Custom objects tell the end by `meta`, as lists do."""
    cursor, ended = answer.after_cursor, answer.end_of_stream
    if ended is None and isinstance(answer.meta, dict):
        ended = answer.meta.get("has_more") is False
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
    end = answer.end_time
    if end is None:
        if answer.end_of_stream is False or (answer.end_of_stream is None and records and answer.next_page):
            raise AnswerError(f"{model.name}: the export has not ended, and there is no time to go on from")
        return Page(records, None)
    start, full = int(query["start_time"]), len(records) >= min(SMALLEST_PAGE, int(query["per_page"]))
    position = Position(time=int(end))
    ended = answer.end_of_stream
    if ended or (ended is None and not records) or not answer.next_page:
        return Page(records, None, position)
    if int(end) > start:
        return Page(records, _moved(model, query, position), position)
    if ended is None and not full:
        return Page(records, None, position)
    position = Position(time=start + 1)
    return Page(records, _moved(model, query, position), position, lost_second=start)


def _export_next(query: Query, answer: Answer, records: list[Any]) -> Page:
    """Nothing tells the end but a page without rows, or one that leads to itself."""
    following = urlsplit(answer.next_page or "").query
    if not following:
        return Page(records, None)
    position, moved = Position(cursor=following), query | dict(parse_qsl(following))
    return Page(records, moved if records and moved != query else None, position)


def _list_cursor(model: Model, query: Query, answer: Answer, records: list[Any]) -> Page:
    meta = answer.meta
    if not isinstance(meta, dict):
        raise AnswerError(f"{model.name}: the answer of {model.path} has no page cursor")
    after = meta.get("after_cursor")
    if meta.get("has_more") is None and after:
        raise AnswerError(
            f"{model.name}: the answer of {model.path} does not tell whether there are more pages"
        )
    if not meta.get("has_more"):
        return Page(records, None)
    if not after or after == query.get("page[after]"):
        raise AnswerError(f"{model.name}: there are more pages, and the page cursor stands still")
    return Page(records, {**query, "page[after]": after})


def _following(model: Model, url: str | None, query: Query, base_url: str) -> Query | None:
    if not url:
        return None
    parts = urlsplit(url)
    if parts.netloc != urlsplit(base_url).netloc:
        raise AnswerError(
            f"{model.name}: the next page is on another host, {parts.hostname}; credentials are not sent there"
        )
    following = {**query, **dict(parse_qsl(parts.query))}
    if following == query:
        raise AnswerError(f"{model.name}: the next page is the same page")
    return following


def _moved(model: Model, query: Query, position: Position) -> Query:
    return {name: value for name, value in query.items() if name not in ("cursor", "start_time")} | _start(
        model, position
    )


def _start(model: Model, position: Position) -> Query:
    if position.cursor is None:
        return {"start_time": str(position.time)}
    if model.paging is Paging.EXPORT_NEXT:
        return dict(parse_qsl(position.cursor))
    return {"cursor": position.cursor}
