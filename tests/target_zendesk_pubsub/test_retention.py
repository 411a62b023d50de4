"""Retention of messages and join errors: the command, the check, and what they refuse."""

from datetime import UTC, datetime, timedelta

import pytest
from google.cloud.bigquery import TimePartitioning

from tests.target_zendesk_pubsub.tickets import STRANGER, schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

DAYS = {"log_retention_days": 400, "join_error_retention_days": 365}
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
