"""Zendesk's ticket as its export tells it, in Cityblock's words."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from target_zendesk_pubsub.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]

SCHEMA_VERSION = 1
"""Of the message's data. Goes up when a consumer would have to change; new fields alone do not."""

ONE, SEVERAL = ("requester", "submitter", "assignee"), ("collaborators", "followers")
"""The fields of a message that hold a user, and those that hold users."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ticket:
    """One version of a ticket. `content` is the message's data but for its users; `users` are Zendesk's ids by field."""

    id: int
    generated_timestamp: int
    """Zendesk's clock of versions, seconds since 1970: also moves where `updated_at` does not."""
    content: Json
    users: Mapping[str, int | list[int] | None]

    @property
    def user_ids(self) -> set[int]:
        found: set[int] = set()
        for value in self.users.values():
            if isinstance(value, list):
                found.update(value)
            elif value is not None:
                found.add(value)
        return found


def read_ticket(record: Mapping[str, Any]) -> Ticket:
    """Raises RecordError, which names the ticket and the property and quotes neither's content."""
    ticket_id = record.get("id")
    if type(ticket_id) is not int:
        raise RecordError("a record has no id that is an integer")
    name = ""
    try:
        users: dict[str, int | list[int] | None] = {}
        for name in ("requester_id", "submitter_id", "assignee_id"):
            users[name.removesuffix("_id")] = _optional_integer(record.get(name))
        for name in ("collaborator_ids", "follower_ids"):
            users[f"{name.removesuffix('_ids')}s"] = _ids(record.get(name))
        content: Json = {"ticketId": ticket_id, "schemaVersion": SCHEMA_VERSION}
        for name, (field, convert) in FIELDS.items():
            content[field] = convert(record.get(name))
        name = "status"
        content["isDeleted"] = record["status"] == "deleted"
        name = "generated_timestamp"
        generated = _integer(record.get(name))
    except (TypeError, KeyError, AttributeError):
        raise RecordError(f"ticket {ticket_id}: {name} is not of its type") from None
    return Ticket(ticket_id, generated, content, users)


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _optional_integer(value: object) -> int | None:
    return None if value is None else _integer(value)


def _flag(value: object) -> bool:
    if value is None:
        return False
    if type(value) is not bool:
        raise TypeError
    return value


def _ids(value: list[Any] | None) -> list[int]:
    """A set to Zendesk, which promises no order: sorted, so that equal sets give equal messages."""
    return sorted({_integer(one) for one in value or ()})


def _tags(value: list[Any] | None) -> list[str]:
    return sorted({_text(one) for one in value or ()})


def _channel(via: Json | None) -> str | None:
    return None if via is None else _optional_text(via.get("channel"))


def _custom_fields(value: list[Any] | None) -> list[Json]:
    fields = [{"id": _integer(one["id"]), "value": one.get("value")} for one in value or ()]
    fields.sort(key=lambda field: field["id"])
    return fields


def _satisfaction(value: Json | None) -> str | None:
    return None if value is None else _optional_text(value.get("score"))


FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "external_id": ("externalId", _optional_text),
    "type": ("type", _optional_text),
    "subject": ("subject", _optional_text),
    "description": ("description", _optional_text),
    "status": ("status", _text),
    "custom_status_id": ("customStatusId", _optional_integer),
    "priority": ("priority", _optional_text),
    "via": ("channel", _channel),
    "recipient": ("recipient", _optional_text),
    "organization_id": ("organizationId", _optional_integer),
    "group_id": ("groupId", _optional_integer),
    "brand_id": ("brandId", _optional_integer),
    "ticket_form_id": ("ticketFormId", _optional_integer),
    "problem_id": ("problemId", _optional_integer),
    "has_incidents": ("hasIncidents", _flag),
    "is_public": ("isPublic", _flag),
    "tags": ("tags", _tags),
    "due_at": ("dueAt", _optional_text),
    "custom_fields": ("customFields", _custom_fields),
    "satisfaction_rating": ("satisfactionScore", _satisfaction),
    "created_at": ("createdAt", _text),
    "updated_at": ("updatedAt", _text),
}
"""Property of Zendesk's ticket → field of the message, and how it gets there."""
