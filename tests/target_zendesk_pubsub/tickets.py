"""Singer messages of tickets as the tests write them."""

import json
from datetime import UTC, datetime

START = 1767225600
"""1 January 2026, in seconds since 1970."""

MEMBER, AGENT, COLLEAGUE, STRANGER, GHOST = 101, 202, 203, 404, 505
"""Zendesk users: three that join, one that was exported and has no match, one that was never exported."""

DIRECTORY = {MEMBER: ("M1", "member"), AGENT: ("U2", "user"), COLLEAGUE: ("U3", "user")}

CANARY = "canary-7f3a"
PERSONAL = {
    "subject": f"{CANARY} subject",
    "description": f"{CANARY} description",
    "recipient": f"{CANARY}-recipient@example.org",
    "external_id": f"{CANARY}-external",
    "tags": [f"{CANARY}-tag"],
    "custom_fields": [{"id": 11, "value": f"{CANARY} field"}],
    "via": {
        "channel": "email",
        "source": {"from": {"address": f"{CANARY}@example.org", "name": f"{CANARY} name"}, "to": {}},
    },
}
"""Columns of a ticket whose content must not be seen where it does not belong."""


def schema(stream="ticket"):
    properties = {"id": {"type": "integer"}}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": properties},
        "key_properties": ["id"],
    }


def ticket(ticket_id, second=0, **fields):
    """A RECORD of a ticket that joins, as it stood so many seconds after START."""
    moment = datetime.fromtimestamp(START + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    record = {
        "id": ticket_id,
        "url": f"https://cityblock-local.zendesk.com/api/v2/tickets/{ticket_id}.json",
        "external_id": None,
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": "2025-12-01T10:00:00Z",
        "updated_at": moment,
        "generated_timestamp": START + second,
        "type": "task",
        "subject": f"subject {ticket_id}",
        "raw_subject": f"subject {ticket_id}",
        "description": "a description",
        "priority": "normal",
        "status": "open",
        "recipient": None,
        "requester_id": MEMBER,
        "submitter_id": MEMBER,
        "assignee_id": AGENT,
        "organization_id": None,
        "group_id": 7,
        "collaborator_ids": [],
        "follower_ids": [COLLEAGUE],
        "email_cc_ids": [],
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": ["b", "a"],
        "custom_fields": [{"id": 12, "value": ["x", "y"]}, {"id": 11, "value": None}],
        "satisfaction_rating": {"score": "unoffered"},
        "custom_status_id": 1,
        "ticket_form_id": 2,
        "brand_id": 3,
        **fields,
    }
    return {"type": "RECORD", "stream": "ticket", "record": record}


def state(value):
    return {"type": "STATE", "value": {"bookmarks": {"ticket": {"cursor": str(value)}}}}


def lines(messages):
    return "".join(json.dumps(message) + "\n" for message in messages).encode()
