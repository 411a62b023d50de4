"""Erased tickets: consumers learn of it once, and nothing from before the erasure is published again."""

import dataclasses
import json
import signal

import pytest
from target_zendesk_pubsub.erased_tickets import BLANK

from tests.fault_proxy import Fault
from tests.target_zendesk_pubsub.test_contract import CONTRACT
from tests.target_zendesk_pubsub.test_deletion_stubs import deletion_stub
from tests.target_zendesk_pubsub.test_trouble import INTENTS, JOB, LOG, ROWS
from tests.target_zendesk_pubsub.tickets import DIRECTORY, START, STRANGER, lines, schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

REPLAY, RELOAD = "target-zendesk-pubsub-replay", "target-zendesk-pubsub-reload-rejected"
EVER = ("--from", "2026-01-01", "--to", "2099-12-31")


@pytest.fixture
def erase(sql, messages_dataset, dataset):
    """What an erasure does, in its order; killed before the content is blanked, or not."""
    tables = {
        f"{messages_dataset}.zendesk_ticket": "data",
        f"{messages_dataset}.zendesk_ticket_intent": "data",
        f"{messages_dataset}.zendesk_ticket_waiting": "payload",
        f"{dataset}.TICKET_USER_JOIN_ERROR": "payload",
    }

    def run(*ticket_ids, is_killed=False):
        rows = ", ".join(f"({number}, CURRENT_TIMESTAMP(), 'erasure')" for number in ticket_ids)
        sql(
            f"INSERT INTO {messages_dataset}.zendesk_ticket_erased (ticket_id, erased_at, erasure_id) VALUES {rows}"
        )
        for table, column in () if is_killed else tables.items():
            ids = ", ".join(map(str, ticket_ids))
            sql(f"UPDATE {table} SET {column} = '{BLANK}' WHERE ticket_id IN ({ids})")

    return run


def test_each_is_published_once_without_content_and_its_next_version_as_always(publish, erase, commons, rows):
    publish([schema(), ticket(1, 1), ticket(2, 5, priority="high"), ticket(3, 1), state(1)])
    commons.receive()
    erase(2, 77)
    ran = publish([schema(), ticket(3, 2, priority="low"), deletion_stub(2, 60), state(2)])
    assert ran.code == 0, ran.stderr
    erased = {one.ticket_id: one for one in commons.receive() if one.event == "erased"}
    assert set(erased) == {2, 77}
    example = json.loads((CONTRACT / "examples" / "erased.json").read_text())
    assert erased[2].content == example["data"] | {"ticketId": 2}
    assert erased[2].attributes.keys() == example["attributes"].keys()
    assert erased[2].attributes["generated_timestamp"] == str(START + 5)
    assert erased[77].attributes["generated_timestamp"] == "0"
    assert [row["message_key"] for row in rows("published") if row["ticket_id"] == 77] == [erased[77].key]

    publish([schema(), ticket(2, 5, priority="high"), state(3)])
    assert commons.receive() == []  # not once more, and not the erased version
    publish([schema(), ticket(2, 6), state(4)])
    assert [(one.ticket_id, one.event) for one in commons.receive()] == [(2, "created")]
    erase(2)
    publish()
    assert [(one.ticket_id, one.event) for one in commons.receive()] == [(2, "erased")]


def test_waiting_ones_wait_no_longer_and_are_not_published(publish, erase, company, commons):
    waiting = [ticket(number, 1, assignee_id=STRANGER) for number in (1, 2, 3)]
    publish([schema(), *waiting, state(1)])
    erase(1)
    erase(2, is_killed=True)
    company.knows({**DIRECTORY, STRANGER: ("M4", "member")}, [*DIRECTORY, STRANGER])
    ran = publish()
    assert ran.code == 0, ran.stderr
    assert "total waiting: 0" in ran.stderr
    received = sorted((one.ticket_id, one.event) for one in commons.receive())
    assert received == [(1, "erased"), (2, "erased"), (3, "created")]
    publish([schema(), ticket(1, 2), state(2)])
    assert [(one.ticket_id, one.event) for one in commons.receive()] == [(1, "created")]


