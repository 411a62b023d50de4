"""Pages of lists, sorted by name. The page token is the last name of the page before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local_pubsub.protos import Message

DEFAULT_SIZE = 100
MAX_SIZE = 1000


def page(found: Iterable[str], request: Message) -> tuple[list[str], str]:
    """The names on the requested page, and the token of the next page: empty on the last one."""
    size = min(request.page_size, MAX_SIZE) if request.page_size > 0 else DEFAULT_SIZE
    rest = sorted(name for name in found if name > request.page_token)
    return rest[:size], rest[size - 1] if len(rest) > size else ""
