"""PIPELINE_RUN under Meltano: a run that fails, one that is killed, and the next one."""

import json

import psutil
import pytest
import requests

from sandbox.servers import Size

ONLY = {
    "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": '["group"]',
    "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": "[]",
    "TAP_ZENDESK_CITYBLOCK_SKIP_UNCHANGED": "false",
}
EXPORT = ("run", "--force", "tap-zendesk-cityblock", "target-bigquery")
SQL = "SELECT * FROM zendesk.{} ORDER BY started_at"


@pytest.fixture(scope="module")
def size():
    return Size(tickets=10, users=10)


def test_a_failed_run_a_killed_one_and_the_next_are_all_in_the_view(project, tmp_path):
    url = project.sandbox.addresses.zendesk_url
    requests.post(
        f"{url}/_sandbox/faults",
        json={"path": "/api/v2/groups", "kind": "status", "status": 401, "times": 2},
        timeout=30,
    )
    failed = project.meltano("--log-format", "json", *EXPORT, **ONLY)
    assert failed.returncode == 1
    requests.delete(f"{url}/_sandbox/faults", timeout=30)

    requests.post(
        f"{url}/_sandbox/faults", json={"path": "/api/v2/groups", "kind": "slow", "delay": 300}, timeout=30
    )
    killed = project.start(*EXPORT, **ONLY)
    while "start" not in _events(project)[2:]:
        assert killed.poll() is None
    for process in [*psutil.Process(killed.pid).children(recursive=True), psutil.Process(killed.pid)]:
        process.kill()
    killed.wait(30)
    requests.delete(f"{url}/_sandbox/faults", timeout=30)

    assert project.meltano(*EXPORT, **ONLY).returncode == 0
    project.build("PIPELINE_RUN_latest")

    runs = project.rows(SQL.format("PIPELINE_RUN_latest"))
    assert [run["ending"] for run in runs] == ["failed", "interrupted", "complete"]
    assert "HTTP 401" in runs[0]["error"]
    logged = [json.loads(line) for line in failed.stderr.splitlines() if line.startswith("{")]
    assert [line["event"] for line in logged if line["level"] == "critical"] == [runs[0]["error"]]
    [fields] = [line["pipeline_run"] for line in logged if "pipeline_run" in line]
    assert {name: fields[name] for name in ("ending", "error", "requests")} == {
        name: runs[0][name] for name in ("ending", "error", "requests")
    }
    assert [step["name"] for step in runs[2]["steps"]] == ["tap", "target", "dbt"]
    assert runs[2]["rows"] > 10
    assert runs[2]["requests"] == 1


def _events(project):
    return [
        row["event"] for row in project.rows("SELECT event FROM zendesk.PIPELINE_RUN ORDER BY recorded_at")
    ]
