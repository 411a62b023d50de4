"""The contract with Commons: schema, examples and consumer, against what the command publishes."""

import contextlib
import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from local_pubsub.clients import clients
from tap_zendesk_cityblock.columns import MARK, load_schema

from tests.target_zendesk_pubsub.tickets import schema, state, ticket

pytestmark = pytest.mark.usefixtures("company")

PLUGIN = Path(__file__).parents[2] / "target-zendesk-pubsub"
CONTRACT = PLUGIN / "contract"
SCHEMAS = {
    part: json.loads((CONTRACT / f"ticket-{name}.schema.json").read_text())
    for part, name in (("data", "message"), ("attributes", "attributes"))
}
DATA = SCHEMAS["data"]["properties"]
ERASED = json.loads((CONTRACT / "ticket-erased.schema.json").read_text())
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
def test_an_example_is_by_the_schemas(example):
    by_event = {"data": ERASED} if example.stem == "erased" else {}
    for part, of_part in (SCHEMAS | by_event).items():
        jsonschema.Draft202012Validator.check_schema(of_part)
        validator = jsonschema.Draft202012Validator(
            of_part, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        validator.validate(json.loads(example.read_text())[part])


def test_a_field_is_personal_if_its_column_is():
    """The tap's schema files say which columns are about a person; the message's type repeats it for its fields."""
    columns = load_schema("ticket")["properties"]
    fields = {
        re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): part for name, part in DATA.items()
    }
    fields["custom_fields"] = SCHEMAS["data"]["$defs"]["CustomField"]["properties"]["value"]
    shared = fields.keys() & columns.keys()
    assert {name: fields[name].get("x-personal") for name in shared} == {
        name: columns[name].get(MARK, {}).get("personal") for name in shared
    }
    assert {"subject", "custom_fields", "external_id", "recipient", "tags"} < shared


def test_the_contract_is_that_of_the_code():
    checked = subprocess.run([sys.executable, PLUGIN / "make_contract.py", "--check"], check=False)
    assert checked.returncode == 0, "run `make docs`"


def test_the_consumer_ends_with_the_last_version_of_each_ticket_whatever_comes_twice_or_late(
    publish, start, commons, pubsub, tmp_path, sql, messages_dataset
):
    for second, priority in enumerate(["low", "high", "normal"]):
        publish([schema(), ticket(1, second, priority=priority), ticket(33, second), state(second)])
    publish([schema(), ticket(33, 9, status="deleted"), ticket(97, subject="to be erased"), state(9)])
    days = ("--from", "2026-01-01", "--to", "2099-12-31")
    with start(*days, command="target-zendesk-pubsub-replay") as replay:
        assert replay.wait(60) == 0
    erased = f"{messages_dataset}.zendesk_ticket_erased"
    sql(
        f"INSERT INTO {erased} (ticket_id, erased_at, erasure_id) VALUES (97, CURRENT_TIMESTAMP(), 'erasure')"
    )
    with clients(pubsub.host) as (publisher, _):  # not by the schema
        attributes = {"schema_version": "1", "ticket_id": "2", "event_type": "created"}
        message = {"data": b'{"ticketId":"2"}', "attributes": attributes}
        publisher.publish(topic=commons.topic, messages=[message])
    publish([schema(), ticket(65), state(10)])  # the last message of the key that all three share

    database = tmp_path / "tickets.sqlite"
    consumer = subprocess.Popen(
        [sys.executable, CONTRACT / "consumer.py", commons.subscription, database],
        env={"PUBSUB_EMULATOR_HOST": pubsub.host},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        kept = wait_until_it_keeps(database, 65, consumer)
    finally:
        consumer.send_signal(signal.SIGINT)
        _, errors = consumer.communicate(timeout=60)

    assert re.search(r"^message \S+ does not match the schema$", errors, re.MULTILINE)
    assert [(row[0], bool(row[1])) for row in kept] == [(1, False), (33, True), (65, False), (97, True)]
    assert json.loads(kept[0][2])["priority"] == "normal"
    assert json.loads(kept[3][2]) == {"schemaVersion": 1, "ticketId": 97}
    assert b"to be erased" not in database.read_bytes()


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
