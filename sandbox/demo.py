"""What `make run` shows: both jobs twice, a day apart, and a summary of the results."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.addresses import DATASET, MESSAGES_DATASET, SUBSCRIPTION, Addresses
from sandbox.comparison import compare, compare_messages
from sandbox.internal_directory import resolve_users
from sandbox.listen import listen
from sandbox.processes import SandboxError
from sandbox.servers import Sandbox, Size, advance, forget, sandbox
from sandbox.text_table import text_table

if TYPE_CHECKING:
    from google.cloud import bigquery

MELTANO = Path(".venvs/meltano/bin/meltano")
PAGE = Path("output/operations.html")
STATE_ID = "local:tap-zendesk-cityblock-to-target-bigquery"
STATE_IDS = (STATE_ID, "local:tap-zendesk-cityblock-tickets-to-target-zendesk-pubsub")
RUNS = f"""
    SELECT table_name, export_count, run_length_sec,
      COALESCE(start_cursor, CAST(start_time AS STRING)) AS cursor_before,
      COALESCE(end_cursor, CAST(end_time AS STRING)) AS cursor_after,
      ROW_NUMBER() OVER (PARTITION BY table_name ORDER BY bq_inserted_at) AS run
    FROM {DATASET}.EXPORT_METADATA WHERE export_status = 'complete'
    ORDER BY table_name, run
