"""target-zendesk-pubsub-replay: what was published comes again, as it was."""

import signal

import pytest

from tests.fault_proxy import Fault
from tests.target_zendesk_pubsub.tickets import DIRECTORY, STRANGER, schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

COMMAND = "target-zendesk-pubsub-replay"
MOMENTS = {
    1: "2026-11-01 00:00:00",
    2: "2026-11-03 23:59:59.999999",
    3: "2026-11-04 00:00:00",
    4: "2026-10-31 23:59:59.999999",
}


@pytest.fixture
def replay(start):
    """Runs the command to its end: exit code, and what it said on stdout and stderr."""

    def run(*arguments, **settings):
        process = start(*arguments, command=COMMAND, **settings)
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    return run


@pytest.fixture
def published(publish, commons, warehouse, messages_dataset):
    """Tickets that were published at MOMENTS: the messages, by ticket."""
    assert publish([schema(), *map(ticket, MOMENTS), state(1)]).code == 0
    cases = " ".join(f"WHEN {number} THEN TIMESTAMP '{moment}'" for number, moment in MOMENTS.items())
    warehouse.client.query_and_wait(
        f"UPDATE {messages_dataset}.zendesk_ticket SET published_at = CASE ticket_id {cases} END WHERE TRUE"
    )
    return {message.ticket_id: message for message in commons.receive()}


def test_days_are_of_utc_and_both_are_included(replay, published, commons, rows):
    days = ("--from", "2026-11-01", "--to", "2026-11-03")
    assert replay(*days, "--dry-run") == (0, "2 messages of 2 tickets would be published again\n", "")
    assert commons.receive() == []
    assert replay(*days) == (0, "2 messages of 2 tickets\n2 published again\n", "")
    received = {message.ticket_id: message for message in commons.receive()}
    assert set(received) == {1, 2}
    originals = {row["message_id"]: row["replay_of"] for row in rows("published")}
    for number, message in received.items():
        first = published[number]
        assert (message.data, message.attributes, message.ordering_key) == (
            first.data,
            first.attributes,
            first.ordering_key,
        )
        assert originals[message.message_id] == first.message_id


def test_a_replay_is_not_replayed_again(replay, published, commons):
    everything = ("--from", "2026-10-01", "--to", "2026-11-30")
    for _ in range(2):
        assert replay(*everything)[1] == "4 messages of 4 tickets\n4 published again\n"
        assert len(commons.receive()) == 4


def test_tickets_can_be_named(replay, published, commons):
    for arguments, output, tickets in [
        (("--ticket", "1", "--ticket", "3"), "2 messages of 2 tickets\n2 published again\n", [1, 3]),
        (("--ticket", "3"), "1 message of 1 ticket\n1 published again\n", [3]),
    ]:
        assert replay(*arguments)[1] == output
        assert sorted(message.ticket_id for message in commons.receive()) == tickets


def test_days_or_tickets_without_messages_are_said(replay, published, commons):
    for arguments in [
        ("--ticket", "3", "--from", "2026-11-01", "--to", "2026-11-03"),
        ("--ticket", "99", "--dry-run"),
        ("--from", "2020-01-01", "--to", "2020-01-02"),
    ]:
        assert replay(*arguments)[:2] == (0, "No logged message matches: nothing to publish\n")
    assert commons.receive() == []


def test_versions_of_a_ticket_come_in_their_order_and_the_next_run_compares_with_the_last(
    replay, publish, commons
):
    versions = [ticket(1, second, priority=priority) for second, priority in enumerate(["low", "high"])]
    assert publish([schema(), *versions, state(1)]).code == 0
    assert replay("--ticket", "1", batch_size=1)[0] == 0
    assert [message.content["priority"] for message in commons.receive()] == ["low", "high", "low", "high"]
    publish([schema(), versions[-1], state(1)])
    assert commons.receive() == []
    publish([schema(), versions[0], state(1)])
    assert [message.content["priority"] for message in commons.receive()] == ["low"]


def test_a_replay_does_not_end_a_tickets_waiting(replay, publish, company, commons):
    publish([schema(), ticket(1, 1), ticket(1, 2, assignee_id=STRANGER), state(1)])
    assert replay("--ticket", "1")[0] == 0
    assert len(commons.receive()) == 2
    company.knows({**DIRECTORY, STRANGER: ("M4", "member")}, [*DIRECTORY, STRANGER])
    assert publish().code == 0
    assert [message.content["assignee"]["id"] for message in commons.receive()] == ["M4"]


