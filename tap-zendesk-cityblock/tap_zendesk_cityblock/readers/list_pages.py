"""The next page of a list, by the pagination style of its response, whatever the model's row declares."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tap_zendesk_cityblock.errors import IncompleteError, UnexpectedResponseError
from tap_zendesk_cityblock.model_types import Model, Paging
from tap_zendesk_cityblock.readers.queries import without

if TYPE_CHECKING:
    from tap_zendesk_cityblock.http.query import Query
    from tap_zendesk_cityblock.rows.responses import ResponseBody

BY_NUMBER = ("page", "per_page")
BY_CURSOR = ("page[size]", "page[after]")


def next_of_list(
    model: Model, query: Query, response: ResponseBody, base_url: str, received: int | None
) -> Query | None:
    """The query of the next page, None after the last one.

    `received`: objects so far, including this page's; None where the pages did not begin with the list's first one.
    Raises UnexpectedResponseError, IncompleteError.
    """
    following = _by_cursor(model, query, response) or _by_address(model, query, response, base_url)
    if following is None and received is not None:
        check_count(model, response, received)
    return following


def check_count(model: Model, response: ResponseBody, received: int) -> None:
    """Raises IncompleteError where a last page shows that there are more objects."""
    if type(response.count) is int and response.count > received:
        raise IncompleteError(
            f"Zendesk counts {response.count} objects but returned {received},"
            f" and its response to {model.path} has no next page"
        )


def is_address(value: object) -> bool:
    """Whether it is a text that can be parsed as a URL."""
    try:
        return isinstance(value, str) and urlsplit(value) is not None
    except ValueError:
        return False


def _by_cursor(model: Model, query: Query, response: ResponseBody) -> Query | None:
    """By `meta`; the cursor may also be in `links`. None: no more pages, or no page cursor in the response."""
    if response.meta is None:
        if (
            model.paging is Paging.LIST_CURSOR
            and response.next_page is msgspec.UNSET
            and response.count is None
        ):
            raise UnexpectedResponseError(f"{model.name}: the response of {model.path} has no page cursor")
        return None
    after, has_more = response.meta.get("after_cursor"), response.meta.get("has_more")
    if has_more is None and after:
        raise UnexpectedResponseError(
            f"{model.name}: the response of {model.path} does not say whether there are more pages"
        )
    if not has_more:
        return None
    if after is None and isinstance(response.links, dict) and is_address(response.links.get("next")):
        after = _query_of(response.links["next"]).get("page[after]")
    if not after or not isinstance(after, str) or after == query.get("page[after]"):
        raise UnexpectedResponseError(
            f"{model.name}: there are more pages, but the page cursor does not advance"
        )
    return {**without(query, BY_NUMBER), "page[after]": after}


def _by_address(model: Model, query: Query, response: ResponseBody, base_url: str) -> Query | None:
    if not response.next_page:
        return None
    parts = urlsplit(response.next_page)
    if parts.netloc != urlsplit(base_url).netloc:
        raise UnexpectedResponseError(
            f"{model.name}: the next page is on another host, {parts.hostname or 'without a name'}; credentials are not sent there"
        )
    next_query = _query_of(response.next_page)
    other = BY_CURSOR if "page" in next_query else BY_NUMBER if "page[after]" in next_query else ()
    following = {**without(query, other), **next_query}
    if following == query:
        raise UnexpectedResponseError(f"{model.name}: the next page is the same page")
    return following


def _query_of(address: str) -> Query:
    """As `to_parameters` takes it: the values of a name that ends in [] are one, separated by commas."""
    query: Query = {}
    for name, value in parse_qsl(urlsplit(address).query):
        query[name] = f"{query[name]},{value}" if name.endswith("[]") and name in query else value
    return query