"""


def run(data_dir: Path, size: Size) -> None:
    """Prints its progress. Removes `data_dir` and the local state first.

    Raises SandboxError.
    """
    addresses = Addresses()
    forget(addresses, data_dir)
    with sandbox(addresses, data_dir, size) as servers:
        print(
            f"Sandbox up: Zendesk {addresses.zendesk_url}, BigQuery {addresses.bigquery_url}, "
            f"GCS {addresses.gcs_url}, Pub/Sub {addresses.pubsub_host}"
        )
        logs = data_dir / "logs"
        for state_id in STATE_IDS:
            _meltano("state", "clear", "--force", state_id, log=logs / "state.log")
        _run("First run: ", "tap-to-bigquery", logs / "export-1.log")
        _run("           ", "tap-to-pubsub", logs / "publish-1.log")
        waiting = _waiting(servers.warehouse)
        changed = advance(addresses.zendesk_url, hours=24)
        tickets = ", ".join(f"{count} tickets {kind}" for kind, count in changed["ticket"].items())
        print(f"A day later in Zendesk: {tickets}")
        added = resolve_users(servers.warehouse, addresses.zendesk_url)
        _run("Second run:", "tap-to-bigquery", logs / "export-2.log")
        _run("           ", "tap-to-pubsub", logs / "publish-2.log")
        print()
        print(_summary(servers.warehouse))
        print(_verdict(servers))
        print(_messages(servers, waiting, added))
        _meltano("invoke", "operations-page:write", f"--output={PAGE}", log=logs / "page.log")
    print(next_steps(data_dir))


def _run(title: str, job: str, log: Path) -> None:
    print(f"{title} meltano run {job} …", end="", flush=True)
    started = time.monotonic()
    _meltano("run", job, log=log)
    print(f" {time.monotonic() - started:.0f} s")


def _meltano(*arguments: str, log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        own_state = {"MELTANO_STATE_BACKEND_URI": "systemdb"}  # not the one that .env sets for staging
        status = subprocess.run(
            [MELTANO, "--environment", "local", *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **Addresses().environment(), **own_state},
        ).returncode
    if status:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise SandboxError(
            f"\n{last}\nmeltano {' '.join(arguments)} failed with exit code {status}; full log: {log}"
        )


def _summary(warehouse: bigquery.Client) -> str:
    """One row per model; cursors and seconds are those of the second run."""
    runs: dict[str, dict[int, bigquery.Row]] = {}
    for row in warehouse.query_and_wait(RUNS):
        runs.setdefault(row.table_name, {})[row.run] = row
    counts = " UNION ALL ".join(
        f"SELECT '{model}' AS model, COUNT(*) AS n FROM {DATASET}.{model}_latest" for model in runs
    )
    latest = {row.model: row.n for row in warehouse.query_and_wait(counts)}
    lines = [
        [
            model,
            first.export_count,
            second.export_count,
            latest[model],
            second.cursor_before if second.cursor_after else None,
            second.cursor_after,
            second.run_length_sec,
        ]
        for model, (first, second) in ((model, (found[1], found[2])) for model, found in sorted(runs.items()))
    ]
    rows = ["rows, 1st run", "rows, 2nd run", "rows in _latest"]
    return text_table(["model", *rows, "cursor before", "cursor after", "seconds"], lines)


def _verdict(servers: Sandbox) -> str:
    """Compares the views with Zendesk. Raises SandboxError."""
    url = servers.addresses.zendesk_url
    models = sorted({run.table_name for run in servers.warehouse.query_and_wait(RUNS)})
    compared = [compare(url, servers.warehouse, DATASET, model) for model in models]
    if unequal := [comparison.model for comparison in compared if not comparison.equal]:
        raise SandboxError(f"these views do not match Zendesk: {', '.join(unequal)}")
    rows = sum(comparison.rows for comparison in compared)
    return f"\nAll {len(compared)} views match Zendesk: {rows:,} rows compared, by key and content."


def _waiting(warehouse: bigquery.Client) -> list[bigquery.Row]:
    """Counts waiting tickets by the field with the unmatched user and the reason."""
    sql = f"""
        SELECT missing.field, missing.reason, COUNT(DISTINCT ticket_id) AS tickets
        FROM {MESSAGES_DATASET}.zendesk_ticket_waiting CROSS JOIN UNNEST(unjoined) AS missing
        GROUP BY 1, 2 ORDER BY 3 DESC
    """
    return list(warehouse.query_and_wait(sql))


def _messages(servers: Sandbox, waiting: list[bigquery.Row], added: int) -> str:
    """Compares the published messages with Zendesk. Raises SandboxError."""
    warehouse = servers.warehouse
    compared = compare_messages(servers.addresses.zendesk_url, warehouse)
    still = {
        row.ticket_id
        for row in warehouse.query_and_wait(
            f"SELECT ticket_id FROM {DATASET}.TICKET_USER_JOIN_ERROR_latest WHERE is_waiting"
        )
    }
    if compared.missing | compared.different != still or compared.surplus:
        raise SandboxError("the published messages do not match Zendesk")
    [[sent]] = warehouse.query_and_wait(f"SELECT COUNT(*) FROM {MESSAGES_DATASET}.zendesk_ticket")
    first = listen(servers.addresses.pubsub_host, SUBSCRIPTION, count=3, timeout=10, with_data=False)
    reasons = text_table(["field", "reason", "tickets"], [list(row) for row in waiting])
    return f"""
Published {sent:,} messages for Commons. After the first run these tickets were waiting, because one of their users has no match
in the internal directory:

{_indented(reasons)}

Added {added} people to the internal directory; the second run then published the tickets that had been waiting for them.
{len(still)} tickets still wait for users who were deleted in Zendesk. All {compared.rows:,} others match Zendesk. The first messages of {SUBSCRIPTION}:

{_indented(chr(10).join(first))}"""


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def next_steps(data_dir: Path) -> str:
    """Ten lines at most."""
    kept = "" if data_dir == Path(".sandbox") else f" --data-dir {data_dir}"
    return f"""
The servers are stopped; their data is kept in {data_dir}. Where to look next:

  the operations page   {PAGE}, in a browser: whether all is well, and what to do if not
  a query               .venv/bin/python -m sandbox query{kept} "SELECT status, COUNT(*) AS tickets FROM {DATASET}.ticket_latest GROUP BY status"
  what to do when       docs/runbook.md has the commands for each alarm
  with `make sandbox` in another terminal:
    every column        {MELTANO} invoke dbt-bigquery:docs, then transform/target/static_index.html in a browser
    each job by hand    {MELTANO} run tap-to-bigquery, then `make page` again"""