def test_settings_can_come_from_the_environment(replay, published, config, commons, monkeypatch):
    for name, value in config.items():
        monkeypatch.setenv(f"TARGET_ZENDESK_PUBSUB_{name.upper()}", str(value))
    code, output, _ = replay("--config", "ENV", "--ticket", "1")  # the last --config counts
    assert (code, output) == (0, "1 message of 1 ticket\n1 published again\n")
    assert [message.ticket_id for message in commons.receive()] == [1]


@pytest.mark.parametrize(
    ("arguments", "settings", "expected"),
    [
        ((), {}, "replay: --from or --ticket is required"),
        (("--from", "2026-11-01"), {}, "replay: --from requires --to, the last day"),
        (("--from", "2026-11-02", "--to", "2026-11-01"), {}, "replay: --to is before --from"),
        (("--ticket", "1"), {"topic": None}, "Setting 'topic' is required"),
        (
            ("--ticket", "1"),
            {"messages_dataset": "nowhere"},
            "Dataset nowhere does not exist in project local-cityblock-data: create it",
        ),
    ],
    ids=["nothing chosen", "no last day", "days the wrong way round", "no topic", "no log"],
)
def test_invalid_arguments_are_reported_in_one_sentence(arguments, settings, expected, replay):
    code, out, err = replay(*arguments, **settings)
    assert (code, out) == (1, "")
    assert expected in err
    assert "Traceback" not in err


def test_an_unavailable_topic_is_reported_and_nothing_is_logged(replay, published, rows):
    code, _, err = replay("--ticket", "1", pubsub_emulator_host="127.0.0.1:1", timeout=1)
    assert code == 1
    assert "ServiceUnavailable (503) from Pub/Sub, gave up" in err
    assert "Traceback" not in err
    assert len(rows("published")) == len(MOMENTS)


def test_a_signal_lets_the_batch_in_hand_be_logged(start, published, bigquery_proxy, commons, rows):
    bigquery_proxy.add(Fault("hold", "POST /upload"))
    with start("--from", "2026-10-01", "--to", "2026-11-30", command=COMMAND, batch_size=1) as process:
        assert bigquery_proxy.reached.wait(120)
        process.send_signal(signal.SIGTERM)
        assert any(b"exiting once the current batch is done" in line for line in process.stderr)
        bigquery_proxy.release()
        assert process.wait(60) == 128 + signal.SIGTERM
    [message] = commons.receive()
    assert [row["replay_of"] for row in rows("published") if row["message_id"] == message.message_id] == [
        published[message.ticket_id].message_id
    ]


def test_a_page_of_the_log_that_does_not_arrive_at_once_costs_no_message(
    publish, replay, commons, bigquery_proxy
):
    """The log is read a thousand rows at a time."""
    publish([schema(), *(ticket(number) for number in range(1, 1201)), state(1)])
    assert len(commons.receive()) == 1200
    bigquery_proxy.add(Fault("status", "GET /bigquery/v2/projects/local-cityblock-data/queries"))
    code, _, output = replay("--from", "2026-01-01", "--to", "2099-12-31")
    assert code == 0, output
    assert "ServiceUnavailable (503), trying again" in output
    assert len(commons.receive()) == 1200


def test_a_replay_that_is_refused_ends_the_run_and_no_tickets_waiting(
    publish, replay, company, commons, warehouse, messages_dataset
):
    """Pub/Sub takes no attribute longer than 1,024 bytes."""
    publish([schema(), ticket(1), state(1)])
    publish([schema(), ticket(1, priority="high", assignee_id=STRANGER), state(2)])
    spoilt = """attributes = REPLACE(attributes, '"environment":"local"', CONCAT('"environment":"', REPEAT('x', 1025), '"'))"""
    warehouse.client.query_and_wait(f"UPDATE {messages_dataset}.zendesk_ticket SET {spoilt} WHERE TRUE")
    code, _, output = replay("--from", "2026-01-01", "--to", "2099-12-31")
    assert code == 1
    assert "Pub/Sub refused 1 message, the first of ticket 1" in output
    commons.receive()
    company.knows({**DIRECTORY, STRANGER: ("M4", "member")}, [])
    publish()
    assert [message.content["priority"] for message in commons.receive()] == ["high"]


def test_a_replay_of_large_messages_is_cut_into_batches_by_their_size(publish, replay, commons):
    publish([schema(), *(ticket(number, description="d" * 2000) for number in range(1, 11)), state(1)])
    commons.receive()
    assert replay("--from", "2026-01-01", "--to", "2099-12-31", batch_size_bytes=5000)[:2] == (
        0,
        "10 messages of 10 tickets\n10 published again\n",
    )
    assert len(commons.receive()) == 10
