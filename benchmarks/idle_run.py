"""CPU seconds of `meltano run tap-to-bigquery` where nothing has changed since the last run, beside an earlier build.

    .venv/bin/python -m benchmarks.idle_run --against af8b3be --rounds 5

The earlier build is a commit, which is set up in a temporary folder, or a checkout in which `make setup` has run. Each build
has a sandbox and a Meltano database of its own. After a first export, the two run in turn. Figures are medians of CPU seconds,
user and system. The sandbox's servers are not part of a run. Python may keep bytecode, as it may on most machines and in the
image.

Exit code 1 if a run needs more than GOAL of the earlier build's CPU seconds.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.builds import ROOT, build_of
from benchmarks.measure import cpu_of_children, cpu_of_tree
from sandbox.addresses import Addresses
from sandbox.servers import Size, sandbox
from sandbox.text_table import text_table

GOAL = 0.6
"""Of the earlier build's CPU seconds."""
PARTS = ("meltano", "discovery", "tap", "target-bigquery", "dbt", "saved-state", "other")
PROGRAMS = {
    "tap-zendesk-cityblock": "tap",
    "target-bigquery": "target-bigquery",
    "dbt": "dbt",
    "start.py": "dbt",
    "saved_state.py": "saved-state",
}


@dataclasses.dataclass(frozen=True)
class Build:
    """A build beside a running sandbox; `home` has its database and logs."""

    name: str
    root: Path
    home: Path
    addresses: Addresses


@dataclasses.dataclass(frozen=True)
class Spent:
    """Seconds of one run: CPU by part of the run, of the servers, and wall."""

    cpu: dict[str, float]
    total: float
    servers: float
    wall: float

    @property
    def figures(self) -> list[float]:
        return [self.total, *(self.cpu.get(part, 0.0) for part in PARTS), self.wall, self.servers]


def run(build: Build) -> Spent:
    """Raises SystemExit if the run fails."""
    environment = os.environ | build.addresses.environment()
    environment |= {
        "MELTANO_DATABASE_URI": f"sqlite:///{build.home / 'meltano.db'}",
        "DBT_TARGET_PATH": str(build.home / "dbt"),
        "DBT_LOG_PATH": str(build.home / "dbt-logs"),
    }
    meltano = build.root / ".venvs" / "meltano" / "bin" / "meltano"
    log, servers, began = build.home / "log", cpu_of_children(), time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [meltano, "run", "tap-to-bigquery"],
            cwd=build.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        total, parts = cpu_of_tree(process, log, part)
    wall = time.monotonic() - began
    parts["meltano"] = total - sum(parts.values())
    return Spent(parts, total, cpu_of_children() - servers, wall)


def part(arguments: list[str]) -> str:
    """Of the run, by the command line of a process that Meltano started."""
    names = [
        PROGRAMS[name] for name in (Path(argument).name for argument in arguments[:2]) if name in PROGRAMS
    ]
    if names and "--discover" in arguments:
        return "discovery"
    return names[0] if names else "other"


def main(against: str, rounds: int, size: Size) -> int:
    with ExitStack() as stack:
        roots = {against: stack.enter_context(build_of(against)), "now": ROOT}
        builds = []
        for name, root in roots.items():
            home, addresses = Path(stack.enter_context(tempfile.TemporaryDirectory())), Addresses.free()
            stack.enter_context(sandbox(addresses, home / "sandbox", size))
            builds.append(Build(name, root, home, addresses))
        for build in builds:  # two, since some of what a run keeps for the next one is written by the second
            run(build)
            run(build)
        spent: dict[str, list[Spent]] = {name: [] for name in roots}
        for _ in range(rounds):
            for build in builds:
                spent[build.name].append(run(build))
    lines = [
        [name, *map(median, zip(*(one.figures for one in of), strict=True))] for name, of in spent.items()
    ]
    totals = {name: [one.total for one in of] for name, of in spent.items()}
    ratio = median(totals["now"]) / median(totals[against])
    print(f"{rounds} rounds, {size.tickets:,} tickets")
    print(text_table(["build", "CPU s", *PARTS, "wall s", "servers"], lines))
    for name, each in totals.items():
        print(f"{name}: {min(each):.2f} to {max(each):.2f} CPU s")
    print(f"{ratio:.0%} of the CPU seconds of {against}; the goal is {GOAL:.0%}")
    return int(ratio > GOAL)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", default="af8b3be", help="a commit, or another checkout")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tickets", type=int, default=2_000)
    options = parser.parse_args()
    sys.exit(main(options.against, options.rounds, Size(tickets=options.tickets, users=options.tickets // 4)))
