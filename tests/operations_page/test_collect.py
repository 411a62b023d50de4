"""Rows to facts, and the queries on tables of the sandbox's BigQuery."""

import logging
from datetime import UTC, datetime

import pytest
from operations_page.collect import Warehouse, collect, exports, time_of, without_ids
from operations_page.facts import AGES, JOBS
from operations_page.judge import judge
from target_bigquery.loader import Loader

from sandbox.addresses import PROJECT, Addresses
from sandbox.bigquery import bigquery_server

TABLES = [
    """CREATE TABLE zendesk.PIPELINE_RUN_latest AS
    SELECT job, FORMAT('%032d', number) AS run_id,
      TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL number MINUTE) AS started_at,
      IF(ending = 'running', NULL, CURRENT_TIMESTAMP()) AS ended_at,
      ending, error, 61.5 AS seconds, [STRUCT('tap' AS name, 40.0 AS seconds), ('dbt', 20.5)] AS steps,
      100 AS `rows`, 2000 AS bytes, 30 AS requests, 0 AS rate_limited, 1 AS retries, 2.5 AS waited_seconds,
      0.5 AS quota_used, 0 AS rejected_records, 7 AS published, 1 AS waiting, 0 AS refused,
      [STRUCT('ticket' AS model, 1500 AS `rows`), ('user', NULL)] AS remainder
    FROM UNNEST([
      STRUCT('tap-to-bigquery' AS job, 'failed' AS ending, 'ticket 4711: 35436099 is not a text' AS error, 30 AS number),
      ('tap-to-pubsub', 'complete', NULL, 20), ('tap-to-pubsub', 'running', NULL, 5),
      ('tap-to-pubsub', 'failed', 'long ago', 30000)])""",
    """CREATE TABLE zendesk.EXPORT_METADATA_latest AS
    SELECT table_name, CURRENT_TIMESTAMP() AS bq_inserted_at, TIMESTAMP '2026-01-01 00:10:00' AS zendesk_time,
      5 AS export_count, 0.5 AS run_length_sec, CAST(NULL AS TIMESTAMP) AS end_time, end_cursor,
      CAST(NULL AS TIMESTAMP) AS in_progress_at
    FROM UNNEST([STRUCT('brand' AS table_name, CAST(NULL AS STRING) AS end_cursor),
      ('ticket', 'MTc2NzIyNTQyMC4wfHwyOTd8')])""",
    """CREATE TABLE zendesk.EXPORT_METADATA AS
    SELECT table_name, 'complete' AS export_status, CURRENT_DATE() AS bq_partition, TIMESTAMP_SECONDS(number) AS bq_inserted_at,
      TIMESTAMP_SECONDS(started) AS start_time, start_cursor, TIMESTAMP_SECONDS(ended) AS end_time, end_cursor
    FROM UNNEST([
      STRUCT('brand' AS table_name, 1 AS number, CAST(NULL AS INT64) AS started, CAST(NULL AS STRING) AS start_cursor,
        CAST(NULL AS INT64) AS ended, CAST(NULL AS STRING) AS end_cursor),
      ('brand', 2, NULL, NULL, NULL, NULL),
      ('organization', 1, 10, NULL, 20, NULL), ('organization', 2, 20, NULL, 30, NULL),
      ('quiet', 1, 10, NULL, 10, NULL), ('quiet', 2, 10, NULL, 10, NULL),
      ('ticket', 1, 10, NULL, NULL, 'a'), ('ticket', 2, NULL, 'a', NULL, 'b'), ('ticket', 3, NULL, 'a', NULL, 'c'),
      ('user', 1, 10, NULL, NULL, 'a'), ('user', 2, 10, NULL, NULL, 'a')])""",
    "CREATE TABLE zendesk.ticket_current AS SELECT id FROM UNNEST([1, 2, 3]) AS id",
    """CREATE TABLE pubsub_messages.zendesk_ticket AS
    SELECT ticket_id, CURRENT_TIMESTAMP() AS published_at, replay_of
    FROM UNNEST([STRUCT(1 AS ticket_id, CAST(NULL AS STRING) AS replay_of), (1, 'm'), (2, NULL)])""",
    """CREATE TABLE pubsub_messages.zendesk_ticket_refused AS
    SELECT ticket_id, reason, refused_at FROM UNNEST([
      STRUCT(1 AS ticket_id, 'too large: 10000001 bytes' AS reason, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) AS refused_at),
      (3, 'too large: 10000002 bytes', TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR)),
      (4, 'InvalidArgument: text of others', CURRENT_TIMESTAMP())])""",
    """CREATE TABLE zendesk.TICKET_USER_JOIN_ERROR_latest AS
    SELECT ticket_id, unjoined, is_waiting, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL hours HOUR) AS first_seen_at
    FROM UNNEST([
      STRUCT(1 AS ticket_id, [STRUCT('assignee' AS field, 9 AS zendesk_user_id, 'not_in_directory' AS reason),
        ('requester', 9, 'not_in_directory')] AS unjoined, TRUE AS is_waiting, 200 AS hours),
      (2, [('assignee', 8, 'not_exported')], TRUE, 2),
      (3, [('assignee', 7, 'not_in_directory')], FALSE, 300)])""",
    "CREATE TABLE pubsub_messages.zendesk_ticket_waiting AS SELECT 1 AS ticket_id",
    "CREATE TABLE zendesk.REJECTED_RECORD AS SELECT 1 AS x",
    """CREATE TABLE zendesk.REJECTED_RECORD_latest AS
    SELECT 'ticket' AS stream, 'priority' AS `column`, 'an object in a text column' AS reason,
      'target-bigquery' AS rejected_by, key AS record_key, TIMESTAMP '2026-01-01' AS first_rejected_at
    FROM UNNEST(['41', '42']) AS key""",
    "CREATE TABLE zendesk.SCHEMA_DRIFT AS SELECT 1 AS x",
    """CREATE TABLE zendesk.SCHEMA_DRIFT_latest AS
    SELECT 'ticket' AS model, property, 'string' AS json_types, TIMESTAMP '2026-01-01' AS first_seen_at,
      TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL days DAY) AS last_seen_at, 41 AS row_count
    FROM UNNEST([STRUCT('mood' AS property, 6 AS days), ('gone', 8)])""",
    """CREATE TABLE zendesk.ERASURE AS
    SELECT 'e' AS erasure_id, 'case-17' AS request, 'user' AS kind, 'erase' AS mode,
      TIMESTAMP '2026-11-01' AS started_at, TIMESTAMP '2026-11-02' AS ended_at, 2 AS ids,
      [STRUCT('user' AS table_name, 4 AS row_count), ('ticket', 8)] AS tables""",
]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with bigquery_server(Addresses.free(), tmp_path_factory.mktemp("bigquery")) as client:
        client.create_dataset("pubsub_messages")
        yield client


