"""The table of all rounds, as printed and as docs/reliability.md has it."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from tests.proof.rounds import is_upgrade

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- rounds: written by make prove -->", "<!-- end of rounds -->"


def table(results):
    """By job, what was done to whom."""
    rows = defaultdict(list)
    for one in results:
        job = f"{one.plan.job}, `meltano run`" if one.plan.is_meltano else one.plan.job
        rows[job, one.plan.action, one.plan.victim.partition(":")[0]].append(one)
    lines = [
        "| run | disturbance | of | rounds | messages sent twice | rounds with an error |",
        "|---|---|---|---|---|---|",
    ]
    for (job, action, victim), ones in sorted(rows.items()):
        wrong = sum(bool(one.wrong) for one in ones)
        lines.append(
            f"| {job} | {action} | {victim} | {len(ones)} | {sum(one.repeats for one in ones)} | {wrong} |"
        )
    return "\n".join(lines)


def commit():
    return subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def kept_in(seed):
    """Where the results of worlds are kept until the code changes."""
    return ROOT / "build" / "proof" / f"{seed}-{commit()}"


def summary(seed, results, asked):
    reached = sum(one.is_reached for one in results)
    beside = sum(one.plan.beside is not None for one in results)
    rewound = sum(one.plan.is_rewound for one in results)
    upgraded = sum(is_upgrade(one.number) for one in results)
    wrong = sum(bool(one.wrong) for one in results)
    today = f"{datetime.now(UTC):%B} {datetime.now(UTC).day}, {datetime.now(UTC).year}"
    return (
        f"`make prove SEED={seed} ROUNDS={asked}`, {today} ({commit()}): {len(results)} rounds, of which {wrong} found an "
        f"error. In {reached} the run sent the request that was the moment; in {beside} the other job ran at the same "
        f"time; in {rewound} the run read everything from the beginning; {upgraded} were in worlds that an earlier release "
        f"began. CPU: {sum(one.seconds for one in results) / len(results):.0f} s a round."
    )


def write(seed, results, asked):
    """Replaces that part of the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{summary(seed, results, asked)}\n\n{table(results)}\n{END}{after}")
