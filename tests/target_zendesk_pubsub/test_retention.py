"""Retention of messages and join errors: the command, the check, and what they refuse."""

from datetime import UTC, datetime, timedelta

import pytest
from google.cloud.bigquery import TimePartitioning

from tests.target_zendesk_pubsub.tickets import DIRECTORY, STRANGER, schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

DAYS = {"log_retention_days": 400, "join_error_retention_days": 365}
VIEW = "{}.TICKET_USER_JOIN_ERROR_latest"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def command(start):
    """Runs a command of the package to its end: exit code, and what it said on stdout and stderr."""

    def run(name, *arguments, **settings):
        process = start(*arguments, command=f"target-zendesk-pubsub-{name}", **settings)
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    return run


def test_a_join_error_may_not_outlive_the_message_that_resolved_it(publish, command):
    settings = {"log_retention_days": 400, "join_error_retention_days": 400}
    sentence = "log_retention_days is 400: join_error_retention_days must be 393 or less"
    ran = publish([schema(), ticket(1), state(1)], **settings)
    assert (ran.code, ran.states) == (1, [])
    assert sentence in ran.stderr
    code, output, _ = command("check", **settings)
    assert code == 1
    assert sentence in output
    assert sentence in command("retention", log_retention_days=400)[2]


def test_a_replay_before_the_first_day_of_the_log_is_refused(publish, command, warehouse, messages_dataset):
    assert publish([schema(), ticket(1), state(1)]).code == 0
    log = warehouse.client.get_table(f"{messages_dataset}.zendesk_ticket")
    log.time_partitioning = TimePartitioning(field="published_at", expiration_ms=30 * 86_400_000)
    warehouse.client.update_table(log, ["time_partitioning"])
    first, today = (str((TODAY - timedelta(days=age)).date()) for age in (29, 0))
    code, _, error = command("replay", "--from", "2026-01-01", "--to", today)
    assert code == 1
    assert (
        f"replay: --from 2026-01-01 is too early: {messages_dataset}.zendesk_ticket keeps 30 days, and its first is {first}"
        in error
    )
    assert command("replay", "--from", first, "--to", today, "--dry-run")[0] == 0


@pytest.fixture
def age(warehouse, dataset, messages_dataset):
    """Makes all rows some days older, and drops the intents, which expire by themselves."""

    def change(days):
        warehouse.client.query_and_wait(f"TRUNCATE TABLE {messages_dataset}.zendesk_ticket_intent")
        for table, column in (
            (f"{messages_dataset}.zendesk_ticket", "published_at"),
            (f"{messages_dataset}.zendesk_ticket_waiting", "inserted_at"),
            (f"{dataset}.TICKET_USER_JOIN_ERROR", "inserted_at"),
        ):
            warehouse.client.query_and_wait(
                f"UPDATE {table} SET {column} = TIMESTAMP_SUB({column}, INTERVAL {days} DAY) WHERE TRUE"
            )

    return change


def test_what_expires_is_neither_published_again_nor_forgotten(
    publish, command, age, commons, company, rows, warehouse, dataset
):
    given = [schema(), ticket(1), ticket(2, requester_id=STRANGER), state(1)]
    assert publish(given).code == 0
    age(500)
    assert command("rebuild-state")[0] == 0
    warehouse.client.query_and_wait(f"CREATE VIEW {VIEW.format(dataset)} AS SELECT 1 AS ticket_id")
    held = "never, because TICKET_USER_JOIN_ERROR_latest does not read zendesk_ticket_waiting yet: run tap-to-bigquery"
    assert f"TICKET_USER_JOIN_ERROR (join errors): {held}" in command("retention", "--dry-run", **DAYS)[1]
    warehouse.client.query_and_wait(f"DROP VIEW {VIEW.format(dataset)}")
    assert publish(given, **DAYS).code == 0  # changes no table that would lose rows
    code, output, _ = command("check", **DAYS)
    assert code == 1
    assert "different expiration: TICKET_USER_JOIN_ERROR (never), zendesk_ticket (never)" in output

    day = (TODAY - timedelta(days=500)).strftime("%Y%m%d")
    shown = [
        "TICKET_USER_JOIN_ERROR (join errors): never → 365 days; {} 1 partition (" + day + ") with 1 row",
        "zendesk_ticket (log): never → 400 days; {} 1 partition (" + day + ") with 1 row",
        "zendesk_ticket_refused (log): 400 days",
        "zendesk_ticket_intent (intents): 14 days",
    ]
    dry = command("retention", "--dry-run", **DAYS)[1].splitlines()
    assert dry == [line.format("would drop") for line in shown]
    assert len(rows("published")) == len(rows("waiting")) == 1
    assert command("retention", **DAYS)[1].splitlines() == [line.format("drops") for line in shown]
    assert rows("published") == rows("waiting") == []
    assert command("check", **DAYS)[0] == 0

    assert len(commons.receive()) == 1
    ran = publish(given, **DAYS)
    assert "1 waiting" in ran.stderr or "total waiting: 1" in ran.stderr
    assert commons.receive() == []
    company.knows({**DIRECTORY, STRANGER: ("7", "member")}, [*DIRECTORY, STRANGER])
    assert publish(**DAYS).code == 0
    assert [message.ticket_id for message in commons.receive()] == [2]


def test_rows_are_kept_until_the_small_tables_have_them(publish, command, sql, state_tables):
    run = [schema(), ticket(1), ticket(2, requester_id=STRANGER), state(1)]
    assert publish(run).code == 0
    sql(f"DROP TABLE {state_tables[0]}")
    held = "never, because its rows are not in zendesk_ticket_state and zendesk_ticket_waiting"
    assert command("retention", **DAYS)[1].splitlines() == [
        f"TICKET_USER_JOIN_ERROR (join errors): {held}",
        f"zendesk_ticket (log): {held}",
        f"zendesk_ticket_refused (log): {held}",
        "zendesk_ticket_intent (intents): 14 days",
    ]
    assert publish(run, **DAYS).code == 0
    assert command("retention", **DAYS)[1].splitlines() == [
        "TICKET_USER_JOIN_ERROR (join errors): 365 days",
        "zendesk_ticket (log): 400 days",
        "zendesk_ticket_refused (log): 400 days",
        "zendesk_ticket_intent (intents): 14 days",
    ]
    assert command("check", **DAYS)[0] == 0
