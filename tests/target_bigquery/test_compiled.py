"""What compiled code takes becomes the row that the usual way makes, without a conversion or a rejection to report."""

import json
import random

import orjson
import pytest
from tap_zendesk_cityblock.columns import emitted_schema, load_schema
from tap_zendesk_cityblock.models import MODELS
from target_bigquery import compiled
from target_bigquery.compiled import CompiledRecords, encode_lines
from target_bigquery.json_lines import read
from target_bigquery.schema import columns_of
from target_bigquery.spool import LINE

from sandbox.zendesk import account, events, special
from sandbox.zendesk.generated import MODELS as GENERATED
from sandbox.zendesk.generated import generated
from sandbox.zendesk.store import Store
from tests.target_bigquery.singer import record, schema, state

EXPORTED = {
    "_export_id": "d511aa347e554f31af645b1a2df6c4fd",
    "_exported_at": "2026-11-27T19:26:15.826213+00:00",
}
USERS = 40


def usual_row(columns, keys, line):
    """The row as text. Fails if the usual way would reject the record, or drop a part of it."""
    message, repaired = read(line)
    assert repaired is line
    assert (message["type"], message["stream"]) == ("RECORD", "s")
    row = message["record"]
    assert all(row.get(key) is not None for key in keys)
    written = orjson.dumps(columns.convert(row), option=LINE)
    assert not columns.seen.unknown
    return text(written)


def text(row):
    """`1`, `1.0` and `true` are different."""
    return json.dumps(orjson.loads(row), sort_keys=True)


def taken(known, keys, given, sample):
    """How many of these lines compiled code takes, each as the usual way would, with the same words about conversions."""
    rows = []

    def spool(_stream, records):
        rows.extend(encode_lines(records).splitlines())
        return True

    records = CompiledRecords(spool)
    columns, usual = columns_of(known), columns_of(known)
    records.add("s", columns, keys, sample)
    places = set(range(len(given))) - set(records.left(given))
    assert records.count == len(rows) == len(places)
    for place, row in zip(sorted(places), rows, strict=True):
        assert text(row) == usual_row(usual, keys, given[place]), given[place]
    assert columns.seen.converted == usual.seen.converted
    return len(rows)


def line(row, **more):
    message = {"type": "RECORD", "stream": "s", "record": row, **more}
    return json.dumps(message, ensure_ascii=False).encode(errors="surrogatepass")


ORDINARY = {
    "string": [
        "",
        "open",
        "naïve 🙂",
        'a "quoted" \\ line\r\n\t',
        "1.5",
        "\x00\x7f",
        "z",
        "2026-01-01T00:00:00Z",
    ],
    "integer": [0, 1, -7, 360000200001, 2**53 - 1, 1 - 2**53],
    "number": [0, -1, 0.5, 67.174118, 1e-7, 1e22, -0.0, 2**53 + 1],
    "boolean": [True, False],
    "date-time": ["2026-02-28T23:59:59Z", "2024-02-29T00:00:00.5Z", "2026-01-01T00:00:00.123456+00:00"],
    "date": ["2026-02-28", "0001-01-01", "9999-12-31"],
    "time": ["00:00:00", "23:59:59.25", "12:30:00"],
}
JSON = [
    None, 1, "a", True, 2.5, -9999.0, 0.0625, 2**63 - 1, [], {}, {"a": None}, ["b", None], {"a": [{"b": [1, "c"]}]},
]  # fmt: skip
ODD = [
    *JSON, 2**53, -(2**53), 2**63, 2**64, 2**80, 1e300, 1.0, -0.0, 0.1, 12345.5, 1e15, 0.03125, float("nan"), float("inf"),
    "soon", " ", "42", "\ud83d", "24:00:00", "8:30:00", "12:34:56.1234567", "12:34:56Z", "2026-02-30", "20260101",
    "2026-01-01", "2026-02-29T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00z", "2026-01-01 00:00:00Z",
    "2026-01-01t00:00:00Z", "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00.9999999Z", "2026-01-01T00:00:00+02:00",
    "2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00+00:00:30", "0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-00:01",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T24:00:00Z", "2026-01-01T23:59:60Z", "2026-01-01T00:00:00,5Z",
    "2026-W01-1", "2026-01-01T00Z", "\u0662026-01-01T00:00:00Z", "1.5", [[1]], {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}},
    {"n": 2**70}, {"n": 67.174118}, [1.0], {"": ""},
]  # fmt: skip


def value_of(rng, known, oddity):
    """Of the property's schema, or rarely (`oddity`) of no schema at all."""
    if rng.random() < oddity:
        return rng.choice(ODD)
    if not isinstance(known, dict):
        return rng.choice(JSON)
    known = rng.choice(known.get("anyOf") or [known])
    types = known.get("type", [])
    kind = rng.choice([types] if isinstance(types, str) else types or ["any"])
    if kind == "object" and known.get("properties"):
        return object_of(rng, known["properties"], oddity)
    if kind == "array" and "items" in known:
        return [value_of(rng, known["items"], oddity) for _ in range(rng.randrange(3))]
    pool = ORDINARY.get(known.get("format")) or ORDINARY.get(kind) or ([None] if kind == "null" else JSON)
    return rng.choice(pool)


