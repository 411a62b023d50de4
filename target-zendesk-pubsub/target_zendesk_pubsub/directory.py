"""Who Zendesk's users are inside Cityblock, and what keeps a ticket waiting whose users are nobody there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from target_zendesk_pubsub.messages import Kind  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_zendesk_pubsub.messages import TicketData, User

NOT_IN_DIRECTORY = "not_in_directory"
"""Exported from Zendesk, but joins no internal person, or more than one."""
NOT_EXPORTED = "not_exported"
"""Not even among the users exported from Zendesk; the next export of users may bring it."""


class Person(msgspec.Struct, frozen=True, gc=False):
    """Who a Zendesk user is: a member or an internal user; both None for one who is nobody inside."""

    zendesk_user_id: int
    kind: Kind | None = None
    id: str | None = None


class Unjoined(msgspec.Struct, frozen=True, gc=False):
    """Why a ticket waits: this field holds this user."""

    field: str
    zendesk_user_id: int
    reason: str


def users_of(ticket: TicketData) -> Iterator[tuple[str, User]]:
    """The ticket's users, each with the field that holds it."""
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


def join(ticket: TicketData, people: Mapping[int, Person]) -> list[Unjoined]:
    """Fills in who the ticket's users are; returns those that are nobody.

    `people` has every user that was exported from Zendesk; one that is not in it was not.
    """
    unjoined = []
    for field, user in users_of(ticket):
        person = people.get(user.zendeskUserId)
        if person is not None and person.id is not None:
            user.kind = person.kind
            user.id = person.id
        else:
            user.kind = user.id = None
            reason = NOT_EXPORTED if person is None else NOT_IN_DIRECTORY
            unjoined.append(Unjoined(field, user.zendeskUserId, reason))
    return unjoined
