"""target-bigquery-state-from-export-metadata: the cursors of an EXPORT_METADATA as a state of the tap."""

import json

import pytest
from tap_zendesk_cityblock.state.validation import check_state

from sandbox.addresses import PROJECT

COMMAND = "target-bigquery-state-from-export-metadata"
CURSOR = "MTc2NzIyNTQyMC4wfHwxOTgzfA=="


def export(table, day, end_time=None, end_cursor=None, count=10):
    return {
        "table_name": table,
        "bq_inserted_at": f"2025-12-{day:02d}T03:00:00Z",
        "start_time": None,
        "start_cursor": None,
        "end_time": end_time,
        "end_cursor": end_cursor,
        "export_count": count,
        "run_length_sec": 12.5,
        "bq_partition": f"2025-12-{day:02d}",
    }


@pytest.fixture
def left(warehouse, dataset):
    """What the legacy system left: its EXPORT_METADATA with these rows."""

    def fill(*rows, time="TIMESTAMP"):
        warehouse.client.query_and_wait(
            f"CREATE TABLE {dataset}.EXPORT_METADATA_legacy (table_name STRING, bq_inserted_at TIMESTAMP, "
            f"start_time {time}, start_cursor STRING, end_time {time}, end_cursor STRING, "
            "export_count INT64, run_length_sec FLOAT64, bq_partition DATE)"
        )
        warehouse.client.load_table_from_json(list(rows), f"{dataset}.EXPORT_METADATA_legacy").result()

    return fill


@pytest.fixture
def command(warehouse, dataset, tmp_path, commands):
    def run(*arguments, table=f"{dataset}.EXPORT_METADATA_legacy"):
        config = {
            "environment": "local",
            "project": PROJECT,
            "dataset": dataset,
            "bigquery_emulator_host": warehouse.addresses.bigquery_url,
        }
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        return commands.run(
            COMMAND, "--config", path, "--table", table, "--subdomain", "cityblock", *arguments
        )

    return run


def refused(ran):
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "Traceback" not in ran.stderr
    return ran.stderr


def test_the_last_export_of_each_model_becomes_its_bookmark(left, command):
    left(
        export("ticket", 1, end_cursor="older"),
        export("ticket", 3, end_cursor=CURSOR),
        export("ticket", 2, end_time="2025-12-02T00:00:00Z"),
        export("user", 3, end_time="2025-12-03T00:00:00.9Z"),
        export("organization", 3, end_time="2025-12-03T00:00:00Z"),
        export("group", 3),
        export("article", 3, end_time="2025-12-03T00:00:00Z"),  # the legacy system did not have it
        export("schedule", 3),
    )
    ran = command()
    assert ran.returncode == 0, ran.stderr
    state = json.loads(ran.stdout)["singer_state"]
    assert state["bookmarks"] == {
        "article": {"start_time": 1764720000, "subdomain": "cityblock"},
        "organization": {"start_time": 1764720000, "subdomain": "cityblock"},
        "ticket": {"cursor": CURSOR, "subdomain": "cityblock"},
        "user": {"start_time": 1764720000, "subdomain": "cityblock"},
    }
    check_state(state, "cityblock")  # the tap takes it
    assert "group: read in full" in ran.stderr


def test_a_single_model_can_be_asked_for(left, command):
    left(export("ticket", 3, end_cursor=CURSOR), export("user", 3, end_cursor=CURSOR))
    state = json.loads(command("--model", "ticket").stdout)["singer_state"]
    assert set(state["bookmarks"]) == {"ticket"}
    assert "has no export of organization" in refused(command("--model", "organization"))


@pytest.mark.parametrize("time", ["2025-12-03T00:00:00+00:00", "2025-12-03 00:00:00", "1764720000"])
def test_times_kept_as_text_are_read(left, command, time):
    left(export("organization", 3, end_time=time), time="STRING")
    bookmark = json.loads(command().stdout)["singer_state"]["bookmarks"]["organization"]
    assert bookmark["start_time"] == 1764720000


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ({}, "neither end_time nor end_cursor"),
        ({"end_time": "2025-12-03T00:00:00Z", "end_cursor": CURSOR}, "both end_time and end_cursor"),
    ],
    ids=["neither", "both"],
)
def test_a_row_without_a_single_end_is_refused(left, command, end, expected):
    left(
        export("user", 2, end_cursor=CURSOR), export("user", 3, **end), export("ticket", 3, end_cursor=CURSOR)
    )
    said = refused(command())
    assert f"user: its last row has {expected}" in said
    assert "fix the row in a copy of the table" in said


def test_two_last_rows_that_differ_are_refused(left, command):
    left(export("ticket", 3, end_cursor="a"), export("ticket", 3, end_cursor="b"))
    assert "ticket: several last rows with different ends" in refused(command())


def test_a_cursor_of_a_model_exported_by_time_is_refused(left, command):
    left(export("organization", 3, end_cursor=CURSOR))
    assert "organization: its last row has an end_cursor" in refused(command())


def test_a_table_that_is_missing_empty_or_misnamed_is_one_sentence(left, command, dataset):
    assert "NotFound (404)" in refused(command(table=f"{dataset}.nowhere"))
    assert "is not of the form" in refused(command(table="x; DROP TABLE y"))
    left(export("group", 3))
    assert "no export to continue" in refused(command())
