"""The last loaded export of each bulk model, and of time-based ones that found nothing new, in the bookmark of EXPORT_METADATA.

    {"loaded": {"group": {"export_id": …, "day": "2026-11-27", "digest": …, "marks": {"1000": …}}}}

STATE follows the load, so an entry proves that these rows are in the warehouse. The models themselves have no
bookmark: release 0.1.0 refuses bookmarks of bulk models, and ignores that of EXPORT_METADATA.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_zendesk_cityblock.state.bookmarks import Bookmark


class LoadedExport(msgspec.Struct, frozen=True):
    """`day`: the UTC day it began, in whose partition its rows are.

    `digest`: of its rows, without the columns of the export; None if nothing can be compared with them. `marks`: the digest of
    its first rows, by their number.
    """

    export_id: str
    day: str
    digest: str | None = None
    marks: dict[str, str] = msgspec.field(default_factory=dict)


def read_loaded(bookmark: Mapping[str, Any], model: str) -> LoadedExport | None:
    """None if there is none, or it is not as `write_loaded` writes it."""
    try:
        return msgspec.convert(bookmark["loaded"][model], LoadedExport)
    except (KeyError, TypeError, msgspec.ValidationError):
        return None


def write_loaded(bookmark: Bookmark, model: str, loaded: LoadedExport) -> None:
    """Call it when the rows are written."""
    bookmark["loaded"] = {**(bookmark.get("loaded") or {}), model: msgspec.structs.asdict(loaded)}
