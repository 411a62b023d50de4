"""Which property of Zendesk's ticket becomes which field of the message."""

import json

import msgspec
import pytest
from target_zendesk_pubsub.messages import TicketData
from target_zendesk_pubsub.ticket_parsing import read_ticket
from target_zendesk_pubsub.tickets import DeletionStub, Record, Ticket, ticket_of

from tests.target_zendesk_pubsub.tickets import AGENT, COLLEAGUE, GHOST, MEMBER, START, ticket

EVERYTHING = {
    "external_id": "external",
    "via": {"channel": "email"},
    "created_at": "2025-12-01T10:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "generated_timestamp": START + 7,
    "type": "incident",
    "subject": "a subject",
    "description": "a description",
    "priority": "high",
    "status": "hold",
    "recipient": "help@example.org",
    "requester_id": MEMBER,
    "submitter_id": COLLEAGUE,
    "assignee_id": AGENT,
    "organization_id": 21,
    "group_id": 22,
    "collaborator_ids": [COLLEAGUE, MEMBER, COLLEAGUE],
    "follower_ids": [AGENT, -1, GHOST],
    "problem_id": 23,
    "has_incidents": True,
    "is_public": True,
    "due_at": "2026-01-09T00:00:00Z",
    "tags": ["b", "a", "b"],
    "custom_fields": [{"id": 12, "value": ["x", "y"]}, {"id": 11, "value": 1.5}],
    "satisfaction_rating": {"score": "good"},
    "custom_status_id": 24,
    "ticket_form_id": 25,
    "brand_id": 26,
}
NAMES = sorted(EVERYTHING.keys() - {"created_at", "updated_at", "status"})


def user(zendesk_id):
    return {"id": None, "kind": None, "zendeskUserId": zendesk_id}


def content_of(**fields):
    read = read_ticket(json.dumps(ticket(5, **fields)["record"]).encode()).ticket
    assert isinstance(read, Ticket)
    return read, msgspec.to_builtins(read.content)


def test_every_field_has_the_value_of_its_property():
    read, content = content_of(**EVERYTHING)
    assert (read.id, read.generated_timestamp, read.is_clocked) == (5, START + 7, True)
    assert content == {
        "assignee": user(AGENT),
        "brandId": 26,
        "channel": "email",
        "collaborators": [user(MEMBER), user(COLLEAGUE)],
        "createdAt": "2025-12-01T10:00:00Z",
        "customFields": [{"id": 11, "value": 1.5}, {"id": 12, "value": ["x", "y"]}],
        "customStatusId": 24,
        "description": "a description",
        "dueAt": "2026-01-09T00:00:00Z",
        "externalId": "external",
        "followers": [user(AGENT), user(GHOST)],
        "groupId": 22,
        "hasIncidents": True,
        "isDeleted": False,
        "isPublic": True,
        "organizationId": 21,
        "priority": "high",
        "problemId": 23,
        "recipient": "help@example.org",
        "requester": user(MEMBER),
        "satisfactionScore": "good",
        "schemaVersion": 1,
        "status": "hold",
        "subject": "a subject",
        "submitter": user(COLLEAGUE),
        "tags": ["a", "b"],
        "ticketFormId": 25,
        "ticketId": 5,
        "type": "incident",
        "updatedAt": "2026-01-01T00:00:00Z",
    }


def test_what_zendesk_leaves_empty_is_null_false_or_an_empty_list():
    _, content = content_of(**dict.fromkeys(NAMES))
    lists = {name: [] for name in ("collaborators", "customFields", "followers", "tags")}
    flags = dict.fromkeys(("hasIncidents", "isDeleted", "isPublic"), False)
    kept = {
        "createdAt": "2025-12-01T10:00:00Z",
        "schemaVersion": 1,
        "status": "open",
        "ticketId": 5,
        "updatedAt": "2026-01-01T00:00:00Z",
    }
    names = [field.encode_name for field in msgspec.structs.fields(TicketData)]
    assert content == {**dict.fromkeys(names), **lists, **flags, **kept}


def test_a_deleted_ticket_says_so():
    _, content = content_of(status="deleted")
    assert (content["status"], content["isDeleted"]) == ("deleted", True)


@pytest.mark.parametrize("is_clocked", [True, False])
def test_a_deletion_stub_deletes_the_last_known_content(is_clocked):
    read, content = content_of(**EVERYTHING)
    stub = DeletionStub(5, START + 9, "2026-01-01T00:00:09Z", is_clocked)
    deleted = stub.applied_to(read.content)
    assert (deleted.generated_timestamp, deleted.is_clocked) == (START + 9, is_clocked)
    changed = {"status": "deleted", "isDeleted": True, "updatedAt": "2026-01-01T00:00:09Z"}
    assert msgspec.to_builtins(deleted.content) == {**content, **changed}
    assert msgspec.to_builtins(read.content) == content


@pytest.mark.parametrize("clock", [START + 7, None])
def test_without_a_time_of_creation_only_a_deleted_ticket_is_a_stub(clock):
    record = Record(5, "deleted", "2026-01-01T00:00:09Z", clock)
    expected = (clock, True) if clock else (START + 9, False)
    assert ticket_of(record) == DeletionStub(5, expected[0], "2026-01-01T00:00:09Z", expected[1])
    with pytest.raises(msgspec.ValidationError, match=r"^Object missing required field `created_at`$"):
        ticket_of(Record(5, "open", "2026-01-01T00:00:09Z", clock))


@pytest.mark.parametrize("invalid", ["soon", "2026-01-01T00:00:00"])
@pytest.mark.parametrize("name", ["updated_at", "created_at", "due_at"])
def test_a_time_that_is_none_or_has_no_offset_is_named(name, invalid):
    times = dict.fromkeys(("updated_at", "created_at", "due_at"), "2026-01-01T00:00:00Z")
    with pytest.raises(
        msgspec.ValidationError, match=rf"^Expected a time with its offset - at `\$\.{name}`$"
    ):
        ticket_of(Record(5, "open", **{**times, name: invalid}))
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.updated_at`$"):
        ticket_of(Record(5, "open", **dict.fromkeys(times, invalid)))


def test_the_first_user_of_an_account_is_one():
    _, content = content_of(requester_id=1, follower_ids=[1, 0])
    assert (content["requester"], content["followers"]) == (user(1), [user(1)])
