"""Messages as bytes, keys and events."""

import json
import time
from datetime import datetime
from hashlib import sha256

import pytest
from target_zendesk_pubsub.messages import erased_message, event_type, message_key, new_message

DATA = b'{"text":"a\\"b\\\\c"}'


def test_the_key_is_of_the_ticket_and_its_content():
    assert message_key(12, b"{}") == sha256(b"12\0{}").hexdigest()
    assert message_key(12, bytearray(b"{}")) == message_key(12, b"{}")
    assert len({message_key(1, b"{}"), message_key(2, b"{}"), message_key(1, b"[]")}) == 3


@pytest.mark.parametrize(
    ("is_deleted", "before", "event"),
    [
        (False, None, "created"),
        (False, "erased", "created"),
        (False, "created", "updated"),
        (False, "updated", "updated"),
        (False, "restored", "updated"),
        (False, "deleted", "restored"),
        (True, None, "deleted"),
        (True, "erased", "deleted"),
        (True, "updated", "deleted"),
        (True, "deleted", "deleted"),
    ],
)
def test_the_event_says_what_became_of_the_ticket(is_deleted, before, event):
    assert event_type(is_deleted=is_deleted, before=before) == event


@pytest.mark.parametrize(("ticket_id", "key"), [(1, "01"), (31, "31"), (32, "00"), (75, "11")])
def test_tickets_share_32_ordering_keys(ticket_id, key):
    message = new_message(ticket_id, "k", {"b": '"', "a": "\\"}, DATA)
    assert (message.ticket_id, message.ordering_key) == (ticket_id, f"zendesk-ticket-{key}")
    assert (message.attributes, message.data) == ({"b": '"', "a": "\\"}, DATA)
    assert json.loads(message.columns + b"}") == {
        "message_key": "k",
        "ticket_id": ticket_id,
        "ordering_key": f"zendesk-ticket-{key}",
        "attributes": '{"a":"\\\\","b":"\\""}',
        "data": DATA.decode(),
    }


@pytest.fixture
def _elsewhere(monkeypatch):
    """A machine whose clock is not UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "EST5")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_elsewhere")
def test_an_erased_ticket_keeps_its_id_alone():
    erased_at = datetime.fromisoformat("2026-02-03T06:05:06.789+02:00")
    message = erased_message(7, erased_at, 1767225600, "prod")
    assert message.data == b'{"schemaVersion":1,"ticketId":7}'
    assert (message.ticket_id, message.ordering_key) == (7, "zendesk-ticket-07")
    assert message.attributes == {
        "ticket_id": "7",
        "message_key": message_key(7, message.data),
        "schema_version": "1",
        "event_type": "erased",
        "zendesk_updated_at": "2026-02-03T04:05:06Z",
        "generated_timestamp": "1767225600",
        "environment": "prod",
    }
    assert json.loads(json.loads(message.columns + b"}")["attributes"]) == message.attributes
