"""Runs that are ended, again and again: nothing lost, what comes twice comes as itself, every ticket in order.

    .venv/bin/python -m benchmarks.kills

20,000 tickets, one in five of which changes again further on, as Singer lines with a STATE every 500 records, in batches
of 1,000. The first round ends 20 runs by SIGKILL, at random moments; the second, in which every ticket has changed, ends
10 by SIGTERM. Each run goes on after the last STATE that came out. Then one is left alone, the directory learns of the
users that were missing, and one without input publishes what waited. Exit code 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from benchmarks.commons import Message, Place, place, record, singer
from sandbox.addresses import DATASET
from sandbox.text_table import text_table
from sandbox.zendesk.people import FIRST_USER
from sandbox.zendesk.tickets import ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.zendesk.store import Json

COMMAND = Path(sys.executable).with_name("target-zendesk-pubsub")
USERS = 4_000
UNKNOWN = 97
"""Every so manieth user is nobody inside, until a round's last run."""
PAGE, BATCH = 500, 1_000
LONGEST = 0.8
"""Seconds from when a run has begun to read until it is ended, at most."""

Version = tuple[int, int]
"""A ticket's id and its generated_timestamp."""


@dataclasses.dataclass(frozen=True)
class Feed:
    """What a tap has to tell. Each page ends with a STATE that holds its number, from 1."""

    pages: list[bytes]
    versions: set[Version]
    """Those that Commons has to get: of a ticket that waits, only the last."""


@dataclasses.dataclass(frozen=True)
class Audit:
    """Numbers of messages, or of tickets; all but the first two have to be 0."""

    messages: int
    repeated: int
    too_many: int
    """Of the repeated: more than a batch for each kill."""
    lost: int
    invented: int
    rekeyed: int
    """The same version under two keys."""
    disordered: int
    """Tickets of which a version came for the first time after a later one, or whose last message is not the last version."""
    unlike_log: int
    """Rows that tell of no message, and keys of messages that no row tells of."""
    waiting: int

    @property
    def is_kept(self) -> bool:
        return not any(dataclasses.astuple(self)[2:])


def main(tickets: int, rounds: Sequence[tuple[signal.Signals, int]], seed: int) -> int:
    rng = Random(seed)
    people = {FIRST_USER + n: f"M{n}" for n in range(USERS)}
    known = {user: who for n, (user, who) in enumerate(people.items()) if n % UNKNOWN}
    contents = [ticket(seed, number, tickets, USERS).content for number in range(1, tickets + 1)]
    audits: list[Audit] = []
    lines: list[list[object]] = []
    with place(batch_size=BATCH) as here:
        for number, times in rounds:
            feed = _feed(contents, set(known), rng)
            here.knows(known, people)
            started = time.monotonic()
            _interrupt(here, feed, number, times, rng)
            waited = _waiting(here)
            here.knows(people, people)
            _finish(here, [])
            seconds = time.monotonic() - started
            repeats = times * BATCH if number == signal.SIGKILL else 0
            audits.append(_audit(here, feed, repeats))
            figures = dataclasses.astuple(audits[-1])
            lines.append(
                [f"{times} x {number.name}", _unfinished(here), len(feed.versions), *figures, waited, seconds]
            )
    header = ["ended by", "in mid-batch", "versions", "messages", "repeated", "too many", "lost", "invented"]
    header += ["other key", "disordered", "unlike log", "waiting", "had waited", "s"]
    print(text_table(header, lines))
    return int(not all(audit.is_kept for audit in audits))


