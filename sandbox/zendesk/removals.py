"""What agents and Zendesk remove from an account for good: redactions, scrubs, permanent deletions.

How each shows in the exports: docs/zendesk/redactions.md and docs/zendesk/deleted-tickets.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.zendesk.account import ticket_objects, user_objects
from sandbox.zendesk.audits import add_audit
from sandbox.zendesk.clock import iso
from sandbox.zendesk.events import add_event, of_ticket, put_events, scrubbed
from sandbox.zendesk.history import QUIET_SECONDS, load
from sandbox.zendesk.people import FIRST_USER, delete_user
from sandbox.zendesk.store import Stored
from sandbox.zendesk.tickets import delete_ticket, is_archived

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.zendesk.store import Json, Store

BLOCK = "▇"
"""Zendesk puts one in place of each redacted character."""
TEXTS = ("body", "html_body", "plain_body", "data")


def remove(store: Store, kind: str, **what: Any) -> None:  # noqa: ANN401 - ids and texts
    """`what`: the arguments of the function for this kind. An export shows the removal at once."""
    moment = store.now - QUIET_SECONDS
    with store.transaction():
        _KINDS[kind](store, moment, **what)


def _redact_comment(store: Store, moment: int, ticket_id: int, comment_id: int, text: str) -> None:
    """The comment's own event stays in its place in the export, with the redacted text."""

    def redact(comment: Json) -> None:
        comment.update({name: blocked(comment[name], text) for name in TEXTS if name in comment})

    _change_comment(store, ticket_id, comment_id, redact)
    ticket = load(store, "ticket", ticket_id)
    ticket["description"] = blocked(ticket["description"], text)
    child = {"comment_id": comment_id, "event_type": "CommentRedactionEvent"}
    _put_ticket(store, ticket, moment, child)


def _redact_attachment(
    store: Store, moment: int, ticket_id: int, comment_id: int, attachment_id: int
) -> None:
    """An empty file takes its place."""

    def redact(comment: Json) -> None:
        comment["attachments"] = [
            {"id": one["id"], "file_name": "redacted.txt", "size": 0} if one["id"] == attachment_id else one
            for one in comment["attachments"]
        ]

    _change_comment(store, ticket_id, comment_id, redact)
    child = {"attachment_id": attachment_id, "comment_id": comment_id}
    event_type = "AttachmentRedactionEvent"
    _put_ticket(store, load(store, "ticket", ticket_id), moment, {**child, "event_type": event_type})


def _make_private(store: Store, moment: int, ticket_id: int, comment_id: int, *, shows: bool = False) -> None:
    """Ticket audits say so. `shows`: a ticket event, too; in the export none was seen."""
    _change_comment(store, ticket_id, comment_id, lambda comment: comment.update(public=False))
    child = {"comment_id": comment_id, "public": False, "event_type": "CommentPrivacyChange"}
    ticket = load(store, "ticket", ticket_id)
    if not shows:
        add_audit(store, ticket, child, moment)
    _put_ticket(store, ticket, moment, child if shows else None)


def _delete_ticket(store: Store, moment: int, ticket_id: int) -> None:
    ticket = load(store, "ticket", ticket_id)
    delete_ticket(ticket)
    _put_ticket(store, ticket, moment)


def _scrub_ticket(store: Store, moment: int, ticket_id: int) -> None:
    """As a deletion schedule does, thirty days after the deletion, or an agent who deletes the ticket permanently."""
    ticket = load(store, "ticket", ticket_id)
    put_events(store, [scrubbed(event) for event in of_ticket(store, ticket)])
    delete_ticket(ticket, scrubbed=True)
    ticket["requester_id"] = ticket["submitter_id"] = FIRST_USER
    _put_ticket(store, ticket, moment)


def _delete_user_permanently(store: Store, moment: int, user_id: int) -> None:
    user = load(store, "user", user_id)
    delete_user(user, permanently=True)
    emptied = dict.fromkeys(user["user_fields"])
    user.update(alias="", signature=None, tags=[], user_fields=emptied, updated_at=iso(moment))
    store.put(user_objects(user, moment))


def _redact_chat(store: Store, moment: int, chat_id: str, text: str) -> None:
    number = int(chat_id.rpartition(".")[2])
    chat = blocked(load(store, "chat", number), text)
    chat["update_timestamp"] = iso(moment)
    store.put([Stored.of("chat", chat, moment, number=number)])


_KINDS: dict[str, Callable[..., None]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        _redact_comment, _redact_attachment, _make_private, _delete_ticket, _scrub_ticket, _delete_user_permanently,
        _redact_chat
    )
}  # fmt: skip


def blocked(value: Any, text: str) -> Any:  # noqa: ANN401 - any JSON
    """The value, with BLOCK for every character of the text in it."""
    if isinstance(value, str):
        return value.replace(text, BLOCK * len(text))
    if isinstance(value, dict):
        return {name: blocked(one, text) for name, one in value.items()}
    return [blocked(one, text) for one in value] if isinstance(value, list) else value


def _change_comment(store: Store, ticket_id: int, comment_id: int, change: Callable[[Json], None]) -> None:
    events = [*of_ticket(store, load(store, "ticket", ticket_id))]
    [comment] = [child for event in events for child in event["child_events"] if child["id"] == comment_id]
    change(comment)
    put_events(store, events)


def _put_ticket(store: Store, ticket: Json, moment: int, child: Json | None = None) -> None:
    """`child`: a child event that says what was done."""
    ticket.update(updated_at=iso(moment), generated_timestamp=moment)
    if child is not None:
        add_event(store, ticket, [child], moment)
    users = store.fact("users") or 1
    archived = is_archived(ticket, moment)
    store.put(ticket_objects(ticket, of_ticket(store, ticket), moment, users, archived=archived))
