"""The tables of last messages and waiting tickets: equal to what log and join errors say, whatever happened in between."""

import json
import logging
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from target_zendesk_pubsub.connections import connect
from target_zendesk_pubsub.ticket_parsing import read_ticket
from target_zendesk_pubsub.warehouse import encode_row

from tests.fault_proxy import Fault
from tests.target_zendesk_pubsub.tickets import DIRECTORY, STRANGER, schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

COMMAND = "target-zendesk-pubsub-rebuild-state"
NUMBERS = [1, 2, 2_999, 3_000, 10_499_999, 10_500_000, 2**53 + 1]
"""Tickets in one partition and in several, at bounds of partitions, and beyond the last."""
EVENTS = ["created", "updated", "deleted", "restored"]

# The rules over whole tables, as the target asked them before it kept any state.
PUBLISHED = """
    SELECT ticket_id, message_key, JSON_VALUE(attributes, '$.event_type') AS event_type
    FROM {log} WHERE replay_of IS NULL
    QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY published_at DESC) = 1
"""
WAITING = """
    SELECT error.*
    FROM (
      SELECT * FROM {errors} QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY inserted_at DESC) = 1
    ) AS error
    LEFT JOIN (
      SELECT ticket_id, MAX(settled_at) AS settled_at
      FROM (
        SELECT ticket_id, published_at AS settled_at FROM {log} WHERE replay_of IS NULL
        UNION ALL SELECT ticket_id, refused_at AS settled_at FROM {refused}
      )
      GROUP BY ticket_id
    ) AS settled ON settled.ticket_id = error.ticket_id
    WHERE settled.settled_at IS NULL OR settled.settled_at < error.inserted_at
"""
CLOCKS = """
    SELECT ticket_id, MAX(clock) AS clock
    FROM (
      SELECT ticket_id, SAFE_CAST(JSON_VALUE(attributes, '$.generated_timestamp') AS INT64) AS clock
      FROM {log} WHERE replay_of IS NULL
      UNION ALL SELECT ticket_id, generated_timestamp AS clock FROM {errors}
    )
    GROUP BY ticket_id
"""
CONTENTS = """
    SELECT ticket_id, data
    FROM (
      SELECT ticket_id, data, published_at AS seen_at FROM {log} WHERE replay_of IS NULL
      UNION ALL SELECT ticket_id, payload AS data, inserted_at AS seen_at FROM ({waiting})
    )
    QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY seen_at DESC) = 1
"""


