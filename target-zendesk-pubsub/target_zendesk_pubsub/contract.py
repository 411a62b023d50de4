"""The contract with Commons: JSON Schemas, an AsyncAPI document, and the tables of the documentation.

make_contract.py writes them to files; nothing here runs when messages are published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from target_zendesk_pubsub.messages import (
    SCHEMA_ADDITIONS,
    SCHEMA_VERSION,
    Attributes,
    CustomField,
    ErasedData,
    EventType,
    Kind,
    TicketData,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERSION = f"{SCHEMA_VERSION}.{SCHEMA_ADDITIONS}"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI_DEFINITIONS = "#/components/schemas/"
ORDERING_KEY = "zendesk-ticket-NN: two digits, the remainder of ticket_id divided by 32"


@dataclass(frozen=True)
class MessageType:
    """A message with its own kind of data."""

    name: str
    title: str
    data: type[msgspec.Struct]
    event_types: tuple[str, ...]


MESSAGE_TYPES = (
    MessageType(
        "ticket-message",
        "Zendesk ticket message",
        TicketData,
        tuple(event for event in get_args(EventType) if event != "erased"),
    ),
    MessageType("ticket-erased", "Erased Zendesk ticket", ErasedData, ("erased",)),
)


@dataclass(frozen=True)
class Topic:
    """Where an environment's messages are published. `server`: a key of SERVERS."""

    environment: str
    path: str
    server: str


SERVERS = {
    "google": {
        "host": "pubsub.googleapis.com",
        "protocol": "googlepubsub",
        "description": "Google Cloud Pub/Sub",
    },
    "sandbox": {
        "host": "127.0.0.1:8085",
        "protocol": "googlepubsub",
        "description": "`make sandbox`, or an emulator; clients read PUBSUB_EMULATOR_HOST",
    },
}


def data_schema(message: MessageType, examples: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """JSON Schema of the message's data. `examples`: files of contract/examples, with `attributes` and `data`."""
    schema, definitions = _data_parts(message)
    return {
        "$schema": DIALECT,
        "$id": f"urn:cityblock:zendesk-{message.name}:{VERSION}",
        "x-version": VERSION,
        **schema,
        **({"$defs": definitions} if definitions else {}),
        "examples": [one["data"] for one in _of(message, examples)][:1],
    }


def attributes_schema(examples: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """JSON Schema of the attributes of all messages."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:cityblock:zendesk-ticket-attributes:{VERSION}",
        "x-version": VERSION,
        **_attributes(),
        "title": "Attributes of a Zendesk ticket message",
        "examples": [one["attributes"] for one in examples],
    }


def asyncapi(topics: Iterable[Topic], examples: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """AsyncAPI 3.0 document of the topics. It contains the schemas, so that consumers need no other file.

    Binding: https://github.com/asyncapi/bindings/tree/master/googlepubsub (read 2026-11-27). Its channel binding
    requires a schema kept by Pub/Sub, which these topics do not have: messages alone have a binding.
    """
    examples = list(examples)
    refs = {one.name: {"$ref": f"#/components/messages/{one.name}"} for one in MESSAGE_TYPES}
    channels = {
        topic.environment: {
            "address": topic.path,
            "title": f"Tickets of the environment {topic.environment}",
            "servers": [{"$ref": f"#/servers/{topic.server}"}],
            "messages": refs,
        }
        for topic in topics
    }
    schemas: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for one in MESSAGE_TYPES:
        schema, definitions = _data_parts(one, ASYNCAPI_DEFINITIONS)
        schemas |= {one.data.__name__: schema, **definitions}
        messages[one.name] = _asyncapi_message(one, examples)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:cityblock:zendesk-tickets",
        "info": {
            "title": "Zendesk tickets for Commons",
            "version": VERSION,
            "description": "One message per changed Zendesk ticket. Headers are Pub/Sub attributes. "
            "`x-personal` marks what is about a person. Delivery and order: docs/ticket-messages.md",
        },
        "defaultContentType": "application/json",
        "servers": SERVERS,
        "channels": channels,
        "operations": {f"publish_{name}": _operation(name, refs) for name in channels},
        "components": {"messages": messages, "schemas": schemas},
    }


def _operation(channel: str, messages: Iterable[str]) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{one}"} for one in messages],
    }


def _asyncapi_message(message: MessageType, examples: list[Mapping[str, Any]]) -> dict[str, Any]:
    headers = _attributes()
    event_type = headers["properties"]["event_type"]
    headers["properties"] |= {"event_type": {**event_type, "enum": list(message.event_types)}}
    return {
        "name": message.name,
        "title": message.title,
        "contentType": "application/json",
        "headers": headers,
        "payload": {"$ref": f"{ASYNCAPI_DEFINITIONS}{message.data.__name__}"},
        "bindings": {"googlepubsub": {"bindingVersion": "0.2.0", "orderingKey": ORDERING_KEY}},
        "examples": [
            {
                "name": one["attributes"]["event_type"],
                "headers": dict(sorted(one["attributes"].items())),
                "payload": one["data"],
            }
            for one in _of(message, examples)
        ],
    }


def _of(message: MessageType, examples: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in examples if one["attributes"]["event_type"] in message.event_types]


def _data_parts(
    message: MessageType, definitions_at: str = "#/$defs/"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The data's schema, and those that it refers to.

    All users of a published ticket are matched, unlike those of a waiting ticket.
    """
    _, parts = msgspec.json.schema_components([message.data], ref_template=f"{definitions_at}{{name}}")
    if user := parts.get(User.__name__):
        for name, matched in (("id", {"type": "string"}), ("kind", {"enum": list(get_args(Kind))})):
            user["properties"][name].pop("anyOf")
            user["properties"][name] |= matched
    schema = {**parts.pop(message.data.__name__), "title": message.title}
    schema["properties"]["schemaVersion"]["const"] = SCHEMA_VERSION
    return schema, parts


def _attributes() -> dict[str, Any]:
    _, parts = msgspec.json.schema_components([Attributes])
    return {**parts[Attributes.__name__], "additionalProperties": {"type": "string"}}


def data_table() -> str:
    """Table of the data's fields for the documentation."""
    rows = ["| field | type | personal | |", "|---|---|---|---|"]
    schema, definitions = _data_parts(MESSAGE_TYPES[0])
    for name, part in schema["properties"].items():
        rows.append(_row(f"`{name}`", part))
    for title in (User.__name__, CustomField.__name__):
        for name, part in definitions[title]["properties"].items():
            rows.append(_row(f"{title} `{name}`", part))
    return "\n".join(rows)


def attributes_table() -> str:
    """Table of the attributes for the documentation."""
    rows = ["| attribute | meaning |", "|---|---|"]
    for name, part in _attributes()["properties"].items():
        rows.append(f"| `{name}` | {part['description']} |")
    return "\n".join(rows)


def _row(name: str, part: dict[str, Any]) -> str:
    return f"| {name} | {_type(part)} | {part.get('x-personal', '')} | {part.get('description', '')} |"


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
