"""`make prove`: rounds of disturbed runs, checked against the account. Prints a line for each round, and a table.

Results are kept in build/, by seed and commit: the same command goes on where an interrupted one ended.
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from multiprocessing.util import Finalize
from pathlib import Path
from random import SystemRandom

import msgspec

from sandbox.addresses import Addresses
from tests.dbt_runs import dbt_server
from tests.processes import fork_server
from tests.proof.report import kept_in, summary, table, write
from tests.proof.rounds import Result, rounds_of, worlds

LANE = {}
"""What one process keeps for all of its worlds: addresses, a folder, and a process that has imported dbt."""


def open_lane():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    stack = ExitStack()
    Finalize(None, stack.close, exitpriority=100)  # before multiprocessing removes its own files
    LANE["home"] = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    stack.enter_context(fork_server())
    LANE["dbt_runs"] = stack.enter_context(dbt_server(LANE["home"]))
    LANE["addresses"] = Addresses.free()


def run_world(seed, numbers, kept):
    """Results of these rounds, which go into the file `kept` unless it is there from an earlier run."""
    if kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=list[Result])
    results = []
    for result in rounds_of(seed, numbers, **LANE):
        moment = "" if result.is_reached else " (not reached)"
        lines = [
            f"{result.number:4} {result.seconds:5.1f} s  {result.plan}{moment}, {result.repeats} repeats",
            *(f"     WRONG: {sentence}" for sentence in result.wrong),
            *([f"     again: make prove SEED={seed} ROUND={result.number}"] if result.wrong else ()),
        ]
        print("\n".join(lines), flush=True)
        results.append(result)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(msgspec.json.encode(results))
    return results


def main():
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6), help="default: random")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--round", type=int, help="only this one, after those of its world before it")
    parser.add_argument("--jobs", type=int, default=2, help="worlds at a time")
    parser.add_argument("--write", action="store_true", help="the table into docs/reliability.md")
    options = parser.parse_args()
    numbers = range(options.rounds) if options.round is None else [options.round]
    print(f"seed {options.seed}, {len(numbers)} rounds", flush=True)
    results = []
    spawn = multiprocessing.get_context("spawn")
    folder = kept_in(options.seed)
    with ProcessPoolExecutor(options.jobs, spawn, open_lane) as lanes:
        asked = [
            lanes.submit(run_world, options.seed, some, folder / f"{some[0]}-{some[-1]}.json")
            for some in worlds(numbers)
        ]
        for one in as_completed(asked):
            results += one.result()
    print(f"\n{summary(options.seed, results, options.rounds)}\n\n{table(results)}")
    if options.write:
        write(options.seed, results, options.rounds)
    return int(any(result.wrong for result in results))
