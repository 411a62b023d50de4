"""Hostile lines into target-bigquery: each odd record is loaded as what it says, or rejected; no other row is harmed."""

import json
import logging
import re
from collections import Counter

import pytest
from target_bigquery.target import TargetBigQuery

from sandbox.addresses import PROJECT
from tests.hostile.conftest import LINES, sentence_of
from tests.hostile.mutations import CANARY, mutated, torn
from tests.hostile.readings import is_same, value_of
from tests.target_bigquery.singer import lines

TYPES = {
    "id": {"type": "integer"},
    "mark": {"type": "integer"},
    "text": {"type": ["string", "null"]},
    "whole": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "flag": {"type": ["boolean", "null"]},
    "moment": {"type": ["string", "null"], "format": "date-time"},
    "day": {"type": ["string", "null"], "format": "date"},
    "hour": {"type": ["string", "null"], "format": "time"},
    "open": {"type": ["object", "null"]},
    "anything": {},
    "mixed": {"type": ["string", "integer", "null"]},
    "tags": {"type": ["array", "null"], "items": {"type": "string"}},
    "whole_ones": {"type": ["array", "null"], "items": {"type": ["integer", "null"]}},
    "via": {
        "type": ["object", "null"],
        "properties": {
            "channel": {"type": ["string", "null"]},
            "source": {"type": ["object", "null"], "properties": {"id": {"type": ["integer", "null"]}}},
        },
    },
    "parts": {
        "type": ["array", "null"],
        "items": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "value": {},
                "at": {"type": "string", "format": "date-time"},
            },
        },
    },
    "_exported_at": {"type": "string", "format": "date-time"},
}
SCHEMA = {
    "type": "SCHEMA",
    "stream": "thing",
    "schema": {"type": "object", "properties": TYPES},
    "key_properties": ["id"],
}
CLOSED = {"via": {"channel": {}, "source": {"id": {}}}, "parts": {"id": {}, "value": None, "at": {}}}
"""Objects whose other properties have no column."""
NAMED = re.compile(r"thing (\S+) (?:rejected|repaired): ")


def thing(number):
    return {
        "id": number,
        "mark": number,
        "text": f"text {number}",
        "whole": number * 3,
        "number": number / 4,
        "flag": number % 2 == 0,
        "moment": f"2026-01-02T03:04:{number % 60:02}Z",
        "day": f"2026-03-{1 + number % 28:02}",
        "hour": f"12:34:{number % 60:02}",
        "open": {"a": number, "b": [number, {"c": "d"}]},
        "anything": [number, "x", None],
        "mixed": f"m{number}",
        "tags": ["rx", f"t{number}"],
        "whole_ones": [number, 2],
        "via": {"channel": "web", "source": {"id": number}},
        "parts": [{"id": 1, "value": f"v{number}", "at": "2026-01-01T00:00:00Z"}, {"id": 2, "value": number}],
        "_exported_at": "2026-11-24T10:00:00Z",
    }


def record(text):
    return b'{"type": "RECORD", "stream": "thing", "record": %b}\n' % text


@pytest.fixture
def config(dataset, warehouse):
    return {
        "environment": "local",
        "project": PROJECT,
        "dataset": dataset,
        "bigquery_emulator_host": warehouse.addresses.bigquery_url,
        "timeout": 120,
        "max_rejected_share": 1,
    }


@pytest.fixture
def load(config, tmp_path, commands):
    """The command over these lines; what it logs."""

    def run(given):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        done = commands.run("target-bigquery", "--config", path, given=given, timeout=600)
        assert done.returncode == 0, done.stderr[-3000:]
        assert "Traceback" not in done.stderr
        assert CANARY not in done.stderr
        return done

    return run


def known(value, columns):
    """Without what has no column."""
    if columns is None:
        return value
    if isinstance(value, list):
        return [known(one, columns) for one in value]
    if isinstance(value, dict):
        return {name: known(one, columns[name] or None) for name, one in value.items() if name in columns}
    return value