class History:
    """Rows of several days, as runs write them, some of which are killed; and what the target does about it."""

    def __init__(self, connections, client, rng):
        self.rng, self._client = rng, client
        self.connections, self._warehouse = connections, connections.lookup._warehouse  # noqa: SLF001 - to append
        self.now = datetime.now(UTC) - timedelta(days=20)
        self.is_killed = False
        self.tables = {
            "log": connections.log.published,
            "refused": connections.log.refused,
            "errors": connections.join_errors.table,
            "waiting": connections.join_errors.waiting,
        }
        self.rows = {name: [] for name in self.tables}
        connections.checkpoint.open()

    def run(self, days):
        """A run that is killed at any moment has not written to zendesk_ticket_waiting what it wrote before."""
        is_killed = self.rng.random() < 0.4
        self.is_killed |= is_killed
        for _ in range(self.rng.randrange(1, 12)):
            self.now += timedelta(days=days * self.rng.random() / 10, microseconds=1)
            self._event(self.rng.choice(NUMBERS), is_killed=is_killed)
        for name, rows in self.rows.items():
            self._warehouse.append(self.tables[name], rows)
            rows.clear()

    def _event(self, number, *, is_killed):
        clock = self.rng.randrange(1_000)
        key = f"{self.rng.randrange(5)}"
        message = {"message_key": key, "ticket_id": number, "ordering_key": "", "data": self._data(number)}
        message["attributes"] = json.dumps(
            {"event_type": self.rng.choice(EVENTS), "generated_timestamp": str(clock)}
        )
        settled = {"ticket_id": number, "inserted_at": self.now}
        match self.rng.choice(["published", "published", "replayed", "refused", "waits", "waits"]):
            case "published" | "replayed" as kind:
                sent = {"message_id": "", "topic": "", "published_at": self.now}
                replay_of = "1" if kind == "replayed" else None
                self.rows["log"].append(encode_row({**message, **sent, "replay_of": replay_of}))
                waiting = settled if kind == "published" else None
            case "refused":
                sent = {"reason": "", "refused_at": self.now, "run_id": ""}
                self.rows["refused"].append(encode_row({**message, **sent}))
                waiting = settled
            case _:
                waiting = {
                    "ticket_id": number,
                    "ticket_updated_at": self.now,
                    "unjoined": [{"field": "assignee", "zendesk_user_id": STRANGER, "reason": ""}],
                    "payload": message["data"],
                    "message_key": key,
                    "generated_timestamp": clock,
                    "first_seen_at": self.now - timedelta(seconds=self.rng.randrange(9)),
                    "inserted_at": self.now,
                    "run_id": "",
                }
                self.rows["errors"].append(encode_row(waiting))
        if waiting and not is_killed:
            self.rows["waiting"].append(encode_row(waiting))

    def _data(self, number):
        whole, _ = read_ticket(json.dumps(ticket(1, subject=f"{self.rng.random()}")["record"]).encode())
        whole.content.ticket_id = number
        return encode_row(whole.content).decode()

    def next_run_prepares(self):
        """As a run does at its start."""
        last, errors = self.connections.last_messages, self.connections.join_errors
        last.read_until()
        if self.is_killed:
            errors.catch_up(last.until)
            self.is_killed = False
        if self.rng.random() < 0.8:
            last.catch_up(self.now)

    def asked(self, sql):
        names = {**self.tables, "waiting": WAITING.format(**self.tables)}
        return {row["ticket_id"]: row for row in self._client.query_and_wait(sql.format(**names))}


def agree(history):
    lookup = history.connections.lookup
    tickets = []
    for number in NUMBERS:
        one, _ = read_ticket(json.dumps(ticket(1)["record"]).encode())
        one.content.ticket_id = number
        tickets.append(one)
    known = lookup(tickets)
    published, waiting = history.asked(PUBLISHED), history.asked(WAITING)
    assert {n: (one.message_key, one.event_type) for n, one in known.published.items()} == {
        n: (row["message_key"], row["event_type"]) for n, row in published.items()
    }
    assert {n: (one.message_key, one.first_seen_at) for n, one in known.waiting.items()} == {
        n: (row["message_key"], row["first_seen_at"]) for n, row in waiting.items()
    }
    clocks = {n: row["clock"] for n, row in history.asked(CLOCKS).items()}
    assert lookup.clocks(NUMBERS) == clocks
    contents = {n: row["data"] for n, row in history.asked(CONTENTS).items()}
    assert {n: encode_row(one).decode() for n, one in lookup.contents(NUMBERS).items()} == contents
    return bool(published), bool(waiting)


@pytest.mark.parametrize("seed", range(4))
def test_lookups_equal_those_over_the_whole_log(seed, config, warehouse):
    history = History(
        connect({**config, "location": "US", "max_rejected_share": 0.05}, logging.getLogger("test")),
        warehouse.client,
        Random(seed),
    )
    seen = []
    for _ in range(5):
        history.run(days=2)
        history.next_run_prepares()
        seen.append(agree(history))
    history.connections.join_errors.catch_up(None)
    history.connections.last_messages.rebuild(history.now)
    assert agree(history) == (True, seen[-1][1])
    assert any(waiting for _, waiting in seen)
    assert history.connections.last_messages.until > datetime.now(UTC) - timedelta(days=20)


def test_a_run_without_changes_reads_no_table(publish, bigquery_proxy):
    assert publish([schema(), ticket(1), state(1)]).code == 0
    for kind in ("POST", "PUT", "PATCH"):  # a query is a POST
        bigquery_proxy.add(Fault("drop", kind, times=10_000))
    ran = publish([schema(), state(2)], timeout=1)
    assert ran.code == 0, ran.stderr
    assert "total waiting: 0" in ran.stderr


