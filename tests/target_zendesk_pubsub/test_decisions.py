"""What is published of a batch of tickets, and what waits: `decide`, from values to values."""

import json
from datetime import UTC, datetime

import pytest
from target_zendesk_pubsub.decisions import decide
from target_zendesk_pubsub.directory import Person, UnmatchedUser
from target_zendesk_pubsub.lookup import Known, LastMessage, WaitingVersion
from target_zendesk_pubsub.messages import message_key
from target_zendesk_pubsub.ticket_parsing import read_ticket

from tests.target_zendesk_pubsub.tickets import (
    AGENT,
    COLLEAGUE,
    DIRECTORY,
    GHOST,
    MEMBER,
    START,
    STRANGER,
    ticket,
)

PEOPLE = {
    **{user: Person(user, kind, internal) for user, (internal, kind) in DIRECTORY.items()},
    STRANGER: Person(STRANGER),
}
SINCE = datetime(2025, 12, 24, tzinfo=UTC)
SECOND = 1_000_000


def version(ticket_id=5, second=0, **fields):
    return read_ticket(json.dumps(ticket(ticket_id, second, **fields)["record"]).encode()).ticket


def decided(*versions, published=(), waiting=(), legacy=None):
    known = Known(
        PEOPLE, {one.ticket_id: one for one in published}, {one.ticket_id: one for one in waiting}, SINCE
    )
    return decide(versions, known, "local", legacy or {})


def message_of(one):
    [message] = decided(one).messages
    return message


def published(one, event="created", clock=START):
    """The log after that version."""
    return LastMessage(one.id, message_of(one).attributes["message_key"], event, generated_timestamp=clock)


def waiting(one):
    """The tables after that version, whose users do not match."""
    [error] = decided(one).errors
    return WaitingVersion(one.id, error.message_key, int(SINCE.timestamp()) * SECOND, 0)


def sent(decision):
    return [(message.ticket_id, message.attributes["event_type"]) for message in decision.messages]


def without_match(second=0, **fields):
    return version(second=second, assignee_id=STRANGER, **fields)


def test_a_message_has_the_ticket_with_its_users_matched():
    decision = decided(version(37, 9, subject='"a\\b"', collaborator_ids=[MEMBER]))
    [message] = decision.messages
    content = json.loads(message.data)
    assert content["assignee"] == {"id": "U2", "kind": "user", "zendeskUserId": AGENT}
    assert content["collaborators"] == [{"id": "M1", "kind": "member", "zendeskUserId": MEMBER}]
    assert content["followers"] == [{"id": "U3", "kind": "user", "zendeskUserId": COLLEAGUE}]
    assert (message.ticket_id, message.ordering_key) == (37, "zendesk-ticket-05")
    assert message.attributes == {
        "ticket_id": "37",
        "message_key": message_key(37, message.data),
        "schema_version": "1",
        "event_type": "created",
        "zendesk_updated_at": "2026-01-01T00:00:09Z",
        "generated_timestamp": str(START + 9),
        "environment": "local",
    }
    row = json.loads(message.columns + b"}")
    assert row == {
        "message_key": message.attributes["message_key"],
        "ticket_id": 37,
        "ordering_key": message.ordering_key,
        "attributes": json.dumps(message.attributes, separators=(",", ":"), sort_keys=True),
        "data": message.data.decode(),
    }
    assert (decision.errors, decision.taken_over, decision.waiting_unchanged) == ([], [], 0)
    assert (decision.settled, decision.waiting_more) == (frozenset(), 0)


def test_what_is_as_last_published_is_not_sent_again_nor_twice_in_a_batch():
    before = published(version())
    assert sent(decided(version(second=9, updated_at="2026-01-01T00:00:00Z"), published=[before])) == []
    assert sent(decided(version(), version())) == [(5, "created")]


def test_the_event_compares_with_the_message_before():
    versions = [
        version(second=0),
        version(second=1, status="pending"),
        version(second=2, status="deleted"),
        version(second=3, status="deleted", subject="kept"),
        version(second=4, status="open"),
        version(6, second=5),
    ]
    events = ["created", "updated", "deleted", "deleted", "restored"]
    assert sent(decided(*versions)) == [*((5, event) for event in events), (6, "created")]
    before = published(versions[2], "deleted")
    assert sent(decided(versions[4], published=[before])) == [(5, "restored")]
    assert sent(decided(version(status="deleted"))) == [(5, "deleted")]


def test_a_ticket_waits_for_each_user_without_a_match():
    one = version(submitter_id=GHOST, follower_ids=[STRANGER], assignee_id=None)
    decision = decided(one, version(6))
    [error] = decision.errors
    assert error.unmatched == [
        UnmatchedUser("submitter", GHOST, "not_exported"),
        UnmatchedUser("followers", STRANGER, "not_in_directory"),
    ]
    content = json.loads(error.payload)
    assert content["submitter"] == {"id": None, "kind": None, "zendeskUserId": GHOST}
    assert content["requester"]["id"] == "M1"
    assert error.ticket.id == 5
    assert error.message_key == message_key(5, error.payload)
    assert error.first_seen_at is None
    assert sent(decision) == [(6, "created")]
    assert (decision.settled, decision.waiting_more, decision.waiting_unchanged) == (frozenset(), 1, 0)


