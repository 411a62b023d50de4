"""A page as readers return it, and what it means if Zendesk refuses the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.errors import RefusedError, StreamUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_zendesk_cityblock.rows.decoding import Rows
    from tap_zendesk_cityblock.state.positions import Position


class Page(msgspec.Struct, frozen=True):
    """Records, and where the bookmark moves once they are written.

    `rows` reads the records. `position` is where a later run continues: None if the page does not say.
    `behind` is the position in the response if it is behind the one before; then `position` is None.
    `end` is set where an export ends without a position: epoch seconds of the last row's clock, 0 if no row has one.
    `parent` is the key of the object that the records belong to, for models with a parent.
    """

    records: list[Any]
    rows: Rows
    position: Position | None = None
    is_last: bool = False
    behind: Position | None = None
    end: int | None = None
    parent: str | None = None


def first_refusal_means_unavailable(pages: Iterator[Page]) -> Iterator[Page]:
    """Those pages. Raises StreamUnavailableError where Zendesk refuses the first request for them."""
    has_begun = False
    try:
        for page in pages:
            has_begun = True
            yield page
            del page  # the next one needs the memory
    except RefusedError as refused:
        if has_begun:
            raise
        raise StreamUnavailableError(str(refused), is_refused=refused.status == 400) from None
