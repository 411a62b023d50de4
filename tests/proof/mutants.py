"""Whether an error is found: breaks the product in a copy, one change at a time, and says which test and which round found it.

.venv/bin/python -m tests.proof.mutants [--rounds] [NAME ...]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 3
AT_LOAD, AT_END, AT_PUBLICATION, AT_SIGNAL, AT_ERASURE = 270, 762, 2163, 1582, 21
"""Seeds: a SIGKILL while an export is loaded; one in its last load; one while messages are sent; a SIGINT there; an erasure."""
NOT_COPIED = (
    "build",
    "output",
    ".git",
    ".sandbox",
    ".venv",
    ".venvs",
    ".meltano",
    "target",
    "logs",
    "__pycache__",
)
LINKED = (".git", ".venv", ".venvs", ".meltano")
PACKAGES = (
    *("cityblock-singer", "tap-zendesk-cityblock", "target-bigquery", "target-zendesk-pubsub"),
    *("zendesk-erasure", "local-pubsub"),
)


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in the file, where it has to be once. `test`: the one that has to find it."""

    name: str
    seed: int
    test: str
    file: str
    old: str
    new: str


LOADER = "target-bigquery/target_bigquery"
PUBLISHER = "target-zendesk-pubsub/target_zendesk_pubsub"
TROUBLE = "tests/target_zendesk_pubsub/test_trouble.py"
MUTANTS = (
    Mutant(
        "STATE goes out before its rows are loaded",
        AT_LOAD,
        "tests/target_bigquery/test_conformance.py::test_a_failing_load_job_stops_the_run_before_state",
        f"{LOADER}/target.py",
        "        super()._process_state_message(message_dict)\n",
        "        super()._process_state_message(message_dict)\n"
        '        self._write_state_message(message_dict["value"])\n',
    ),
    Mutant(
        "EXPORT_METADATA is loaded first",
        AT_END,
        "tests/target_bigquery/test_conformance.py::test_streams_that_vouch_for_others_are_loaded_after_them",
        f"{LOADER}/target.py",
        "first = [sink for sink in sinks if sink.stream_name not in last]",
        "first = [sink for sink in sinks if sink.stream_name in last]; last = "
        "{sink.stream_name for sink in sinks} - {*last}",
    ),
    Mutant(
        "cursor moves before the page is written",
        AT_LOAD,
        "tests/tap/test_export.py::test_a_state_has_the_cursor_of_the_last_row_before_it",
        "tap-zendesk-cityblock/tap_zendesk_cityblock/streams.py",
        "                for stream in receiving:\n"
        "                    yield from stream.emit(page, requested_by=self)\n"
        "                self._commit(page, streams, receiving)\n",
        "                self._commit(page, streams, receiving)\n"
        "                for stream in receiving:\n"
        "                    yield from stream.emit(page, requested_by=self)\n",
    ),
    Mutant(
        "messages without intents",
        AT_PUBLICATION,
        f"{TROUBLE}::test_a_kill_loses_nothing_and_the_ticket_that_changed_back_ends_as_it_was",
        f"{PUBLISHER}/publication.py",
        "        if decision.messages:\n            self._log.intend(decision.messages, self._clock)\n",
        "        if decision.messages:\n",
    ),
    Mutant(
        "what a killed run began is not finished",
        AT_PUBLICATION,
        f"{TROUBLE}::test_a_kill_loses_nothing_and_the_ticket_that_changed_back_ends_as_it_was",
        f"{PUBLISHER}/publication.py",
        "            self._publish_pending()\n",
        "            pass\n",
    ),
    Mutant(
        "join errors are not recorded",
        AT_LOAD,
        "tests/target_zendesk_pubsub/test_waiting.py::test_the_query_of_the_legacy_system_returns_waiting_tickets",
        f"{PUBLISHER}/publication.py",
        "        if decision.errors or decision.settled:\n",
        "        if decision.settled and not decision.errors:\n",
    ),
    Mutant(
        "a signal ends a run inside a section",
        AT_SIGNAL,
        "tests/cityblock_singer/test_termination.py::test_a_signal_inside_a_section_waits_until_the_outermost_one_is_left",
        "cityblock-singer/cityblock_singer/termination.py",
        "        if not self._depth:\n            sys.exit(128 + number)\n",
        "        if self._depth >= 0:\n            sys.exit(128 + number)\n",
    ),
    Mutant(
        "a bulk view shows all exports",
        AT_ERASURE,
        "tests/transform/test_views.py::test_a_bulk_view_shows_the_latest_complete_export_and_never_a_half_finished_one",
        "transform/macros/bulk.sql",
        "  and _export_id = '{{ export.rows_export_id }}'\n",
        "",
    ),
    Mutant(
        "a current table keeps the first version",
        AT_ERASURE,
        "tests/transform/test_current.py::test_a_current_table_shows_what_all_rows_would_show",
        "transform/macros/merge.sql",
        "order by _clock desc, _exported_at desc, {{ clock }} desc, _is_stub desc) as _place",
        "order by _clock, _exported_at desc, {{ clock }} desc, _is_stub desc) as _place",
    ),
    Mutant(
        "an erasure leaves the publisher's tables",
        AT_ERASURE,
        "tests/zendesk_erasure/test_canaries.py::test_what_zendesk_removes_no_view_shows_and_is_nowhere_after_a_sweep",
        "zendesk-erasure/zendesk_erasure/tables.py",
        "    for table in publisher_tables(warehouse, dataset, messages):\n",
        "    for table in publisher_tables(warehouse, dataset, messages)[:0]:\n",
    ),
    Mutant(
        "a message's content is logged",
        AT_LOAD,
        f"{TROUBLE}::test_a_kill_loses_nothing_and_the_ticket_that_changed_back_ends_as_it_was",
        f"{PUBLISHER}/publication.py",
        "        outcome = self._publisher.publish(messages)\n",
        "        outcome = self._publisher.publish(messages)\n"
        '        self._logger.warning("sent: %s", [one.data for one in messages])\n',
    ),
)


