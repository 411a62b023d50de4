"""Full export from Zendesk to views: speed and memory, and every view compared with the account.

    .venv/bin/python -m benchmarks.whole_path --tickets 10000 100000

For each size: a new account in a sandbox on free ports; the tap and target-bigquery as two processes with a pipe between
them; dbt; then every view compared with the account by key and content. Exit code 1 if a view differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tap_zendesk_cityblock.models import BULK_MODELS, INCREMENTAL_MODELS

from benchmarks.measure import Cost, cost
from sandbox.addresses import BUCKET, DATASET, PROJECT, Addresses
from sandbox.comparison import compare
from sandbox.servers import Sandbox, Size, sandbox
from sandbox.text_table import text_table

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
DBT = ROOT / ".meltano" / "utilities" / "dbt-bigquery" / "venv" / "bin" / "dbt"


def main(tickets: int) -> int:
    size = Size(seed=1, tickets=tickets, users=tickets // 5)
    with tempfile.TemporaryDirectory() as home, sandbox(Addresses.free(), Path(home), size) as servers:
        seconds, tap, target = export(servers, Path(home))
        started = time.monotonic()
        build_views(servers, Path(home))
        views = time.monotonic() - started
        url = servers.addresses.zendesk_url
        models = (*BULK_MODELS, *INCREMENTAL_MODELS)
        compared = [compare(url, servers.warehouse, DATASET, model.name) for model in models]
    unequal = [one for one in compared if not one.equal]
    rows = sum(one.rows for one in compared)
    figures: list[object] = [
        tickets,
        rows,
        seconds,
        round(rows / seconds),
        tap.cpu,
        tap.peak,
        target.cpu,
        target.peak,
        views,
    ]
    header = [
        "tickets",
        "rows",
        "export s",
        "rows/s",
        "tap CPU s",
        "tap MB",
        "target CPU s",
        "target MB",
        "dbt s",
        "views equal",
    ]
    print(text_table(header, [[*figures, f"{len(compared) - len(unequal)} of {len(compared)}"]]))
    for one in unequal:
        print(
            f"{one.model}: {len(one.missing)} missing, {len(one.surplus)} too many, {len(one.different)} different, {one.repeated} repeated"
        )
    return int(bool(unequal))


def export(servers: Sandbox, home: Path) -> tuple[float, Cost, Cost]:
    """Wall seconds of both processes together, and the cost of each."""
    at = servers.addresses
    settings: dict[str, dict[str, object]] = {
        "tap": {
            "subdomain": "cityblock-local",
            "base_url": at.zendesk_url,
            "client_id": "sandbox",
            "client_secret": "sandbox-secret",
            "fast_first_export": False,  # the sandbox does not limit exports, and views are compared right after one run
        },
        "target": {
            "project": PROJECT,
            "dataset": DATASET,
            "bucket": BUCKET,
            "bigquery_emulator_host": at.bigquery_url,
            "storage_emulator_host": at.gcs_url,
        },
    }
    for name, values in settings.items():
        (home / f"{name}.json").write_text(json.dumps({"environment": "local", **values}))
    started = time.monotonic()
    with (home / "tap.log").open("wb") as tap_log, (home / "target.log").open("wb") as target_log:
        tap = subprocess.Popen(
            [BIN / "tap-zendesk-cityblock", "--config", home / "tap.json"],
            stdout=subprocess.PIPE,
            stderr=tap_log,
        )
        target = subprocess.Popen(
            [BIN / "target-bigquery", "--config", home / "target.json"],
            stdin=tap.stdout,
            stdout=subprocess.DEVNULL,
            stderr=target_log,
        )
        assert tap.stdout is not None
        tap.stdout.close()
        with ThreadPoolExecutor(2) as watchers:
            of_tap = watchers.submit(cost, tap, home / "tap.log")
            of_target = watchers.submit(cost, target, home / "target.log")
    return time.monotonic() - started, of_tap.result(), of_target.result()


def build_views(servers: Sandbox, home: Path) -> None:
    environment = {
        **os.environ,
        "BIGQUERY_EMULATOR_HOST": servers.addresses.bigquery_url,
        "DBT_TARGET_PATH": str(home / "dbt"),
    }
    project = str(ROOT / "transform")
    command = [
        str(DBT),
        "run",
        "--project-dir",
        project,
        "--profiles-dir",
        project,
        "--log-path",
        str(home / "dbt-logs"),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, nargs="+", default=[10_000, 100_000])
    sys.exit(max(main(tickets) for tickets in parser.parse_args().tickets))