def test_a_ticket_that_waits_in_the_same_version_is_only_counted():
    before = [waiting(without_match()), waiting(version(6, requester_id=STRANGER))]
    decision = decided(without_match(), version(6, requester_id=STRANGER), waiting=before)
    assert (decision.messages, decision.errors, decision.waiting_unchanged) == ([], [], 2)
    assert (decision.settled, decision.waiting_more) == (frozenset(), 0)


def test_a_later_version_waits_since_the_first_one_did_and_replaces_it():
    before = waiting(without_match())
    decision = decided(without_match(1, subject="1"), without_match(2, subject="2"), waiting=[before])
    [error] = decision.errors
    assert error.ticket.generated_timestamp == START + 2
    assert error.first_seen_at == SINCE
    assert (decision.settled, decision.waiting_more) == (frozenset(), 0)
    back = decided(without_match(1, subject="1"), without_match(), waiting=[before])
    assert (back.errors, back.waiting_unchanged) == ([], 1)


@pytest.mark.parametrize("is_published_before", [False, True])
def test_a_waiting_ticket_is_settled_by_a_message_also_by_one_that_repeats_the_last(is_published_before):
    before = [published(version())] if is_published_before else []
    decision = decided(version(), published=before, waiting=[waiting(without_match())])
    assert sent(decision) == [(5, "updated" if is_published_before else "created")]
    assert (decision.settled, decision.waiting_more) == (frozenset({5}), -1)


def test_a_ticket_that_waits_only_within_the_batch_is_published_and_no_error_is_left():
    decision = decided(without_match(1), version(), published=[published(version())])
    assert sent(decision) == [(5, "updated")]
    assert (decision.errors, decision.settled, decision.waiting_more) == ([], frozenset(), 0)


def test_a_ticket_whose_later_version_waits_is_published_and_waits_from_now_on():
    decision = decided(version(), without_match(1), waiting=[waiting(without_match(subject="old"))])
    assert sent(decision) == [(5, "created")]
    [error] = decision.errors
    assert error.first_seen_at is None
    assert (decision.settled, decision.waiting_more) == (frozenset(), 0)


@pytest.mark.parametrize(
    ("clock", "is_clocked", "events"),
    [(0, True, []), (1, True, [(5, "created")]), (0, False, [(5, "created")])],
    ids=["the erased version", "a later one", "one whose clock is unknown"],
)
def test_an_erased_version_is_not_published_again_and_keeps_no_other_ticket(clock, is_clocked, events):
    erased = LastMessage(5, "key", "erased", generated_timestamp=START)
    one = version(second=clock, updated_at="2026-01-01T00:00:00Z")
    one.is_clocked = is_clocked
    assert sent(decided(one, version(6), published=[erased])) == [*events, (6, "created")]


MOMENT = START * SECOND


@pytest.mark.parametrize(
    ("legacy", "is_taken_over"),
    [({5: MOMENT}, True), ({5: MOMENT + 1}, True), ({5: MOMENT - 1}, False), ({6: MOMENT}, False)],
    ids=["this version", "a later one", "an earlier one", "another ticket"],
)
def test_what_the_legacy_system_published_is_taken_over_and_not_sent(legacy, is_taken_over):
    decision = decided(version(), version(second=1, subject="changed"), legacy=legacy)
    if not is_taken_over:
        assert sent(decision) == [(5, "created"), (5, "updated")]
        assert decision.taken_over == []
        assert "taken_over" not in decision.messages[0].attributes
        return
    [message] = decision.taken_over
    assert message.attributes == {**message_of(version()).attributes, "taken_over": "true"}
    assert sent(decision) == [(5, "updated")]


def test_a_ticket_that_was_published_here_is_no_longer_compared_with_the_legacy_system():
    before = published(version(subject="before"))
    decision = decided(version(), published=[before], legacy={5: MOMENT})
    assert (sent(decision), decision.taken_over) == ([(5, "updated")], [])


def test_a_time_with_another_offset_is_the_same_moment_for_the_legacy_system():
    one = version(updated_at="2026-01-01T02:00:00+02:00")
    assert len(decided(one, legacy={5: MOMENT}).taken_over) == 1


def test_a_waiting_ticket_names_the_field_of_each_user_without_a_match():
    fields = {"requester_id": GHOST, "submitter_id": GHOST, "assignee_id": GHOST}
    [error] = decided(version(**fields, collaborator_ids=[GHOST], follower_ids=[GHOST])).errors
    names = ["requester", "submitter", "assignee", "collaborators", "followers"]
    assert [one.field for one in error.unmatched] == names