def test_past_days_are_brought_into_the_table_and_found_there(
    publish, commons, company, sql, days_pass, state_tables, messages_dataset
):
    publish([schema(), ticket(1), ticket(2), ticket(3, assignee_id=STRANGER), state(1)])
    days_pass(3)
    publish([schema(), ticket(2, 60), state(2)])
    assert [row[0] for row in sql(f"SELECT ticket_id FROM {state_tables[0]} ORDER BY 1")] == [1, 2]
    # Both expire, intents first.
    for table, moment in (("zendesk_ticket_intent", "intended_at"), ("zendesk_ticket", "published_at")):
        sql(
            f"DELETE FROM {messages_dataset}.{table} WHERE {moment} < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)"
        )
    assert len(commons.receive()) == 3
    days_pass(3)
    ran = publish([schema(), ticket(1), ticket(2, 60), ticket(3, assignee_id=STRANGER), state(3)])
    assert "3 tickets: 0 messages published, 2 unchanged" in ran.stderr
    assert "total waiting: 1" in ran.stderr
    company.knows({**DIRECTORY, STRANGER: ("M4", "member")}, [])
    assert "1 message published" in publish().stderr
    assert [message.ticket_id for message in commons.receive()] == [3]


def test_a_log_of_a_release_without_the_tables_is_brought_over(
    publish, commons, company, sql, days_pass, state_tables, start
):
    publish(
        [schema(), ticket(1), ticket(2), ticket(3, assignee_id=STRANGER), ticket(4, assignee_id=STRANGER)]
    )
    publish([schema(), ticket(4, 60)])
    days_pass(2)
    for table in state_tables:
        sql(f"DROP TABLE {table}")
    ran = publish([schema(), ticket(1), ticket(2, 60), ticket(3, assignee_id=STRANGER), state(1)])
    assert "3 tickets: 1 message published, 1 unchanged, 0 waiting (new), 1 waiting (unchanged)" in ran.stderr
    assert "total waiting: 1" in ran.stderr
    table, waiting = state_tables
    brought = sql(f"SELECT ticket_id, event_type FROM {table} ORDER BY 1")
    assert brought == [(1, "created"), (2, "created"), (4, "created")]
    for _ in range(2):
        sql(f"UPDATE {table} SET message_key = 'wrong' WHERE ticket_id = 1")
        sql(f"DELETE FROM {waiting} WHERE TRUE")
        process = start(command=COMMAND)
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out.decode()) == (0, f"{table} is rebuilt\n{waiting} is rebuilt\n"), err
    assert sql(f"SELECT ticket_id, event_type FROM {table} ORDER BY 1") == brought
    commons.receive()
    company.knows({**DIRECTORY, STRANGER: ("M4", "member")}, [])
    ran = publish([schema(), ticket(1), ticket(2, 60), state(2)])
    assert [message.ticket_id for message in commons.receive()] == [3]


def test_rows_of_an_older_release_in_between_are_found(
    publish, commons, company, sql, state_tables, warehouse
):
    """It writes neither labels nor rows of the tables."""
    publish([schema(), ticket(1), ticket(2, assignee_id=STRANGER), state(1)])
    table, waiting = state_tables
    labels = dict(warehouse.client.get_table(table).labels)
    kept = sql(f"SELECT ticket_id, inserted_at FROM {waiting}")
    publish([schema(), ticket(1, 60), ticket(2, 60), ticket(3, assignee_id=STRANGER), state(2)])
    sql(f"DELETE FROM {waiting} WHERE inserted_at NOT IN (TIMESTAMP '{kept[0][1].isoformat()}')")
    found = warehouse.client.get_table(table)
    found.labels = labels
    warehouse.client.update_table(found, ["labels"])
    commons.receive()
    ran = publish([schema(), ticket(1, 60), ticket(2, 60), ticket(3, assignee_id=STRANGER), state(3)])
    assert (
        "3 tickets: 0 messages published, 2 unchanged, 0 waiting (new), 1 waiting (unchanged)" in ran.stderr
    )
    assert "total waiting: 1" in ran.stderr
    company.knows({**DIRECTORY, STRANGER: ("M4", "member")}, [])
    publish()
    assert [message.ticket_id for message in commons.receive()] == [3]