def object_of(rng, properties, oddity):
    row = {name: value_of(rng, part, oddity) for name, part in properties.items() if rng.random() < 0.9}
    if rng.random() < oddity:
        row[rng.choice(["other", "ID", "a-b", "a_b"])] = rng.choice(ODD)
    return row


def schema_of(rng, depth=3):
    """A JSON schema of a property as other taps write it."""
    kind = rng.choice([*ORDINARY, *ORDINARY, "any", "object", "array", "several"])
    if kind in ("date-time", "date", "time"):
        return {"type": rng.choice(["string", ["null", "string"]]), "format": kind}
    if kind == "object" and depth:
        known = {name: schema_of(rng, depth - 1) for name in rng.sample(NAMES, 3)}
        return {
            "type": ["object", "null"],
            "properties": known,
            **rng.choice([{}, {"additionalProperties": True}]),
        }
    if kind == "array" and depth:
        return {"type": ["null", "array"], "items": schema_of(rng, depth - 1)}
    if kind == "several":
        return {"anyOf": [schema_of(rng, 0), schema_of(rng, 0), {"type": "null"}]}
    return {} if kind in ("any", "object", "array") else {"type": [kind, "null"]}


NAMES = [
    "id",
    "name",
    "Name2",
    "a-b",
    "_sdc_x",
    "from",
    "class",
    "1st",
    "名前",
    "f0",
    "value",
    "_table_x",
    "self",
    "",
]


