"""What is computed of the sandbox's account equals Zendesk's own figures there."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from datetime import UTC, datetime

import orjson
import pytest
from tap_zendesk_cityblock.columns import load_schema

from sandbox.zendesk.account import create
from sandbox.zendesk.clock import BEGINNING, START, iso
from sandbox.zendesk.derived import exported
from sandbox.zendesk.history import advance
from sandbox.zendesk.store import Store
from tests.servers import new_dataset
from tests.transform.conftest import Views, finish
from tests.transform.metrics import questions, sla_by_hand
from tests.transform.metrics.minute_by_minute import Clock, Hours

BULK = ("brand", "group", "group_sla_policy", "schedule", "schedule_holiday", "sla_policy", "ticket_field")
MODELS = (
    *BULK, "organization", "ticket", "ticket_comment", "ticket_event", "ticket_field_history", "ticket_metric_event",
    "ticket_metric_set", "user",
)  # fmt: skip
NAMES = ("reply", "first_resolution", "full_resolution", "requester_wait", "agent_wait", "on_hold")
KEYS = {
    "ticket_reply": ["comment_id"],
    "ticket_status_period": ["ticket_id", "started_at", "status"],
    "staff_period": ["user_id", "started_at"],
    "ticket_measure": ["ticket_id"],
    "ticket_sla": ["ticket_id", "metric", "instance_id"],
    "backlog_day": ["day", "group_id", "status"],
}
FIGURES = [
    "replies", "reopens", *(f"{name}_{kind}" for name in NAMES for kind in ("minutes", "business_minutes"))
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Account:
    """What Zendesk has, by model, and the views of it."""

    objects: dict[str, list[dict]]
    views: Views
    now: int

    def by_id(self, model):
        return {one["id"]: one for one in self.objects[model]}


@pytest.fixture(scope="module")
def account(warehouse, commands, dbt_runs, tmp_path_factory):
    home = tmp_path_factory.mktemp("account")
    store = Store(home / "zendesk.sqlite")
    create(store, seed=3, tickets=300, users=100)
    for _ in range(5):
        advance(store, 24 * 10)
    objects = {model: [orjson.loads(body) for body in exported(store, model)] for model in MODELS}
    url = warehouse.addresses.bigquery_url
    with new_dataset(warehouse.client, "test_views") as dataset:
        views = Views(warehouse.client, dataset, url, home, commands, dbt_runs)
        views.load_all({model: [*rows(model, objects[model])] for model in MODELS})
        for model in BULK:
            finish(views, model, "a", "2026-01-01", iso(START))
        further = [
            f"{model}_latest"
            for model in (
                "brand",
                "group",
                "group_sla_policy",
                "organization",
                "sla_policy",
                "ticket_custom_field",
            )
        ]
        views.build(
            "path:models/metrics", *further, arguments=["--vars", "{business_hours_since: 2019-09-01}"]
        )
        yield Account(objects, views, store.now)


def rows(model, objects):
    """As the tap exports them."""
    known = load_schema(model)["properties"]
    for content in objects:
        row = {name: value for name, value in content.items() if name in known}
        yield {**row, "_export_id": "a", "_exported_at": iso(START)}


def test_computed_figures_are_zendesks(account):
    views = account.views
    for view, key in KEYS.items():
        columns = ", ".join(key)
        twice = f"SELECT {columns} FROM {views.dataset}.{view} GROUP BY {columns} HAVING COUNT(*) > 1"
        assert list(views.client.query_and_wait(twice)) == [], view
    zendesk, computed = (
        {row["ticket_id"]: {name: row[name] for name in FIGURES} for row in views.rows(view, "ticket_id")}
        for view in ("ticket_measure", "ticket_measure_computed")
    )
    assert len(zendesk) > 300
    for name in FIGURES:
        values = {figures[name] for figures in zendesk.values()}
        assert len(values) > 1, name
    assert {
        id_: (figures, zendesk[id_]) for id_, figures in computed.items() if figures != zendesk[id_]
    } == {}


def test_slas_are_those_of_a_count_by_hand(account):
    expected = slas(account)
    names = next(iter(expected.values())).keys()
    found = {
        (row["ticket_id"], row["metric"], row["instance_id"]): {name: row[name] for name in names}
        for row in account.views.rows("ticket_sla", "ticket_id")
    }
    for name in names:
        assert len({row[name] for row in found.values()}) > 1, name
    outcomes = defaultdict(set)
    for (_, metric, _), row in found.items():
        outcomes[metric] |= {row["state"], row["is_breached"]}
    assert len(outcomes) == 7
    for metric, seen in outcomes.items():
        assert seen >= {"active", "fulfilled", True, False}, metric
        assert ("paused" in seen) or metric == "reply_time", metric
    assert found.keys() == expected.keys()
    assert {key: (row, expected[key]) for key, row in found.items() if row != expected[key]} == {}


def test_minutes_of_fulfilled_replies_are_those_of_the_replies(account):
    """Two sources: Zendesk's metric events, and the comments."""
    views = account.views
    joined = f"""
        SELECT
          instance.minutes, instance.business_minutes,
          DIV(reply.seconds, 60) AS reply_minutes, DIV(reply.business_seconds, 60) AS reply_business_minutes
        FROM {views.dataset}.ticket_metric_instance AS instance
        LEFT JOIN {views.dataset}.ticket_reply AS reply
          ON reply.ticket_id = instance.ticket_id AND reply.replied_at = instance.fulfilled_at
        WHERE instance.metric = 'reply_time' AND instance.state = 'fulfilled'
    """
    found = [tuple(row.values()) for row in views.client.query_and_wait(joined)]
    assert len(found) > 100
    assert [row for row in found if row[:2] != row[2:]] == []


