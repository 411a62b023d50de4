"""Metrics of tickets whose events are tricky; counted by hand."""

import re
from collections import defaultdict
from datetime import date, datetime
from pathlib import Path

import yaml
from tap_zendesk_cityblock.models import METRICS

from tests.googlesql import tricky_metrics
from tests.googlesql.tricky_metrics import AGENT, FORMER_AGENT, INTEGRATION, UNKNOWN_AGENT
from tests.servers import new_dataset
from tests.transform.conftest import ROOT, finish
from tests.transform.metrics import masked

MODELS = ROOT / "transform" / "models" / "metrics"
MINUTE, HOUR = 60, 3600


def loaded(views, build):
    views.load_all(tricky_metrics.ROWS)
    for model in ("schedule", "schedule_holiday"):
        finish(views, model, "b", "2026-11-24", "2026-11-24T00:10:00Z")
    build("2026-10-01", f"bot_user_ids: [{INTEGRATION}]")


def test_metrics_of_tricky_tickets(views, build):
    loaded(views, build)
    check_columns(views)
    check_replies(views)
    check_measures(views)
    check_statuses(views)
    check_slas(views)
    check_backlog(views)
    check_masked(views)


def test_the_tap_has_a_preset_of_the_models_that_the_views_read():
    read = {
        found
        for path in [*MODELS.glob("*.sql"), ROOT / "transform" / "macros" / "business_seconds.sql"]
        for found in re.findall(r"'(\w+)_latest'", path.read_text())
    }
    assert read
    assert read <= METRICS


def check_columns(views):
    """Those that the yml files describe."""
    for path in (sql.with_suffix(".yml") for sql in MODELS.glob("*.sql")):
        [model] = yaml.safe_load(Path(path).read_text())["models"]
        schema = views.client.get_table(f"{views.dataset}.{model['name']}").schema
        assert [field.name for field in schema] == [column["name"] for column in model["columns"]], path.stem