def mutated(rng, given):
    """The line with a few bytes changed, which often leaves JSON."""
    changed = bytearray(given)
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(changed))
        match rng.randrange(4):
            case 0:
                changed[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del changed[place : place + rng.randrange(1, 9)]
            case 2:
                changed[place:place] = rng.choice(
                    [
                        b"0",
                        b".",
                        b"e5",
                        b"-",
                        b" ",
                        b"\r",
                        b"\t",
                        b'"',
                        b"\\u0000",
                        b"\\ud800",
                        b"\xff",
                        b"null,",
                        b"[",
                        b"}",
                    ]
                )
            case _:  # a part again, such as a property
                end = place + rng.randrange(40)
                changed[place:place] = changed[place:end]
    return bytes(changed).replace(b"\n", b" ")


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """The account's objects of a model, as far as Zendesk lists any."""
    store = Store(tmp_path_factory.mktemp("account") / "zendesk.sqlite")
    account.create(store, 1, 60, USERS)
    events.complete(store)

    def of(model):
        if model in GENERATED:
            return [
                orjson.loads(generated(model, 1, number, USERS).body)
                for number in range(min(20, special.count(model, USERS)))
            ]
        return [orjson.loads(body) for body in store.bodies(model, all_of_them=True)]

    return of


@pytest.mark.parametrize("model", MODELS)
def test_records_of_the_tap_are_taken_as_they_are(model, objects):
    known, keys, rng = emitted_schema(model, load_schema(model)), [MODELS[model].key], random.Random(model)
    made = [object_of(rng, known["properties"], 0.01) for _ in range(40)]
    for number, row in enumerate(made):
        row[keys[0]] = number if known["properties"][keys[0]]["type"] == "integer" else str(number)
    listed = [
        {name: part for name, part in row.items() if name in known["properties"]} for row in objects(model)
    ]
    given = [line({**row, **EXPORTED}, time_extracted="2026-11-27T19:26:16Z") for row in [*listed, *made]]
    if listed:
        assert taken(known, keys, given[: len(listed)], listed[0]) >= len(listed) * 0.9
    taken(known, keys, given, made[0])
    taken(known, keys, [mutated(rng, rng.choice(given)) for _ in range(60)], made[0])


@pytest.mark.parametrize("seed", range(60))
def test_records_of_any_schema_are_taken_only_as_they_are(seed):
    rng = random.Random(seed)
    known = {"type": "object", "properties": {name: schema_of(rng) for name in rng.sample(NAMES, 6)}}
    keys = rng.sample(list(known["properties"]), rng.randrange(2))
    rows = [object_of(rng, known["properties"], oddity) for oddity in (0, 0.1) for _ in range(40)]
    given = [json.dumps({"type": "RECORD", "stream": "s", "record": row}).encode() for row in rows]
    taken(known, keys, given, rows[0])
    taken(known, keys, [mutated(rng, rng.choice(given)) for _ in range(80)], rows[0])


@pytest.mark.parametrize(
    "given",
    [
        b'{"type": "RECORD", "record": {"id": 1}}',
        b'{"type": "RECORD", "stream": "", "record": {"id": 1}}',
        b'{"type": "RECORD", "stream": "t", "record": {"id": 1}}',
        b'{"type": "RECORD", "stream": "s", "stream": "t", "record": {"id": 1}}',
        b'{"type": "RECORD", "stream": ["s"], "record": {"id": 1}}',
        b'{"type": "STATE", "stream": "s", "record": {"id": 1}}',
        b'{"stream": "s", "record": {"id": 1}}',
        b'{"stream": ""}',
        b'{"type": "RECORD", "stream": "s", "record": [1]}',
        b'{"type": "RECORD", "stream": "s", "record": null}',
        b'{"type": "RECORD", "stream": "s"}',
        b'{"type": "RECORD", "stream": "s", "record": {"id": 1}, "more": "\xff"}',
        b'{"type": "RECORD", "stream": "s", "record": {"id": 1}} {}',
        b'{"type": "RECORD", "stream": "s", "record": {}}',
        b"[]",
        b"",
    ],
)
def test_a_line_that_is_no_record_of_a_stream_is_left(given):
    assert taken({"properties": {"id": {"type": "integer"}}}, ["id"], [given], {"id": 1}) == 0


@pytest.mark.parametrize("key", [{}, {"type": "object"}, {"type": ["integer", "null"]}], ids=str)
def test_a_record_without_its_key_is_left(key):
    given = [b'{"type": "RECORD", "stream": "s", "record": {"id": null}}']
    assert taken({"properties": {"id": key}}, ["id"], given, {"id": 1}) == 0


def test_decimals_are_taken_once_a_sample_has_some():
    columns = columns_of({"properties": {"id": {"type": "integer"}, "system": {"type": "object"}}})
    place = {"latitude": 37.7510009765625, "longitude": -97.822}
    given = [line({"id": 1, "system": {}}), line({"id": 2, "system": place})]
    rows = []
    records = CompiledRecords(lambda _stream, taken: not rows.extend(encode_lines(taken).splitlines()))
    records.add("s", columns, ["id"], {"id": 1, "system": {}})
    assert [*records.left(given)] == [1]
    records.add("s", columns, ["id"], {"id": 2, "system": place})
    assert [*records.left(given)] == []
    assert orjson.loads(rows[-1])["system"] == {"latitude": "37.7510009765625", "longitude": -97.822}
    assert [word.split(":")[0] for word in columns.seen.converted] == ["column system"]
    assert [number for number in range(1, 10_001) if records.is_due("s")] == [100, 1_000, 10_000]


VIA = {
    "type": ["object", "null"],
    "properties": {"channel": {"type": ["string", "null"]}, "from": {"type": "object"}},
}


@pytest.fixture
def way():
    return "uploaded directly"


@pytest.mark.parametrize("worthwhile", [2, 1_000_000], ids=["compiled", "not compiled"])
def test_batches_rejections_and_rows_are_the_same(worthwhile, load_here, rows, monkeypatch, caplog):
    """Every stream's second record makes its types, or none does."""
    monkeypatch.setattr(compiled, "WORTHWHILE", worthwhile)
    caplog.set_level("INFO")
    tickets = [
        record(number, via={"channel": "web", "from": {"n": None}}, open=None, tags=["a"])
        for number in range(1, 26)
    ]
    tickets[9]["record"]["subject"] = {"text": "canary"}
    tickets[14]["record"]["tags"] = None
    tickets[15]["record"] |= {"subject": 16, "other": 1}
    tickets[19]["record"]["_exported_at"] = "2026-11-24T11:00:00.5+01:00"
    users = [
        {**record(number, stream="user"), "time_extracted": "2026-11-24T10:00:00Z"} for number in range(1, 8)
    ]
    columns = {
        "via": VIA,
        "open": {"type": ["object", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
    messages = [
        schema(**columns),
        *tickets[:20],
        schema("user"),
        users[0],
        tickets[20],
        *users[1:],
        state(1),
        *tickets[21:],
    ]
    load_here(
        [*messages, schema(later={"type": "string"}, **columns), record(30, later="x"), state(2)],
        batch_size=8,
    )
    found = rows()
    assert [row["id"] for row in found] == [number for number in range(1, 26) if number != 10] + [30]
    assert found[0]["via"] == {"channel": "web", "from": {"n": None}}
    assert (found[13]["tags"], found[14]["subject"], found[-1]["later"]) == ([], "16", "x")
    assert found[18]["_exported_at"].isoformat() == "2026-11-24T10:00:00.500000+00:00"
    assert all(row["open"] is None for row in found)
    assert [row["id"] for row in rows("user")] == list(range(1, 8))
    loaded = [message for message in caplog.messages if message.startswith("ticket: rows ")]
    assert [message.split()[2] for message in loaded] == ["1-8", "9-15", "16-23", "24-24", "25-25"]
    assert "ticket 10 rejected: column subject: expected a string, got an object" in caplog.messages
    assert "ticket: dropped properties that are not in the schema: other" in caplog.messages
    assert "canary" not in caplog.text