def _feed(contents: list[Json], known: set[int], rng: Random) -> Feed:
    """Every ticket changed, and one in five changed again up to two pages further on."""
    changes: list[tuple[float, Json]] = []
    versions: set[Version] = set()
    for position, content in enumerate(contents):
        last = int(rng.random() < 0.2)
        for change in range(last + 1):
            content["subject"] += "."
            content["generated_timestamp"] += 60
            changes.append((position + change * rng.uniform(1, 2 * PAGE), dict(content)))
            if change == last or _users(content) <= known:
                versions.add((content["id"], content["generated_timestamp"]))
    changes.sort(key=lambda one: one[0])
    pages = [
        singer([record(content) for _, content in changes[start : start + PAGE]], state=start // PAGE + 1)
        for start in range(0, len(changes), PAGE)
    ]
    return Feed(pages, versions)


def _users(content: Json) -> set[int]:
    users = {content[f"{role}_id"] for role in ("requester", "submitter", "assignee")}
    return {user for user in users if user} | {*content["collaborator_ids"], *content["follower_ids"]}


def _interrupt(here: Place, feed: Feed, number: signal.Signals, times: int, rng: Random) -> None:
    """So many runs that are ended while they have up to their share of the pages, and one that is not."""
    done = 0
    for share in range(1, times + 1):
        pages = feed.pages[done : len(feed.pages) * share // times]
        process = _start(here)
        reading = threading.Event()
        feeder = threading.Thread(target=_give, args=(process, pages, reading))
        feeder.start()
        assert reading.wait(60)
        time.sleep(rng.uniform(0, LONGEST))
        process.send_signal(number)
        code = process.wait(60)
        feeder.join()
        done = _last_page(process, done)
        if code != (-number if number == signal.SIGKILL else 128 + number):
            raise SystemExit(f"exit code {code}:\n{(here.home / 'target.log').read_text()[-2000:]}")
    assert _finish(here, feed.pages[done:]) == len(feed.pages)


def _start(here: Place) -> subprocess.Popen[bytes]:
    with (here.home / "target.log").open("ab") as log:
        pipe = subprocess.PIPE
        return subprocess.Popen([COMMAND, "--config", here.config], stdin=pipe, stdout=pipe, stderr=log)


def _give(process: subprocess.Popen[bytes], pages: Iterable[bytes], reading: threading.Event) -> None:
    """The pages, and no end of them: a pipe takes far less than one, so that after the first the process must be reading."""
    assert process.stdin is not None
    try:
        for page in pages:
            process.stdin.write(page)
            process.stdin.flush()
            reading.set()
    except BrokenPipeError:
        pass
    reading.set()


def _last_page(process: subprocess.Popen[bytes], before: int) -> int:
    """Of the last STATE that came out."""
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        states = process.stdout.read().splitlines()
    return int(json.loads(states[-1])["page"]) if states else before


def _finish(here: Place, pages: list[bytes]) -> int:
    """A run that is left alone: the page of its last STATE."""
    process = _start(here)
    out, _ = process.communicate(b"".join(pages))
    if process.returncode:
        raise SystemExit((here.home / "target.log").read_text()[-2000:])
    return int(json.loads(out.splitlines()[-1])["page"]) if out else 0


def _unfinished(here: Place) -> int:
    """Runs that found what one before them had been about to publish; forgets them."""
    log = here.home / "target.log"
    told = log.read_text().count("an earlier run ended while it published")
    log.write_text("")
    return told


def _waiting(here: Place) -> int:
    """By the rows: tickets of which nothing was published after they began to wait."""
    sql = f"""
        SELECT COUNT(DISTINCT ticket_id) AS n FROM {DATASET}.TICKET_USER_JOIN_ERROR AS error
        WHERE NOT EXISTS (
          SELECT 1 FROM {here.log} AS published
          WHERE published.ticket_id = error.ticket_id AND published.published_at > error.inserted_at
        )
    """
    return int(next(iter(here.warehouse.query_and_wait(sql))).n)


def _audit(here: Place, feed: Feed, repeats: int) -> Audit:
    """Of what this round has published: the round before left nothing at Commons."""
    received = here.received()
    keys: dict[Version, set[str]] = defaultdict(set)
    of_ticket: dict[int, list[int]] = defaultdict(list)
    for message in received:
        keys[message.ticket_id, message.version].add(message.key)
        of_ticket[message.ticket_id].append(message.version)
    repeated = len(received) - len(keys)
    return Audit(
        messages=len(received),
        repeated=repeated,
        too_many=max(0, repeated - repeats),
        lost=len(feed.versions - keys.keys()),
        invented=len(keys.keys() - feed.versions),
        rekeyed=sum(len(found) > 1 for found in keys.values()),
        disordered=sum(not _is_in_order(versions) for versions in of_ticket.values()),
        unlike_log=_unlike(received, [row for row in here.logged() if (row.ticket_id, row.version) in keys]),
        waiting=_waiting(here),
    )


def _is_in_order(versions: list[int]) -> bool:
    first = list(dict.fromkeys(versions))
    return first == sorted(first) and versions[-1] == first[-1]


def _unlike(received: list[Message], logged: list[Message]) -> int:
    on_topic = {message.message_id: (message.ticket_id, message.key) for message in received}
    in_log = {row.message_id: (row.ticket_id, row.key) for row in logged}
    untrue = sum(on_topic.get(message_id) != told for message_id, told in in_log.items())
    return untrue + len(set(on_topic.values()) - set(in_log.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--terms", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(main(given.tickets, [(signal.SIGKILL, given.kills), (signal.SIGTERM, given.terms)], given.seed))
