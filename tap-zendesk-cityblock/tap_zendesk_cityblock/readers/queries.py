"""The query of a page: from a position, or from the query of the page before."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tap_zendesk_cityblock.http.query import page_sizes
from tap_zendesk_cityblock.model_types import LARGEST_PAGE, Model, Paging

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.state.positions import Position


def first_query(model: Model, position: Position | None, page_size: int | None) -> Query:
    """The query of the page at that position, or of the first one. `page_size`: maximum number of objects."""
    query = dict(model.query)
    if model.paging in LARGEST_PAGE:
        name = "page[size]" if model.paging is Paging.LIST_CURSOR else "per_page"
        query[name] = str(_largest(model, page_size))
    return query if position is None else query | _start(model, position)


def query_at(model: Model, query: Query, position: Position) -> Query:
    """The query moved to that position."""
    return without(query, ("cursor", "start_time")) | _start(model, position)


def larger(model: Model, query: Query, page_size: int | None) -> Query:
    """With twice as many objects, up to the size requested first; unchanged if the whole list was requested."""
    if model.paging is Paging.NONE:
        return query
    most = _largest(model, page_size)
    return query | {name: str(min(most, 2 * size)) for name, size in page_sizes(query)}


def largest(model: Model, query: Query) -> Query:
    """With the largest page that Zendesk serves, for a second with more rows than a smaller page."""
    most = str(model.largest_page or LARGEST_PAGE[model.paging])
    return query | {name: most for name, _ in page_sizes(query)}


def without(query: Query, names: Collection[str]) -> Query:
    return {name: value for name, value in query.items() if name not in names}


def _largest(model: Model, page_size: int | None) -> int:
    most = model.largest_page or LARGEST_PAGE.get(model.paging, 1)
    return min(page_size or most, most)


def _start(model: Model, position: Position) -> Query:
    if position.cursor is None:
        return {"start_time": str(position.time)}
    if model.paging is Paging.EXPORT_NEXT:
        return dict(parse_qsl(position.cursor))
    return {"cursor": position.cursor}
