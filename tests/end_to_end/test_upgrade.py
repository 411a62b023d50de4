"""An upgrade in place: the warehouse as release af8b3be left it after two days, then this release, then a day of af8b3be
again (a rollback), then this release once more. record_release.py made release_af8b3be.jsonl.gz.
"""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.cloud import bigquery
from tap_zendesk_cityblock.columns import EXPORT_COLUMNS

from sandbox.addresses import DATASET, MESSAGES_DATASET
from sandbox.comparison import canonical, compare
from sandbox.servers import advance
from tests.end_to_end.record_release import HOURS, JOBS, SIZE, STATES

RECORDED = Path(__file__).with_name("release_af8b3be.jsonl.gz")
EXPORT_STATE, _ = STATES
TIMES = (
    "_exported_at",
    "bq_inserted_at",
    "published_at",
    "intended_at",
    "refused_at",
    "inserted_at",
    "first_seen_at",
)
"""Columns with times of this machine; all others are Zendesk's."""
RETENTION = {
    "TARGET_BIGQUERY_INCREMENTAL_RETENTION_DAYS": "60",
    "TARGET_BIGQUERY_BULK_RETENTION_DAYS": "30",
    "TARGET_ZENDESK_PUBSUB_LOG_RETENTION_DAYS": "60",
    "TARGET_ZENDESK_PUBSUB_JOIN_ERROR_RETENTION_DAYS": "50",
}
UPGRADED, ROLLED_BACK = [0, 1], 2
"""Runs of af8b3be: before the upgrade, and after this release had run."""
INCREMENTAL = ("ticket", "user", "organization", "nps_recipient", "nps_response")
FORGETFUL = ("TICKET_USER_JOIN_ERROR_latest", "ticket_history", "user_history")
"""Views that show as much as is kept."""
AGE = timedelta(days=100)
"""Of what af8b3be wrote before the upgrade."""


@pytest.fixture(scope="module")
def size():
    return SIZE


class Release:
    """What af8b3be wrote, run by run."""

    def __init__(self, client):
        self.client = client
        lines = [json.loads(line) for line in gzip.decompress(RECORDED.read_bytes()).splitlines()]
        self.began = [datetime.fromisoformat(one) for one in lines[0]["began"]]
        self.states = {one["state"]: one["content"] for one in lines if "state" in one}
        found = [one for one in lines if "name" in one]
        self.tables = [one for one in found if "rows" in one]
        self.views = [one for one in found if "view" in one["resource"]]
        self.days = {
            row["_export_id"]: row["_exported_at"]
            for one in self.tables
            for row in one["rows"]
            if "_export_id" in row
        }

    def create(self):
        for one in self.tables:
            kept = {
                key: one["resource"][key]
                for key in ("schema", "timePartitioning", "clustering")
                if key in one["resource"]
            }
            self.client.create_table(
                bigquery.Table.from_api_repr({"tableReference": self._reference(one), **kept})
            )

    def create_views(self):
        """Each after those that it reads."""
        left = list(self.views)
        while left:
            one = left.pop(0)
            if any(f"`{other['name']}`" in one["resource"]["view"]["query"] for other in left):
                left.append(one)
            else:
                view = {"query": one["resource"]["view"]["query"], "useLegacySql": False}
                self.client.create_table(
                    bigquery.Table.from_api_repr({"tableReference": self._reference(one), "view": view})
                )

    def rows(self, table, run):
        [found] = [one["rows"] for one in self.tables if one["name"] == table]
        return [row for row in found if self._run(row) == run]

    def by_key(self, model, rows, runs):
        """Without the export of each row, and without columns and objects that af8b3be had not in these runs."""
        [table] = [one for one in self.tables if one["name"] == model]
        columns = {field["name"] for field in table["resource"]["schema"]["fields"]} - {*EXPORT_COLUMNS}
        known = {row["id"] for run in runs for row in self.rows(model, run)}
        return {
            row["id"]: canonical({name: row[name] for name in row.keys() & columns})
            for row in rows
            if row["id"] in known
        }

    def write(self, runs, now):
        """The rows of these runs, as if the first of them had begun at `now`, without those that expire since."""
        moved, self._latest = now - self.began[runs[0]], datetime.now(UTC)
        age = self._latest - now
        for one in self.tables:
            expires = one["resource"].get("timePartitioning", {}).get("expirationMs")
            if expires and age > timedelta(milliseconds=int(expires)):
                continue
            rows = [self._moved(row, moved) for row in one["rows"] if self._run(row) in runs]
            if rows:
                config = bigquery.LoadJobConfig(schema=self.client.get_table(self._name(one)).schema)
                self.client.load_table_from_json(rows, self._name(one), job_config=config).result()

    def _run(self, row):
        time = next(row[name] for name in ("bq_inserted_at", *TIMES) if row.get(name))
        return sum(began <= datetime.fromisoformat(time) for began in self.began) - 1

    def _moved(self, row, by):
        def at(time):
            return min(datetime.fromisoformat(time) + by, self._latest)

        moved = {name: at(value).isoformat() for name, value in row.items() if name in TIMES and value}
        if "bq_partition" in row:  # the day of the export's rows
            moved["bq_partition"] = (
                at(self.days.get(row["export_id"], row["bq_inserted_at"])).date().isoformat()
            )
        return row | moved

    def _reference(self, one):
        return {"projectId": self.client.project, "datasetId": one["dataset"], "tableId": one["name"]}

    def _name(self, one):
        return f"{self.client.project}.{one['dataset']}.{one['name']}"


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
