"""Odd values among many tickets: those with one sensible reading are loaded, the others rejected, none lost.

    .venv/bin/python -m benchmarks.odd_values --tickets 100000 --odd 200

Creates an account in a sandbox on free ports. `--odd` of its tickets have odd values, the same number of each kind. Runs
a full export (tap, target-bigquery, dbt), then the publisher (tap, target-zendesk-pubsub), and prints where the tickets of
each kind are. Exit code 1 if a ticket is missing or in two places, if a kind is in the wrong place, or if a process fails.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.account import settings
from benchmarks.whole_path import BIN, build_views, export
from sandbox.addresses import DATASET, MESSAGES_DATASET, PROJECT, TOPIC, TOPIC_PROJECT, Addresses
from sandbox.internal_directory import resolve_users
from sandbox.servers import Sandbox, Size, sandbox
from sandbox.text_table import text_table
from sandbox.zendesk.account import create
from sandbox.zendesk.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAIN = "(as documented)"
SPOT = b"@odd@"
"""Placeholder in a subject, for bytes that json cannot write."""


@dataclasses.dataclass(frozen=True)
class Odd:
    """`part` replaces properties of a ticket, `raw` the SPOT in its subject. `loads`, `publishes`: the expected result."""

    part: Mapping[str, object]
    raw: bytes = b""
    loads: bool = True
    publishes: bool = True


KINDS = {
    "via is a string": Odd({"via": "Web form"}),
    "via is a number": Odd({"via": 27}),
    "via.channel is a number": Odd({"via": {"channel": 27, "source": None}}),
    "null in a list of ids": Odd({"collaborator_ids": [None]}),
    "null in a list of strings": Odd({"tags": ["rx", None]}),
    "external_id is a number": Odd({"external_id": 12345}),
    "group_id is a string of digits": Odd({"group_id": "360000000001"}),
    "due_at is empty": Odd({"due_at": ""}),
    "custom field without a value": Odd({"custom_fields": [{"id": 3}]}),
    "requester -1": Odd({"requester_id": -1, "submitter_id": -1}),
    "generated_timestamp is null": Odd({"generated_timestamp": None}),
    "half a surrogate pair": Odd({"subject": "cut @odd@"}, raw=b"\\ud83d"),
    "bytes that are not UTF-8": Odd({"subject": "cut @odd@"}, raw=b"\xf0\x9f\x98"),
    "satisfaction_rating is a string": Odd({"satisfaction_rating": "good"}),
    "subject is an object": Odd({"subject": {"text": "x"}}, loads=False, publishes=False),
    "group_id is a word": Odd({"group_id": "none"}, loads=False, publishes=False),
    "status is a list": Odd({"status": ["open"]}, loads=False, publishes=False),
    "tags is a number": Odd({"tags": 7}, loads=False, publishes=False),
    "created_at is a boolean": Odd({"created_at": True}, loads=False, publishes=False),
    "custom_fields is an object": Odd({"custom_fields": {}}, loads=False, publishes=False),
}


def main(tickets: int, odd: int) -> int:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home = Path(folder)
        kinds = _account(home / "zendesk.sqlite", tickets, odd)
        servers = stack.enter_context(sandbox(Addresses.free(), home, Size()))
        resolve_users(servers.warehouse, servers.addresses.zendesk_url)
        export(servers, home)
        build_views(servers, home)
        _publish(servers, home)
        places = _places(servers)
        warned = [
            line for line in (home / "target.log").read_text().splitlines() if "REJECTED_RECORD" in line
        ]
    rows, faults = _judged(range(1, tickets + 1), kinds, places)
    header = ["kind", "tickets", *(f"{place}" for place in places), "in the wrong place"]
    print(text_table(header, rows))
    loaded = len(places["loaded"])
    print(f"{loaded:,} of {tickets:,} tickets loaded, {len(places['rejected']):,} rejected")
    print("\n".join(warned))
    return int(bool(faults) or loaded < tickets - odd)


def _account(database: Path, tickets: int, odd: int) -> dict[int, str]:
    """Creates the account. Returns the ids of its odd tickets with their kinds."""
    store = Store(database)
    create(store, 1, tickets, tickets // 5)
    chosen = range(1, tickets + 1, tickets // odd)[:odd]
    kinds = dict(zip(chosen, itertools.cycle(KINDS), strict=False))
    with store.transaction():
        for ticket, name in kinds.items():
            stored = store.get("ticket", ticket)
            assert stored is not None
            body = json.dumps({**json.loads(stored.body), **KINDS[name].part}).encode()
            store.put([dataclasses.replace(stored, body=body.replace(SPOT, KINDS[name].raw))])
    return kinds


def _publish(servers: Sandbox, home: Path) -> None:
    """Raises SystemExit if a process fails."""
    at = servers.addresses
    target = {
        "environment": "local",
        "project": PROJECT,
        "dataset": DATASET,
        "messages_dataset": MESSAGES_DATASET,
        "topic_project": TOPIC_PROJECT,
        "topic": TOPIC,
        "bigquery_emulator_host": at.bigquery_url,
        "pubsub_emulator_host": at.pubsub_host,
    }
    login = {"client_id": "sandbox", "client_secret": "sandbox-secret"}
    for name, config in {"tickets": settings(at.zendesk_url, **login), "publisher": target}.items():
        (home / f"{name}.json").write_text(json.dumps(config))
    with (home / "tickets.log").open("wb") as tap_log, (home / "publisher.log").open("wb") as target_log:
        tap = subprocess.Popen(
            [BIN / "tap-zendesk-cityblock", "--config", home / "tickets.json"],
            stdout=subprocess.PIPE,
            stderr=tap_log,
        )
        publisher = subprocess.Popen(
            [BIN / "target-zendesk-pubsub", "--config", home / "publisher.json"],
            stdin=tap.stdout,
            stdout=subprocess.DEVNULL,
            stderr=target_log,
        )
        assert tap.stdout is not None
        tap.stdout.close()
        for name, process in {"publisher": publisher, "tickets": tap}.items():
            if process.wait():
                log = home / f"{name}.log"
                raise SystemExit(f"{log.name}:\n{log.read_text()[-2000:]}")


def _places(servers: Sandbox) -> dict[str, set[int]]:
    """The ids of the tickets in each place: two of the export, three of the publisher."""
    rejected = (
        f"SELECT SAFE_CAST(record_key AS INT64) AS id FROM {DATASET}.REJECTED_RECORD WHERE rejected_by ="
    )
    queries = {
        "loaded": f"SELECT id FROM {DATASET}.ticket_latest",
        "rejected": f"{rejected} 'target-bigquery' AND stream = 'ticket'",
        "published": f"SELECT DISTINCT ticket_id AS id FROM {MESSAGES_DATASET}.zendesk_ticket",
        "not published": f"{rejected} 'target-zendesk-pubsub'",
        "waiting": f"SELECT DISTINCT ticket_id AS id FROM {DATASET}.TICKET_USER_JOIN_ERROR",
    }
    return {
        place: {row.id for row in servers.warehouse.query(sql).result(page_size=10_000)}
        for place, sql in queries.items()
    }


def _judged(
    tickets: range, kinds: Mapping[int, str], places: Mapping[str, set[int]]
) -> tuple[list[list[object]], int]:
    """One row per kind: tickets by place, and tickets in the wrong place; and the sum of the latter."""
    of_kind: dict[str, list[int]] = defaultdict(list)
    for ticket in tickets:
        of_kind[kinds.get(ticket, PLAIN)].append(ticket)
    rows: list[list[object]] = []
    faults = 0
    for name in (PLAIN, *KINDS):
        kind = KINDS.get(name, Odd({}))
        wrong = 0
        for ticket in of_kind[name]:
            loaded, rejected, published, refused, waits = (ticket in ids for ids in places.values())
            loads = (loaded, rejected) == (kind.loads, not kind.loads)
            publishes = (published + waits, refused) == (kind.publishes, not kind.publishes)
            wrong += not (loads and publishes)
        counts = (len(ids.intersection(of_kind[name])) for ids in places.values())
        rows.append([name, len(of_kind[name]), *counts, wrong])
        faults += wrong
    return rows, faults


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--odd", type=int, default=200)
    given = parser.parse_args()
    sys.exit(main(given.tickets, given.odd))
