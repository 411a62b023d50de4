"""Comments that were redacted or made private after they were exported: their events are read again.

An export does not repeat the event of a redacted comment. The event of the redaction names the ticket; the list of the
ticket's comments says what they are now and when each was written, and the export from that second on has its event. A
deleted ticket has no such list: the views hide its redacted comments by comment_redaction (transform/macros/latest.sql).
docs/zendesk/redactions.md.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.errors import CursorInvalidError, StreamUnavailableError, UnexpectedResponseError
from tap_zendesk_cityblock.model_types import Model, Paging
from tap_zendesk_cityblock.readers.exports import ExportReader
from tap_zendesk_cityblock.readers.lists import ListReader
from tap_zendesk_cityblock.readers.page import Page
from tap_zendesk_cityblock.readers.private_comments import made_private
from tap_zendesk_cityblock.readers.walk import WITHHELD_SECONDS
from tap_zendesk_cityblock.rows.decoding import RowsFactory
from tap_zendesk_cityblock.rows.oddities import IGNORED
from tap_zendesk_cityblock.rows.redaction_events import (
    CURRENT,
    bring_up_to_date,
    changed_comments,
    has_comment,
    number,
)
from tap_zendesk_cityblock.state.export_metadata import counted
from tap_zendesk_cityblock.state.positions import Position, moment_of
from tap_zendesk_cityblock.state.redactions import read_redactions, write_redactions

if TYPE_CHECKING:
    import logging
    from collections.abc import Collection, Iterator, Mapping

    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.rows.decoding import Rows
    from tap_zendesk_cityblock.settings import Settings
    from tap_zendesk_cityblock.state.bookmarks import Bookmark

TICKET_EVENT = "ticket_event"
WITH_COMMENTS = frozenset({TICKET_EVENT, "ticket_comment", "ticket_attachment"})
"""Models that say whether a comment is public."""
Comment = dict[str, Any]

MOST_TICKETS = 60
"""Maximum tickets that one run reads again; the others wait for the next run. They take about eight minutes at ten
exports per minute.
"""
EVENTS_PAGE = 100
MOST_PAGES = 10
"""Of events of one second."""
FIRST_READ_MARGIN_SECONDS = 3600
SHOWS_REDACTION = ("▇", "redacted.txt")
"""What Zendesk puts in the place of a text and of a file."""

_COMMENTS = Model(
    "ticket_comment",
    "/api/v2/tickets/{ticket_id}/comments",
    "comments",
    Paging.LIST_CURSOR,
    clock="created_at",
)


def reads_audits(settings: Settings) -> bool:
    """Whether a run reads ticket audits, to find comments that were made private."""
    return settings.find_private_comments and any(
        model.name in WITH_COMMENTS for model in settings.incremental_models
    )


class RedactedComments:
    """Of one run. What is pending stays in `bookmark`, that of EXPORT_METADATA."""

    def __init__(
        self,
        events: Model,
        settings: Settings,
        client: ZendeskClient,
        bookmark: Bookmark,
        logger: logging.Logger,
    ) -> None:
        """`events`: the model on the pages, with their query. There are redactions only among ticket events."""
        self._events, self._bookmark, self._logger = events, bookmark, logger
        self._settings, self._client = settings, client
        self._pending = read_redactions(bookmark)
        self._requests = 0
        self._is_public_known = False

    def notice(self, page: Page, receiving: Collection[str], beginning: Collection[str]) -> None:
        """Notes the redactions in a page. Call it before its rows are released, and before its STATE.

        `receiving`: the streams that get its rows; `beginning`: those of them that have never had any.
        """
        if self._events.name != TICKET_EVENT:
            return
        self._is_public_known |= not WITH_COMMENTS.isdisjoint(receiving)
        if not self._settings.find_private_comments:
            self._pending.audited = None
        elif self._pending.audited is None:
            self._pending.audited = self._before_the_last_minute()
        for name in beginning:
            self._pending.since.setdefault(name, int(self._client.now()) - FIRST_READ_MARGIN_SECONDS)
        for record, comments in changed_comments(page.records, page.rows):
            self._notice(record, comments, page.rows, receiving)
        write_redactions(self._bookmark, self._pending)

    def _notice(
        self,
        record: Any,  # noqa: ANN401 - bytes or a dict
        comments: Collection[int | None],
        rows: Rows,
        receiving: Collection[str],
    ) -> None:
        [(key, clock)] = rows.versions([record])
        event, ticket, moment = number(key), number(_plain(rows.value(record, "ticket_id"))), moment_of(clock)
        if event is None or ticket is None or moment is None:
            return
        is_shown = all(moment < self._pending.since.get(name, 0) for name in receiving)
        if not is_shown and self._pending.is_new(event, moment):
            for comment in comments:
                self._pending.add(str(ticket), comment)

    def notice_private(self) -> bool:
        """Call it after the last page. Notes the comments that were made private since the last run. Returns
        whether it read audits.
        """
        since, until = self._pending.audited, self._before_the_last_minute()
        if since is None or until <= since or not self._is_public_known:
            return False
        try:
            found = made_private(self._client, since, until)
        except (StreamUnavailableError, CursorInvalidError, UnexpectedResponseError) as cause:
            self._logger.warning(
                "%s: cannot look for comments that were made private: %s; make the login's user an admin, "
                "or set find_private_comments to false",
                *(self._events.name, cause),
            )
            return False
        if found.reached is not None and found.reached > since:
            self._logger.warning(
                "%s: did not look for comments made private from %s to %s: too many ticket audits for one run",
                *(
                    self._events.name,
                    datetime.fromtimestamp(since, UTC),
                    datetime.fromtimestamp(found.reached, UTC),
                ),
            )
        for ticket, comment in found.comments:
            self._pending.add(str(ticket), comment)
        self._pending.audited = until
        write_redactions(self._bookmark, self._pending)
        self._logger.info(
            "%s: %s made private since the last run, found with %s",
            *(self._events.name, counted(len(found.comments), "comment"), counted(found.requests, "request")),
        )
        return True

    def _before_the_last_minute(self) -> int:
        """Epoch seconds by Zendesk's clock. As exports do: what has just been written may not show yet."""
        return int(self._client.now()) - WITHHELD_SECONDS

    @property
    def has_any(self) -> bool:
        return self._events.name == TICKET_EVENT and bool(self._pending.tickets)

    def tickets(self, factory: RowsFactory) -> Iterator[tuple[str, list[Page]]]:
        """Each ticket, with the events of its redacted comments as they are now, at most MOST_TICKETS.

        Call `settled` when the rows are written. A ticket without comments, because it was deleted, has no pages.
        Raises the PluginErrors.
        """
        tickets = [*self._pending.tickets.items()][:MOST_TICKETS]
        for ticket, comments in tickets:
            try:
                pages = [*self._pages_of(ticket, comments, factory)]
            except (StreamUnavailableError, UnexpectedResponseError) as cause:
                if not getattr(cause, "is_missing", False):
                    self._postpone(ticket, cause)
                    continue
                pages = []
            yield ticket, pages
        self._logger.info(
            "%s: read %s with redacted or private comments again, with %s; %d left for the next run",
            *(self._events.name, counted(len(tickets), "ticket"), counted(self._requests, "request")),
            len(self._pending.tickets),
        )

    def _postpone(self, ticket: str, cause: Exception) -> None:
        """Keeps the ticket pending, behind the others."""
        self._logger.warning("comments of ticket %s: %s", ticket, cause)
        self._pending.tickets[ticket] = self._pending.tickets.pop(ticket)
        write_redactions(self._bookmark, self._pending)

    def settled(self, ticket: str) -> None:
        self._pending.tickets.pop(ticket, None)
        write_redactions(self._bookmark, self._pending)

    def _pages_of(self, ticket: str, named: Collection[int | None], factory: RowsFactory) -> Iterator[Page]:
        wanted = {
            key: comment for key, comment in self._comments(ticket).items() if _is_wanted(key, comment, named)
        }
        by_second: dict[int | None, dict[int, Comment]] = {}
        for key, comment in wanted.items():
            by_second.setdefault(moment_of(comment.get("created_at")), {})[key] = comment
        for second, comments in by_second.items():
            page = None if second is None else self._event_page(ticket, second, comments, factory)
            if page is None:
                self._logger.warning(
                    "%s: the export has no event of comment %s",
                    self._events.name,
                    ", ".join(map(str, comments)),
                )
            else:
                yield page

    def _comments(self, ticket: str) -> dict[int, Comment]:
        model = msgspec.structs.replace(_COMMENTS, path=_COMMENTS.path.format(ticket_id=ticket))
        rows = RowsFactory(["id", "created_at", *CURRENT], (), {}, IGNORED)
        found: dict[int, Comment] = {}
        for page in ListReader(model, self._settings, self._client, self._logger).pages(None, rows):
            self._requests += 1
            found |= {key: one for one in page.records if (key := number(one["id"])) is not None}
        return found

    def _event_page(
        self, ticket: str, second: int, comments: Mapping[int, Comment], factory: RowsFactory
    ) -> Page | None:
        """The events of that second that have one of the comments."""
        settings = dataclasses.replace(self._settings, page_size=EVENTS_PAGE)
        reader = ExportReader(self._events, settings, self._client, self._logger)
        for page in islice(reader.pages(Position(time=second), factory), MOST_PAGES):
            self._requests += 1
            rows = page.rows
            found = [
                record
                for record in page.records
                if str(number(_plain(rows.value(record, "ticket_id")))) == ticket
                and has_comment(record, rows, comments)
            ]
            for record in found:
                bring_up_to_date(record, rows, comments)
            if found:
                return Page(found, rows)
            clocks = [moment_of(clock) for _, clock in rows.versions(page.records)]
            if any(clock is not None and clock > second for clock in clocks):
                return None
        return None


def _is_wanted(key: int, comment: Comment, named: Collection[int | None]) -> bool:
    shows_redaction = any(mark in str(comment) for mark in SHOWS_REDACTION)
    return key in named or (None in named and shows_redaction)


def _plain(value: Any) -> Any:  # noqa: ANN401 - bytes or what Python has for them
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
