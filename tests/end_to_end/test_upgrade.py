"""An upgrade in place: the warehouse as release af8b3be left it after two days, then this release, then a day of af8b3be
again (a rollback), then this release once more. record_release.py made release_af8b3be.jsonl.gz.
"""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.addresses import DATASET, MESSAGES_DATASET
from sandbox.comparison import compare
from sandbox.servers import advance
from tests.end_to_end.record_release import HOURS, JOBS, SIZE, STATES
from tests.end_to_end.release import ROLLED_BACK, UPGRADED, Release

EXPORT_STATE, _ = STATES
RETENTION = {
    "TARGET_BIGQUERY_INCREMENTAL_RETENTION_DAYS": "60",
    "TARGET_BIGQUERY_BULK_RETENTION_DAYS": "30",
    "TARGET_ZENDESK_PUBSUB_LOG_RETENTION_DAYS": "60",
    "TARGET_ZENDESK_PUBSUB_JOIN_ERROR_RETENTION_DAYS": "50",
}
INCREMENTAL = ("ticket", "user", "organization", "nps_recipient", "nps_response")
FORGETFUL = ("TICKET_USER_JOIN_ERROR_latest", "ticket_history", "user_history")
"""Views that show as much as is kept."""
AGE = timedelta(days=100)
"""Of what af8b3be wrote before the upgrade."""


@pytest.fixture(scope="module")
def size():
    return SIZE


@pytest.fixture(scope="module")
def release(project):
    return Release(project.sandbox.warehouse)


def text_of(project, view):
    sql = f"SELECT TO_JSON_STRING(t) AS line FROM {DATASET}.{view} AS t"
    return [row.line for row in project.sandbox.warehouse.query_and_wait(sql)]


@pytest.fixture(scope="module")
def views(project):
    """The rows of every view of the dataset, as text."""

    def read():
        names = [
            item.table_id
            for item in project.sandbox.warehouse.list_tables(DATASET)
            if item.table_type == "VIEW" and item.table_id not in FORGETFUL
        ]
        return {name: sorted(text_of(project, name)) for name in names}

    return read


@pytest.fixture(scope="module")
def incremental(project, release):
    """The rows of the incremental models by key, in the columns that af8b3be had, of objects that it had read."""

    def read(runs):
        return {
            model: release.by_key(model, map(json.loads, text_of(project, f"{model}_latest")), runs)
            for model in INCREMENTAL
        }

    return read


@pytest.fixture(scope="module")
def check_bulk(project):
    """The views of bulk models are as the Zendesk account."""

    def check():
        names = project.rows("SELECT DISTINCT table_name AS name FROM zendesk.EXPORT_METADATA")
        models = {row["name"] for row in names} - set(INCREMENTAL)
        assert len(models) == 22
        for model in models:
            compared = compare(
                project.sandbox.addresses.zendesk_url, project.sandbox.warehouse, DATASET, model
            )
            assert compared.equal, compared
            assert compared.rows, model

    return check


@pytest.fixture(scope="module")
def messages(project):
    """How many rows the log and the join errors have, by ticket."""

    def count():
        tables = (f"{MESSAGES_DATASET}.zendesk_ticket", f"{DATASET}.TICKET_USER_JOIN_ERROR")
        found = " UNION ALL ".join(f"SELECT ticket_id FROM {table}" for table in tables)
        return Counter(row["ticket_id"] for row in project.rows(found))

    return count


@pytest.fixture(scope="module")
def set_state(project):
    def write(name, content):
        file = project.home / "state.json"
        file.write_text(content)
        done = project.meltano("state", "set", "--force", "--input-file", str(file), name)
        assert done.returncode == 0, done.stderr

    return write


def test_both_jobs_go_on_where_the_release_before_ended(
    project, release, incremental, check_bulk, messages, set_state
):
    """af8b3be did not read tickets of AI agents."""
    release.create()
    release.write(UPGRADED, datetime.now(UTC) - AGE)
    release.create_views()
    advance(project.sandbox.addresses.zendesk_url, HOURS[0])
    before, published = incremental(UPGRADED), messages()
    assert published.total() == 58
    assert all(before.values())
    command = ("invoke", "target-bigquery:state-from-export-metadata", "--table", "zendesk.EXPORT_METADATA")
    state = project.meltano(*command, "--subdomain", "cityblock-local")
    set_state(EXPORT_STATE, state.stdout)

    for job in JOBS:  # that of the messages has no state: it reads all tickets
        project.run(job)
    assert incremental(UPGRADED) == before
    check_bulk()
    again = messages()
    assert {ticket: again[ticket] for ticket in published} == published
    assert (again.keys() - published.keys()).isdisjoint(before["ticket"])
    project.run(
        "dbt-bigquery:run"
    )  # the view of join errors reads the new table of waiting tickets from now on


def test_rows_of_the_release_before_expire_and_no_view_changes(project, views):
    plugins = ("target-bigquery", "target-zendesk-pubsub")
    before = views()
    assert {f"{model}_latest" for model in INCREMENTAL} < before.keys()
    waiting = sorted(text_of(project, "TICKET_USER_JOIN_ERROR_latest"))
    for arguments in (["--dry-run"], []):
        shown = "".join(
            project.meltano("invoke", f"{plugin}:retention", *arguments, **RETENTION).stdout
            for plugin in plugins
        )
        for line in (
            "ticket (incremental): never → 60 days; ",
            "group (bulk): never → 30 days; ",
            "TICKET_USER_JOIN_ERROR (join errors): never → 50 days; ",
            "zendesk_ticket (log): never → 60 days; ",
        ):
            assert line + ("would drop" if arguments else "drops") in shown
        assert "because" not in shown
        assert views() == before
    for table, column in (
        ("zendesk.ticket", "_exported_at"),
        ("zendesk.group", "_exported_at"),
        ("zendesk.TICKET_USER_JOIN_ERROR", "inserted_at"),
        ("pubsub_messages.zendesk_ticket", "published_at"),
    ):
        [row] = project.rows(
            f"SELECT COUNTIF({column} < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 99 DAY)) AS n FROM {table}"
        )
        assert row["n"] == 0
    assert sorted(text_of(project, "TICKET_USER_JOIN_ERROR_latest")) == waiting
    assert "60 days" in project.meltano("invoke", "target-bigquery:tables").stdout


def test_rows_of_a_rollback_are_merged_and_nothing_is_published_again(
    project, release, incremental, check_bulk, messages, set_state
):
    before = incremental(UPGRADED)
    release.write([ROLLED_BACK], datetime.now(UTC))
    advance(project.sandbox.addresses.zendesk_url, HOURS[1])
    set_state(EXPORT_STATE, json.dumps(release.states[EXPORT_STATE]))
    published = messages()
    assert published
    for job in JOBS:
        project.run(job, **RETENTION)
    after = incremental([*UPGRADED, ROLLED_BACK])
    for model, rows in before.items():
        written = release.by_key(model, release.rows(model, ROLLED_BACK), [ROLLED_BACK])
        assert after[model] == rows | written
    check_bulk()
    again = messages()
    read = release.by_key("ticket", release.rows("ticket", ROLLED_BACK), [ROLLED_BACK])
    for ticket in before["ticket"] | read:
        assert again[ticket] == published[ticket]
