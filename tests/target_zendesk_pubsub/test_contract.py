"""The contract with Commons: schema, examples and consumer, against what the command publishes."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from tests.target_zendesk_pubsub.tickets import schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

PLUGIN = Path(__file__).parents[2] / "target-zendesk-pubsub"
CONTRACT = PLUGIN / "contract"
SCHEMA = json.loads((CONTRACT / "ticket-message.schema.json").read_text())
CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


def record(content):
    return {"type": "RECORD", "stream": "ticket", "record": content}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_ticket_becomes_the_example_of_its_event(case, publish, commons):
    """cases/<event>.json: versions of a ticket as Zendesk exports them; contract/examples/<event>.json: the last message."""
    for version in json.loads(case.read_text()):
        assert publish([schema(), record(version), state(1)]).code == 0
    last = commons.receive()[-1]
    assert last.event == case.stem
    output = {"orderingKey": last.ordering_key, "attributes": last.attributes, "data": last.content}
    assert output == json.loads((CONTRACT / "examples" / case.name).read_text())


@pytest.mark.parametrize(
    "example", sorted((CONTRACT / "examples").iterdir()), ids=lambda example: example.stem
)
def test_an_example_is_by_the_schema(example):
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(example.read_text())["data"])


def test_the_schema_is_that_of_the_code():
    checked = subprocess.run([sys.executable, PLUGIN / "make_contract.py", "--check"], check=False)
    assert checked.returncode == 0, "run `make docs`"


def test_the_consumer_ends_with_the_last_version_of_each_ticket_whatever_comes_twice_or_late(
    publish, start, commons, pubsub, tmp_path
):
    for second, priority in enumerate(["low", "high", "normal"]):
        publish([schema(), ticket(1, second, priority=priority), ticket(33, second), state(second)])
    publish([schema(), ticket(33, 9, status="deleted"), state(9)])
    start("--from", "2026-01-01", command="target-zendesk-pubsub-replay").communicate(timeout=60)
    publish([schema(), ticket(65), state(10)])  # the last message of the key that all three share

    database = tmp_path / "tickets.sqlite"
    consumer = subprocess.Popen(
        [sys.executable, CONTRACT / "consumer.py", commons.subscription, database],
        env={"PUBSUB_EMULATOR_HOST": pubsub.host},
    )
    try:
        kept = wait_until_it_keeps(database, 65, consumer)
    finally:
        consumer.send_signal(signal.SIGINT)
        consumer.wait(60)

    assert [(row[0], bool(row[1])) for row in kept] == [(1, False), (33, True), (65, False)]
    assert json.loads(kept[0][2])["priority"] == "normal"


def wait_until_it_keeps(database, ticket_id, consumer):
    """What the consumer keeps once that ticket is among it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert consumer.poll() is None
        with contextlib.closing(sqlite3.connect(database)) as kept, contextlib.suppress(sqlite3.Error):
            rows = kept.execute("SELECT id, is_deleted, data FROM ticket ORDER BY id").fetchall()
            if ticket_id in [row[0] for row in rows]:
                return rows
        time.sleep(0.05)  # polls what another process does
    raise AssertionError(f"the consumer never kept ticket {ticket_id}")
