"""Where the sandbox's BigQuery server would differ from BigQuery without the changes of its launcher."""

import io
import json

import pytest
from google.cloud.bigquery import LoadJobConfig, SchemaField, Table, TimePartitioning


@pytest.fixture
def run(warehouse, dataset):
    def rows(sql):
        return [tuple(row.values()) for row in warehouse.client.query_and_wait(sql.format(dataset=dataset))]

    return rows


@pytest.fixture
def load(warehouse, dataset):
    """Loads lines of JSON into a table of one column."""

    def lines(kind, *values):
        file = io.BytesIO(b"".join(json.dumps({"value": value}).encode() + b"\n" for value in values))
        config = LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", schema=[SchemaField("value", kind)])
        warehouse.client.load_table_from_file(file, f"{dataset}.loaded", job_config=config).result()

    return lines


def test_a_job_that_creates_a_table_has_it_as_its_destination(warehouse, dataset, run):
    """Where dbt reads the number of rows; without it no model that is a table could be built."""
    job = warehouse.client.query(
        f"CREATE OR REPLACE TABLE {dataset}.made AS SELECT 1 AS id UNION ALL SELECT 2"
    )
    job.result()
    assert job.statement_type == "CREATE_TABLE_AS_SELECT"
    assert (job.destination.dataset_id, job.destination.table_id) == (dataset, "made")
    assert warehouse.client.get_table(job.destination).num_rows == 2
    assert list(warehouse.client.query_and_wait(f"CREATE TABLE {dataset}.same AS SELECT 1 AS id")) == []
    assert run("SELECT id FROM {dataset}.made ORDER BY id") == [(1,), (2,)]


def test_a_table_has_the_partitions_of_its_statement(warehouse, dataset, run):
    run(
        "CREATE TABLE {dataset}.ranges (id INT64) PARTITION BY RANGE_BUCKET(`id`, GENERATE_ARRAY(0, 500, 10))"
    )
    ranges = warehouse.client.get_table(f"{dataset}.ranges").range_partitioning
    assert (ranges.field, ranges.range_.start, ranges.range_.end, ranges.range_.interval) == (
        "id",
        0,
        500,
        10,
    )
    run("CREATE TABLE {dataset}.days (day TIMESTAMP) PARTITION BY TIMESTAMP_TRUNC(`day`, DAY)")
    days = warehouse.client.get_table(f"{dataset}.days").time_partitioning
    assert (days.field, days.type_) == ("day", "DAY")


def test_an_aggregate_ignores_nulls_and_is_ordered_and_limited_at_once(run):
    sql = """
        SELECT ARRAY_AGG(value IGNORE NULLS ORDER BY place DESC LIMIT {limit})
        FROM UNNEST([STRUCT('a' AS value, 1 AS place), ('b', 2), (NULL, 3), ('c', 0)])
    """
    assert run(sql.replace("{limit}", "1")) == [(["b"],)]
    assert run(sql.replace("{limit}", "2")) == [(["b", "a"],)]


def test_the_zone_of_a_local_time_may_be_a_column(run):
    sql = """
        SELECT
          STRING(DATETIME(TIMESTAMP '2026-07-01T12:00:00Z', zone)),
          STRING(DATETIME(DATE '2026-07-01', time_of_day))
        FROM UNNEST(['UTC', 'America/New_York']) AS zone
        CROSS JOIN UNNEST([TIME '01:02:03']) AS time_of_day
        ORDER BY zone
    """
    assert run(sql) == [
        ("2026-07-01 08:00:00", "2026-07-01 01:02:03"),
        ("2026-07-01 12:00:00", "2026-07-01 01:02:03"),
    ]


def test_a_json_column_takes_text(run, load):
    load("JSON", "text", 7, ["a"], {"b": None}, "", None)
    assert run("SELECT TO_JSON_STRING(value) FROM {dataset}.loaded WHERE value IS NOT NULL") == [
        ('"text"',),
        ("7",),
        ('["a"]',),
        ('{"b":null}',),
        ('""',),
    ]


def test_a_timestamp_column_takes_seconds_since_1970(run, load):
    load("TIMESTAMP", 1767225600, 1767225600.5, "2026-01-01T00:00:00Z", None)
    assert run("SELECT UNIX_MICROS(value) FROM {dataset}.loaded WHERE value IS NOT NULL") == [
        (1767225600000000,),
        (1767225600500000,),
        (1767225600000000,),
    ]


def test_an_expiration_drops_older_partitions_at_once_and_can_be_removed(warehouse, dataset, run):
    client = warehouse.client
    table = Table(
        f"{client.project}.{dataset}.kept", [SchemaField("age", "INT64"), SchemaField("day", "TIMESTAMP")]
    )
    table.time_partitioning = TimePartitioning(field="day")
    table = client.create_table(table)
    run(
        "INSERT {dataset}.kept (age, day) SELECT age, TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY), "
        "INTERVAL age DAY) FROM UNNEST([0, 9, 10, 11]) AS age UNION ALL SELECT -1, NULL"
    )
    for days in (10, None):  # the partition of ten days ago began ten days ago
        partitioning = TimePartitioning(field="day")
        partitioning.expiration_ms = days and days * 86_400_000  # None is sent as null
        table = Table(table.reference)  # without the etag: its rows have changed
        table.time_partitioning = partitioning
        table = client.update_table(table, ["time_partitioning"])
        assert table.time_partitioning.expiration_ms == (days and days * 86_400_000)
        assert run("SELECT age FROM {dataset}.kept ORDER BY age") == [(-1,), (0,), (9,)]


def test_an_array_of_a_subquery_has_one_element_for_each_in_order(run):
    """Also of JSON and structs; where there is nothing to read, it is empty."""
    sql = """
        SELECT
          ARRAY(SELECT UPPER(tag) FROM UNNEST(tags) AS tag),
          ARRAY(SELECT pair.x + 1 FROM UNNEST([STRUCT(2 AS x), STRUCT(1 AS x)]) AS pair),
          ARRAY(SELECT CONCAT('id ', JSON_VALUE(one, '$.id')) FROM UNNEST(JSON_QUERY_ARRAY(payload)) AS one),
          ARRAY(SELECT tag FROM UNNEST(tags) AS tag WHERE tag > 'a' ORDER BY tag)
        FROM (
          SELECT 1 AS place, ['c', 'a', 'b'] AS tags, '[{{"id": 7}}, {{"id": 8}}]' AS payload
          UNION ALL SELECT 2, ARRAY<STRING>[], '[]'
          UNION ALL SELECT 3, NULL, NULL
        )
        ORDER BY place
    """
    assert run(sql) == [
        (["C", "A", "B"], [3, 2], ["id 7", "id 8"], ["b", "c"]),
        ([], [3, 2], [], []),
        ([], [3, 2], [], []),
    ]
