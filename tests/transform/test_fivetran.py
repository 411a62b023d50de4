"""Views in the shape of Fivetran's tables: names and types, and values that are made rather than copied."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.transform.conftest import ROOT

MODELS = ROOT / "transform" / "models"
SHAPE = json.loads((Path(__file__).parent / "fivetran_shape.json").read_text())
"""Columns and types by the macros of fivetran/dbt_zendesk 1.6.1, and which of them its staging models select. Where a macro
says integer of a column that has text, the type is STRING. https://github.com/fivetran/dbt_zendesk, read on 27 November 2026."""
ABSENT = {
    "ticket_chat_event": {
        "external_message_id",
        "is_history_context",
        "message_source",
        "original_message_type",
        "parent_message_id",
        "status",
        "status_updated_at",
    }
}
"""Only messaging has them; the package fills them with null."""


def columns(view):
    [path] = MODELS.rglob(f"{view}.yml")
    [model] = yaml.safe_load(path.read_text())["models"]
    return {column["name"]: column["data_type"] for column in model["columns"]}


@pytest.mark.parametrize("table", SHAPE)
def test_a_view_has_the_columns_that_the_package_selects_in_their_types(table):
    own = columns(f"fivetran_{table}")
    documented = {name: kind for name, (kind, *_) in SHAPE[table].items()}
    assert own.items() <= documented.items()
    used = {name for name, about in SHAPE[table].items() if "used" in about}
    assert used - own.keys() == ABSENT.get(table, set())


@pytest.fixture
def filled(views, monkeypatch):
    """What the views read, as tables, with a few rows."""
    monkeypatch.setenv("DBT_BIGQUERY_OPT_IN_VIEWS", "true")
    monkeypatch.setenv("DBT_BIGQUERY_FIVETRAN_VIEWS", "true")
    source = "".join(path.read_text() for path in (MODELS / "fivetran").glob("*.sql"))
    for view in set(re.findall(r"ref\('(\w+)'\)", source)) - {"time_zone_name"}:
        schema = ", ".join(f"`{name}` {kind}" for name, kind in columns(view).items())
        views.client.query_and_wait(f"CREATE TABLE {views.dataset}.{view} ({schema})")
    for statement in ROWS.split(";"):
        views.client.query_and_wait(statement.replace("INTO ", f"INTO {views.dataset}."))
    return views


ROWS = """
INSERT INTO ticket_latest (id, subject, tags, via, is_deleted) VALUES
  (1, 'a', ['x', 'y'], STRUCT('email' AS channel, STRUCT(JSON '{"address":"a@b.example","id":"7"}' AS `from`, 'r' AS rel, JSON '{"name":"Help"}' AS `to`) AS source), FALSE),
  (2, 'b', ['z'], NULL, TRUE);
INSERT INTO ticket_merge (ticket_id, merged_into_ticket_id) VALUES (2, 1), (3, 1);
INSERT INTO ticket_sla (ticket_id, metric, instance_id, policy_id, policy_applied_at, target_seconds, is_in_business_hours) VALUES
  (1, 'reply_time', 1, 50, TIMESTAMP '2026-01-02 00:00:00+00', 3600, TRUE),
  (1, 'reply_time', 2, 50, TIMESTAMP '2026-01-03 00:00:00+00', 7200, FALSE),
  (1, 'agent_work_time', 1, 50, TIMESTAMP '2026-01-02 00:00:00+00', 60, FALSE);
INSERT INTO sla_policy_latest (id, title, updated_at, policy_metrics) VALUES
  (50, 'Gold', TIMESTAMP '2026-01-01 00:00:00+00', [STRUCT(TRUE AS business_hours, 'first_reply_time' AS metric, 'high' AS priority, 60 AS target, 3600 AS target_in_seconds)]);
INSERT INTO ticket_field_history_latest (ticket_id, field_name, created_at, updater_id, value) VALUES
  (1, 'status', TIMESTAMP '2026-01-01 00:00:00+00', 9, 'open');
INSERT INTO schedule_latest (id, name, time_zone, intervals) VALUES
  (60, 'Hub', 'Eastern Time (US & Canada)', [STRUCT(960 AS end_time, 480 AS start_time), (2400, 1920)]),
  (61, 'South', 'Sydney', []), (62, 'Clinic', 'New Delhi', []);
INSERT INTO schedule_holiday_latest (id, schedule_id, start_date, end_date) VALUES (70, 60, DATE '2026-07-03', DATE '2026-07-04');
INSERT INTO organization_latest (id, domain_names, tags, is_deleted) VALUES (80, ['a.example', 'b.example'], ['x'], FALSE)
"""


