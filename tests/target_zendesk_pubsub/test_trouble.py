"""What goes wrong around the target, and what becomes of the messages: STATE stays, the next run makes it whole."""

import dataclasses
import json
import re
import signal
from collections import Counter

import pytest
from local_pubsub.clients import clients

from sandbox.addresses import SUBSCRIPTION, TOPIC, TOPIC_PROJECT, Addresses
from sandbox.pubsub import pubsub_server
from tests.fault_proxy import Fault
from tests.target_zendesk_pubsub.commons import Commons
from tests.target_zendesk_pubsub.tickets import (
    CANARY,
    DIRECTORY,
    PERSONAL,
    START,
    STRANGER,
    lines,
    schema,
    state,
    ticket,
)

pytestmark = pytest.mark.usefixtures("company")

RUN = [
    schema(),
    ticket(1, priority="high", **PERSONAL),
    ticket(2, **PERSONAL),
    ticket(3, assignee_id=STRANGER, **PERSONAL),
    state(3),
]
"""Two tickets to publish and one that waits: three load jobs, of intents, of the log and of join errors."""
BEFORE = [schema(), ticket(1, priority="low"), state(0)]
INTENTS, LOG, JOIN_ERRORS = range(3)
JOB, ROWS = "POST /upload", "PUT /upload"
"""The two requests of a load job. It is done once the second has its answer."""


@pytest.fixture(autouse=True)
def _warned(monkeypatch):
    """So that nothing left open says so after the sentence."""
    monkeypatch.setenv("PYTHONWARNINGS", "default::ResourceWarning")


LAST = re.compile(r"\d+ tickets?: \d+ messages? published, .* rejected.*; \d+\.\d s$")
"""However a run ends; only the sentence of an error comes after it."""


def fails_with(ran, expected):
    """Stopped by one sentence, the last, without a word of any ticket, before STATE."""
    assert ran.code == 1
    *_, last, sentence = ran.stderr.splitlines()
    assert LAST.search(last)
    assert "CRITICAL" in sentence
    assert ran.stderr.count("CRITICAL") == 1
    assert expected in ran.stderr
    assert "Traceback" not in ran.stderr
    assert CANARY not in ran.stderr
    assert ran.states == []


@pytest.fixture
def resume(publish, bigquery_proxy, commons, rows):
    """Runs the same again without faults. Returns the ticket ids, one per message."""

    def run():
        bigquery_proxy.clear()
        ran = publish(RUN)
        assert ran.code == 0, ran.stderr
        assert ran.states == [state(3)["value"]]
        received = commons.receive()
        agree(received, rows("published"))
        assert [row["ticket_id"] for row in rows("waiting")] == [3]
        return [message.ticket_id for message in received]

    return run


def await_line(process, expected):
    """Reads what the process says until it says this."""
    assert any(expected in line for line in process.stderr)


def agree(received, logged):
    """Every row's message is on the topic, every message's key is in the log, and nothing came twice but as itself."""
    on_topic = {message.message_id: (message.ticket_id, message.key) for message in received}
    in_log = {row["message_id"]: (row["ticket_id"], row["message_key"]) for row in logged}
    assert in_log.items() <= on_topic.items()
    assert set(in_log.values()) == set(on_topic.values())


def failed_job(reason):
    """The answer to a load job that BigQuery has given up, quoting a row."""
    error = {"reason": reason, "message": f"Error while reading {CANARY}"}
    return json.dumps(
        {
            "jobReference": {"projectId": "local-cityblock-data", "jobId": "failed", "location": "US"},
            "status": {"state": "DONE", "errorResult": error, "errors": [error]},
            "configuration": {
                "load": {"destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t"}}
            },
        }
    ).encode()


# --- Pub/Sub ------------------------------------------------------------------------------------------


@pytest.fixture
def own_pubsub(tmp_path):
    """A server that comes and goes, with its messages; settings that lead there."""
    addresses = dataclasses.replace(Addresses.free(), given_pubsub_host=None)
    settings = {"topic": TOPIC, "pubsub_emulator_host": addresses.pubsub_host}
    return (lambda: pubsub_server(addresses, tmp_path)), settings


def receive(host):
    with clients(host) as (_, subscriber):
        subscription = subscriber.subscription_path(TOPIC_PROJECT, SUBSCRIPTION)
        return Commons(subscriber, TOPIC, subscription).receive()


def test_pubsub_that_is_down_ends_the_run_and_the_next_one_publishes(publish, own_pubsub, rows):
    server, settings = own_pubsub
    with server():
        assert publish(BEFORE, **settings).code == 0
    ran = publish(RUN, timeout=2, **settings)
    fails_with(
        ran,
        f"Topic projects/{TOPIC_PROJECT}/topics/{TOPIC}: ServiceUnavailable (503) from Pub/Sub, gave up",
    )
    with server():
        again = publish(RUN, **settings)
        assert again.code == 0, again.stderr
        assert again.states == [state(3)["value"]]
        assert (
            "An earlier run was interrupted while publishing: publishing its 2 messages again" in again.stderr
        )
        received = receive(settings["pubsub_emulator_host"])
    assert sorted(message.ticket_id for message in received) == [1, 1, 2]
    agree(received, rows("published"))


