"""The message for Commons: data by the contract, its key, and attributes without personal data."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

SCHEMA_VERSION = 1
"""Incremented for changes that break consumers; additional fields do not."""

ORDERING_KEYS = 32
"""A publish request has one ordering key. A key per ticket would need a request per ticket; 32 keys share requests and
keep each ticket's messages in order."""

EventType = Literal["created", "updated", "deleted", "restored"]
Kind = Literal["member", "user"]
DateTime = Annotated[str, Meta(description="RFC 3339", extra_json_schema={"format": "date-time"})]


class User(msgspec.Struct, gc=False):
    """A Zendesk user and the matching internal person."""

    id: Annotated[str | None, Meta(description="Id of the member or internal user")]
    kind: Annotated[Kind | None, Meta(description="Type of the id")]
    zendeskUserId: int  # noqa: N815 - the contract's name


class CustomField(msgspec.Struct, gc=False):
    """A custom field of a ticket."""

    id: Annotated[int, Meta(description="Zendesk's id of the field")]
    value: Annotated[
        Any,
        Meta(description="Value in Zendesk: string, number, boolean, list of options, or null if empty"),
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
    description: Annotated[str | None, Meta(description="The first comment")]
    due_at: DateTime | None
    external_id: str | None
    followers: Annotated[list[User], Meta(description="Sorted by zendeskUserId")]
    group_id: int | None
    has_incidents: bool
    is_deleted: bool
    is_public: bool
    organization_id: int | None
    priority: Annotated[str | None, Meta(description="low, normal, high, urgent")]
    problem_id: int | None
    recipient: Annotated[str | None, Meta(description="Email address that the ticket was sent to")]
    requester: User | None
    satisfaction_score: Annotated[str | None, Meta(description="offered, unoffered, good, bad")]
    schema_version: Annotated[int, Meta(description="Version of this contract")]
    status: Annotated[str, Meta(description="new, open, pending, hold, solved, closed, deleted")]
    subject: str | None
    submitter: User | None
    tags: Annotated[list[str], Meta(description="Sorted alphabetically")]
    ticket_form_id: int | None
    ticket_id: int
    type: Annotated[str | None, Meta(description="problem, incident, question, task")]
    updated_at: Annotated[
        DateTime, Meta(description="updated_at in Zendesk, which system changes do not move")
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
    if before is None:
        return "created"
    return "restored" if before == "deleted" else "updated"


def attributes_of(
    ticket: TicketData, key: str, event: EventType, generated_timestamp: int, environment: str
) -> dict[str, str]:
    """For subscription filters and for comparing versions. Google logs attributes: they contain no personal data."""
    return {
        "ticket_id": str(ticket.ticket_id),
        "message_key": key,
        "schema_version": str(SCHEMA_VERSION),
        "event_type": event,
        "zendesk_updated_at": ticket.updated_at,
        "generated_timestamp": str(generated_timestamp),
        "environment": environment,
    }


def json_schema() -> dict[str, Any]:
    """JSON Schema of the data. All users of a published ticket are matched, unlike those of a waiting ticket."""
    _, parts = msgspec.json.schema_components([TicketData], ref_template="#/$defs/{name}")
    user = parts[User.__name__]["properties"]
    for name, joined in (("id", {"type": "string"}), ("kind", {"enum": list(get_args(Kind))})):
        user[name] = {"description": user[name]["description"], **joined}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **parts.pop(TicketData.__name__),
        "title": "Zendesk ticket message",
        "$defs": parts,
    }


def markdown_table() -> str:
    """Table of the fields for the documentation."""
    schema = json_schema()
    users = schema["$defs"][User.__name__]["properties"]
    fields = schema["$defs"][CustomField.__name__]["properties"]
    rows = ["| field | type | |", "|---|---|---|"]
    for name, part in schema["properties"].items():
        rows.append(f"| `{name}` | {_type(part)} | {part.get('description', '')} |")
    for title, properties in ((User.__name__, users), (CustomField.__name__, fields)):
        for name, part in properties.items():
            rows.append(f"| {title} `{name}` | {_type(part)} | {part.get('description', '')} |")
    return "\n".join(rows)


def _type(part: dict[str, Any]) -> str:
    match part:
        case {"$ref": name}:
            return str(name).rpartition("/")[2]
        case {"anyOf": parts}:
            return " or ".join(_type(one) for one in parts)
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"enum": values}:
            return " or ".join(f"`{value}`" for value in values)
        case {"format": "date-time"}:
            return "time"
    return str(part.get("type", "any"))
