"""Columns that leave the tap as salted hashes."""

import hashlib
import hmac
import json

import msgspec
import pytest
from tap_zendesk_cityblock.rows.hashing import HashedColumns

SALT = "0123456789abcdef0123456789abcdef"
COLUMNS = [
    "user.name",
    "user.tags",
    "ticket.description",
    "ticket.via.source.from.address",
    "ticket_comment.body",
]


def hashed(text):
    return hmac.new(SALT.encode(), text.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("mapped", [False, True], ids=["as bytes", "with a stream map"])
def test_values_are_hashed_and_nothing_else_changes(mapped, tap, zendesk):
    address = {
        "channel": "email",
        "source": {"from": {"address": "é@x.org", "name": "É"}, "to": {}, "rel": None},
    }
    [ticket] = zendesk.put("ticket", {"description": 'a "text" \\ 1', "via": address})
    maps = {"stream_maps": {"user": {"extra": "1"}, "ticket": {"extra": "1"}}} if mapped else {}
    chosen = {"bulk_models": [], "incremental_models": ["ticket", "user", "ticket_comment"]}
    plain = tap(**chosen, **maps)
    result = tap(**chosen, **maps, hashed_columns=COLUMNS, hash_salt=SALT)
    assert result.code == 0, result.stderr
    for stream in ("user", "ticket", "ticket_comment"):
        before = {record["id"]: record for record in plain.records(stream)}
        after = {record["id"]: record for record in result.records(stream)}
        assert before.keys() == after.keys()
        for key, record in before.items():
            assert after[key] == {**as_hashed(stream, record), **exported(after[key])}
    [row] = [record for record in result.records("ticket") if record["id"] == ticket]
    assert row["description"] == hashed('a "text" \\ 1')
    assert row["via"]["source"]["from"] == {"address": hashed("é@x.org"), "name": "É"}
    assert any(record["body"] for record in plain.records("ticket_comment"))
    everything = result.stdout + result.stderr
    assert SALT not in everything
    assert "é@x.org" not in json.dumps(result.messages, ensure_ascii=False)


def exported(record):
    return {name: record[name] for name in ("_export_id", "_exported_at")}


def as_hashed(stream, record):
    def one(value):
        return None if value is None else hashed(value)

    if stream == "user":
        return {**record, "name": one(record["name"]), "tags": [one(tag) for tag in record["tags"]]}
    if stream == "ticket_comment":
        return {**record, "body": one(record["body"])}
    via = json.loads(json.dumps(record["via"]))
    sender = (via.get("source") or {}).get("from") or {}
    if "address" in sender:
        sender["address"] = one(sender["address"])
    return {**record, "description": one(record["description"]), "via": via}


class Values:
    """Rows of dicts."""

    @staticmethod
    def value(record, name):
        return record.get(name)

    @staticmethod
    def replace(record, name, value):
        record[name] = value


@pytest.mark.parametrize(
    ("raw", "path", "expected"),
    [
        (b"null", (), None),
        (b'""', (), hashed("")),
        (b"12.50", (), hashed("12.50")),
        (b'"\\ud83d"', (), hashed("\N{REPLACEMENT CHARACTER}")),
        (b'"\xff"', (), hashed("\N{REPLACEMENT CHARACTER}")),
        (b'["a",null]', (), [hashed("a"), None]),
        (b'{"a":{"b":"x"},"n":1.50}', ("a", "b"), {"a": {"b": hashed("x")}, "n": 1.5}),
        (b'{"a":null}', ("a", "b"), {"a": None}),
        (b'"text"', ("a",), "text"),
        (b'[{"a":"x"},{}]', ("a",), [{"a": hashed("x")}, {}]),
    ],
)
def test_odd_values_are_hashed_or_stay(raw, path, expected):
    record = {"column": msgspec.Raw(raw)}
    HashedColumns([("column", *path)], SALT).replace([record], Values)
    assert json.loads(bytes(record["column"])) == expected


@pytest.mark.parametrize("derived", [False, True])
@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        (None, (), None),
        ("", (), hashed("")),
        ("é", (), hashed("é")),
        (12.5, (), hashed("12.5")),
        (False, (), hashed("false")),
        ({"a": 1}, (), hashed('{"a":1}')),
        (["a", None], (), [hashed("a"), None]),
        ({"a": {"b": "x", "c": "y"}, "n": 1.5}, ("a", "b"), {"a": {"b": hashed("x"), "c": "y"}, "n": 1.5}),
        ({"a": None}, ("a", "b"), {"a": None}),
        ({"a": {"b": None}}, ("a", "b"), {"a": {"b": None}}),
        ("a text", ("a",), "a text"),
        ([{"a": "x"}, {}, {"a": ["y", None]}], ("a",), [{"a": hashed("x")}, {}, {"a": [hashed("y"), None]}]),
    ],
    ids=str,
)
def test_values_of_python_are_hashed_or_stay(value, path, expected, derived):
    records = [{"column": value, "other": "z"}, {"other": "z"}]
    columns = HashedColumns([("column", *path)], SALT)
    columns.replace_in(records) if derived else columns.replace(records, Values)
    assert records == [{"column": expected, "other": "z"}, {"other": "z"}]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("users.name", "hashed_columns: Unknown model 'users'. Did you mean 'user'"),
        ("user", "expected model.column"),
        ("user.nmae", "hashed_columns: Unknown column 'nmae'. Did you mean 'name'"),
        ("user.id", "hashed_columns: user.id is the model's key"),
        ("user.email", "hashed_columns: user.email cannot be hashed: views join or compare it"),
        ("ticket.subject", "hashed_columns: ticket.subject cannot be hashed: views join or compare it"),
        (
            "ticket.via.channel",
            "hashed_columns: ticket.via.channel cannot be hashed: views join or compare it",
        ),
        ("ticket.status", "hashed_columns: ticket.status is not personal"),
        ("ticket.custom_fields.value", "hashed_columns: ticket.custom_fields.value is not text"),
        ("ticket.via", "hashed_columns: ticket.via is not text"),
    ],
)
def test_a_column_that_cannot_be_hashed_is_refused(column, expected, tap):
    result = tap(hashed_columns=[column], hash_salt=SALT)
    assert result.code == 1
    assert expected in result.stderr
    assert SALT not in result.stderr


@pytest.mark.parametrize("salt", [None, "hunter2-hunter2"])
def test_a_salt_is_required_and_never_logged(salt, tap):
    result = tap(hashed_columns=["user.name"], hash_salt=salt)
    assert result.code == 1
    assert "hashed_columns requires hash_salt, with at least 32 characters" in result.stderr
    assert "hunter2" not in result.stderr