def test_pubsub_that_goes_away_for_a_while_is_waited_for(start, own_pubsub, bigquery_proxy):
    server, settings = own_pubsub
    bigquery_proxy.add(Fault("late", ROWS))
    with start(**settings) as process:
        with server():
            process.stdin.write(lines(RUN))
            process.stdin.close()
            assert bigquery_proxy.reached.wait(120)
        bigquery_proxy.release()
        await_line(process, b"Pub/Sub: ServiceUnavailable, retrying")
        with server():
            assert process.wait(60) == 0
            received = receive(settings["pubsub_emulator_host"])
        assert process.stdout.read() == lines([state(3)["value"]])
    assert sorted(message.ticket_id for message in received) == [1, 2]


def test_a_topic_that_does_not_exist(publish, resume):
    fails_with(
        publish(RUN, topic="nowhere"),
        f"Topic projects/{TOPIC_PROJECT}/topics/nowhere does not exist: create it, or fix topic_project and topic",
    )
    assert sorted(resume()) == [1, 2]


# --- BigQuery -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["status", "drop"])
def test_a_while_of_503_or_broken_connections_is_waited_out(kind, publish, bigquery_proxy, commons, rows):
    bigquery_proxy.add(Fault(kind, " /", times=1))
    bigquery_proxy.add(Fault(kind, ROWS, times=2, after=1))
    ran = publish(RUN)
    assert ran.code == 0, ran.stderr
    assert "trying again" in ran.stderr
    received = commons.receive()
    assert sorted(message.ticket_id for message in received) == [1, 2]
    assert len(rows("published")) == 2


@pytest.mark.parametrize(
    ("request_of", "after", "expected", "sent"),
    [
        (" /", 0, "Table {}.zendesk_ticket: ", [1, 2]),
        (JOB, INTENTS, "2 rows for {}.zendesk_ticket_intent: ", [1, 2]),
        (JOB, LOG, "2 rows for {}.zendesk_ticket: ", [1, 1, 2, 2]),
    ],
    ids=["from the start", "at the intents", "at the log"],
)
def test_bigquery_that_stays_away_ends_the_run_and_the_next_one_publishes(
    request_of, after, expected, sent, publish, resume, bigquery_proxy, messages_dataset
):
    """What was published when the log could not be written comes again, with the same key."""
    bigquery_proxy.add(Fault("drop", request_of, times=10_000, after=after))
    ran = publish(RUN, timeout=2)
    fails_with(ran, f"{expected.format(messages_dataset)}ConnectionError from BigQuery, gave up")
    assert sorted(resume()) == sent


@pytest.mark.parametrize("load", [INTENTS, LOG, JOIN_ERRORS], ids=["intents", "log", "join errors"])
def test_an_answer_that_was_lost_after_the_load_job_ran_writes_no_row_twice(
    load, publish, bigquery_proxy, commons, rows
):
    bigquery_proxy.add(Fault("lost", ROWS, after=load))
    ran = publish(RUN)
    assert ran.code == 0, ran.stderr
    assert ran.states == [state(3)["value"]]
    assert sorted(message.ticket_id for message in commons.receive()) == [1, 2]
    assert {table: len(rows(table)) for table in ("intents", "published", "waiting")} == {
        "intents": 2,
        "published": 2,
        "waiting": 1,
    }


def test_a_load_job_that_fails_for_bigquerys_own_reasons_is_tried_again_after_a_pause(
    publish, bigquery_proxy, commons, rows
):
    bigquery_proxy.add(Fault("status", ROWS, after=LOG, status=200, body=failed_job("backendError")))
    ran = publish(RUN)
    assert ran.code == 0, ran.stderr
    assert ran.stderr.count("trying again") == 1  # which is said of every pause
    agree(commons.receive(), rows("published"))
    assert len(rows("published")) == 2


def test_load_jobs_that_go_on_failing_end_the_run(publish, resume, bigquery_proxy, messages_dataset):
    bigquery_proxy.add(
        Fault("status", ROWS, times=10_000, after=LOG, status=200, body=failed_job("backendError"))
    )
    fails_with(
        publish(RUN, timeout=2, installed=True),  # with all the warnings of an interpreter that ends
        f"2 rows for {messages_dataset}.zendesk_ticket: InternalServerError (500, backendError) from BigQuery, gave up",
    )
    assert sorted(resume()) == [1, 1, 2, 2]


def test_a_load_job_that_fails_for_its_rows_ends_the_run(publish, resume, bigquery_proxy, messages_dataset):
    bigquery_proxy.add(Fault("status", ROWS, after=LOG, status=200, body=failed_job("invalid")))
    fails_with(publish(RUN), f"2 rows for {messages_dataset}.zendesk_ticket: BigQuery refused them (invalid)")
    assert sorted(resume()) == [1, 1, 2, 2]


@pytest.mark.parametrize("missing", ["dataset", "messages_dataset"])
def test_a_dataset_that_does_not_exist(missing, publish, resume):
    fails_with(
        publish(RUN, **{missing: "nowhere"}),
        "Dataset nowhere does not exist in project local-cityblock-data: create it",
    )
    assert sorted(resume()) == [1, 2]


