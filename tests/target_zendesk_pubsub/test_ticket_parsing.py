"""Values that a ticket should not have: what is read of them, and what is not."""

import json

import pytest
from target_zendesk_pubsub.ticket_parsing import Rejected, read_json, read_ticket, rejected_as_too_deep
from target_zendesk_pubsub.tickets import DeletionStub, Ticket

from tests.target_zendesk_pubsub.tickets import MEMBER, START, ticket

READ = {
    "via is a word": ({"via": "Web form"}, "channel", "Web form"),
    "via is a number": ({"via": 27}, "channel", "27"),
    "via.channel is a number": ({"via": {"channel": 27, "source": None}}, "channel", "27"),
    "no via": ({"via": None}, "channel", None),
    "null among collaborators": ({"collaborator_ids": [None, MEMBER]}, "collaborators", [MEMBER]),
    "null among tags": ({"tags": ["b", None, "a"]}, "tags", ["a", "b"]),
    "null among custom fields": ({"custom_fields": [None]}, "custom_fields", []),
    "a whole number for a text": ({"external_id": 12345}, "external_id", "12345"),
    "a number without a fraction for a text": ({"external_id": 12345.0}, "external_id", "12345"),
    "digits for an id": ({"group_id": "7"}, "group_id", 7),
    "a number without a fraction for an id": ({"group_id": 7.0}, "group_id", 7),
    "a rating that is a word": ({"satisfaction_rating": "good"}, "satisfaction_score", "good"),
    "no due date": ({"due_at": ""}, "due_at", None),
    "a submitter that does not exist": ({"submitter_id": -1}, "submitter", None),
    "a requester that does not exist": ({"requester_id": 0}, "requester", None),
    "a follower that does not exist": ({"follower_ids": [-1, MEMBER, 0]}, "followers", [MEMBER]),
    "digits for a user": ({"follower_ids": [str(MEMBER)]}, "followers", [MEMBER]),
    "digits for the ticket's id": ({"id": "5"}, "ticket_id", 5),
}


def record(**fields):
    return json.dumps(ticket(5, **fields)["record"]).encode()


