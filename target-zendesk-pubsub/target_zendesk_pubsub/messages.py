"""The message for Commons: data by the contract, its key, and attributes without personal data."""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypedDict, cast

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from datetime import datetime

SCHEMA_VERSION = 1
"""Incremented for changes that break consumers; additional fields do not."""

SCHEMA_ADDITIONS = 1
"""Incremented for each addition to that version, and 0 again in the next: the contract's version is 1.0, then 1.1."""

ORDERING_KEYS = 32
"""A publish request has one ordering key. A key per ticket would need a request per ticket; 32 keys share requests and
keep each ticket's messages in order."""

EventType = Literal["created", "updated", "deleted", "restored", "erased"]
Kind = Literal["member", "user"]
DateTime = Annotated[str, Meta(description="RFC 3339", extra_json_schema={"format": "date-time"})]


def personal(kind: str, description: str | None = None) -> Meta:
    """Marks a field that is about a person, with one of the kinds that the tap's schema files use."""
    return Meta(description=description, extra_json_schema={"x-personal": kind})


class User(msgspec.Struct, gc=False):
    """A Zendesk user and the matching internal person."""

    id: Annotated[str | None, personal("identifier", "Id of the member or internal user")]
    kind: Annotated[Kind | None, Meta(description="Type of the id")]
    zendeskUserId: int  # noqa: N815 - the contract's name


class CustomField(msgspec.Struct, gc=False):
    """A custom field of a ticket."""

    id: Annotated[int, Meta(description="Zendesk's id of the field")]
    value: Annotated[
        Any,
        personal("values", "Value in Zendesk: string, number, boolean, list of options, or null if empty"),
    ]


class TicketData(msgspec.Struct, rename="camel", gc=False):
    """The current version of a Zendesk ticket with its users matched to internal people."""

    # In alphabetical order, so that equal tickets give equal bytes.
    assignee: User | None
    brand_id: int | None
    channel: Annotated[str | None, Meta(description="How the ticket was created: web, email, api, …")]
    collaborators: Annotated[
        list[User], Meta(description="CCs, usually including followers; sorted by zendeskUserId")
    ]
    created_at: DateTime
    custom_fields: Annotated[list[CustomField], Meta(description="Sorted by id")]
    custom_status_id: int | None
    description: Annotated[str | None, personal("text", "The first comment")]
    due_at: DateTime | None
    external_id: Annotated[str | None, personal("identifier")]
    followers: Annotated[list[User], Meta(description="Sorted by zendeskUserId")]
    group_id: int | None
    has_incidents: bool
    is_deleted: bool
    is_public: bool
    organization_id: int | None
    priority: Annotated[str | None, Meta(description="low, normal, high, urgent")]
    problem_id: int | None
    recipient: Annotated[str | None, personal("contact", "Email address that the ticket was sent to")]
    requester: User | None
    satisfaction_score: Annotated[str | None, Meta(description="offered, unoffered, good, bad")]
    schema_version: Annotated[int, Meta(description="Version of this contract")]
    status: Annotated[str, Meta(description="new, open, pending, hold, solved, closed, deleted")]
    subject: Annotated[str | None, personal("text")]
    submitter: User | None
    tags: Annotated[list[str], personal("values", "Sorted alphabetically")]
    ticket_form_id: int | None
    ticket_id: int
    type: Annotated[str | None, Meta(description="problem, incident, question, task")]
    updated_at: Annotated[
        DateTime, Meta(description="updated_at in Zendesk, which system changes do not move")
    ]


class ErasedData(msgspec.Struct, rename="camel", gc=False):
    """All that is left of an erased ticket."""

    schema_version: Annotated[int, Meta(description="Version of this contract")]
    ticket_id: int


