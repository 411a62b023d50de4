"""Runs that are killed half-way, under Meltano: what the views show meanwhile, and where the next run goes on."""

import os
import signal
import time

import psutil
import pytest
import requests

from sandbox.truth import compare
from sandbox.up import advance

ONLY = {
    "bulk": {
        "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": '["macro"]',
        "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": "[]",
    },
    "incremental": {
        "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": "[]",
        "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": '["ticket"]',
        "TAP_ZENDESK_CITYBLOCK_PAGE_SIZE": "100",
    },
}
TICKETS = "/api/v2/incremental/tickets/cursor"


@pytest.fixture(scope="module")
def exported(project):
    project.run("tap-to-bigquery")


def zendesk(project, method, what, /, **body):
    return requests.request(
        method, f"{project.sandbox.addresses.zendesk_url}/_sandbox/{what}", json=body or None, timeout=30
    )


def kill_the_tap_at(project, path, pages, **env):
    """Starts a run, lets `pages` pages of `path` pass, and kills the tap while it waits for the next; the exit code."""
    zendesk(project, "DELETE", "requests")
    zendesk(project, "POST", "faults", path=path, kind="slow", after=pages, delay=300)
    running = project.start("run", "tap-zendesk-cityblock", "target-bigquery", **env)
    while zendesk(project, "GET", "faults").json():
        assert running.poll() is None
        time.sleep(0.05)  # polls what another process does
    taps = [
        p
        for p in psutil.Process(running.pid).children(recursive=True)
        if "tap-zendesk-cityblock" in " ".join(p.cmdline())
    ]
    for tap in taps:
        os.kill(tap.pid, signal.SIGKILL)
    assert taps
    code = running.wait(300)
    zendesk(project, "DELETE", "faults")
    return code


def test_a_bulk_export_killed_half_way_changes_no_view(project, exported):
    before = project.rows("SELECT id, title, active FROM zendesk.macro_latest ORDER BY id")
    advance(project.sandbox.addresses.zendesk_url, hours=24)

    assert kill_the_tap_at(project, "/api/v2/macros", 1, **ONLY["bulk"]) != 0

    landed = project.rows("SELECT COUNT(DISTINCT _export_id) AS exports FROM zendesk.macro")
    assert landed == [{"exports": 2}]
    project.run("dbt-bigquery:run")
    assert project.rows("SELECT id, title, active FROM zendesk.macro_latest ORDER BY id") == before
    project.run("tap-to-bigquery", **ONLY["bulk"])
    assert compare(project.sandbox.addresses.zendesk_url, project.sandbox.warehouse, "zendesk", "macro").equal


def test_an_incremental_export_killed_at_a_page_goes_on_at_that_page(project, exported):
    url, warehouse = project.sandbox.addresses.zendesk_url, project.sandbox.warehouse
    rewind = '{"singer_state": {"bookmarks": {"ticket": {"start_time": 1569801600}}}}'
    state_id = "local:tap-zendesk-cityblock-to-target-bigquery"
    assert project.meltano("state", "merge", state_id, rewind).returncode == 0

    assert kill_the_tap_at(project, TICKETS, 3, **ONLY["incremental"]) != 0

    project.run("tap-to-bigquery", **ONLY["incremental"])
    asked = [one["query"] for one in zendesk(project, "GET", "requests").json() if one["path"] == TICKETS]
    assert "start_time" in asked[0]
    assert all("cursor" in query for query in asked[1:])
    cursors = [query["cursor"] for query in asked[1:]]
    assert len(cursors) - len(set(cursors)) <= 1  # only the page that was under way is asked for again
    assert compare(url, warehouse, "zendesk", "ticket").equal
