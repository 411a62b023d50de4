"""Requests one response and parses it. The client returns bytes; parsing shows whether they are complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tap_zendesk_cityblock.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query

T = TypeVar("T")


def fetch(client: ZendeskClient, path: str, query: Query, parse: Callable[[bytes, Query], T]) -> T:
    """The result of `parse`, given the body and the query of the last try, whose page size may be smaller than requested.

    A response that `parse` finds incomplete (TransientError) is requested again. Raises as `Request.send`.
    """
    request = client.request(path, query)
    while True:
        body = request.send()
        try:
            return parse(body, request.query)
        except TransientError as failure:
            request.retry_after(failure)
