"""What `transform/unchanged.py` takes for a change since dbt's last run: each way in which a view could be out of date."""

import shutil
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from tap_zendesk_cityblock.state.export_metadata import ExportMetadataStream

from tests.servers import new_dataset
from tests.transform.conftest import ROOT
from transform import unchanged

PROJECT = ROOT / "transform"
NOW = datetime.now(UTC)
TODAY, YESTERDAY = NOW.date(), NOW.date() - timedelta(days=1)


class World:
    """Datasets with tables and views of the names that dbt's have. Starting dbt is left out: `changed` is what it would see."""

    def __init__(self, client, url, datasets, folder):
        self.client, self.folder, self.dbt = client, folder, "1.11.16"
        self.dataset, self.published, self.internal = datasets
        self.environment = {"DBT_TARGET": "local", "DBT_DATASET": self.dataset, "BIGQUERY_EMULATOR_HOST": url}

    def sql(self, text):
        names = {"{d}": self.dataset, "{published}": self.published, "{internal}": self.internal}
        for placeholder, name in names.items():
            text = text.replace(placeholder, name)
        return list(self.client.query_and_wait(text))

    def last_run(self, started=NOW):
        return unchanged.LastRun(self.environment, self.dbt, started, self.folder)

    def run(self, meanwhile="SELECT 1", *, is_complete=True):
        """What start.py does around dbt, which creates its views again. `meanwhile`: SQL, before dbt ends."""
        self.edit("macros/bulk.sql", "#}", " #}")
        last = self.last_run()
        assert not last.is_current()
        last.begin()
        self.sql("CREATE OR REPLACE VIEW {d}.brand_latest AS SELECT * FROM {d}.brand")
        self.sql(meanwhile)
        last.end(is_complete=is_complete)

    @property
    def label(self):
        return self.client.get_table(f"{self.dataset}.PIPELINE_RUN").labels[unchanged.LABEL]

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


EXPORT = "INSERT INTO {{d}}.EXPORT_METADATA (table_name, bq_inserted_at, zendesk_time, export_id, rows_export_id, export_status, bq_partition) VALUES ('{table}', CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP(), '{id}', {rows}, '{status}', DATE '{day}')"


def export(export_id, rows="null", day=TODAY, status="complete", table="brand"):
    """SQL of a row of EXPORT_METADATA, later than all before it."""
    return EXPORT.format(id=export_id, rows=rows, status=status, day=day, table=table)


DBT_RAN = "INSERT INTO {d}.PIPELINE_RUN (job, event, recorded_at) VALUES ('tap-to-pubsub', 'end', CURRENT_TIMESTAMP())"


def tables():
    """Statements that create what a warehouse has after its first run."""
    types = {"date-time": "TIMESTAMP", "date": "DATE"}
    columns = ", ".join(
        f"{name} {types.get(of.get('format'), {'integer': 'INT64', 'number': 'FLOAT64'}.get(of['type'][0], 'STRING'))}"
        for name, of in ExportMetadataStream.schema["properties"].items()
    )
    return (
        f"CREATE TABLE {{d}}.EXPORT_METADATA ({columns})",
        """CREATE TABLE {d}.PIPELINE_RUN (
            job STRING, event STRING, recorded_at TIMESTAMP, started_at TIMESTAMP, ended_at TIMESTAMP, ending STRING,
            error STRING, seconds FLOAT64)""",
        "CREATE TABLE {d}.REJECTED_RECORD (stream STRING, resolved_at TIMESTAMP)",
        "CREATE TABLE {d}.brand AS SELECT 1 AS id, 'one' AS name",
        "CREATE TABLE {d}.ticket_current (id INT64)",
        "CREATE TABLE {d}.custom_field_column AS SELECT 'plan' AS column_name",
        "CREATE VIEW {d}.brand_latest AS SELECT * FROM {d}.brand",
        "CREATE TABLE {d}.of_somebody_else (id INT64)",
        "CREATE TABLE {published}.zendesk_ticket_waiting (ticket_id INT64)",
        export("first"),
    )


@pytest.fixture(scope="module")
def world(warehouse, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project") / "transform"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs"))
    with ExitStack() as stack:
        names = [stack.enter_context(new_dataset(warehouse.client)) for _ in range(3)]
        world = World(warehouse.client, warehouse.addresses.bigquery_url, names, folder)
        world.edit("dbt_project.yml", "pubsub_dataset: pubsub_messages", f"pubsub_dataset: {world.published}")
        world.edit("dbt_project.yml", "internal_dataset: internal", f"internal_dataset: {world.internal}")
        for statement in tables():
            world.sql(statement)
        yield world


