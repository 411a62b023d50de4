"""Cost of target-bigquery compared with z3-target-bigquery, on the same rows.

    make stock                                        # once: creates the stock package's environment
    .venv/bin/python -m benchmarks.target_bigquery
    .venv/bin/python -m benchmarks.target_bigquery --beside <another checkout>

The rows are tickets as the tap writes them, without the properties in LEFT_OUT, about 2 KB each, from a file. The servers
are the sandbox's. Ratios are relative to ours, direct or staged.

With --beside, the command of that checkout, in which `make setup` has run, and ours take turns with complete tickets and
with shorter ones, about 3 KB and 2 KB each. Figures are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.measure import Cost, cost
from sandbox.addresses import BUCKET, PROJECT, Addresses
from sandbox.bigquery import bigquery_server
from sandbox.gcs import gcs_server
from sandbox.servers import Size, zendesk_server
from sandbox.text_table import text_table

ROOT = Path(__file__).parents[1]
LEFT_OUT = ("custom_fields", "satisfaction_rating", "via")
"""Properties with values of several types, which the emulator cannot load for the stock package."""

OURS = [Path(sys.executable).with_name("target-bigquery")]
STOCK = [
    ROOT / ".venvs" / "stock-target-bigquery" / "bin" / "python",
    ROOT / "tests" / "target_bigquery" / "stock_launcher.py",
]


def main(sizes: list[int]) -> None:
    addresses = Addresses.free()
    with ExitStack() as servers:
        home = Path(servers.enter_context(tempfile.TemporaryDirectory()))
        servers.enter_context(gcs_server(addresses, home))
        warehouse = servers.enter_context(bigquery_server(addresses, home))
        lines: list[list[object]] = []
        for tickets in sizes:
            singer = _tickets(home, tickets)
            ways = [("ours, direct", OURS, {}), ("ours, staged", OURS, {"bucket": BUCKET})]
            if tickets == max(sizes):
                ways += [
                    ("stock batch_job", STOCK, {"method": "batch_job"}),
                    ("stock gcs_stage", STOCK, {"method": "gcs_stage"}),
                ]
            costs: dict[str, tuple[float, Cost]] = {}
            for name, command, settings in ways:
                dataset = f"bench_{tickets}_{len(lines)}"
                warehouse.create_dataset(dataset)
                costs[name] = seconds, used = _load(
                    command, {"dataset": dataset, **settings}, addresses, home, singer
                )
                loaded = next(iter(warehouse.query_and_wait(f"SELECT COUNT(*) AS n FROM {dataset}.ticket"))).n
                ours = costs[
                    "ours, direct" if name in ("ours, direct", "stock batch_job") else "ours, staged"
                ]
                ratio = [seconds / ours[0], used.cpu / ours[1].cpu, used.peak / ours[1].peak]
                lines.append([name, tickets, loaded, seconds, used.cpu, used.peak, *ratio])
        print(
            text_table(
                ["loader", "tickets", "loaded", "wall s", "CPU s", "peak MB", "wall x", "CPU x", "MB x"],
                lines,
            )
        )


def beside(other: Path, tickets: int, rounds: int) -> None:
    addresses = Addresses.free()
    commands = {"ours": OURS, "the other": [other / ".venv" / "bin" / "target-bigquery"]}
    lines: list[list[object]] = []
    with ExitStack() as servers:
        home = Path(servers.enter_context(tempfile.TemporaryDirectory()))
        servers.enter_context(gcs_server(addresses, home))
        warehouse = servers.enter_context(bigquery_server(addresses, home))
        for name, left_out in (("complete", ()), ("shorter", LEFT_OUT)):
            singer = _tickets(home, tickets, left_out)
            costs: dict[str, list[Cost]] = {loader: [] for loader in commands}
            for _ in range(rounds):
                for loader, command in commands.items():
                    warehouse.create_dataset("bench")
                    costs[loader].append(_load(command, {"dataset": "bench"}, addresses, home, singer)[1])
                    [row] = warehouse.query_and_wait("SELECT COUNT(*) AS n FROM bench.ticket")
                    if row.n != tickets:
                        raise SystemExit(f"{loader} loaded {row.n} of {tickets} tickets")
                    warehouse.delete_dataset("bench", delete_contents=True)
            cpu = {loader: median(cost.cpu for cost in costs[loader]) for loader in commands}
            peak = {loader: median(cost.peak for cost in costs[loader]) for loader in commands}
            size = singer.stat().st_size / 1e6
            lines += [
                [name, size, loader, cpu[loader], peak[loader], cpu[loader] / cpu["the other"]]
                for loader in commands
            ]
    print(f"{tickets} tickets, {rounds} rounds")
    print(text_table(["tickets", "input MB", "loader", "CPU s", "peak MB", "CPU x"], lines))


def _tickets(home: Path, tickets: int, left_out: tuple[str, ...] = LEFT_OUT) -> Path:
    """A file of Singer messages, as the tap writes them."""
    addresses, path = Addresses.free(), home / f"{tickets}-{len(left_out)}.singer"
    config = {
        "environment": "local",
        "subdomain": "cityblock-local",
        "base_url": addresses.zendesk_url,
        "access_token": "sandbox-access",
        "bulk_models": [],
        "incremental_models": ["ticket"],
        "stream_maps": {"ticket": dict.fromkeys(left_out, "__NULL__")} if left_out else {},
    }
    (home / "tap.json").write_text(json.dumps(config))
    with (
        zendesk_server(addresses, home / f"zendesk-{path.stem}", Size(1, tickets, 1000)),
        path.open("wb") as singer,
    ):
        tap = [
            str(Path(sys.executable).with_name("tap-zendesk-cityblock")),
            "--config",
            str(home / "tap.json"),
        ]
        subprocess.run(tap, stdout=singer, stderr=subprocess.DEVNULL, check=True)
    return path


def _load(
    command: list[Path], settings: dict[str, str], addresses: Addresses, home: Path, singer: Path
) -> tuple[float, Cost]:
    """Wall seconds and cost of one run."""
    emulators = {"bigquery_emulator_host": addresses.bigquery_url, "storage_emulator_host": addresses.gcs_url}
    if command is STOCK:
        known: dict[str, object] = {
            "bucket": BUCKET,
            "denormalized": True,
            "schema_resolver_version": 2,
            "batch_size": 100_000,
        }
    else:
        known = {"environment": "local", **emulators}
    (home / "target.json").write_text(json.dumps({"project": PROJECT, **known, **settings}))
    environment = {
        **os.environ,
        "BIGQUERY_EMULATOR_HOST": addresses.bigquery_url,
        "STORAGE_EMULATOR_HOST": addresses.gcs_url,
    }
    started = time.monotonic()
    with singer.open("rb") as messages, (home / "target.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--config", home / "target.json"],
            stdin=messages,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=environment,
        )
        used = cost(process, home / "target.log")
    return time.monotonic() - started, used


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, nargs="+", default=[10_000, 50_000, 100_000])
    parser.add_argument("--beside", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.beside:
        beside(options.beside.absolute(), max(options.tickets), options.rounds)
    else:
        main(options.tickets)