@pytest.fixture(scope="module")
def facts(client):
    """Of an empty warehouse, and of one with all tables."""

    def read():
        loader = Loader(client, None, 60, logging.getLogger())
        warehouse = Warehouse(loader, {"zendesk": "zendesk", "messages": "pubsub_messages"})
        return collect(warehouse, "local", PROJECT)

    empty = read()
    for sql in TABLES:
        client.query_and_wait(sql)
    return empty, read()


def test_a_warehouse_without_tables_has_no_facts(facts):
    empty, _ = facts
    assert empty.runs == empty.exports == empty.published == empty.rejected == empty.erasures == ()
    assert {
        "zendesk.ERASURE",
        "zendesk.PIPELINE_RUN_latest",
        "zendesk.EXPORT_METADATA_latest",
    } <= empty.absent
    assert [problem.title for problem in judge(empty)] == [
        "Nothing has been exported yet",
        "No run has been recorded",
    ]


def test_runs_of_the_last_two_weeks_the_newest_first_without_ids(facts):
    _, found = facts
    assert [(run.job, run.ending) for run in found.runs] == [
        (JOBS[1], "running"),
        (JOBS[1], "complete"),
        (JOBS[0], "failed"),
    ]
    assert found.runs[2].error == "ticket …: … is not a text"
    assert found.runs[0].ended_at is None
    assert found.runs[1].steps == (("tap", 40.0), ("dbt", 20.5))
    assert (found.runs[1].quota_used, found.runs[1].published) == (0.5, 7)
    assert found.runs[1].remainder == (("ticket", 1500), ("user", None))