@pytest.mark.parametrize(
    ("fault", "sent"),
    [(Fault("late", ROWS, after=INTENTS), 1), (Fault("hold", JOB, after=LOG), 2)],
    ids=["intended, not published", "published, not logged"],
)
def test_a_run_killed_while_it_publishes_them_is_finished_by_the_next(
    fault, sent, publish, start, erase, commons, bigquery_proxy, rows
):
    publish([schema(), ticket(1, 1), state(1)])
    commons.receive()
    erase(1)
    bigquery_proxy.add(dataclasses.replace(fault))
    with start() as process:
        process.stdin.close()
        assert bigquery_proxy.reached.wait(120)
        process.send_signal(signal.SIGKILL)
    bigquery_proxy.clear()
    assert publish().code == 0
    received = commons.receive()
    assert [one.event for one in received] == ["erased"] * sent
    assert len({one.key for one in received}) == 1
    publish()
    assert commons.receive() == []
    assert {one.message_id for one in received} >= {row["message_id"] for row in rows("published")[1:]}


def test_content_that_a_killed_run_was_about_to_publish_is_not_published(
    publish, start, erase, commons, bigquery_proxy
):
    publish([schema(), ticket(9), state(1)])
    commons.receive()
    bigquery_proxy.add(Fault("late", ROWS, after=INTENTS))
    with start() as process:
        process.stdin.write(lines([schema(), ticket(1, 1), ticket(2, 1), state(2)]))
        process.stdin.close()
        assert bigquery_proxy.reached.wait(120)
        process.send_signal(signal.SIGKILL)
    bigquery_proxy.clear()
    erase(1, is_killed=True)
    assert publish().code == 0
    assert sorted((one.ticket_id, one.event) for one in commons.receive()) == [(1, "erased"), (2, "created")]


def test_a_replay_leaves_out_what_was_erased_and_sends_what_came_after(publish, start, erase, commons):
    def replay(*arguments):
        out, err = start(*arguments, command=REPLAY).communicate(timeout=60)
        return out.decode() + err.decode()

    publish([schema(), *(ticket(number, 1) for number in (1, 2, 3)), state(1)])
    erase(1)
    erase(2, is_killed=True)
    publish([schema(), ticket(2, 2, priority="low"), state(2)])
    commons.receive()
    assert replay(*EVER, "--dry-run") == "4 messages of 3 tickets would be published again\n"
    assert replay(*EVER) == "4 messages of 3 tickets\n4 published again\n"
    received = commons.receive()
    events = [[one.event for one in received if one.ticket_id == number] for number in (1, 2, 3)]
    assert events == [["erased"], ["erased", "created"], ["created"]]
    erase(3)
    assert replay("--ticket", "3") == "No logged message matches: nothing to publish\n"


def test_a_ticket_erased_during_a_replay_is_left_out_of_its_next_batches(
    publish, start, erase, commons, bigquery_proxy
):
    publish([schema(), *(ticket(number) for number in (1, 2)), state(1)])
    commons.receive()
    bigquery_proxy.add(Fault("hold", JOB))
    with start(*EVER, command=REPLAY, batch_size=1) as process:
        assert bigquery_proxy.reached.wait(120)
        erase(2, is_killed=True)
        bigquery_proxy.release()
        assert process.communicate(timeout=60)[0] == b"2 messages of 2 tickets\n1 published again\n"
    assert [one.ticket_id for one in commons.receive()] == [1]


def test_a_rejected_version_of_it_is_closed_and_not_reloaded(
    publish, start, erase, commons, rows, sql, dataset
):
    odd = ticket(1, 1, custom_fields={"x": 1})
    publish([schema(), odd, ticket(2), state(1)])
    commons.receive()
    erase(1)
    sql(f"UPDATE {dataset}.REJECTED_RECORD SET payload = '{BLANK}' WHERE TRUE")
    out, _ = start(command=RELOAD).communicate(timeout=60)
    assert out == b"No rejected tickets are open\n"
    assert [row["resolved_at"] is None for row in rows("rejected")] == [False]
    assert [(one.ticket_id, one.event) for one in commons.receive()] == [(1, "erased")]
