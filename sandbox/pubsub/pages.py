"""Pages of lists: in the order of names, the token being the last name that was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.pubsub.wire import Message

DEFAULT_SIZE = 100
MOST = 1000


def page(found: Iterable[str], request: Message) -> tuple[list[str], str]:
    """The names that the request's page shows, and the token of the next page, which is empty if there is none."""
    size = min(request.page_size, MOST) if request.page_size > 0 else DEFAULT_SIZE
    rest = sorted(name for name in found if name > request.page_token)
    return rest[:size], rest[size - 1] if len(rest) > size else ""
