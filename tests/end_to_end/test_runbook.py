"""docs/runbook.md block by block, in its order, as somebody would paste it; and exit codes as docs/operations.md has them."""

import json
import re
import subprocess
import sys

import pytest
import requests

from sandbox.comparison import compare
from sandbox.servers import Size, advance
from tests.end_to_end.conftest import PROJECT

RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text()


def blocks(text):
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def section(heading):
    """The blocks below a heading of the second level."""
    [text] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    return blocks(text)


PREAMBLE, *COMMANDS = blocks(RUNBOOK)
MIGRATION = section("Migrate from the legacy system")
"""Runs last, on tables of its own: see the last test."""
STATE_ID = "local:tap-zendesk-cityblock-to-target-bigquery"
LEGACY_CURSOR = "MTc2NzIyNTQyMC4wfHwxOTgzfA=="

EXPORT = ("tap-zendesk-cityblock", "target-bigquery")
BRANDS = {
    "TAP_ZENDESK_CITYBLOCK_SKIP_UNCHANGED": "false",  # earlier commands have exported the same groups
    "TAP_ZENDESK_CITYBLOCK_BULK_MODELS": '["brand", "group"]',
    "TAP_ZENDESK_CITYBLOCK_INCREMENTAL_MODELS": "[]",
}


@pytest.fixture(scope="module")
def size():
    return Size(tickets=120, users=40)


@pytest.fixture
def paste(project, tmp_path):
    """Runs a block behind the runbook's first; its output."""

    def run(block, *, fails=False, **env):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{PREAMBLE}\n{block}"],
            cwd=PROJECT,
            env=project.environment({"TMPDIR": str(tmp_path), "BACK": "0", **env}),  # there is one export yet
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"{block}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    return run


BEFORE = [block for block in COMMANDS if block not in MIGRATION]


@pytest.mark.parametrize("block", BEFORE, ids=[block.split("\n")[0][:60] for block in BEFORE])
def test_a_block_of_the_runbook_does_what_it_says(block, paste):
    paste(block)


@pytest.fixture
def cursors(project):
    """Where the state says that each model stands: a cursor, or seconds since 1970."""

    def read(state_id=STATE_ID):
        bookmarks = json.loads(project.meltano("state", "get", state_id).stdout)["singer_state"]["bookmarks"]
        return {
            model: bookmark.get("start_time", bookmark.get("cursor"))
            for model, bookmark in bookmarks.items()
            if bookmark and model != "EXPORT_METADATA"  # which has no position
        }

    return read


ERASED = {42, 43, 44}
"""Tickets that the runbook's commands have erased before."""


def test_a_lost_state_is_restored_to_where_the_rows_end(project, paste, cursors):
    project.run("tap-to-bigquery")
    before = cursors()
    assert {"ticket", "user", "organization"} <= set(before)
    [restore] = section("Restore a lost state")
    paste(restore)
    assert cursors() == before

    advance(project.sandbox.addresses.zendesk_url, 24)
    project.run("tap-to-bigquery")
    [last] = project.rows(
        "SELECT start_cursor, export_count FROM zendesk.EXPORT_METADATA "
        "WHERE table_name = 'ticket' AND export_status = 'complete' ORDER BY bq_inserted_at DESC LIMIT 1"
    )
    assert last["start_cursor"] == before["ticket"]
    assert 0 < last["export_count"] < 120  # of the day, not of all time
    for model in ("ticket", "user", "organization"):
        compared = compare(project.sandbox.addresses.zendesk_url, project.sandbox.warehouse, "zendesk", model)
        assert compared.rows
        assert not compared.missing | compared.surplus
        assert compared.different <= (ERASED if model == "ticket" else set())


def test_a_rewind_without_a_cursor_changes_nothing_and_null_forgets_one_model(project, paste, cursors):
    """Among the rows of EXPORT_METADATA are some that have no cursor yet."""
    project.run(*EXPORT, TAP_ZENDESK_CITYBLOCK_BULK_MODELS="[]")
    before = cursors()
    project.sandbox.warehouse.query_and_wait(
        "INSERT INTO zendesk.EXPORT_METADATA (table_name, bq_inserted_at, export_id, export_status) "
        "VALUES ('ticket', CURRENT_TIMESTAMP(), 'under way', 'in_progress')"
    )
    _, merge, _, forget = section("Rewind a cursor")
    paste(merge, fails=True, BACK="99")
    assert cursors() == before
    paste(merge, BACK="0")
    assert cursors() == before
    paste(forget)
    assert cursors() == {model: cursor for model, cursor in before.items() if model != "organization"}