def plain(value):
    """Users by their ids."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    return getattr(value, "zendeskUserId", value)


@pytest.mark.parametrize(("fields", "name", "read"), READ.values(), ids=READ)
def test_what_has_one_sensible_reading_is_read_so(fields, name, read):
    got = read_ticket(record(**fields))
    assert isinstance(got.ticket, Ticket)
    assert plain(getattr(got.ticket.content, name)) == read
    assert not got.is_replaced


def test_a_custom_field_without_a_value_is_empty_and_digits_are_its_id():
    [field] = read_ticket(record(custom_fields=[{"id": "3"}])).ticket.content.custom_fields
    assert (field.id, field.value) == (3, None)


@pytest.mark.parametrize("clock", [START + 7, str(START + 7), float(START + 7)])
def test_a_clock_in_any_form_is_the_same_clock(clock):
    read = read_ticket(record(generated_timestamp=clock)).ticket
    assert (read.generated_timestamp, read.is_clocked) == (START + 7, True)


def test_without_a_clock_the_ticket_has_its_updated_at_for_one():
    read = read_ticket(record(generated_timestamp=None, updated_at="2026-01-01T00:00:09Z")).ticket
    assert (read.generated_timestamp, read.is_clocked) == (START + 9, False)
    gone = record(
        generated_timestamp=None, updated_at="2026-01-01T00:00:09Z", created_at=None, status="deleted"
    )
    assert read_ticket(gone).ticket == DeletionStub(5, START + 9, "2026-01-01T00:00:09Z", is_clocked=False)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb"\ud800 end", "\N{REPLACEMENT CHARACTER} end"),
        (rb"\ude00", "\N{REPLACEMENT CHARACTER}"),
        (b"\xff end", "\N{REPLACEMENT CHARACTER} end"),
        (b"\xc3", "\N{REPLACEMENT CHARACTER}"),
    ],
    ids=["first half of a pair", "second half", "no UTF-8", "cut short"],
)
def test_text_that_is_no_proper_unicode_is_replaced_and_said(written, read):
    got = read_ticket(record(subject="TEXT", description="\N{GRINNING FACE}").replace(b"TEXT", written))
    assert got.is_replaced
    assert (got.ticket.content.subject, got.ticket.content.description) == (read, "\N{GRINNING FACE}")


REJECTED = {
    "custom fields are an object": (
        {"custom_fields": {}},
        "custom_fields",
        "Expected `array | null`, got `object`",
    ),
    "a custom field without an id": (
        {"custom_fields": [{"value": 1}]},
        "custom_fields",
        "missing required field `id`",
    ),
    "a custom field that is not a number": (
        {"custom_fields": [{"id": 1, "value": float("nan")}]},
        "custom_fields",
        "Expected a finite number",
    ),
    "a user that is a word": ({"requester_id": "canary"}, "requester_id", "got `str`"),
    "a user past BigQuery's numbers": ({"requester_id": 1 << 63}, "requester_id", "Expected `int` <= "),
    "an id with a fraction": ({"group_id": 1.5}, "group_id", "got `float`"),
    "a text that is true": ({"external_id": True}, "external_id", "got `bool`"),
    "an object among tags": ({"tags": [{"canary": 1}]}, "tags", "Expected `str`, got `object`"),
    "no status": ({"status": None}, "status", "Expected `str`, got `null`"),
    "an update at no time": ({"updated_at": "canary"}, "updated_at", "Expected a time with its offset"),
    "an update without an offset": ({"updated_at": "2026-01-01T00:00:00"}, "updated_at", "Expected a time"),
    "an update that is a number": ({"updated_at": 20260101}, "updated_at", "got `int`"),
    "a creation at no time": ({"created_at": ""}, "created_at", "Expected a time with its offset"),
    "due at no time": ({"due_at": "soon"}, "due_at", "Expected a time with its offset"),
    "neither created nor deleted": (
        {"created_at": None},
        "created_at",
        "missing required field `created_at`",
    ),
}


@pytest.mark.parametrize(("fields", "column", "reason"), REJECTED.values(), ids=REJECTED)
def test_what_has_no_sensible_reading_is_rejected_with_its_place_and_without_its_content(
    fields, column, reason
):
    payload = record(subject="canary", _export_id="e1", **fields)
    rejected = read_ticket(payload).ticket
    assert isinstance(rejected, Rejected)
    assert (rejected.record_key, rejected.column, rejected.export_id) == ("5", column, "e1")
    assert reason in rejected.reason
    assert "canary" not in rejected.reason
    assert rejected.payload == payload.decode()


@pytest.mark.parametrize(
    ("ticket_id", "key", "name"),
    [
        (None, None, "a ticket without an id"),
        ("a-1", "a-1", "ticket a-1"),
        ("Ada Lovelace", "Ada Lovelace", "a ticket with an invalid id"),
        ([1], None, "a ticket without an id"),
        (1 << 63, str(1 << 63), f"ticket {1 << 63}"),
    ],
)
def test_a_ticket_whose_id_is_none_is_rejected_and_named_if_that_says_nothing_personal(ticket_id, key, name):
    rejected = read_ticket(record(id=ticket_id)).ticket
    assert (rejected.record_key, rejected.column, rejected.name) == (key, "id", name)


def test_what_is_nested_past_all_bounds_is_rejected():
    deep = record(custom_fields=[{"id": 1, "value": "V"}]).replace(b'"V"', b"[" * 100_000 + b"]" * 100_000)
    rejected = read_ticket(deep).ticket
    assert rejected.reason == "nested too deeply"


def test_what_is_no_json_is_rejected_whole():
    assert read_ticket(b'{"id": 5,}').ticket == Rejected(None, None, "not JSON", '{"id": 5,}')


def test_what_is_too_deep_keeps_its_text():
    rejected = rejected_as_too_deep(b'{"id":5,"subject":"\xff"}')
    assert rejected == Rejected(
        "5", None, "nested too deeply", '{"id":5,"subject":"\N{REPLACEMENT CHARACTER}"}'
    )


def test_integers_of_up_to_a_thousand_digits_are_numbers():
    assert read_json("1" * 1000) == int("1" * 1000)
    assert read_json("1" * 1001) == "1" * 1001
