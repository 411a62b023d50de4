"""docs/runbook.md: block by block in its order, as somebody would paste it; and what it says of exit codes."""

import json
import re
import subprocess

import pytest
import requests

from sandbox.up import Size
from tests.end_to_end.conftest import PROJECT

BLOCKS = re.findall(
    r"^```sh\n(.*?)^```$", (PROJECT / "docs" / "runbook.md").read_text(), re.MULTILINE | re.DOTALL
)
PREAMBLE, *COMMANDS = BLOCKS

EXPORT = ("tap-zendesk-cityblock", "target-bigquery")
BRANDS = {
    "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": '["brand", "group"]',
    "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": "[]",
}


@pytest.fixture(scope="module")
def size():
    return Size(tickets=120, users=40)


@pytest.fixture(scope="module")
def replaced(project):
    """What the replaced system left: its history of exports, and a log that knows half of the tickets."""
    query = project.sandbox.warehouse.query_and_wait
    project.sandbox.warehouse.create_dataset("zendesk", exists_ok=True)
    query(
        "CREATE TABLE zendesk.EXPORT_METADATA_legacy AS SELECT 'ticket' AS table_name, "
        "TIMESTAMP '2025-12-01' AS bq_inserted_at, CAST(NULL AS TIMESTAMP) AS end_time, "
        "'MTc2NzIyNTQyMC4wfHwxOTgzfA==' AS end_cursor"
    )
    query("CREATE TABLE pubsub_messages.zendesk_ticket_legacy (attributes STRING, data STRING)")
    rows = [
        {
            "attributes": json.dumps({"ticket_id": str(number)}),
            "data": json.dumps({"updated_at": "2026-01-01T00:00:00Z"}),
        }
        for number in range(1, 61)
    ]
    project.sandbox.warehouse.load_table_from_json(rows, "pubsub_messages.zendesk_ticket_legacy").result()


@pytest.fixture
def paste(project, tmp_path):
    """Runs a block behind the runbook's first; its output."""

    def run(block):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{PREAMBLE}\n{block}"],
            cwd=PROJECT,
            env=project.environment({"TMPDIR": str(tmp_path)}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    return run


@pytest.mark.parametrize("block", COMMANDS, ids=[block.split("\n")[0][:60] for block in COMMANDS])
def test_a_block_of_the_runbook_does_what_it_says(block, replaced, paste):
    paste(block)


def refuse_brands(project):
    fault = {"path": "/api/v2/brands", "kind": "status", "status": 403}
    requests.post(f"{project.sandbox.addresses.zendesk_url}/_sandbox/faults", json=fault, timeout=30)


def test_meltano_run_tells_only_1_and_the_plugins_own_code_in_its_log(project):
    refuse_brands(project)
    ran = project.meltano("--log-format", "json", "run", *EXPORT, **BRANDS)
    assert ran.returncode == 1
    told = [json.loads(line) for line in ran.stderr.splitlines() if line.startswith("{")]
    [failed] = [line for line in told if line["event"] == "Block run completed"]
    assert (failed["success"], failed["exit_codes"]) == (False, {"extractors": 3})
    lines = [line for line in told if line.get("producer") or line.get("consumer")]
    assert lines
    assert all(line["run_id"] for line in lines)
    events = "\n".join(line["event"] for line in lines)
    assert re.search(r"group: \d+ records of \d+ pages in [\d.]+ s", events)
    assert re.search(r"group: rows 1-\d+ loaded, \d+ bytes in [\d.]+ s, job ", events)


def test_meltano_invoke_hands_on_the_plugins_code(project):
    refuse_brands(project)
    assert project.meltano("invoke", "tap-zendesk-cityblock", **BRANDS).returncode == 3
