"""What is published of which tickets, and what is logged of it."""

import json
import signal

import jsonschema
import pytest
from target_zendesk_pubsub.contract import MESSAGE_TYPES, data_schema

from tests.target_zendesk_pubsub.tickets import (
    AGENT,
    COLLEAGUE,
    GHOST,
    MEMBER,
    START,
    STRANGER,
    lines,
    schema,
    state,
    ticket,
)

pytestmark = pytest.mark.usefixtures("company")


LONG = f"2026-01-01T00:00:00.{'0' * 1025}Z"
"""A time, and longer than Pub/Sub takes an attribute."""


def events(received):
    return [(message.ticket_id, message.event) for message in received]


@pytest.mark.fast
def test_a_ticket_whose_users_join_is_published_and_then_state_goes_out(publish, commons, rows):
    ran = publish([schema(), ticket(1), ticket(2), state(2)])
    assert ran.code == 0, ran.stderr
    assert ran.states == [state(2)["value"]]
    received = commons.receive()
    assert sorted(events(received)) == [(1, "created"), (2, "created")]
    logged = {row["message_id"]: row for row in rows("published")}
    for message in received:
        row = logged[message.message_id]
        assert row["data"].encode() == message.data
        assert json.loads(row["attributes"]) == message.attributes
        assert (
            row["message_key"],
            row["ticket_id"],
            row["ordering_key"],
            row["topic"],
            row["replay_of"],
        ) == (
            message.key,
            message.ticket_id,
            message.ordering_key,
            commons.topic,
            None,
        )


def test_users_come_with_who_they_are_inside(publish, commons):
    publish([schema(), ticket(1, collaborator_ids=[COLLEAGUE, MEMBER], assignee_id=None), state(1)])
    [message] = commons.receive()
    member = {"zendeskUserId": MEMBER, "kind": "member", "id": "M1"}
    colleague = {"zendeskUserId": COLLEAGUE, "kind": "user", "id": "U3"}
    assert message.content["requester"] == member
    assert message.content["assignee"] is None
    assert message.content["collaborators"] == [member, colleague]
    assert message.content["followers"] == [colleague]


def test_data_is_by_the_contract_and_attributes_hold_nothing_personal(publish, commons):
    whole = data_schema(MESSAGE_TYPES[0])
    publish([schema(), ticket(1), ticket(2, status="deleted"), state(2)])
    for message in commons.receive():
        jsonschema.validate(message.content, whole)
        assert set(message.content) == set(whole["properties"])
        assert set(message.attributes) == {
            "ticket_id",
            "message_key",
            "schema_version",
            "event_type",
            "zendesk_updated_at",
            "generated_timestamp",
            "environment",
        }


def test_an_unchanged_ticket_is_not_sent_again(publish, commons, rows):
    run = [schema(), ticket(1), ticket(2), state(2)]
    publish(run)
    commons.receive()
    again = publish(run)
    assert again.code == 0
    assert again.states == [state(2)["value"]]
    assert commons.receive() == []
    assert len(rows("published")) == 2


def test_what_zendesk_promises_no_order_of_makes_no_new_message(publish, commons):
    publish([schema(), ticket(1, collaborator_ids=[MEMBER, AGENT], tags=["a", "b"]), state(1)])
    commons.receive()
    fields = [{"id": 11, "value": None}, {"id": 12, "value": ["x", "y"]}]
    publish([schema(), ticket(1, collaborator_ids=[AGENT, MEMBER], tags=["b", "a"], custom_fields=fields)])
    assert commons.receive() == []


@pytest.mark.parametrize("runs", [1, 3], ids=["in one run", "in three"])
def test_a_ticket_that_goes_there_and_back_is_published_three_times_in_order(runs, publish, commons):
    there_and_back = [ticket(1, priority="low"), ticket(1, priority="high"), ticket(1, priority="low")]
    size = len(there_and_back) // runs
    for start in range(0, len(there_and_back), size):
        assert publish([schema(), *there_and_back[start : start + size], state(start)]).code == 0
    received = commons.receive()
    assert [message.content["priority"] for message in received] == ["low", "high", "low"]
    assert received[0].key == received[2].key != received[1].key
    assert [message.event for message in received] == ["created", "updated", "updated"]


def test_deleted_and_restored_tickets_say_so(publish, commons):
    for second, status in enumerate(["open", "deleted", "open", "solved"]):
        publish([schema(), ticket(1, second, status=status), state(second)])
    received = commons.receive()
    assert [message.event for message in received] == ["created", "deleted", "restored", "updated"]
    assert [message.content["isDeleted"] for message in received] == [False, True, False, False]