class Attributes(TypedDict):
    """For subscription filters and for comparing versions. Google logs attributes: they contain no personal data."""

    ticket_id: Annotated[str, Meta(description="Zendesk's id of the ticket", pattern="^[0-9]+$")]
    message_key: Annotated[
        str,
        Meta(
            description="SHA-256 of ticket id and data; equal for equal content of the same ticket",
            pattern="^[0-9a-f]{64}$",
        ),
    ]
    schema_version: Annotated[
        str,
        Meta(
            description="Version of the data below. It increases when consumers must change. New fields and new event "
            "types do not increase it: ignore those that you do not know",
            pattern="^[0-9]+$",
        ),
    ]
    event_type: Annotated[
        EventType,
        Meta(
            description="Compared with the ticket's last message: `created` (there was none, or it was `erased`), `updated`, "
            "`deleted`, `restored`; or `erased`. A ticket that was deleted before it was ever published is `deleted`"
        ),
    ]
    zendesk_updated_at: Annotated[
        DateTime, Meta(description="The ticket's `updatedAt`; of an erased ticket, when it was erased")
    ]
    generated_timestamp: Annotated[
        str,
        Meta(
            description="Zendesk's clock for versions, in seconds since 1970. It also moves when `updatedAt` does not. If "
            "Zendesk gives a version none, it is `updatedAt` or the previous version's clock, whichever is later",
            pattern="^[0-9]+$",
        ),
    ]
    environment: Annotated[str, Meta(description="`local`, `staging` or `prod`")]
    taken_over: NotRequired[
        Annotated[
            Literal["true"],
            Meta(
                description="Only in replays: `true` if the legacy system had published this version in its own format"
            ),
        ]
    ]


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message for Pub/Sub. `columns`: its columns in the log tables, as a JSON object without the closing brace."""

    ticket_id: int
    ordering_key: str
    attributes: dict[str, str]
    data: bytes
    columns: bytes


ENCODER = msgspec.json.Encoder(order="deterministic")
decode = msgspec.json.Decoder(TicketData).decode


def encode_into(ticket: TicketData, buffer: bytearray) -> None:
    """Replaces the content of `buffer` by the ticket's canonical JSON: equal tickets give equal bytes.

    The buffer is reused because most tickets are only compared and never sent.
    """
    ENCODER.encode_into(ticket, buffer)


def new_message(ticket_id: int, key: str, attributes: dict[str, str], data: bytes) -> Message:
    """`key`: the message_key of the data."""
    ordering_key = f"zendesk-ticket-{ticket_id % ORDERING_KEYS:02d}"
    columns = b'{"message_key":"%b","ticket_id":%d,"ordering_key":"%b","attributes":"%b","data":"%b"' % (
        key.encode(),
        ticket_id,
        ordering_key.encode(),
        _escaped(ENCODER.encode(attributes)),
        _escaped(data),
    )
    return Message(ticket_id, ordering_key, attributes, data, columns)


def _escaped(json: bytes) -> bytes:
    """JSON text as the content of a JSON string. Canonical JSON needs no other escapes."""
    return json.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def message_key(ticket_id: int, data: bytes | bytearray) -> str:
    """Hash of the ticket id and content, by which consumers detect duplicates."""
    digest = hashlib.sha256(b"%d\0" % ticket_id)
    digest.update(data)  # avoids a copy
    return digest.hexdigest()


def event_type(*, is_deleted: bool, before: str | None) -> EventType:
    """`before`: the event type of the ticket's last message, None if there was none."""
    if is_deleted:
        return "deleted"
    if before is None or before == "erased":
        return "created"
    return "restored" if before == "deleted" else "updated"


def attributes_of(
    ticket: TicketData, key: str, event: EventType, generated_timestamp: int, environment: str
) -> dict[str, str]:
    """The attributes of a new message."""
    attributes: Attributes = {
        "ticket_id": str(ticket.ticket_id),
        "message_key": key,
        "schema_version": str(SCHEMA_VERSION),
        "event_type": event,
        "zendesk_updated_at": ticket.updated_at,
        "generated_timestamp": str(generated_timestamp),
        "environment": environment,
    }
    return cast("dict[str, str]", attributes)


def erased_message(
    ticket_id: int, erased_at: datetime, generated_timestamp: int, environment: str
) -> Message:
    """Without content. `generated_timestamp`: of the ticket's last version, which this message replaces."""
    data = ENCODER.encode(ErasedData(SCHEMA_VERSION, ticket_id))
    key = message_key(ticket_id, data)
    attributes: Attributes = {
        "ticket_id": str(ticket_id),
        "message_key": key,
        "schema_version": str(SCHEMA_VERSION),
        "event_type": "erased",
        "zendesk_updated_at": erased_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "generated_timestamp": str(generated_timestamp),
        "environment": environment,
    }
    return new_message(ticket_id, key, cast("dict[str, str]", attributes), data)