def test_the_views_have_their_types_and_what_zendesk_has_elsewhere(filled):
    done = filled.dbt("run", "--select", "fivetran", "time_zone_name")
    assert done.returncode == 0, done.stdout[-3000:]
    types = {"INTEGER": "INT64", "BOOLEAN": "BOOL", "FLOAT": "FLOAT64"}
    for table in SHAPE:
        schema = filled.client.get_table(f"{filled.dataset}.fivetran_{table}").schema
        found = {field.name: types.get(field.field_type, field.field_type) for field in schema}
        assert found == columns(f"fivetran_{table}"), table

    def rows(table, *names, order):
        return [tuple(row[name] for name in names) for row in filled.rows(f"fivetran_{table}", order)]

    via = (
        "via_channel",
        "via_source_from_address",
        "via_source_from_id",
        "via_source_rel",
        "via_source_to_name",
    )
    assert rows("ticket", "id", *via, "merged_ticket_ids", "_fivetran_deleted", order="id") == [
        (1, "email", "a@b.example", 7, "r", "Help", "[2,3]", False),
        (2, None, None, None, None, None, "[]", True),
    ]
    assert rows("ticket_tag", "ticket_id", "tag", order="tag") == [(1, "x"), (1, "y")]
    assert rows("domain_name", "index", "domain_name", order="index") == [(0, "a.example"), (1, "b.example")]
    assert rows("ticket_field_history", "field_name", "value", order="updated, field_name") == [
        ("status", "open"),
        ("agent_work_time", '{"minutes":1,"in_business_hours":false}'),
        ("first_reply_time", '{"minutes":60,"in_business_hours":true}'),
        ("sla_policy", "Gold"),
        ("next_reply_time", '{"minutes":120,"in_business_hours":false}'),
        ("sla_policy", "Gold"),
    ]
    assert len(rows("ticket_sla_policy", "ticket_id", order="policy_applied_at")) == 2
    target = ("sla_policy_id", "index", "metric", "priority", "target", "business_hours")
    assert rows("sla_policy_metric_history", *target, order="index") == [
        (50, 0, "first_reply_time", "high", 60, True)
    ]
    assert rows("schedule", "id", "start_time", "end_time", order="start_time") == [
        (60, 480, 960),
        (60, 1920, 2400),
    ]
    assert rows("schedule_holiday", "start_date", "end_date", order="id") == [("2026-07-03", "2026-07-04")]
    zones = dict(rows("time_zone", "time_zone", "standard_offset", order="time_zone"))
    assert {
        name: zones[name] for name in ("Eastern Time (US & Canada)", "Sydney", "Newfoundland", "Kathmandu")
    } == {
        "Eastern Time (US & Canada)": "-05:00",
        "Sydney": "+10:00",
        "Newfoundland": "-03:30",
        "Kathmandu": "+05:45",
    }
    daylight = ("time_zone", "daylight_start_utc", "daylight_end_utc", "daylight_offset")
    found = rows("daylight_time", *daylight, order="time_zone, daylight_start_utc")
    last = datetime.now(UTC).year - 1
    assert {zone for zone, *_ in found} == {"Eastern Time (US & Canada)", "Sydney"}
    assert [tuple(map(str, row)) for row in found if row[1].year == 2025] == [
        ("Eastern Time (US & Canada)", "2025-03-09 07:00:00", "2025-11-02 06:00:00", "1"),
        ("Sydney", "2025-10-04 16:00:00", "2026-04-04 16:00:00", "1"),
    ]
    assert {row[1].year for row in found} >= set(range(2013, last + 1))
