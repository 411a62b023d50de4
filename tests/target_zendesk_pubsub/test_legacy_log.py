"""The first run beside the log of the legacy system: nothing is sent again, and nothing that it missed is left out."""

import json

import pytest

from tests.fault_proxy import Fault
from tests.target_zendesk_pubsub.tickets import DIRECTORY, STRANGER, schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

TABLE = "zendesk_ticket_legacy"
ROWS = "PUT /upload"


@pytest.fixture
def legacy(warehouse, messages_dataset):
    """The legacy system's log, filled; its messages have a shape of their own. Returns the table's name."""
    name = f"{messages_dataset}.{TABLE}"
    warehouse.client.query_and_wait(f"CREATE TABLE {name} (attributes STRING, data STRING)")

    def fill(records):
        rows = [
            {
                "attributes": json.dumps({"ticket_id": str(one["id"])}),
                "data": json.dumps({"id": one["id"], "updated_at": one["updated_at"], "assignee": "U2"}),
            }
            for one in records
        ]
        warehouse.client.load_table_from_json(rows, name).result()
        return name

    return fill


def records(messages):
    return [message["record"] for message in messages]


def numbers(received):
    return sorted(message.ticket_id for message in received)


def test_the_first_run_sends_only_what_is_newer_or_was_never_sent(publish, commons, rows, legacy):
    published_before = [ticket(number) for number in range(1, 501)]
    log = legacy(records(published_before))
    changed = [ticket(number, 60) for number in range(1, 11)]
    new = [ticket(number, 60) for number in range(3001, 3006)]
    run = [schema(), *changed, *published_before[10:], *new, state(1)]

    ran = publish(run, legacy_log=log)

    assert ran.code == 0, ran.stderr
    assert numbers(commons.receive()) == [*range(1, 11), *range(3001, 3006)]
    assert "490 tickets taken over" in ran.stderr
    assert "505 tickets: 15 messages published, 0 unchanged" in ran.stderr
    logged = rows("published")
    taken = [row for row in logged if json.loads(row["attributes"]).get("taken_over") == "true"]
    assert (len(logged), len(taken)) == (505, 490)
    assert all(row["message_id"].startswith("taken-over-") for row in taken)
    assert len(rows("intents")) == 15

    again = publish(run)  # without the setting, as every later run
    assert again.code == 0
    assert commons.receive() == []
    assert len(rows("published")) == 505


def test_the_newest_version_of_the_legacy_log_counts(publish, commons, legacy):
    log = legacy(records([ticket(1, 60), ticket(1, 0), ticket(2, 0), ticket(2, 30)]))
    publish([schema(), ticket(1, 60), ticket(2, 60), state(1)], legacy_log=log)
    assert numbers(commons.receive()) == [2]


def test_a_later_change_of_a_ticket_taken_over_is_an_update(publish, commons, legacy):
    log = legacy(records([ticket(1), ticket(2)]))
    assert publish([schema(), ticket(1), ticket(1, 60), ticket(2), state(1)], legacy_log=log).code == 0
    publish([schema(), ticket(2, 60, status="solved"), state(2)], legacy_log=log)
    received = commons.receive()
    assert [(one.ticket_id, one.event) for one in received] == [(1, "updated"), (2, "updated")]
    assert all("taken_over" not in one.attributes for one in received)


def test_a_ticket_that_waited_is_not_sent_once_it_joins_if_it_was_published(
    publish, commons, company, rows, legacy
):
    """Its user was known to the legacy system, and is not to the directory yet."""
    log = legacy(records([ticket(1)]))
    publish([schema(), ticket(1, requester_id=STRANGER), state(1)], legacy_log=log)
    assert len(rows("waiting")) == 1
    company.knows({**DIRECTORY, STRANGER: ("M4", "member")}, [*DIRECTORY, STRANGER])
    ran = publish(legacy_log=log)
    assert "1 ticket taken over" in ran.stderr
    assert "total waiting: 0" in ran.stderr
    assert commons.receive() == []


def test_a_run_that_dies_while_it_takes_over_sends_nothing_afterwards(
    publish, commons, rows, legacy, bigquery_proxy
):
    log = legacy(records([ticket(1)]))
    bigquery_proxy.add(Fault("drop", ROWS, times=10_000))
    assert publish([schema(), ticket(1), state(1)], legacy_log=log, timeout=2).code == 1
    bigquery_proxy.clear()
    assert publish([schema(), ticket(1), state(1)], legacy_log=log).code == 0
    assert commons.receive() == []
    assert len(rows("published")) == 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"legacy_log": "nowhere.zendesk_ticket"}, "table nowhere.zendesk_ticket not found"),
        (
            {"legacy_updated_at": "TIMESTAMP(JSON_VALUE(data, '$.updatedAt'))"},
            "legacy_updated_at: 1 of 1 ticket in",
        ),
        (
            {"legacy_updated_at": "no_such_column"},
            "legacy_updated_at: not a valid expression over the columns of",
        ),
        (
            {"legacy_updated_at": "TIMESTAMP(CONCAT(JSON_VALUE(data, '$.updated_at'), '?'))"},
            "or it fails for a row; SAFE_CAST(… AS TIMESTAMP) returns null instead",
        ),
    ],
    ids=["no table", "another name", "no column", "a row that fails"],
)
def test_an_unusable_legacy_log_is_refused_before_anything_is_sent(
    publish, commons, legacy, settings, expected
):
    log = legacy(records([ticket(1)]))
    ran = publish([schema(), ticket(1), state(1)], **{"legacy_log": log, **settings})
    assert ran.code == 1
    assert expected in ran.stderr
    assert "Traceback" not in ran.stderr
    assert commons.receive() == []


def test_a_legacy_log_without_attributes_is_named(publish, warehouse, messages_dataset):
    log = f"{messages_dataset}.{TABLE}"
    warehouse.client.query_and_wait(f"CREATE TABLE {log} (data STRING)")
    ran = publish([schema(), ticket(1)], legacy_log=log)
    assert ran.code == 1
    assert f"legacy_log: {log} has no JSON column attributes" in ran.stderr


def test_a_time_that_cannot_be_read_costs_its_ticket_a_repeat_and_stops_nothing(publish, commons, legacy):
    many = records([ticket(number) for number in range(1, 41)])
    many[6]["updated_at"] = "last Tuesday"
    ran = publish([schema(), *(ticket(number) for number in range(1, 41)), state(1)], legacy_log=legacy(many))
    assert ran.code == 0, ran.stderr
    assert "1 ticket in" in ran.stderr
    assert numbers(commons.receive()) == [7]


def test_the_new_log_cannot_be_the_legacy_one(publish, messages_dataset):
    ran = publish([schema(), ticket(1)], legacy_log=f"{messages_dataset}.zendesk_ticket")
    assert ran.code == 1
    assert "rename the legacy table" in ran.stderr
