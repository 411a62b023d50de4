"""Retention: what a run changes, what the command target-bigquery-retention changes, and what is never dropped."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from google.cloud.bigquery import TimePartitioning
from target_bigquery.check import findings
from target_bigquery.set_retention import command
from target_bigquery.settings import SETTINGS
from target_bigquery.tables import command as tables

from tests.target_bigquery.singer import record, schema

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
METADATA = {
    "table_name": {"type": "string"},
    "export_status": {"type": "string"},
    "bq_inserted_at": {"type": "string", "format": "date-time"},
    "bq_partition": {"type": "string", "format": "date"},
}


def days_ago(number):
    return (TODAY - timedelta(days=number)).isoformat()


def declared(stream, kind):
    message = schema(stream)
    message["schema"]["x-sql-datatype-properties"] = {"export": kind}
    return message


def exports(stream, kind, *ages, complete=True):
    """One row of an export of each age in days, and its row in EXPORT_METADATA."""
    status = "complete" if complete else "in_progress"
    metadata = {"type": "SCHEMA", "stream": "EXPORT_METADATA", "key_properties": ["table_name"]}
    yield {**metadata, "schema": {"type": "object", "properties": METADATA}}
    yield declared(stream, kind)
    for age in ages:
        yield record(age, stream=stream, _exported_at=days_ago(age))
        yield metadata_row(stream, age, export_status=status)


def metadata_row(stream, age, **more):
    row = {
        "table_name": stream,
        "export_status": "complete",
        "bq_inserted_at": days_ago(age),
        "bq_partition": days_ago(age)[:10],
    }
    return {"type": "RECORD", "stream": "EXPORT_METADATA", "record": row | more}


@pytest.fixture
def settings(config):
    del config["timeout"]
    return {
        name: one["default"] for name, one in SETTINGS.to_dict()["properties"].items() if "default" in one
    } | config


@pytest.fixture
def retention(settings, tmp_path):
    def run(*arguments, **more):
        path = tmp_path / "settings.json"
        path.write_text(json.dumps({**settings, **more}))
        ran = CliRunner().invoke(command, ["--config", str(path), *arguments], catch_exceptions=False)
        return ran.stdout.splitlines()

    return run


@pytest.fixture
def checked(settings):
    def run(**more):
        [found] = [one for one in findings({**settings, **more}) if one.subject.startswith("retention of")]
        return found

    return run


@pytest.fixture
def expiration(warehouse, dataset):
    def days(table):
        partitioning = warehouse.client.get_table(f"{dataset}.{table}").time_partitioning
        return partitioning and partitioning.expiration_ms and partitioning.expiration_ms // 86_400_000

    return days


def test_a_run_gives_a_new_table_its_expiration_and_drops_nothing_of_an_old_one(
    load_here, retention, checked, expiration, ids, caplog
):
    load_here([*exports("group", "bulk", 100, 59, 0), *exports("view", "bulk", 59, 0)])
    assert checked().result == "bulk never (2 tables)"
    assert expiration("group") is None

    load_here([*exports("group", "bulk", 0)], bulk_retention_days=60)
    assert (expiration("group"), expiration("view")) == (None, 60)
    assert "not applied to group, because that would drop rows" in caplog.text
    found = checked(bulk_retention_days=60)
    assert found.result == "bulk 60 days (2 tables); different expiration: group (never)"
    assert "target-bigquery:retention --dry-run" in found.advice

    oldest = days_ago(100)[:10].replace("-", "")
    change = "group (bulk): never → 60 days; {} 1 partition (" + oldest + ") with 1 row"
    assert retention("--dry-run", bulk_retention_days=60) == [
        change.format("would drop"),
        "view (bulk): 60 days",
    ]
    assert ids("group") == [0, 0, 59, 100]
    assert retention(bulk_retention_days=60) == [change.format("drops"), "view (bulk): 60 days"]
    assert ids("group") == [0, 0, 59]
    assert checked(bulk_retention_days=60).advice is None

    load_here([*exports("group", "bulk", 0)])
    assert checked().result == "bulk never (2 tables); different expiration: group (60 days), view (60 days)"
    assert retention() == ["group (bulk): 60 days → never", "view (bulk): 60 days → never"]
    assert expiration("group") is None


def test_the_last_complete_export_of_a_bulk_stream_never_expires(
    load_here, retention, checked, expiration, ids, caplog
):
    """The stream stopped 40 days ago, or its exports have not been complete since."""
    load_here([*exports("group", "bulk", 45, 40), *exports("group", "bulk", 0, complete=False)])
    load_here([*exports("view", "bulk", 0)], bulk_retention_days=60)
    assert (expiration("group"), expiration("view")) == (60, 60)

    day = days_ago(40)[:10]
    load_here([*exports("view", "bulk", 0)], bulk_retention_days=45)
    assert (expiration("group"), expiration("view")) == (None, 45)
    assert f"group: partitions do not expire, because rows of {day} are still read" in caplog.text
    found = checked(bulk_retention_days=45)
    assert found.advice is None
    assert f"but without expiration: group, because rows of {day} are still read" in found.result
    assert (
        retention(bulk_retention_days=20)[0] == f"group (bulk): never, because rows of {day} are still read"
    )
    assert ids("group") == [0, 40, 45]

    load_here([*exports("group", "bulk", 0)], bulk_retention_days=60)
    assert expiration("group") == 60


def test_only_streams_that_declare_what_an_export_has_expire(load_here, retention, expiration):
    load_here([*exports("ticket", "incremental", 0), schema("foreign"), record(1, stream="foreign")])
    days = {"incremental_retention_days": 400, "bulk_retention_days": 60}
    load_here([declared("sla", "bulk"), record(1, stream="sla")], **days)
    assert retention(**days) == [
        "sla (bulk): never, because it has no complete export",
        "ticket (incremental): never, because its rows are not in its current table",
    ]
    assert [expiration(table) for table in ("ticket", "foreign", "sla", "EXPORT_METADATA")] == [None] * 4


def test_rows_of_an_incremental_stream_expire_once_they_are_in_its_current_table(
    load_here, retention, checked, expiration, ids, warehouse, dataset
):
    load_here([*exports("ticket", "incremental", 500, 10, 0)])
    settings = {"incremental_retention_days": 400}

    def merge(age, rows="?", modified="?"):
        moment = int((TODAY - timedelta(days=age)).timestamp() * 1_000_000)
        labels = f"('read_at', '{moment}'), ('raw_rows', '{rows}'), ('raw_modified', '{modified}')"
        warehouse.client.query_and_wait(
            f"CREATE OR REPLACE TABLE {dataset}.ticket_current (id INT64) OPTIONS (labels=[{labels}])"
        )

    held = "ticket (incremental): never, because "
    assert retention(**settings) == [held + "its rows are not in its current table"]
    merge(450)
    assert retention(**settings) == [held + f"rows of {days_ago(450)[:10]} are still read"]
    assert checked(**settings).advice is None
    assert ids() == [0, 10, 500]
    raw = warehouse.client.get_table(f"{dataset}.ticket")
    merge(450, rows=3, modified=int(raw.modified.timestamp() * 1000))  # nothing has changed since
    assert "→ 400 days; would drop 1 partition" in retention("--dry-run", **settings)[0]

    merge(10)
    assert "→ 400 days; would drop 1 partition" in retention("--dry-run", **settings)[0]
    assert (
        checked(**settings).result == "incremental 400 days (1 table); different expiration: ticket (never)"
    )
    retention(**settings)
    assert (ids(), expiration("ticket")) == ([0, 10], 400)
    assert checked(**settings).advice is None


def test_no_default_of_the_dataset_makes_rejected_records_expire(
    load_here, checked, expiration, warehouse, dataset
):
    load_here([schema("group"), record(1, stream="group"), record(2, stream="group", subject=[])])
    table = warehouse.client.get_table(f"{dataset}.REJECTED_RECORD")
    table.time_partitioning = TimePartitioning(field="rejected_at", expiration_ms=90 * 86_400_000)
    warehouse.client.update_table(table, ["time_partitioning"])
    assert (
        checked().result
        == "metadata or current table never (1 table); different expiration: REJECTED_RECORD (90 days)"
    )
    load_here([declared("group", "bulk")], bulk_retention_days=60)
    assert expiration("REJECTED_RECORD") is None


def test_a_table_of_an_earlier_release_is_recognized_after_its_next_export(load_here, expiration):
    load_here([schema("group"), record(1, stream="group", _exported_at=days_ago(1))])
    load_here([*exports("view", "bulk", 0)], bulk_retention_days=60)
    assert (expiration("group"), expiration("view")) == (None, 60)
    load_here([*exports("group", "bulk", 0)], bulk_retention_days=60)
    assert expiration("group") == 60


def test_the_command_tables_shows_size_partitions_and_expiration(
    load_here, settings, tmp_path, warehouse, dataset
):
    load_here([*exports("group", "bulk", 50, 1, 0)], bulk_retention_days=60)
    load_here([schema("empty")])
    warehouse.client.query_and_wait(f"CREATE VIEW {dataset}.group_latest AS SELECT * FROM {dataset}.group")
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(settings))
    shown = CliRunner().invoke(tables, ["--config", str(path)], catch_exceptions=False).stdout.splitlines()
    assert shown[0] == f"{dataset}:"
    assert shown[1].split("  ")[0] == "table"
    oldest, newest = (days_ago(age)[:10].replace("-", "") for age in (50, 0))
    by_name = {line.split()[0]: line.split() for line in shown[2:]}
    assert by_name.keys() == {"group", "EXPORT_METADATA", "empty", "total"}
    assert by_name["group"] == ["group", "bulk", "3", "0.000", "0.00", oldest, newest, "60", "days"]
    assert by_name["empty"][-3:] == ["-", "-", "never"]
    assert by_name["total"][1] == "6"
