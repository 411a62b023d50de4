"""What is computed of the sandbox's account equals Zendesk's own figures there."""

import json

from tap_zendesk_cityblock.columns import load_schema

from sandbox.zendesk.account import create
from sandbox.zendesk.clock import START, iso
from sandbox.zendesk.derived import exported
from sandbox.zendesk.history import advance
from sandbox.zendesk.store import Store
from tests.transform.conftest import finish

MODELS = (
    "schedule", "schedule_holiday", "ticket", "ticket_comment", "ticket_event", "ticket_field_history", "ticket_metric_set",
    "user",
)  # fmt: skip
NAMES = ("reply", "first_resolution", "full_resolution", "requester_wait", "agent_wait", "on_hold")
KEYS = {
    "ticket_reply": ["comment_id"],
    "ticket_status_period": ["ticket_id", "started_at", "status"],
    "staff_period": ["user_id", "started_at"],
    "ticket_measure": ["ticket_id"],
    "backlog_day": ["day", "group_id", "status"],
}
FIGURES = [
    "replies", "reopens", *(f"{name}_{kind}" for name in NAMES for kind in ("minutes", "business_minutes"))
]  # fmt: skip


def rows(store, model):
    """As the tap exports them."""
    known = load_schema(model)["properties"]
    for body in exported(store, model):
        row = {name: value for name, value in json.loads(body).items() if name in known}
        yield {**row, "_export_id": "a", "_exported_at": iso(START)}


def test_computed_figures_are_zendesks(views, build, tmp_path):
    store = Store(tmp_path / "zendesk.sqlite")
    create(store, seed=5, tickets=300, users=100)
    for _ in range(5):
        advance(store, 24 * 10)
    views.load_all({model: [*rows(store, model)] for model in MODELS})
    for model in ("schedule", "schedule_holiday"):
        finish(views, model, "a", "2026-01-01", iso(START))
    build("2019-09-01")
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
