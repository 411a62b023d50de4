"""Runs that end half-way, under Meltano: what the views show meanwhile, and where the next run goes on."""

import json
import os
import signal
import time

import psutil
import pytest
import requests

from sandbox.comparison import compare
from sandbox.servers import advance

ONLY = {
    "bulk": {
        "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": '["macro"]',
        "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": "[]",
        "TAP_ZENDESK_CITYBLOCK_SKIP_UNCHANGED": "false",  # which would hold the first page
    },
    "incremental": {
        "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": "[]",
        "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": '["ticket"]',
        "TAP_ZENDESK_CITYBLOCK_PAGE_SIZE": "100",
        "TAP_ZENDESK_CITYBLOCK_FAST_FIRST_EXPORT": "false",
    },
}
EXPORT = ("tap-zendesk-cityblock", "target-bigquery")
TICKETS = "/api/v2/incremental/tickets/cursor"
STATE_ID = "local:tap-zendesk-cityblock-to-target-bigquery"
REWIND = '{"singer_state": {"bookmarks": {"ticket": {"start_time": 1569801600}}}}'


@pytest.fixture(scope="module")
def exported(project):
    project.run(*EXPORT, **ONLY["bulk"])
    project.run(*EXPORT, **ONLY["incremental"])
    project.build("macro_latest", "ticket_latest")


def zendesk(project, method, what, /, **body):
    return requests.request(
        method, f"{project.sandbox.addresses.zendesk_url}/_sandbox/{what}", json=body or None, timeout=30
    )


def kill_the_tap_at(project, path, pages, **env):
    """Starts a run, lets `pages` pages of `path` pass, and kills the tap while it waits for the next; the exit code."""
    zendesk(project, "DELETE", "requests")
    zendesk(project, "POST", "faults", path=path, kind="slow", after=pages, delay=300)
    running = project.start("run", *EXPORT, **env)
    while zendesk(project, "GET", "faults").json():
        assert running.poll() is None
        time.sleep(0.05)  # polls what another process does
    commands = {p.pid: " ".join(p.cmdline()) for p in psutil.Process(running.pid).children(recursive=True)}
    assert not [line for line in commands.values() if "sandbox-secret" in line]  # `ps` shows them to everyone
    taps = [pid for pid, line in commands.items() if "tap-zendesk-cityblock" in line]
    for tap in taps:
        os.kill(tap, signal.SIGKILL)
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
    project.build("macro_latest")
    assert project.rows("SELECT id, title, active FROM zendesk.macro_latest ORDER BY id") == before
    project.run(*EXPORT, **ONLY["bulk"])
    project.build("macro_latest")
    assert compare(project.sandbox.addresses.zendesk_url, project.sandbox.warehouse, "zendesk", "macro").equal


def test_an_incremental_export_killed_at_a_page_goes_on_at_that_page(project, exported):
    url, warehouse = project.sandbox.addresses.zendesk_url, project.sandbox.warehouse
    assert project.meltano("state", "merge", STATE_ID, REWIND).returncode == 0

    assert kill_the_tap_at(project, TICKETS, 3, **ONLY["incremental"]) != 0

    project.run(*EXPORT, **ONLY["incremental"])
    asked = [one["query"] for one in zendesk(project, "GET", "requests").json() if one["path"] == TICKETS]
    assert "start_time" in asked[0]
    assert all("cursor" in query for query in asked[1:])
    cursors = [query["cursor"] for query in asked[1:]]
    assert len(cursors) - len(set(cursors)) <= 1  # only the page that was under way is asked for again
    project.build("ticket_latest")
    assert compare(url, warehouse, "zendesk", "ticket").equal


def test_a_run_that_is_asked_to_end_keeps_its_progress_up_to_the_last_checkpoint(project, exported, tmp_path):
    """Meltano reads no STATE after SIGTERM: what came since the last checkpoint is read again."""
    url, warehouse = project.sandbox.addresses.zendesk_url, project.sandbox.warehouse
    assert project.meltano("state", "merge", STATE_ID, REWIND).returncode == 0
    zendesk(project, "DELETE", "requests")
    zendesk(project, "POST", "faults", path=TICKETS, kind="slow", after=5, delay=300)
    log = tmp_path / "log"
    running = project.start(
        *("run", *EXPORT),
        log=log,
        TARGET_BIGQUERY_CHECKPOINT_ROWS="200",
        **ONLY["incremental"],
    )
    while log.read_text().count("Incremental state has been updated") < 2:
        assert running.poll() is None, log.read_text()
        time.sleep(0.05)  # polls what another process does
    running.terminate()
    assert running.wait(300) == 128 + signal.SIGTERM
    zendesk(project, "DELETE", "faults")
    asked = [one["query"] for one in zendesk(project, "GET", "requests").json() if one["path"] == TICKETS]
    kept = json.loads(project.meltano("state", "get", STATE_ID).stdout)["singer_state"]["bookmarks"]["ticket"]
    assert kept["cursor"] == asked[4]["cursor"]  # of the fourth page: the fifth was not in a checkpoint

    project.run(*EXPORT, **ONLY["incremental"])
    project.build("ticket_latest")
    assert compare(url, warehouse, "zendesk", "ticket").equal


def test_after_a_kill_meltano_refuses_the_next_run_unless_it_is_forced(project, exported):
    zendesk(project, "POST", "faults", path="/api/v2/macros", kind="slow", delay=300)
    # A state of its own: the killed run would stand in the way of other tests.
    run = ("run", "--state-id-suffix=killed", *EXPORT)
    running = project.start(*run, **ONLY["bulk"])
    while zendesk(project, "GET", "faults").json():
        assert running.poll() is None
        time.sleep(0.05)  # polls what another process does
    for process in [*psutil.Process(running.pid).children(recursive=True), psutil.Process(running.pid)]:
        process.kill()
    running.wait(30)
    zendesk(project, "DELETE", "faults")

    refused = project.meltano(*run, **ONLY["bulk"])
    assert refused.returncode == 1
    assert "pipeline is already running" in refused.stderr
    project.run("--force", *run[1:], **ONLY["bulk"])


def test_a_run_whose_cursors_were_not_saved_fails_and_says_so(project, exported):
    """A bucket that is not there reads as one without a state, and cannot be written to."""
    ran = project.meltano(
        *("--log-format", "json", "run", "tap-to-bigquery"),
        MELTANO_STATE_BACKEND_URI="gs://no-such-bucket/meltano",
        **ONLY["incremental"],
    )
    assert ran.returncode == 1, ran.stderr[-5000:]
    logged = [json.loads(line) for line in ran.stderr.splitlines()]
    said, failed, completed = logged[-3:]
    assert said["event"].startswith(f"the cursors of ticket were not saved in {STATE_ID}: ")
    assert (failed["level"], failed["success"], completed["status"]) == ("error", False, "failure")
    sql = "SELECT event, ending, error FROM zendesk.PIPELINE_RUN ORDER BY recorded_at DESC LIMIT 1"
    assert project.rows(sql) == [{"event": "saved-state", "ending": "failed", "error": said["event"]}]
