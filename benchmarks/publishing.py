"""Cost of target-zendesk-pubsub compared with only sending the messages; each must arrive exactly once and in order.

    .venv/bin/python -m benchmarks.publishing --tickets 10000 100000

For each size, in a new sandbox: the target reads a file of all tickets, then the same file again; then Google's
PublisherClient sends the logged bytes to another topic. Exit code 1 if a message is missing, repeated or out of order.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from local_pubsub.clients import clients

from benchmarks.commons import Place, place, record, singer
from benchmarks.measure import Cost, cost
from sandbox.addresses import TOPIC_PROJECT
from sandbox.text_table import text_table
from sandbox.zendesk.people import FIRST_USER
from sandbox.zendesk.tickets import ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = Path(sys.executable).with_name("target-zendesk-pubsub")
PAGE = 1_000
PLAIN = "plain"
CPU_PER_100_000, UNCHANGED, PEAK = 8.0, 0.5, 250.0
"""Limits: CPU seconds of a first run, an unchanged run's share of them, and MB."""

Measured = tuple[float, Cost]
"""Wall seconds, and the process's cost."""


def main(sizes: list[int]) -> int:
    first: dict[int, Measured] = {}
    again: dict[int, Measured] = {}
    lines: list[list[object]] = []
    faults = 0
    for tickets in sizes:
        with place() as here:
            users = range(FIRST_USER, FIRST_USER + tickets // 5)
            here.knows({user: f"M{user}" for user in users}, users)
            feed = _feed(here, tickets)
            _run(
                [COMMAND, "--config", here.config], here, Path(os.devnull)
            )  # writes bytecode and creates the tables
            first[tickets] = _run([COMMAND, "--config", here.config], here, feed)
            messages, wrong = _delivered(here, tickets)
            again[tickets] = _run([COMMAND, "--config", here.config], here, feed)
            more = len(here.received())
            plain = _plain(here)
        faults += wrong + more
        for name, (seconds, used), sent in (
            ("first run", first[tickets], messages),
            ("unchanged", again[tickets], more),
            ("PublisherClient", plain, messages),
        ):
            against = [seconds / plain[0], used.cpu / plain[1].cpu, used.peak / plain[1].peak]
            lines.append([name, tickets, sent, seconds, used.cpu, used.peak, *against])
        print(f"{tickets:,} tickets: {messages:,} messages, {wrong} missing, repeated or out of order")
    print(
        text_table(
            ["", "tickets", "messages", "wall s", "CPU s", "peak MB", "wall x", "CPU x", "MB x"], lines
        )
    )
    _judge(sizes, first, again)
    return int(bool(faults))


def _feed(here: Place, tickets: int) -> Path:
    """All tickets as the tap writes them, about 3 KB each."""
    path = here.home / "tickets.singer"
    with path.open("wb") as file:
        for start in range(0, tickets, PAGE):
            numbers = range(start + 1, min(start + PAGE, tickets) + 1)
            file.write(
                singer([record(ticket(1, n, tickets, tickets // 5).content) for n in numbers], numbers[-1])
            )
    return path


def _run(command: Sequence[str | Path], here: Place, given: Path) -> Measured:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    log = here.home / "run.log"
    started = time.monotonic()
    with given.open("rb") as feed, log.open("wb") as stderr:
        process = subprocess.Popen(
            command, stdin=feed, stdout=subprocess.DEVNULL, stderr=stderr, env=environment
        )
        used = cost(process, log)
    return time.monotonic() - started, used


def _delivered(here: Place, tickets: int) -> tuple[int, int]:
    """Number of messages, and of those that are missing, repeated, out of their key's order, or unlike the log."""
    received, logged = here.received(), here.logged()
    wrong = len({message.ticket_id for message in received} ^ set(range(1, tickets + 1)))
    wrong += len(received) - len({message.ticket_id for message in received})
    wrong += len(set(received) ^ set(logged))
    last: dict[str, int] = {}
    for message in received:  # the feed is in the order of ticket ids
        wrong += message.ticket_id <= last.get(message.ordering_key, 0)
        last[message.ordering_key] = message.ticket_id
    return len(received), wrong


def _plain(here: Place) -> Measured:
    """The same bytes sent by Google's client, to a topic with a subscription, as for the target."""
    file = here.home / "messages.jsonl"
    rows = here.warehouse.query_and_wait(
        f"SELECT data, attributes, ordering_key FROM {here.log} ORDER BY published_at", page_size=PAGE
    )
    with file.open("wb") as lines:
        for row in rows:
            message = {"data": row.data, "attributes": msgspec.Raw(row.attributes.encode())}
            lines.write(msgspec.json.encode({**message, "ordering_key": row.ordering_key}) + b"\n")
    host = here.addresses.pubsub_host
    with clients(host) as (publisher, subscriber):
        topic = publisher.topic_path(TOPIC_PROJECT, PLAIN)
        publisher.create_topic(name=topic)
        subscription = subscriber.subscription_path(TOPIC_PROJECT, PLAIN)
        subscriber.create_subscription(
            {"name": subscription, "topic": topic, "enable_message_ordering": True}
        )
    command = [sys.executable, "-m", "benchmarks.plain_publisher", host, topic, str(file)]
    _run(
        [sys.executable, "-c", "import benchmarks.plain_publisher"], here, Path(os.devnull)
    )  # writes bytecode
    return _run(command, here, Path(os.devnull))


def _judge(sizes: Sequence[int], first: dict[int, Measured], again: dict[int, Measured]) -> None:
    most, least = max(sizes), min(sizes)
    cpu = first[most][1].cpu * 100_000 / most
    unchanged = again[most][1].cpu / first[most][1].cpu
    peak, grown = first[most][1].peak, first[most][1].peak - first[least][1].peak
    for result, is_met in (
        (f"CPU per 100,000 tickets: {cpu:.2f} s, limit {CPU_PER_100_000} s", cpu <= CPU_PER_100_000),
        (
            f"peak memory: {peak:.0f} MB, limit {PEAK:.0f} MB; {grown:+.0f} MB compared with {least:,} tickets",
            peak < PEAK,
        ),
        (
            f"an unchanged run: {unchanged:.1%} of a first run's CPU, limit {UNCHANGED:.0%}",
            unchanged < UNCHANGED,
        ),
    ):
        print(f"{result}: {'met' if is_met else 'NOT MET'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, nargs="+", default=[10_000, 100_000])
    sys.exit(main(parser.parse_args().tickets))
