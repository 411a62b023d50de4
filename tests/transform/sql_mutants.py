"""`make mutants MODULE=transform/macros/merge.sql`: changes a macro's SQL, an operator, word or number at a time.

Prints each change, and whether a test noticed it. The tests need the sandbox's BigQuery, so a mutant takes seconds to a minute.
Comments stay as they are, and so do Jinja's statements. A change that makes the SQL invalid counts as noticed.
"""

from __future__ import annotations

import argparse
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from tests.changed_copies import ROOT, copied, failed_test

MACROS = Path("transform/macros")
TESTS = {
    "merge.sql": ("tests/transform/test_current.py",),
    "latest.sql": ("tests/transform/test_current.py", "tests/transform/test_versions.py"),
    "history.sql": ("tests/transform/test_current_runs.py",),
    "bulk.sql": ("tests/transform/test_views.py",),
    "exports.sql": ("tests/transform/test_exports.py", "tests/transform/test_views.py"),
}
NOT_SQL = re.compile(r"\{#.*?#\}|\{%.*?%\}|--[^\n]*", re.DOTALL)
CHANGES = [
    (re.compile(pattern), new)
    for pattern, new in (
        (r" < ", " <= "),
        (r" <= ", " < "),
        (r" > ", " >= "),
        (r" >= ", " > "),
        (r" = ", " != "),
        (r" != ", " = "),
        (r"(?<=[\w)] )\+(?= \d)", "-"),
        (r"(?<=[\w)] )-(?= \d)", "+"),
        (r"\band\b", "or"),
        (r"\bor\b", "and"),
        (r"\bnot (?!null|exists|in\b|matched|loop)", ""),
        (r"\bnot exists\b", "exists"),
        (r"\bis null\b", "is not null"),
        (r"\bis not null\b", "is null"),
        (r"\btrue\b", "false"),
        (r"\bfalse\b", "true"),
        (r"\bmin\(", "max("),
        (r"\bmax\(", "min("),
        (r"\bgreatest\(", "least("),
        (r"\bleast\(", "greatest("),
        (r"\blead\(", "lag("),
        (r" desc\b", ""),
        (r"(?<=order by )[^,()\n]+, ", ""),  # the first term of an order
        (r", [^,()\n]+?(?= (?:order by|rows))", ""),  # the last term before an order: of a partition
        (r", [^,()\n]+ desc(?=\))", ""),  # the last term of an order
        (r"\bleft join\b", "join"),
        (r"\bselect distinct\b", "select"),
        (r"\bunion all\b", "union distinct"),
        (r"(?<=[=<>+\-(] )1\b", "2"),
        (r"\binterval 1 day", "interval 2 day"),
    )
]


@dataclass(frozen=True)
class Mutant:
    line: int
    after: str
    text: str
    """Of the whole file."""


def mutants_of(text: str) -> list[Mutant]:
    skipped = [found.span() for found in NOT_SQL.finditer(text)]
    found = {}
    for pattern, new in CHANGES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(first < end and start < last for first, last in skipped):
                changed = text[:start] + new + text[end:]
                line = text.count("\n", 0, start)
                found[changed] = Mutant(line + 1, changed.splitlines()[line].strip(), changed)
    return sorted(found.values(), key=lambda mutant: mutant.line)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("macro", type=Path, help=f"{MACROS}/: {', '.join(TESTS)}")
    parser.add_argument("--jobs", type=int, default=2, help="at the same time")
    parser.add_argument("--lines", help="only of these lines: 120-180")
    options = parser.parse_args()
    name = options.macro.name
    if name not in TESTS:
        parser.error(f"no tests are listed for {name}")
    first, last = map(int, (options.lines or "1-100000").split("-"))
    mutants = [one for one in mutants_of((ROOT / MACROS / name).read_text()) if first <= one.line <= last]
    folders: Queue[Path] = Queue()

    def noticed(mutant: Mutant) -> bool:
        folder = folders.get()
        try:
            (folder / MACROS / name).write_text(mutant.text)
            return failed_test(folder, *TESTS[name]) is not None
        finally:
            folders.put(folder)

    survivors = 0
    with ExitStack() as stack, ThreadPoolExecutor(options.jobs) as pool:
        for _ in range(options.jobs):
            folders.put(stack.enter_context(copied()))
        for mutant, is_noticed in zip(mutants, pool.map(noticed, mutants), strict=True):
            survivors += not is_noticed
            print(
                f"{name}:{mutant.line} {'noticed' if is_noticed else 'NOT NOTICED'}: {mutant.after}",
                flush=True,
            )
    print(f"{name}: {len(mutants)} mutants, {len(mutants) - survivors} noticed")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
