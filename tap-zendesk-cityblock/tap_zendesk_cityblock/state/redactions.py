"""Tickets whose redacted comments are still to be read again, in the bookmark of EXPORT_METADATA.

    {"redactions": {"since": {"ticket_comment": 1767225600}, "tickets": {"35436": [1274, null]}, "last": [1767225600, [9]],
    "audited": 1767225600}}

`tickets`: the comments that were redacted or made private, by ticket; null stands for one that its event does not
name. An entry leaves when the rows are written. `since`: epoch seconds before which nothing of that stream was
read, so that every row of it shows redactions made before. `last`: the second of the latest redaction, and the ids
of its events, because the export repeats the second that it ended with. `audited`: up to when ticket audits were
read for comments made private. Release 0.1.0 ignores it, like loaded_exports.py.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_zendesk_cityblock.state.bookmarks import Bookmark


@dataclasses.dataclass
class PendingRedactions:
    since: dict[str, int] = dataclasses.field(default_factory=dict)
    tickets: dict[str, list[int | None]] = dataclasses.field(default_factory=dict)

    last: tuple[int, list[int]] = (0, [])
    audited: int | None = None

    def is_new(self, event: int, moment: int) -> bool:
        """Whether this event of a redaction, at `moment`, was not noticed before; it is from now on."""
        second, events = self.last
        if moment == second and event in events:
            return False
        if moment >= second:
            self.last = (moment, [*(events if moment == second else ()), event])
        return True

    def add(self, ticket: str, comment: int | None) -> None:
        comments = self.tickets.setdefault(ticket, [])
        if comment not in comments:
            comments.append(comment)


def read_redactions(bookmark: Mapping[str, Any]) -> PendingRedactions:
    """None pending if the bookmark has none, or not as `write_redactions` writes them."""
    try:
        return msgspec.convert(bookmark["redactions"], PendingRedactions)
    except (KeyError, TypeError, msgspec.ValidationError):
        return PendingRedactions()


def write_redactions(bookmark: Bookmark, pending: PendingRedactions) -> None:
    """Call it before the STATE that moves a bookmark past the redaction's event."""
    bookmark["redactions"] = dataclasses.asdict(pending)