def test_what_an_idle_run_writes_is_no_change(world):
    world.run()
    assert world.last_run().is_current()

    world.sql(export("second", rows="'first'"))  # a bulk model that has not changed
    world.sql(export("third", status="in_progress"))
    world.sql(export("third", table="ticket"))  # without rows
    world.sql(
        "INSERT INTO {d}.PIPELINE_RUN (job, event, recorded_at) VALUES ('tap-to-pubsub', 'end', CURRENT_TIMESTAMP())"
    )
    world.sql("INSERT INTO {published}.zendesk_ticket_waiting VALUES (1)")
    world.sql("INSERT INTO {d}.of_somebody_else VALUES (1)")
    last = world.last_run()
    assert last.is_current()

    last.record()
    [row] = world.sql("SELECT * FROM {d}.PIPELINE_RUN WHERE event = 'dbt'")
    assert (row.job, row.ending, row.error) == ("tap-to-bigquery", "complete", None)
    assert row.seconds > 0


CHANGES = {
    "rows were loaded": "INSERT INTO {d}.brand VALUES (2, 'two')",
    "rows were erased": "UPDATE {d}.brand SET name = null WHERE true",
    "a partition expired": "DELETE FROM {d}.brand WHERE true",
    "a column was added": "ALTER TABLE {d}.brand ADD COLUMN url STRING",
    "a model was exported for the first time": "CREATE TABLE {d}.macro (id INT64)",
    "a record was reloaded": "INSERT INTO {d}.REJECTED_RECORD VALUES ('{table}', CURRENT_TIMESTAMP())",
    "an export completed without rows": export("empty"),
    "an export completed on another day": export("unchanged", "'empty'", YESTERDAY),
    "PIPELINE_RUN has another column": "ALTER TABLE {d}.PIPELINE_RUN ADD COLUMN more STRING",
    "an unknown property was found for the first time": "CREATE TABLE {d}.SCHEMA_DRIFT (model STRING)",
    "a view was replaced": "CREATE OR REPLACE VIEW {d}.brand_latest AS SELECT * FROM {d}.brand WHERE false",
    "a view was dropped": "DROP VIEW {d}.brand_latest",
    "a current table was erased from": "DELETE FROM {d}.ticket_current WHERE true",
    "a current table was dropped": "DROP TABLE {d}.ticket_current",
    "a column of custom fields was renamed": "UPDATE {d}.custom_field_column SET column_name = 'tier' WHERE true",
    "users can be matched": "CREATE TABLE {internal}.user (id STRING)",
    "users have another column": "ALTER TABLE {internal}.user ADD COLUMN email STRING",
}


def test_each_change_in_the_warehouse_is_noticed(world):
    unnoticed, digest = [], world.last_run().digest
    for what, statement in CHANGES.items():
        world.sql(statement)
        before, digest = digest, world.last_run().digest
        if digest == before:
            unnoticed.append(what)
    assert unnoticed == []


def test_each_change_of_the_project_its_environment_or_the_day_is_noticed(world):
    def digest(**variables):
        return unchanged.Project({**world.environment, **variables}, world.folder).digest()

    as_it_is = digest()
    assert digest(HOME="/elsewhere") == as_it_is
    assert digest(DBT_BIGQUERY_OPT_IN_VIEWS="true") != as_it_is
    for name in ("models/bulk/brand_latest.sql", "models/bulk/brand_latest.yml", "macros/bulk.sql"):
        text = (world.folder / name).read_text()
        (world.folder / name).write_text(f"{text}\n")
        assert digest() != as_it_is, name
        (world.folder / name).write_text(text)
    new = world.folder / "models" / "new.sql"
    new.write_text("select 1 as id")
    assert digest() != as_it_is
    new.unlink()
    assert digest() == as_it_is

    last = world.last_run().digest
    assert world.last_run(NOW + timedelta(days=1)).digest != last
    world.dbt = "1.11.17"
    assert world.last_run().digest != last


@pytest.mark.parametrize("change", ["a record was reloaded", "a column of custom fields was renamed"])
def test_what_changes_while_dbt_runs_is_for_the_next_run(world, change):
    world.run(CHANGES[change])
    assert not world.last_run().is_current()


def test_a_run_that_failed_was_killed_or_was_not_alone_leaves_no_digest(world):
    world.run()
    assert not world.label.startswith(unchanged.RUNNING)
    assert world.label != unchanged.UNKNOWN
    world.run(is_complete=False)
    assert world.label == unchanged.UNKNOWN

    world.last_run().begin()  # killed
    world.run()
    assert world.label == unchanged.UNKNOWN

    first, second = world.last_run(), world.last_run()
    first.begin()
    with pytest.raises(unchanged.UnknownError, match="412"):
        second.begin()
    third = world.last_run()
    third.begin()
    third.end(is_complete=True)
    first.end(is_complete=True)
    assert world.label == unchanged.UNKNOWN


def test_where_it_is_not_known_it_says_why(world):
    world.edit("profiles.yml", "method: oauth #", "method: service-account #")
    world.environment["DBT_TARGET"] = "prod"
    with pytest.raises(unchanged.UnknownError, match="service-account"):
        world.last_run()
    world.environment["DBT_TARGET"] = "local"
    world.sql("DROP TABLE {d}.PIPELINE_RUN")
    with pytest.raises(unchanged.UnknownError, match="PIPELINE_RUN"):
        world.last_run()