def test_a_ticket_keeps_its_order_within_one_of_32_keys(publish, commons):
    batch = [ticket(number, second, priority=str(second)) for second in range(3) for number in range(1, 81)]
    assert publish([schema(), *batch, state(1)]).code == 0
    received = commons.receive()
    assert len({message.ordering_key for message in received}) == 32
    of_ticket = {}
    for message in received:
        of_ticket.setdefault(message.ticket_id, []).append(message.content["priority"])
    assert of_ticket == {number: ["0", "1", "2"] for number in range(1, 81)}


def test_state_advances_batch_by_batch(publish):
    ran = publish(
        [schema(), ticket(1), ticket(2), state(2), ticket(3), state(3), ticket(4), state(4)], batch_size=2
    )
    assert ran.states[:2] == [state(2)["value"], state(4)["value"]]


def test_a_batch_ends_where_its_input_grows_too_large(publish, commons):
    large = [ticket(number, description="d" * 2000) for number in range(1, 11)]
    ran = publish([schema(), *large, state(10)], batch_size_bytes=6000)
    assert ran.code == 0, ran.stderr
    assert len(commons.receive()) == 10


def test_tickets_that_are_read_many_at_a_time_are_published_each_once(publish, commons):
    """The input is of several chunks, with lines across their ends, one longer than a chunk, and none at its very end."""
    texts = {30: "x" * 200_000}
    many = [ticket(number, description=texts.get(number, "x" * 5_000)) for number in range(1, 61)]
    ran = publish(lines([schema(), *many])[:-1], batch_size=25)
    assert ran.code == 0, ran.stderr
    assert "60 tickets: 60 messages published" in ran.stderr
    received = commons.receive()
    assert sorted(message.ticket_id for message in received) == list(range(1, 61))
    assert {len(message.content["description"]) for message in received} == {5_000, 200_000}


def test_other_streams_are_ignored_by_name(publish, commons):
    other = {"type": "RECORD", "stream": "EXPORT_METADATA", "record": {"table_name": "ticket"}}
    ran = publish([schema("EXPORT_METADATA"), schema(), other, ticket(1), other, state(1)])
    assert ran.code == 0, ran.stderr
    assert ran.stderr.count("stream EXPORT_METADATA is not published: ignored") == 1
    assert events(commons.receive()) == [(1, "created")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"canary-7f3a\n", "Input line 1: not a Singer message"),
        (lines([ticket(1)]), "A RECORD of stream ticket came before its SCHEMA"),
        (
            lines([schema()]) + b'{"type": "RECORD", "stream": "ticket"}\n',
            "Input line 2: a RECORD message without",
        ),
        (b'{"stream": "canary-7f3a"}\n', "An input line is missing type"),
        (
            lines(
                [schema(), {"type": "BATCH", "stream": "ticket", "encoding": {}, "manifest": []}, state(1)]
            ),
            "BATCH messages are not supported",
        ),
        (lines([schema(), {"type": "CONTROL"}, ticket(1)]), "Input line 2: unknown message type CONTROL"),
        (b'{"type": "SCHEMA"}\n', "A SCHEMA lacks its stream"),
        (lines([schema(), {"type": "STATE"}]), "An input line is missing value"),
    ],
    ids=["no JSON", "no schema", "no record", "no type", "a batch", "another type", "no stream", "no value"],
)
def test_input_that_is_not_singer_is_reported_by_line(given, expected, publish):
    ran = publish(given)
    assert ran.code == 1
    assert expected in ran.stderr
    assert "canary-7f3a" not in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.states == []


def test_no_schema_is_too_odd_for_its_tickets(publish, commons):
    """What a ticket is, the target knows."""
    odd = [True, None, {}, {"properties": None}, {"properties": {"id": True}}]
    run = []
    for number, one in enumerate(odd, 1):
        run += [{**schema(), "schema": one, "key_properties": None}, ticket(number)]
    version = {"type": "ACTIVATE_VERSION", "stream": "ticket", "version": 1}
    ran = publish([version, *run, version, state(1)])
    assert ran.code == 0, ran.stderr
    assert ran.states == [state(1)["value"]]
    assert sorted(message.ticket_id for message in commons.receive()) == [1, 2, 3, 4, 5]