def copied(mutant, folder):
    """A copy of the project with that change. Raises ValueError where the code is another one."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    path = folder / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.file} has changed: change the mutant {mutant.name!r}")
    path.write_text(text.replace(mutant.old, mutant.new))
    return folder


def run(mutant, *arguments):
    """A command of Python in a copy with that change."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = copied(mutant, Path(temporary) / "copy")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (folder, *(folder / one for one in PACKAGES)))),
        }
        return subprocess.run(
            [ROOT / ".venv" / "bin" / "python", "-m", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


def failed_test(mutant):
    """Name of the test that fails, None if the mutant survives it. Raises RuntimeError if none was run."""
    ran = run(mutant, "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test)
    failed = re.search(r"^(?:FAILED|ERROR) (\S+?)(?:\[| |$)", ran.stdout, re.MULTILINE)
    if ran.returncode and not failed:
        raise RuntimeError(ran.stdout[-3000:] + ran.stderr[-3000:])
    return failed and failed[1]


def wrong_round(mutant):
    """Number of the first round that is wrong and what is wrong, None if none is."""
    options = ("--seed", str(mutant.seed), "--rounds", str(ROUNDS), "--jobs", "1")
    ran = run(mutant, "tests.proof", *options)
    lines = [line.strip() for line in ran.stdout.splitlines()]
    for before, line in pairwise(lines):
        if line.startswith("WRONG: "):
            return int(before.split()[0]), line.removeprefix("WRONG: ")
    if ran.returncode:
        raise RuntimeError(ran.stderr[-3000:])
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--rounds", action="store_true", help="also rounds, which take minutes for each")
    options = parser.parse_args()
    survivors = 0
    print("| error made on purpose | test that finds it | found in round |\n|---|---|---|", flush=True)
    for mutant in MUTANTS:
        if not options.names or mutant.name in options.names:
            test = failed_test(mutant)
            survivors += test is None
            wrong = wrong_round(mutant) if options.rounds else "not run"
            of_round = f"{wrong[0]}: {wrong[1]}" if isinstance(wrong, tuple) else wrong or "none"
            print(f"| {mutant.name} | {test or '**none**'} | {of_round} |", flush=True)
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