def check_replies(views):
    found = [
        (row["comment_id"], row["author_id"], row["number"], row["seconds"], row["business_seconds"])
        for row in views.rows("ticket_reply", "comment_id")
    ]
    weekend = 64 * HOUR + 30 * MINUTE
    assert found == [
        (
            3101,
            UNKNOWN_AGENT,
            1,
            26 * HOUR + 15 * MINUTE,
            0,
        ),  # on a weekend; she was never exported as an agent
        (3105, AGENT, 2, weekend, weekend),  # by then in hours around the clock
        (3106, AGENT, 3, None, None),  # no one waited
        (3301, FORMER_AGENT, 1, HOUR, None),  # before he left, in a schedule without hours
        (3504, AGENT, 1, 6 * HOUR, 0),  # on a holiday; three of bots before
        (3506, AGENT, 2, None, None),
        (3801, AGENT, 1, 30 * HOUR, 23 * HOUR),  # Saturday from six, and Sunday until five
        (
            3901,
            AGENT,
            1,
            9 * HOUR + 30 * MINUTE,
            2 * HOUR + 30 * MINUTE,
        ),  # from the first half past one; from nine
        (4001, AGENT, 1, 3 * HOUR, HOUR // 2),  # from half past three, which half past two became
        (4101, AGENT, 1, 25 * HOUR, 25 * HOUR),
    ]


def check_measures(views):
    names = ("reply", "first_resolution", "full_resolution", "requester_wait", "agent_wait", "on_hold")
    computed = {
        row["ticket_id"]: [(row[f"{name}_minutes"], row[f"{name}_business_minutes"]) for name in names]
        for row in views.rows("ticket_measure_computed", "ticket_id")
    }
    nothing = (None, None)
    assert computed == {
        31: [(1575, 0), (9180, 0), (13050, 11610), (11520, 2430), (90, 0), (7515, 0)],
        32: [nothing, (2130, 0), (2130, 0), (2130, 0), nothing, (0, 0)],
        33: [(60, None), nothing, nothing, (3270, None), nothing, (0, 0)],
        34: [nothing, nothing, nothing, (0, 0), nothing, (0, 0)],
        35: [(360, 0), *[nothing] * 5],
        36: [nothing, (1440, 480), nothing, (1440, 480), nothing, (0, 0)],
        37: [nothing, nothing, nothing, (1440, None), nothing, (0, 0)],
        38: [(1800, 1380), *[nothing] * 5],
        39: [(570, 150), *[nothing] * 5],
        40: [(180, 30), *[nothing] * 5],
        41: [(1500, 1500), *[nothing] * 5],
    }
    shown = {row["ticket_id"]: row for row in views.rows("ticket_measure", "ticket_id")}
    assert [row["is_measured_by_zendesk"] for row in shown.values()] == [True, *[False] * 10]
    assert [shown[31][name] for name in ("replies", "reopens", "reply_minutes", "reply_business_minutes")] == [2, 1, 1575, 60]  # fmt: skip
    assert shown[31]["first_resolution_minutes"] is None  # as Zendesk has it
    assert [id_ for id_, row in shown.items() if row["is_merged"]] == [32, 35]
    assert shown[32]["merged_into_ticket_id"] == 34
    assert [id_ for id_, row in shown.items() if row["is_deleted"]] == [33, 36]
    assert [id_ for id_, row in shown.items() if row["reopens"]] == [31]


def check_statuses(views):
    periods = defaultdict(list)
    for row in views.rows("ticket_status_period", "ticket_id, started_at, ended_at"):
        periods[row["ticket_id"]].append((row["status"], row["is_reopening"], row["seconds"]))
    assert periods[31] == [
        ("new", False, 1575 * MINUTE),
        ("pending", False, 90 * MINUTE),
        ("hold", False, 7515 * MINUTE),
        ("solved", False, 24 * HOUR),
        ("open", True, 2430 * MINUTE),
        ("solved", False, None),
    ]
    day = 24 * HOUR
    assert periods[37] == [("new", False, day), ("deleted", False, day), ("open", False, None)]
    assert sorted(periods[34]) == [("new", False, 0), ("open", False, None)]


def check_slas(views):
    assert len(views.rows("ticket_metric_instance", "instance_id")) == 7
    found = views.rows("ticket_sla", "metric, instance_id")
    names = (
        "policy_id", "group_policy_id", "target_seconds", "is_in_business_hours", "state", "is_breached", "minutes"
    )  # fmt: skip
    assert [(row["metric"], *(row[name] for name in names)) for row in found] == [
        ("group_ownership_time", None, "01H078CBDY28BZG7P6BNY00001", 300, False, "fulfilled", True, 1440),
        ("pausable_update_time", 8, None, 3600, True, "paused", False, None),
        ("reply_time", 8, None, 300, True, "fulfilled", True, 60),
        ("reply_time", 8, None, 3600, True, "fulfilled", False, None),
        ("requester_wait_time", 8, None, 3600, True, "active", False, None),
    ]
    assert found[2]["breached_at"] == datetime.fromisoformat(tricky_metrics.at(10, 31, 5))


def check_backlog(views):
    backlog = defaultdict(dict)
    for row in views.rows("backlog_day", "day"):
        backlog[row["day"]][row["group_id"], row["status"]] = row["tickets"]
    november = {n: backlog[date(2026, 11, n)] for n in range(1, 10)}
    assert backlog[date(2026, 10, 31)] == {(5, "new"): 1}
    assert november == {
        1: {(5, "hold"): 1, (None, "new"): 1, (None, "open"): 1},
        2: {(5, "hold"): 1, (None, "open"): 2},
        **{n: {(5, "hold"): 1, (None, "open"): 1} for n in (3, 4, 5)},
        6: {(None, "open"): 1},
        **{n: {(None, "open"): 2} for n in (7, 8)},
        9: {(None, "open"): 1},
    }


def check_masked(views):
    """Readers from whom personal columns are hidden see the same figures."""
    with new_dataset(views.client) as dataset:
        masked.copy(views.client, views.dataset, dataset)

        def rows(where, view, columns="*"):
            found = views.client.query_and_wait(f"SELECT {columns} FROM {where}.{view}")
            return sorted((tuple(row.values()) for row in found), key=repr)

        for view, column in (("ticket_field_history_latest", "value"), ("ticket_comment_latest", "via")):
            assert rows(views.dataset, view, f"COUNT({column}) > 0") == [(True,)]
            assert rows(dataset, view, f"COUNT({column}) > 0") == [(False,)]
        for view in sorted(path.stem for path in MODELS.glob("*.sql")):
            shown = rows(views.dataset, view)
            assert shown, view
            assert rows(dataset, view) == shown, view