def test_the_answers_to_the_ten_questions_are_those_of_a_count_of_the_objects(account):
    asked = questions.written()
    assert asked.keys() == questions.ANSWERS.keys()
    wrong = {}
    for question, sql in asked.items():
        found = [tuple(row.values()) for row in account.views.client.query_and_wait(at(account, sql))]
        expected = questions.ANSWERS[question](account, slas(account))
        assert len(expected) > 1, question
        if questions.comparable(found) != questions.comparable(expected):
            wrong[question] = found, expected
    assert wrong == {}


def at(account, sql):
    """In the sandbox's time and the test's dataset."""
    now = datetime.fromtimestamp(account.now, UTC)
    sql = sql.replace("CURRENT_DATE()", f"DATE '{now:%Y-%m-%d}'")
    sql = sql.replace("CURRENT_TIMESTAMP()", f"TIMESTAMP '{now.isoformat()}'")
    return sql.replace("zendesk.", f"{account.views.dataset}.")


def slas(account):
    """Rows of `ticket_sla` by its key."""
    staff = {user["id"] for user in account.objects["user"] if user["role"] in ("agent", "admin")}
    clocks = {one["id"]: clock(account, one) for one in account.objects["schedule"]}
    events = defaultdict(list)
    for event in account.objects["ticket_event"]:
        events[event["ticket_id"]].append(event)
    made = {}
    for ticket in account.objects["ticket"]:
        of_ticket = sorted(events[ticket["id"]], key=lambda event: event["id"])
        calendar = clocks[schedule_of(account, of_ticket)]

        def seconds(start, end, in_business_hours, calendar=calendar):
            moments = (datetime.fromtimestamp(one, UTC) for one in (start, end))
            return calendar.seconds(*moments) if in_business_hours else end - start

        def is_staff(author, requester=ticket["requester_id"]):
            return author in staff and author != requester

        promises = sla_by_hand.rows(of_ticket, is_staff, target_of(account), seconds, account.now - 120)
        made |= {(ticket["id"], row["metric"], row["instance_id"]): row for row in promises}
    return made


def schedule_of(account, events):
    assigned = [child["new_schedule_id"] for event in events for child in event["child_events"] if "new_schedule_id" in child]  # fmt: skip
    return assigned[0] if assigned else min(account.by_id("schedule"))


def clock(account, schedule):
    zones = {"Eastern Time (US & Canada)": "America/New_York", "Pacific Time (US & Canada)": "America/Los_Angeles"}  # fmt: skip
    hours = Hours(zones[schedule["time_zone"]], tuple((one["start_time"], one["end_time"]) for one in schedule["intervals"]))  # fmt: skip
    days = [
        (datetime.fromisoformat(one["start_date"]).date(), datetime.fromisoformat(one["end_date"]).date())
        for one in account.objects["schedule_holiday"]
        if one["schedule_id"] == schedule["id"]
    ]
    since = datetime.fromtimestamp(BEGINNING - BEGINNING % 86_400, UTC)
    return Clock([(since, hours)], days, since, datetime.fromtimestamp(account.now + 86_400, UTC))


def target_of(account):
    """By the policies as the API lists them."""
    policies, group_policies = (
        sorted(account.objects[model], key=lambda one: one["position"])
        for model in ("sla_policy", "group_sla_policy")
    )

    def found(fields, metric, number):
        name = {"reply_time": "first_reply_time" if number == 1 else "next_reply_time"}.get(metric, metric)
        name = "total_resolution_time" if metric == "resolution_time" else name
        for policy in group_policies if name == "group_ownership_time" else policies:
            if all(is_met(condition, fields) for condition in policy["filter"]["all"]):
                targets = [
                    (policy["id"], one["target_in_seconds"], one["business_hours"])
                    for one in policy["policy_metrics"]
                    if one["metric"] == name and one["priority"] == fields.get("priority")
                ]
                return targets[0] if targets else None
        return None

    return found


def is_met(condition, fields):
    wanted = condition["value"]
    found = fields.get({"current_tags": "tags"}.get(condition["field"], condition["field"]))
    if condition["operator"] == "is":
        return found == wanted
    return found in wanted if isinstance(wanted, list) else wanted in (found or [])
