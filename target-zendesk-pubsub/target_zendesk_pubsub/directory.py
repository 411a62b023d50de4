"""Match the users of tickets to the internal directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from target_zendesk_pubsub.messages import Kind  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_zendesk_pubsub.messages import TicketData, User

NOT_IN_DIRECTORY = "not_in_directory"
"""Exported from Zendesk, but without a match, or with more than one."""
NOT_EXPORTED = "not_exported"
"""Not exported from Zendesk yet; the next export of users may have it."""


class Person(msgspec.Struct, frozen=True, gc=False):
    """The match of a Zendesk user: a member or an internal user. `kind` and `id` are None without a match."""

    zendesk_user_id: int
    kind: Kind | None = None
    id: str | None = None


class UnmatchedUser(msgspec.Struct, frozen=True, gc=False):
    """Why a ticket waits: the user of this field has no match."""

    field: str
    zendesk_user_id: int
    reason: str


def users_of(ticket: TicketData) -> Iterator[tuple[str, User]]:
    """The users of a ticket with the name of their field."""
    if ticket.requester is not None:
        yield "requester", ticket.requester
    if ticket.submitter is not None:
        yield "submitter", ticket.submitter
    if ticket.assignee is not None:
        yield "assignee", ticket.assignee
    for user in ticket.collaborators:
        yield "collaborators", user
    for user in ticket.followers:
        yield "followers", user


def join(ticket: TicketData, people: Mapping[int, Person]) -> list[UnmatchedUser]:
    """Sets the matches of the ticket's users in place; returns the users without a match.

    `people`: every exported user, by Zendesk user id.
    """
    unmatched = []
    for field, user in users_of(ticket):
        person = people.get(user.zendeskUserId)
        if person is not None and person.id is not None:
            user.kind = person.kind
            user.id = person.id
        else:
            user.kind = user.id = None
            reason = NOT_EXPORTED if person is None else NOT_IN_DIRECTORY
            unmatched.append(UnmatchedUser(field, user.zendeskUserId, reason))
    return unmatched
