"""Runs that are ended again and again while they publish: nothing lost, every repeat under its key, every ticket in order.

20,000 tickets, one in five of which changes again further on, with a STATE every 500 records, in batches of 1,000. The
first round ends 20 runs by SIGKILL at random moments; the second, in which every ticket has changed, ends 10 by SIGTERM.
Each run goes on after the last STATE, a day later: it first brings the log into zendesk_ticket_state, if it gets that far.
One more run is not ended; then the directory gets the missing users, and a run without input publishes the waiting
tickets.
"""

import json
import signal
import threading
import time
from collections import Counter, defaultdict
from random import Random

import pytest

from sandbox.zendesk.people import FIRST_USER
from sandbox.zendesk.tickets import ticket
from tests.target_zendesk_pubsub.tickets import lines, schema, state

pytestmark = pytest.mark.own_verb

SEED, TICKETS, USERS = 1, 20_000, 4_000
UNKNOWN = 97
"""The internal directory lacks every 97th user, until a round's last run."""
PAGE, BATCH = 500, 1_000
LONGEST = 0.8
"""Seconds from when a run has begun to read until it is ended, at most."""


@pytest.fixture
def run(start):
    """Runs over these pages: ended by a signal at a random moment, or not. The number of the last STATE, or `before`."""

    def ended(pages, before, number, rng):
        reading = threading.Event()
        with start(batch_size=BATCH) as process:
            feeder = threading.Thread(target=give, args=(process, pages, reading))
            feeder.start()
            assert reading.wait(60)
            time.sleep(rng.uniform(0, LONGEST))  # the random moment
            process.send_signal(number)
            out = process.stdout.read()
            code = process.wait(60)
            feeder.join()
        assert code == (-number if number == signal.SIGKILL else 128 + number)
        states = out.splitlines()
        return int(json.loads(states[-1])["bookmarks"]["ticket"]["cursor"]) if states else before

    def whole(pages):
        """The STATE messages."""
        with start(batch_size=BATCH) as process:
            out, err = process.communicate(b"".join(pages), timeout=600)
        assert process.returncode == 0, err
        return out.splitlines()

    return ended, whole


def give(process, pages, reading):
    """The pages, and no end of them. A pipe takes far less than a page: after the first, the process is reading."""
    try:
        for page in pages:
            process.stdin.write(page)
            process.stdin.flush()
            reading.set()
    except BrokenPipeError:
        pass
    reading.set()


def feed(contents, known, rng):
    """Singer lines by page, and the versions (id, generated_timestamp) to be received: of a waiting ticket, only the last.

    Every ticket has changed, and one in five changes again up to two pages further on.
    """
    changes, versions = [], set()
    for position, content in enumerate(contents):
        last = int(rng.random() < 0.2)
        for change in range(last + 1):
            content["subject"] += "."
            content["generated_timestamp"] += 60
            record = {name: value for name, value in content.items() if name != "fields"}
            changes.append((position + change * rng.uniform(1, 2 * PAGE), record))
            if change == last or users(content) <= known:
                versions.add((content["id"], content["generated_timestamp"]))
    changes.sort(key=lambda one: one[0])
    records = [{"type": "RECORD", "stream": "ticket", "record": record} for _, record in changes]
    starts = range(0, len(records), PAGE)
    return [
        lines([schema(), *records[at : at + PAGE], state(page)]) for page, at in enumerate(starts, 1)
    ], versions


def users(content):
    found = {content[f"{role}_id"] for role in ("requester", "submitter", "assignee")}
    return {user for user in found if user} | {*content["collaborator_ids"], *content["follower_ids"]}


def check(received, logged, versions, most_repeats):
    """What a round has published: the round before left nothing on the topic."""
    keys, of_ticket = defaultdict(set), defaultdict(list)
    for message in received:
        version = int(message.attributes["generated_timestamp"])
        keys[message.ticket_id, version].add(message.key)
        of_ticket[message.ticket_id].append(version)
    assert keys.keys() == versions  # none lost, none invented
    assert len(received) - len(keys) <= most_repeats  # at most a batch for each kill
    assert [found for found in keys.values() if len(found) > 1] == []  # a version has one key
    for number, seen in of_ticket.items():
        first = list(dict.fromkeys(seen))
        assert first == sorted(first), f"ticket {number}: a version came after a later one"
        assert seen[-1] == first[-1], f"ticket {number}: the last message is not the last version"
    on_topic = {message.message_id: (message.ticket_id, message.key) for message in received}
    in_log = {row["message_id"]: (row["ticket_id"], row["message_key"]) for row in logged}
    assert in_log.items() <= on_topic.items()
    assert set(in_log.values()) == set(on_topic.values())


def test_runs_that_are_ended_lose_nothing_and_keep_each_ticket_in_order(
    run, company, commons, rows, days_pass, sql, state_tables
):
    ended, whole = run
    rng = Random(SEED)
    everybody = {FIRST_USER + n: (f"M{n}", "member") for n in range(USERS)}
    known = {user: who for n, (user, who) in enumerate(everybody.items()) if n % UNKNOWN}
    contents = [ticket(SEED, number, TICKETS, USERS).content for number in range(1, TICKETS + 1)]
    seen, interrupted = 0, Counter()
    for number, times in ((signal.SIGKILL, 20), (signal.SIGTERM, 10)):
        pages, versions = feed(contents, known.keys(), rng)
        company.knows(known, everybody)
        done = 0
        for share in range(1, times + 1):
            days_pass(1)
            done = ended(pages[done : len(pages) * share // times], done, number, rng)
            interrupted[number] += done < len(pages) * share // times
        states = whole(pages[done:])
        assert json.loads(states[-1]) == state(len(pages))["value"]
        company.knows(everybody, everybody)
        whole([])  # publishes the waiting tickets
        logged = rows("published")
        check(commons.receive(), logged[seen:], versions, times * BATCH if number == signal.SIGKILL else 0)
        seen = len(logged)
    assert all(interrupted.values())  # otherwise no run was ended before its input was
    assert sql(f"SELECT COUNT(DISTINCT ticket_id) FROM {state_tables[0]}") > [(TICKETS // 2,)]
