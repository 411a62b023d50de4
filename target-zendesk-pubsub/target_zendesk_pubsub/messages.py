"""The message that Commons receives: canonical data, its key, attributes without anything personal."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import orjson

from target_zendesk_pubsub.tickets import SCHEMA_VERSION

if TYPE_CHECKING:
    from target_zendesk_pubsub.tickets import Json, Ticket

ORDERING_KEYS = 32
"""A key a ticket would cost a request a ticket; these share requests and still keep every ticket in order."""


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    ticket_id: int
    message_key: str
    ordering_key: str
    attributes: dict[str, str]
    data: bytes


def canonical(content: Json) -> bytes:
    """The same bytes for the same content."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def message_key(ticket_id: int, data: bytes) -> str:
    """The same for the same content of the same ticket: by it consumers tell what they have seen."""
    return hashlib.sha256(b"%d\0" % ticket_id + data).hexdigest()


def ordering_key(ticket_id: int) -> str:
    return f"zendesk-ticket-{ticket_id % ORDERING_KEYS:02d}"


def event_type(*, is_deleted: bool, before: str | None) -> str:
    """`before`: the event type of the ticket's last message, None if there was none."""
    if is_deleted:
        return "deleted"
    if before is None:
        return "created"
    return "restored" if before == "deleted" else "updated"


def message(ticket: Ticket, data: bytes, key: str, event: str, environment: str) -> Message:
    """What is sent of a ticket whose users are all joined."""
    attributes = {
        "ticket_id": str(ticket.id),
        "message_key": key,
        "schema_version": str(SCHEMA_VERSION),
        "event_type": event,
        "zendesk_updated_at": ticket.content["updatedAt"],
        "generated_timestamp": str(ticket.generated_timestamp),
        "environment": environment,
    }
    return Message(ticket.id, key, ordering_key(ticket.id), attributes, data)