def test_a_directory_that_does_not_exist(publish, resume, company, warehouse, dataset):
    directory = f"{dataset}.zendesk_user_directory"
    warehouse.client.delete_table(directory)
    fails_with(publish(RUN), f"{directory} does not exist: `meltano run tap-to-bigquery` builds it")
    company.knows(DIRECTORY, [*DIRECTORY, STRANGER])
    assert sorted(resume()) == [1, 2]


def test_an_empty_directory_ends_the_run_before_everything_waits(publish, resume, company):
    company.knows({}, [*DIRECTORY, STRANGER])
    fails_with(publish(RUN), "zendesk_user_directory is empty: export users (`meltano run tap-to-bigquery`)")
    company.knows(DIRECTORY, [*DIRECTORY, STRANGER])
    assert sorted(resume()) == [1, 2]


# --- kills and signals --------------------------------------------------------------------------------


@pytest.fixture
def held(start, bigquery_proxy):
    """The command over these messages, its input open, in the hands of a fault that holds a request."""

    def begin(fault, messages, **settings):
        bigquery_proxy.add(fault)
        process = start(**settings)
        process.stdin.write(lines(messages))
        process.stdin.flush()
        assert bigquery_proxy.reached.wait(120)
        return process

    return begin


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        (Fault("late", ROWS, after=INTENTS), [1, 1, 1, 2]),
        (Fault("hold", JOB, after=LOG), [1, 1, 1, 1, 2, 2]),
        (Fault("late", ROWS, after=LOG), [1, 1, 1, 2]),
        (Fault("late", ROWS, after=JOIN_ERRORS), [1, 1, 1, 2]),
    ],
    ids=[
        "intended, not published",
        "published, not logged",
        "logged, the waiting ticket not written down",
        "all written, STATE not out",
    ],
)
def test_a_kill_loses_nothing_and_the_ticket_that_changed_back_ends_as_it_was(
    fault, sent, publish, held, commons, bigquery_proxy, rows
):
    """Ticket 1 was published as low, was high in the run that is killed, and is low again in the next."""
    assert publish(BEFORE).code == 0
    process = held(dataclasses.replace(fault), RUN, batch_size=3)
    process.kill()
    out, err = process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert out == b""
    assert CANARY not in err.decode()
    back = ticket(1, priority="low", generated_timestamp=START + 9)
    bigquery_proxy.clear()
    again = publish([schema(), back, *RUN[2:]])
    assert again.code == 0, again.stderr
    assert again.states == [state(3)["value"]]
    received = commons.receive()
    agree(received, rows("published"))
    assert [row["ticket_id"] for row in rows("waiting")] == [3]
    assert sorted(message.ticket_id for message in received) == sent
    assert all(count <= 2 for count in Counter((one.key, one.event) for one in received[1:]).values())
    priorities = [message.content["priority"] for message in received if message.ticket_id == 1]
    assert list(dict.fromkeys(priorities)) == ["low", "high"]
    assert (priorities[0], priorities[-1]) == ("low", "low")


@pytest.mark.parametrize(
    ("number", "load"),
    [(signal.SIGTERM, INTENTS), (signal.SIGTERM, LOG), (signal.SIGINT, LOG)],
    ids=["before it is published", "before it is logged", "Ctrl-C"],
)
def test_a_signal_lets_the_batch_in_hand_be_published_and_logged_and_its_state_go_out(
    number, load, held, publish, bigquery_proxy, commons, rows
):
    process = held(Fault("hold", JOB, after=load), RUN, batch_size=3)
    process.send_signal(number)
    process.send_signal(number)
    await_line(process, b"exiting once the current batch is done")
    bigquery_proxy.release()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert LAST.search(err.decode().splitlines()[-1])
    assert b"Traceback" not in err
    assert out == lines([state(3)["value"]])
    received = commons.receive()
    assert sorted(message.ticket_id for message in received) == [1, 2]
    agree(received, rows("published"))
    assert len(rows("waiting")) == 1
    assert publish(RUN).code == 0
    assert commons.receive() == []


def test_a_signal_while_resolved_tickets_are_published_leaves_the_rest_to_the_next_run(
    publish, start, company, bigquery_proxy, commons, rows
):
    assert publish([schema(), *(ticket(number, assignee_id=STRANGER) for number in (1, 2))]).code == 0
    company.knows({**DIRECTORY, STRANGER: ("M4", "member")}, [*DIRECTORY, STRANGER])
    bigquery_proxy.add(Fault("hold", JOB, after=LOG))
    with start(batch_size=1) as process:
        process.stdin.close()
        assert bigquery_proxy.reached.wait(120)
        process.send_signal(signal.SIGTERM)
        await_line(process, b"exiting once the current batch is done")
        bigquery_proxy.release()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert [message.ticket_id for message in commons.receive()] == [1]
    assert len(rows("published")) == 1
    assert publish().code == 0
    assert [message.ticket_id for message in commons.receive()] == [2]
