"""Who Zendesk's users are inside Cityblock, and what becomes of a ticket whose users are nobody there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_zendesk_pubsub.tickets import Json, Ticket

NOT_IN_DIRECTORY = "not_in_directory"
"""Exported from Zendesk, but joins no internal person, or more than one."""
NOT_EXPORTED = "not_exported"
"""Not even among the users exported from Zendesk; the next export of users may bring it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """`kind`: member or user; None for a user of Zendesk's who is nobody inside."""

    kind: str | None
    id: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Unjoined:
    """Why a ticket waits: this field holds this user."""

    field: str
    zendesk_user_id: int
    reason: str


def join(ticket: Ticket, directory: Mapping[int, Person]) -> tuple[Json, list[Unjoined]]:
    """The message's data with every user that is known, and those that are not.

    `directory` has every user that was exported; one that is not in it was not.
    """
    unjoined: list[Unjoined] = []

    def person(field: str, user_id: int) -> Json:
        found = directory.get(user_id)
        if found is None or found.id is None:
            unjoined.append(Unjoined(field, user_id, NOT_EXPORTED if found is None else NOT_IN_DIRECTORY))
            return {"zendeskUserId": user_id, "kind": None, "id": None}
        return {"zendeskUserId": user_id, "kind": found.kind, "id": found.id}

    joined = {
        field: [person(field, one) for one in value]
        if isinstance(value, list)
        else None
        if value is None
        else person(field, value)
        for field, value in ticket.users.items()
    }
    return ticket.content | joined, unjoined
