"""The fallback, for accounts that may not use incremental exports: the same commands, with one more setting."""

import json

import pytest
import requests

from sandbox.comparison import compare, compare_messages
from sandbox.servers import advance

MODELS = ("ticket", "user", "organization")
EXPORT = ("tap-zendesk-cityblock", "target-bigquery")
VIEWS = ("ticket_latest", "user_latest", "organization_latest", "zendesk_user_directory")
WITHOUT = {"TAP_ZENDESK_CITYBLOCK_INCREMENTAL_EXPORTS": "false"}


def objects(project, model):
    url = f"{project.sandbox.addresses.zendesk_url}/_sandbox/objects/{model}"
    lines = requests.get(url, timeout=60).content.splitlines()
    return {thing["id"]: thing for thing in map(json.loads, lines)}


@pytest.fixture(scope="module")
def before(project):
    """What Zendesk had when exports were still allowed, all of it exported and published."""
    project.run(*EXPORT)
    project.build(*VIEWS)
    project.run("tap-to-pubsub")
    return {model: objects(project, model) for model in MODELS}


@pytest.fixture(scope="module")
def after(project, before):
    """A day later, without exports."""
    url = project.sandbox.addresses.zendesk_url
    requests.put(f"{url}/_sandbox/exports", json={"allowed": False}, timeout=60).raise_for_status()
    advance(url, hours=24)
    refused = project.meltano("run", *EXPORT)
    assert refused.returncode == 1
    assert "not available to this account: organization (HTTP 403 Forbidden)" in refused.stderr
    project.run(*EXPORT, **WITHOUT)
    project.build(*VIEWS)
    project.run("tap-to-pubsub", **WITHOUT)
    return {model: objects(project, model) for model in MODELS}


def unseen(model, before, after):
    """What lists do not show: changes that leave updated_at alone, and organizations that were deleted."""
    if model == "organization":
        return {n for n, one in after[model].items() if "deleted_at" in one and one != before[model][n]}
    return {
        n
        for n, one in after[model].items()
        if n in before[model]
        and one != before[model][n]
        and one["updated_at"] == before[model][n]["updated_at"]
    }


@pytest.mark.parametrize("model", MODELS)
def test_the_views_go_on_saying_what_zendesk_says(model, project, before, after):
    changed = {n for n, one in after[model].items() if one != before[model].get(n)}
    compared = compare(project.sandbox.addresses.zendesk_url, project.sandbox.warehouse, "zendesk", model)
    assert compared.different == unseen(model, before, after) < changed
    assert not compared.missing
    assert not compared.surplus
    assert not compared.repeated


def test_tickets_that_were_deleted_that_day_are_flagged_and_keep_their_content(project, before, after):
    deleted = {
        n
        for n, one in after["ticket"].items()
        if one["status"] == "deleted" and before["ticket"].get(n, one)["status"] != "deleted"
    }
    assert deleted
    rows = project.rows("SELECT id, status, is_deleted, description FROM zendesk.ticket_latest")
    shown = {row["id"]: row for row in rows if row["id"] in deleted}
    assert set(shown) == deleted
    for number, row in shown.items():
        assert (row["status"], row["is_deleted"]) == ("deleted", True)
        assert row["description"] == after["ticket"][number]["description"]


def test_messages_go_on_too_deletions_among_them(project, before, after):
    compared = compare_messages(project.sandbox.addresses.zendesk_url, project.sandbox.warehouse)
    assert compared.different <= unseen("ticket", before, after)
    assert not compared.repeated
    published = project.rows(
        "SELECT ticket_id FROM pubsub_messages.zendesk_ticket WHERE JSON_VALUE(attributes, '$.event_type') = 'deleted'"
    )
    deleted = {
        n for n, one in after["ticket"].items() if one["status"] == "deleted" and one["updated_at"] >= "2026"
    }
    assert deleted & {row["ticket_id"] for row in published}
