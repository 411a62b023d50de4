"""Whether an error is found: breaks the product in a copy, one change at a time, and says which test and which round found it.

.venv/bin/python -m tests.proof.deliberate_errors [--rounds] [NAME ...]
"""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from tests.changed_copies import copied, failed_test, run

ROUNDS = 3
AT_LOAD, AT_END, AT_PUBLICATION, AT_SIGNAL, AT_ERASURE = 270, 762, 2163, 1582, 21
"""Seeds: a SIGKILL while an export is loaded; one in its last load; one while messages are sent; a SIGINT there; an erasure."""


@dataclass(frozen=True)
class DeliberateError:
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
ERRORS = (
    DeliberateError(
        "STATE goes out before its rows are loaded",
        AT_LOAD,
        "tests/target_bigquery/test_conformance.py::test_a_failing_load_job_stops_the_run_before_state",
        f"{LOADER}/target.py",
        "        super()._process_state_message(message_dict)\n",
        "        super()._process_state_message(message_dict)\n"
        '        self._write_state_message(message_dict["value"])\n',
    ),
    DeliberateError(
        "EXPORT_METADATA is loaded first",
        AT_END,
        "tests/target_bigquery/test_conformance.py::test_streams_that_vouch_for_others_are_loaded_after_them",
        f"{LOADER}/target.py",
        "first = [sink for sink in sinks if sink.stream_name not in last]",
        "first = [sink for sink in sinks if sink.stream_name in last]; last = "
        "{sink.stream_name for sink in sinks} - {*last}",
    ),
    DeliberateError(
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
    DeliberateError(
        "messages without intents",
        AT_PUBLICATION,
        f"{TROUBLE}::test_a_kill_loses_nothing_and_the_ticket_that_changed_back_ends_as_it_was",
        f"{PUBLISHER}/publication.py",
        "        if decision.messages:\n            self._log.intend(decision.messages, self._clock)\n",
        "        if decision.messages:\n",
    ),
    DeliberateError(
        "what a killed run began is not finished",
        AT_PUBLICATION,
        f"{TROUBLE}::test_a_kill_loses_nothing_and_the_ticket_that_changed_back_ends_as_it_was",
        f"{PUBLISHER}/publication.py",
        "            self._publish_pending()\n",
        "            pass\n",
    ),
    DeliberateError(
        "join errors are not recorded",
        AT_LOAD,
        "tests/target_zendesk_pubsub/test_waiting.py::test_the_query_of_the_legacy_system_returns_waiting_tickets",
        f"{PUBLISHER}/publication.py",
        "        if decision.errors or decision.settled:\n",
        "        if decision.settled and not decision.errors:\n",
    ),
    DeliberateError(
        "a signal ends a run inside a section",
        AT_SIGNAL,
        "tests/cityblock_singer/test_termination.py::test_a_signal_inside_a_section_waits_until_the_outermost_one_is_left",
        "cityblock-singer/cityblock_singer/termination.py",
        "        if not self._depth:\n            sys.exit(128 + number)\n",
        "        if self._depth >= 0:\n            sys.exit(128 + number)\n",
    ),
    DeliberateError(
        "a bulk view shows all exports",
        AT_ERASURE,
        "tests/transform/test_views.py::test_a_bulk_view_shows_the_latest_complete_export_and_never_a_half_finished_one",
        "transform/macros/bulk.sql",
        "  and _export_id = '{{ export.rows_export_id }}'\n",
        "",
    ),
    DeliberateError(
        "a current table keeps the first version",
        AT_ERASURE,
        "tests/transform/test_current.py::test_a_current_table_shows_what_all_rows_would_show",
        "transform/macros/merge.sql",
        "_is_stub, {{ clock }} is null order by {{ clock }} desc, _exported_at desc\n",
        "_is_stub, {{ clock }} is null order by {{ clock }}, _exported_at\n",
    ),
    DeliberateError(
        "an erasure leaves the publisher's tables",
        AT_ERASURE,
        "tests/zendesk_erasure/test_canaries.py::test_what_zendesk_removes_no_view_shows_and_is_nowhere_after_a_sweep",
        "zendesk-erasure/zendesk_erasure/tables.py",
        "    for table in publisher_tables(warehouse, dataset, messages):\n",
        "    for table in publisher_tables(warehouse, dataset, messages)[:0]:\n",
    ),
    DeliberateError(
        "a message's content is logged",
        AT_LOAD,
        f"{TROUBLE}::test_a_kill_loses_nothing_and_the_ticket_that_changed_back_ends_as_it_was",
        f"{PUBLISHER}/publication.py",
        "        outcome = self._publisher.publish(messages)\n",
        "        outcome = self._publisher.publish(messages)\n"
        '        self._logger.warning("sent: %s", [one.data for one in messages])\n',
    ),
)


@contextmanager
def broken(error):
    """A copy of the project with that error. Raises ValueError where the code is another one."""
    with copied() as folder:
        path = folder / error.file
        text = path.read_text()
        if text.count(error.old) != 1:
            raise ValueError(f"{error.file} has changed: change the error {error.name!r}")
        path.write_text(text.replace(error.old, error.new))
        yield folder


def wrong_round(folder, seed):
    """Number of the first round that is wrong and what is wrong, None if none is."""
    ran = run(folder, "tests.proof", "--seed", str(seed), "--rounds", str(ROUNDS), "--jobs", "1")
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
    for error in ERRORS:
        if not options.names or error.name in options.names:
            with broken(error) as folder:
                test = failed_test(folder, error.test)
                wrong = wrong_round(folder, error.seed) if options.rounds else "not run"
            survivors += test is None
            of_round = f"{wrong[0]}: {wrong[1]}" if isinstance(wrong, tuple) else wrong or "none"
            print(f"| {error.name} | {test or '**none**'} | {of_round} |", flush=True)
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