def test_exports_have_their_objects_and_the_lag_of_their_cursors(facts):
    brand, ticket = facts[1].exports
    assert (brand.model, brand.objects, brand.position, brand.lag_seconds) == ("brand", 5, None, None)
    assert (ticket.model, ticket.objects, ticket.lag_seconds) == ("ticket", 3, 780)
    assert ticket.position == datetime(2025, 12, 31, 23, 57, tzinfo=UTC)


def test_a_cursor_was_not_saved_if_an_export_starts_where_the_last_one_did(facts):
    assert facts[1].repeated == ("ticket", "user")


def test_messages_are_counted_by_hour_with_their_replays(facts):
    found = facts[1].published
    assert sum(one.messages for one in found) == 3
    assert sum(one.replayed for one in found) == 1


def test_a_refused_message_counts_until_a_later_version_is_published(facts):
    assert sorted((one.reason, one.messages) for one in facts[1].refused) == [
        ("InvalidArgument", 1),
        ("too large", 1),
    ]


def test_waiting_tickets_are_counted_once_and_by_cause_and_age(facts):
    found = facts[1]
    assert (found.tickets_waiting.tickets, found.tickets_waiting.unknown) == (2, 1)
    assert [(one.reason, one.field, one.age, one.tickets) for one in found.waiting] == [
        ("not_exported", "assignee", AGES[1], 1),
        ("not_in_directory", "assignee", AGES[3], 1),
        ("not_in_directory", "requester", AGES[3], 1),
    ]


def test_rejected_records_are_counted_without_their_keys(facts):
    [found] = facts[1].rejected
    assert (found.stream, found.column, found.records) == ("ticket", "priority", 2)


def test_schema_drift_is_that_of_the_last_week(facts):
    assert [(one.model, one.property, one.records) for one in facts[1].drift] == [("ticket", "mood", 41)]


def test_tables_have_sizes_and_erasures_their_rows(facts):
    found = facts[1]
    assert ("zendesk", "ticket_current", 3) in {(one.dataset, one.name, one.rows) for one in found.tables}
    [erasure] = found.erasures
    assert (erasure.request, erasure.ids, erasure.rows) == ("case-17", 2, 12)
    assert found.absent == frozenset()


@pytest.mark.parametrize("cursor", [None, "", "abc", "eyJvIjoibmljZV9pZCIsInYiOiJhIn0=", "page=2"])
def test_a_cursor_without_a_time_has_no_position(cursor):
    assert time_of(cursor) is None


def test_without_zendesks_time_the_lag_is_by_this_sides_clock():
    row = {
        "table_name": "organization",
        "bq_inserted_at": datetime(2026, 1, 1, 1, tzinfo=UTC),
        "zendesk_time": None,
        "export_count": 2,
        "run_length_sec": 1.0,
        "end_time": datetime(2026, 1, 1, tzinfo=UTC),
        "end_cursor": None,
        "in_progress_at": None,
    }
    [found] = exports([row], {})
    assert (found.lag_seconds, found.objects) == (3600, None)


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("ticket 42: no requester", "ticket …: no requester"),
        ("records 7, 8 left out", "records … left out"),
        ("users 1, 2, 3", "users …"),
        ("user #17 twice", "user … twice"),
        ("360001234567 is unknown", "… is unknown"),
        ("gave up after 1800 s: HTTP 429", "gave up after 1800 s: HTTP 429"),
        ("2 tickets wait", "2 tickets wait"),
    ],
)
def test_ids_are_left_out_of_sentences(sentence, shown):
    assert without_ids(sentence) == shown