def test_nonexistent_users_have_no_match_and_are_not_waited_for(publish, commons, rows):
    ran = publish([schema(), ticket(1, submitter_id=-1, assignee_id=0, follower_ids=[-1]), state(1)])
    assert ran.code == 0, ran.stderr
    [message] = commons.receive()
    assert message.content["submitter"] is message.content["assignee"] is None
    assert message.content["followers"] == []
    assert rows("waiting") == []


def test_a_newer_version_without_a_clock_counts_as_newer(publish, commons):
    """Zendesk's clock of the older version is later than `updated_at`: a change of the system itself."""
    older = ticket(1, generated_timestamp=START + 300, priority="low")
    publish([schema(), older, ticket(2), state(1)])
    newer = [ticket(number, 60, generated_timestamp=None, priority="high") for number in (1, 2)]
    ran = publish([schema(), *newer, ticket(1, 90, generated_timestamp=None, priority="urgent"), state(2)])
    assert ran.code == 0, ran.stderr
    output = [
        (one.ticket_id, one.content["priority"], int(one.attributes["generated_timestamp"]) - START)
        for one in sorted(commons.receive(), key=lambda one: one.ticket_id)
    ]
    assert output == [
        (1, "low", 300),
        (1, "high", 300),
        (1, "urgent", 300),
        (2, "normal", 0),
        (2, "high", 60),
    ]


def test_odd_content_of_zendesk_is_taken_as_it_is(publish, commons):
    odd = ticket(
        1, satisfaction_rating=None, tags=None, collaborator_ids=[None], custom_fields=None, due_at=""
    )
    assert publish([schema(), odd, state(1)]).code == 0
    [message] = commons.receive()
    assert message.content["dueAt"] is None
    assert message.content["collaborators"] == []
    assert message.content["customFields"] == []


def test_a_refused_message_has_its_row_and_does_not_keep_the_rest(publish, commons, rows, pubsub):
    """Pub/Sub takes no attribute longer than 1,024 bytes, and refuses the whole request."""
    if pubsub.is_given:
        pytest.skip("Google's emulator takes attributes of any length")
    batch = [ticket(number) for number in range(32, 32 * 40, 32)]  # all in one bucket
    refused = ticket(32 * 7, updated_at=LONG)
    ran = publish([schema(), *batch[:20], refused, *batch[20:], state(1)])
    assert ran.code == 0, ran.stderr
    assert ran.states == [state(1)["value"]]
    assert [message.ticket_id for message in commons.receive()] == [one["record"]["id"] for one in batch]
    [row] = rows("refused")
    assert row["ticket_id"] == 32 * 7
    assert row["reason"].startswith("InvalidArgument")
    assert "ticket 224: Pub/Sub refused the message" in ran.stderr
    again = publish()
    assert again.code == 0
    assert commons.receive() == []


def test_a_message_too_large_for_pubsub_is_refused_unsent(publish, commons, rows):
    ran = publish([schema(), ticket(1), ticket(2, description="d" * 9_500_000), ticket(3), state(3)])
    assert ran.code == 0, ran.stderr
    assert sorted(events(commons.receive())) == [(1, "created"), (3, "created")]
    [row] = rows("refused")
    assert row["reason"].startswith("too large")


def test_large_messages_are_spread_over_requests(publish, commons):
    batch = [ticket(32 * number, description="d" * 1_000_000) for number in range(1, 13)]
    assert publish([schema(), *batch, state(1)]).code == 0
    assert [message.ticket_id for message in commons.receive()] == [one["record"]["id"] for one in batch]


def test_a_signal_between_batches_ends_the_run_with_what_state_says(start, commons):
    process = start(batch_size=1)
    process.stdin.write(lines([schema(), ticket(1), state(1)]))
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == state(1)["value"]
    process.send_signal(signal.SIGTERM)
    _, output = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM, output
    assert events(commons.receive()) == [(1, "created")]


def test_whoever_does_not_join_keeps_the_others_from_nothing(publish, commons, rows):
    publish([schema(), ticket(1), ticket(2, assignee_id=STRANGER), ticket(3, follower_ids=[GHOST]), state(3)])
    assert events(commons.receive()) == [(1, "created")]
    waiting = {row["ticket_id"]: row["unjoined"] for row in rows("waiting")}
    assert waiting == {
        2: [{"field": "assignee", "zendesk_user_id": STRANGER, "reason": "not_in_directory"}],
        3: [{"field": "followers", "zendesk_user_id": GHOST, "reason": "not_exported"}],
    }
