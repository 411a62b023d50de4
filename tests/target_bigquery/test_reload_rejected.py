"""Rejected records that fit their table now: the command target-bigquery-reload-rejected."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from google.cloud.bigquery import TimePartitioning
from target_bigquery.check import findings
from target_bigquery.reload_rejected import command
from target_bigquery.settings import SETTINGS

from tests.fault_proxy import Fault
from tests.target_bigquery.singer import lines, record, schema, state

VIA = {"type": ["object", "null"], "properties": {"channel": {"type": ["string", "null"]}, "a-b": {}}}
MIXED = {"type": ["array", "null"], "items": {"type": ["integer", "null"]}}


@pytest.fixture
def reload(config, tmp_path):
    def run(*arguments):
        path = tmp_path / "settings.json"
        path.write_text(json.dumps(config))
        ran = CliRunner().invoke(command, ["--config", str(path), *arguments])
        if ran.exception and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return ran.stdout

    return run


@pytest.fixture
def sql(warehouse, dataset):
    return lambda text: list(warehouse.client.query_and_wait(text.format(d=dataset)))


@pytest.fixture
def rejected(load_here):
    """Two runs that reject the same tickets and users, and a further ticket in the second."""
    odd = record(2, via={"channel": {"x": 1}, "a-b": 2**70, "new": 1}, n=[7, None])
    for cursor, more in ((1, []), (2, [record(1), record(4, subject=[])])):
        users = [schema("user"), record({}, stream="user"), record(9, stream="user")]
        tickets = [schema(via=VIA, n=MIXED), odd, record(3, via="?"), record(None), *more]
        load_here([*tickets, *users, state(cursor)])


@pytest.fixture
def make_fit(sql):
    """The table takes anything for `via.channel` now."""

    def change():
        sql("ALTER TABLE {d}.ticket DROP COLUMN via")
        sql("ALTER TABLE {d}.ticket ADD COLUMN via STRUCT<channel JSON, a_b JSON>")

    return change


OPEN = "SELECT COUNT(*) AS n FROM {d}.REJECTED_RECORD WHERE resolved_at IS NULL"


def test_records_that_fit_now_are_loaded_once_however_often_it_runs(rejected, make_fit, reload, rows, sql):
    assert "ticket: 0 loaded, 7 still rejected" in reload()
    make_fit()
    dry = reload("--dry-run")
    assert (
        "ticket: 2 would be loaded, 5 still rejected\n    2 x column via: expected an object, got a string"
        in dry
    )
    assert sql(OPEN)[0].n == 9
    output = reload("--stream", "ticket")
    assert "ticket: 2 loaded, 5 still rejected" in output
    assert "user" not in output
    assert "ticket: 0 loaded, 5 still rejected" in reload()
    first, second = rows()
    assert (first["id"], first["via"]) == (1, None)
    assert (second["id"], second["via"]) == (2, {"channel": {"x": 1}, "a_b": str(2**70)})
    assert second["n"] == [7]
    assert sql(OPEN)[0].n == 7
    assert [
        table.table_id for table in sql("SELECT table_id FROM {d}.__TABLES__ WHERE table_id LIKE '%reload%'")
    ] == []


def test_a_run_whose_answer_was_lost_loads_nothing_twice(rejected, make_fit, reload, ids, proxy, sql):
    make_fit()
    proxy["bigquery"].add(Fault("lost", "/queries", after=2))
    assert "ticket: 2 loaded, 5 still rejected" in reload()
    assert ids() == [1, 2]
    assert sql(OPEN)[0].n == 7


def test_a_record_that_was_rejected_again_after_it_was_loaded_is_not_loaded_again(
    rejected, make_fit, reload, ids, sql
):
    make_fit()
    reload()
    sql(
        "UPDATE {d}.REJECTED_RECORD SET resolved_at = NULL WHERE resolved_at IS NOT NULL "
        "AND rejected_at = (SELECT MAX(rejected_at) FROM {d}.REJECTED_RECORD WHERE resolved_at IS NOT NULL)"
    )
    assert "ticket: 1 loaded" in reload()
    assert ids() == [1, 2]
    assert sql(OPEN)[0].n == 7


def test_a_record_that_a_stream_map_failed_on_is_not_loaded_without_its_map(load_here, reload, rows, sql):
    load_here(
        [schema(), record(1, subject="canary", n="x"), state(1)],
        stream_maps={"ticket": {"subject": "md5(subject) if int(n) else subject"}},
    )
    assert reload().splitlines() == [
        "ticket: 0 loaded, 1 still rejected",
        "    1 x stream_maps: ValueError: export it again once its map accepts it",
    ]
    assert rows() == []
    assert sql(OPEN)[0].n == 1


def test_a_record_whose_deepest_levels_were_cut_is_not_loaded_without_them(load_here, reload, rows):
    deep = b'{"type": "RECORD", "stream": "ticket", "record": {"id": 1, "any": %b}}\n' % (
        b"[" * 2000 + b"]" * 2000
    )
    load_here(lines([schema(any={})]) + deep + lines([state(1)]))
    assert reload() == "ticket: 0 loaded, 1 still rejected\n    1 x nested too deeply\n"
    assert rows() == []


def test_without_rejected_records_it_says_so(reload):
    assert reload() == "No open rejected records\n"


def test_the_check_counts_them_and_does_not_fail(rejected, config):
    defaults = {
        name: one["default"] for name, one in SETTINGS.to_dict()["properties"].items() if "default" in one
    }
    [found] = [one for one in findings({**defaults, **config}) if one.subject.startswith("rejected records")]
    assert found.result.startswith("9 open, the oldest of 20")
    assert found.advice is None


def test_a_record_whose_partition_has_expired_or_soon_does_stays_open(
    load_here, reload, sql, ids, warehouse, dataset
):
    """BigQuery would drop it at once, or before dbt reads it."""
    today = datetime.now(UTC)
    aged = [
        record(age, subject=[], _exported_at=(today - timedelta(days=age)).isoformat())
        for age in (30, 55, 61, 10)
    ]
    load_here([schema(), *aged, record(1, _exported_at=today.isoformat())], max_rejected_share=1)
    sql("ALTER TABLE {d}.ticket DROP COLUMN subject")
    sql("ALTER TABLE {d}.ticket ADD COLUMN subject ARRAY<STRING>")
    table = warehouse.client.get_table(f"{dataset}.ticket")
    table.time_partitioning = TimePartitioning(field="_exported_at", expiration_ms=60 * 86_400_000)
    warehouse.client.update_table(table, ["time_partitioning"])

    assert reload().splitlines() == [
        "ticket: 2 loaded, 2 still rejected",
        "    2 x the partition of its export expires: export it again",
    ]
    assert ids() == [1, 10, 30]
    assert sql(OPEN)[0].n == 2