def test_queries_go_to_bq_where_the_environment_is_not_the_sandbox(project, paste, cursors, tmp_path):
    """Google's bq is not to be had everywhere; one that takes the same flags and answers in the same form stands in."""
    project.run("tap-to-bigquery")
    project.run("tap-to-pubsub")
    program = tmp_path / "bq"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.end_to_end.bq "$@"\n')
    program.chmod(0o755)
    staging = {"MELTANO_ENVIRONMENT": "staging", "PATH": f"{tmp_path}:/usr/bin:/bin"}
    asked = [block for block in COMMANDS if block.startswith('ask "SELECT ')]
    asking = [block for block in asked if "zendesk.ERASURE" not in block]  # nothing may be erased yet
    assert len(asking) == 9
    for block in asking:
        lines, queries = paste(block, **staging).splitlines(), block.count('ask "SELECT ')
        assert re.fullmatch(r"\w+(,\w+)*", lines[0])
        assert len(lines) - queries == len(paste(block).splitlines()) - 2 * queries  # less headers and rules
    _, merge, *_ = section("Rewind a cursor")
    paste(merge, **staging)
    [last] = project.rows(
        "SELECT end_cursor FROM zendesk.EXPORT_METADATA WHERE table_name = 'ticket' "
        "AND export_status = 'complete' AND end_cursor IS NOT NULL ORDER BY bq_inserted_at DESC LIMIT 1"
    )
    assert cursors(STATE_ID.replace("local:", "staging:")) == {"ticket": last["end_cursor"]}


def refuse_brands(project):
    fault = {"path": "/api/v2/brands", "kind": "status", "status": 403}
    requests.post(f"{project.sandbox.addresses.zendesk_url}/_sandbox/faults", json=fault, timeout=30)


def test_meltano_run_ends_with_1_and_logs_the_plugins_own_code(project):
    refuse_brands(project)
    ran = project.meltano("--log-format", "json", "run", *EXPORT, **BRANDS)
    assert ran.returncode == 1
    events = [json.loads(line) for line in ran.stderr.splitlines() if line.startswith("{")]
    [failed] = [line for line in events if line["event"] == "Block run completed"]
    assert (failed["success"], failed["exit_codes"]) == (False, {"extractors": 3})
    lines = [line for line in events if line.get("producer") or line.get("consumer")]
    assert lines
    assert all(line["run_id"] for line in lines)
    texts = "\n".join(line["event"] for line in lines)
    assert re.search(r"group: \d+ records? of \d+ pages? in [\d.]+ s", texts)
    assert re.search(r"group: rows 1-\d+ loaded, \d+ bytes in [\d.]+ s, job ", texts)


def test_meltano_invoke_ends_with_the_plugins_code(project):
    refuse_brands(project)
    assert project.meltano("invoke", "tap-zendesk-cityblock", **BRANDS).returncode == 3


@pytest.fixture
def legacy(project):
    """The legacy system's tables in place of ours: exports, errors, tickets, and a log of half of the tickets."""
    query = project.sandbox.warehouse.query_and_wait
    made = {
        "zendesk.EXPORT_METADATA": "'ticket' AS table_name, TIMESTAMP '2025-12-01' AS bq_inserted_at, "
        f"CAST(NULL AS TIMESTAMP) AS end_time, '{LEGACY_CURSOR}' AS end_cursor",
        "zendesk.TICKET_USER_JOIN_ERROR": "'1' AS ticket, 'assignee' AS error",
        "zendesk.ticket": "1 AS id, 'open' AS status",
        "pubsub_messages.zendesk_ticket": """TO_JSON_STRING(STRUCT(CAST(number AS STRING) AS ticket_id)) AS attributes,
            '{"updated_at": "2026-01-01T00:00:00Z"}' AS data FROM UNNEST(GENERATE_ARRAY(1, 60)) AS number""",
    }
    ours = ("intent", "refused", "state", "waiting")
    for table in (*made, *(f"pubsub_messages.zendesk_ticket_{name}" for name in ours)):
        query(f"DROP TABLE IF EXISTS {table}")
    for table, rows in made.items():
        query(f"CREATE TABLE {table} AS SELECT {rows}")


def test_legacy_tables_are_renamed_and_the_first_run_continues_where_they_ended(
    project, legacy, paste, cursors
):
    def in_the_way():
        checks = [
            project.meltano("invoke", f"{loader}:check")
            for loader in ("target-bigquery", "target-zendesk-pubsub")
        ]
        return {
            name for check in checks for name in re.findall(r"RENAME TO (\w+);", check.stdout + check.stderr)
        }

    rename, take_cursors_over, take_messages_over, look = MIGRATION
    assert in_the_way() == set(re.findall(r"RENAME TO (\w+);", rename))
    paste(rename)
    assert in_the_way() == set()

    paste(take_cursors_over)
    assert cursors() == {"ticket": LEGACY_CURSOR}

    paste(take_messages_over)
    tickets = dict(line.split() for line in paste(look).splitlines()[2:])
    assert 0 < int(tickets["true"]) <= 60  # of the 60 in the old log, some wait
    assert int(tickets["sent"]) > 0
