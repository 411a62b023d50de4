"""Comments that were made private after they were exported: only the account's list of ticket audits names them.

No ticket event says so. The list begins with the newest audit, and `before_cursor` leads to older ones, so that a run reads back
to where the last run began. docs/zendesk/private-comments.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.errors import TransientError, UnexpectedResponseError
from tap_zendesk_cityblock.readers.fetch import fetch
from tap_zendesk_cityblock.rows.redaction_events import PRIVACY_CHANGE, number
from tap_zendesk_cityblock.state.positions import moment_of

if TYPE_CHECKING:
    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.http.query import Query

PATH = "/api/v2/ticket_audits"
PAGE = 100
MOST_PAGES = 1000
"""Maximum pages in one run: 100,000 audits, about two minutes at Zendesk's 700 requests per minute."""


class _Event(msgspec.Struct, gc=False):
    type: Any = None
    comment_id: Any = None


class _Audit(msgspec.Struct, gc=False):
    created_at: Any = None
    ticket_id: Any = None
    events: list[_Event | None] | None = None


class _Page(msgspec.Struct, gc=False):
    audits: list[_Audit]
    before_cursor: str | None = None


_page = msgspec.json.Decoder(_Page).decode


class Audited(msgspec.Struct):
    """`comments`: ticket and comment of each that was made private. `reached`: epoch seconds of the oldest audit read."""

    comments: list[tuple[int, int]] = msgspec.field(default_factory=list)
    requests: int = 0
    reached: int | None = None


def made_private(client: ZendeskClient, since: int, until: int) -> Audited:
    """From `since` on and before `until`, in epoch seconds; `reached` is later than `since` if that takes more than MOST_PAGES.

    Raises StreamUnavailableError, CursorInvalidError and the PluginErrors.
    """
    found, query = Audited(), {"limit": str(PAGE)}
    while found.requests < MOST_PAGES:
        page = fetch(client, PATH, query, _parsed)
        found.requests += 1
        for audit in page.audits:
            moment = moment_of(audit.created_at)
            if moment is None:
                continue
            found.reached = moment
            if since <= moment < until:
                found.comments += _private_in(audit)
        is_back = found.reached is not None and found.reached < since
        if is_back or not page.audits or page.before_cursor in (None, query.get("cursor")):
            found.reached = since
            break
        query = {"limit": str(PAGE), "cursor": str(page.before_cursor)}
    return found


def probe(client: ZendeskClient) -> None:
    """Raises as `made_private` if the audits may not be read."""
    fetch(client, PATH, {"limit": "1"}, _parsed)


def _private_in(audit: _Audit) -> list[tuple[int, int]]:
    ids = [
        (number(audit.ticket_id), number(event.comment_id))
        for event in audit.events or ()
        if event is not None and event.type == PRIVACY_CHANGE
    ]
    return [(ticket, comment) for ticket, comment in ids if ticket is not None and comment is not None]


def _parsed(body: bytes, _: Query) -> _Page:
    try:
        return _page(body)
    except msgspec.ValidationError:
        raise UnexpectedResponseError(f"the response of {PATH} is not as documented") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise TransientError("a response with incomplete JSON") from None