def differing(sent, row):
    """Columns of a row that do not say what was sent."""
    return [name for name in TYPES if not is_same(known(sent.get(name), CLOSED.get(name)), row[name])]


def rows_of(warehouse, dataset, table):
    return [dict(row) for row in warehouse.client.query_and_wait(f"SELECT * FROM {dataset}.{table}")]


def test_of_odd_records_each_is_loaded_as_it_says_or_rejected(rng, load, warehouse, dataset):
    sent = {}
    for number in range(1, LINES + 1):
        good = thing(number)
        sent[number] = (
            mutated(rng, good, spare=("mark",)) if number > 120 and number % 2 else json.dumps(good).encode()
        )
    state = {"type": "STATE", "value": {"bookmarks": {"thing": {"cursor": "end"}}}}
    given = [json.dumps(SCHEMA).encode() + b"\n", *map(record, sent.values()), json.dumps(state).encode()]
    done = load(b"".join(given))
    assert json.loads(done.stdout.splitlines()[-1]) == state["value"]

    loaded, rejected = {}, {}
    for row in rows_of(warehouse, dataset, "thing"):
        assert loaded.setdefault(row["mark"], row) is row
    for row in rows_of(warehouse, dataset, "REJECTED_RECORD"):
        [mark] = re.findall(r'"mark": ?(\d+)', row["payload"])
        assert rejected.setdefault(int(mark), row) is row
        assert CANARY not in row["reason"]
    assert loaded.keys() | rejected.keys() == sent.keys()
    assert not loaded.keys() & rejected.keys()
    wrong = {number: differing(value_of(sent[number]), row) for number, row in loaded.items()}
    assert {number: (names, sent[number]) for number, names in wrong.items() if names} == {}
    good = {number for number in sent if number <= 120 or number % 2 == 0}
    assert not good & rejected.keys()
    assert rejected
    kept = {number: value_of(row["payload"].encode()) for number, row in rejected.items()}
    assert {
        number: sent[number] for number, one in kept.items() if not is_same(value_of(sent[number]), one)
    } == {}


# --- lines that are not messages ---------------------------------------------------------------------------------------
KINDS = ("RECORD", "SCHEMA", "STATE", "BATCH", "ACTIVATE_VERSION", "RECORDS", "")


def odd_line(rng):
    """Of a message that a tap could have meant."""
    kind = rng.choice(KINDS)
    message = {
        "RECORD": {"type": kind, "stream": "thing", "record": thing(rng.randrange(10**6, 10**7))},
        "SCHEMA": SCHEMA | {"bookmark_properties": ["moment"]},
        "STATE": {"type": kind, "value": {"bookmarks": {"thing": {"cursor": CANARY}}}},
        "BATCH": {
            "type": kind,
            "stream": "thing",
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "manifest": ["file:///nowhere.gz"],
        },
        "ACTIVATE_VERSION": {"type": kind, "stream": "thing", "version": 7},
    }.get(kind, {"type": kind, "stream": "thing"})
    text = json.dumps(message).encode()
    text = (
        torn(rng, text)
        if rng.random() < 0.5
        else mutated(rng, message, spare=("stream", "encoding", "manifest"))
    )
    return text.replace(b"\n", b" ") + b"\n"


def test_a_line_that_is_no_message_ends_the_run_with_a_sentence(rng, config, caplog):
    caplog.set_level(logging.INFO)
    before = lines([SCHEMA, {"type": "RECORD", "stream": "thing", "record": thing(1)}])
    ends = Counter()
    for _ in range(LINES // 15):
        line = odd_line(rng)
        sentence = sentence_of(TargetBigQuery(config=config), before + line)
        is_taken = sentence == "Input line 4: not JSON"
        assert is_taken or re.match(r"Input line 3: |Stream |Rejected records: ", sentence), (line, sentence)
        assert "\n" not in sentence
        ends[is_taken] += 1
        assert CANARY not in sentence, line
        assert CANARY not in caplog.text, line
        caplog.clear()
    assert set(ends) == {True, False}
