"""Records what an earlier release leaves in the warehouse, for test_upgrade.py:

    .venv/bin/python -m tests.end_to_end.record_release COMMIT tests/end_to_end/release_COMMIT.jsonl.gz

Sets that commit up in a temporary folder, runs both of its jobs beside the sandbox of this checkout, lets two days pass in
Zendesk, and runs them after each. Takes some minutes. To be repeated if the sandbox generates other objects.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.addresses import DATASET, MESSAGES_DATASET, Addresses
from sandbox.servers import Sandbox, Size, advance, sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = Size(tickets=60, users=30)
HOURS = (24, 24)
JOBS = ("tap-to-bigquery", "tap-to-pubsub")
STATES = (
    "local:tap-zendesk-cityblock-to-target-bigquery",
    "local:tap-zendesk-cityblock-tickets-to-target-zendesk-pubsub",
)


def set_up(commit: str, folder: Path) -> None:
    archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    subprocess.run(["make", "--silent", "setup"], cwd=folder, check=True)


def meltano(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [folder / ".venvs" / "meltano" / "bin" / "meltano", *arguments],
        cwd=folder,
        env={**os.environ, **environment, "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'recorded.db'}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout


def contents(servers: Sandbox) -> Iterator[dict[str, Any]]:
    """A line for each table, with its rows, and for each view."""
    client = servers.warehouse
    for dataset in (DATASET, MESSAGES_DATASET):
        for item in client.list_tables(dataset):
            table = client.get_table(item.reference)
            resource = table.to_api_repr()
            kept = {
                key: resource[key]
                for key in ("schema", "timePartitioning", "clustering", "view")
                if key in resource
            }
            line = {"dataset": dataset, "name": table.table_id, "resource": kept}
            if table.table_type == "TABLE":
                rows = client.query_and_wait(
                    f"SELECT TO_JSON_STRING(t) AS line FROM {dataset}.{table.table_id} AS t"
                )
                line["rows"] = [json.loads(row.line) for row in rows]
            yield line


def main(commit: str, target: Path) -> None:
    began = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "release"
        folder.mkdir()
        set_up(commit, folder)
        with sandbox(Addresses.free(), Path(temporary) / "sandbox", SIZE) as servers:
            environment = servers.addresses.environment()
            for hours in (0, *HOURS):
                if hours:
                    advance(servers.addresses.zendesk_url, hours)
                began.append(datetime.now(UTC).isoformat())
                for job in JOBS:
                    meltano(folder, environment, "run", job)
            lines = [{"began": began}, *contents(servers)]
        lines += [
            {"state": name, "content": json.loads(meltano(folder, environment, "state", "get", name))}
            for name in STATES
        ]
    with gzip.GzipFile(target, "wb", compresslevel=9, mtime=0) as file:
        file.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
