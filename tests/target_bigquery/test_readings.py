"""Odd values as functions take them: each has one sensible reading, or is refused by column and kinds."""

import json

import orjson
import pytest
from target_bigquery.fit import Digits, Inexact, Misfit
from target_bigquery.json_lines import exact, repaired
from target_bigquery.schema import columns_of


def columns(**schema):
    return columns_of({"type": "object", "properties": {"value": schema}})


def read(value, **schema):
    return columns(**schema).fit({"value": value})["value"]


TEXT = {"type": ["string", "null"]}
NUMBER = {"type": ["number", "null"]}
WHOLE = {"type": ["integer", "null"]}
FLAG = {"type": ["boolean", "null"]}
TIME = {"type": ["string", "null"], "format": "date-time"}
OPEN = {"type": ["object", "null"]}
MIXED = {"type": ["string", "number", "array", "object", "null"]}


def lists(items):
    return {"type": ["array", "null"], "items": items}


@pytest.mark.parametrize(
    ("value", "schema", "reading"),
    [
        (12345, TEXT, "12345"),
        (2**64 - 1, TEXT, str(2**64 - 1)),
        (27.0, TEXT, "27"),
        (Digits("123456789012345678901234"), TEXT, "123456789012345678901234"),
        ("42", WHOLE, 42),
        ("-7", WHOLE, -7),
        (42.0, WHOLE, 42),
        ("9223372036854775807", WHOLE, "9223372036854775807"),
        (Digits("12345678901234568.0"), WHOLE, "12345678901234568"),
        (Digits("1e30"), NUMBER, 1e30),
        ("", TIME, None),
        ("", {**TIME, "format": "date"}, None),
        ("", {**TIME, "format": "time"}, None),
        (["a", None], lists(TEXT), ["a"]),
        ([1.5, None, 2], lists(NUMBER), [1.5, 2]),
        (["", "2026-01-01"], lists({**TIME, "format": "date"}), ["2026-01-01"]),
        ([7, "8", None], lists(WHOLE), [7, 8]),
        ([None], lists(WHOLE), []),
        ([{"x": 1}, None], lists({**OPEN, "properties": {"x": WHOLE}}), [{"x": 1}]),
    ],
    ids=str,
)
def test_an_odd_value_is_read_in_its_one_sensible_way(value, schema, reading):
    read_value = read(value, **schema)
    assert json.loads(orjson.dumps(read_value)) == reading


@pytest.mark.parametrize(
    ("value", "schema", "reason"),
    [
        ({"a": 1}, TEXT, "expected a string, got an object"),
        (["a"], TEXT, "expected a string, got an array"),
        (True, TEXT, "expected a string, got a boolean"),
        (1.5, TEXT, "expected a string, got a number"),
        (True, WHOLE, "expected a 64-bit integer, got a boolean"),
        (1.5, WHOLE, "expected a 64-bit integer, got a number that is not one"),
        ("4 2", WHOLE, "expected a 64-bit integer, got a string that is not one"),
        ("9" * 5000, WHOLE, "expected a 64-bit integer, got a string that is not one"),
        (2**63, WHOLE, "expected a 64-bit integer, got a number that is not one"),
        (Digits("1e999999999"), WHOLE, "expected a 64-bit integer, got a number that is not one"),
        ("1.5", NUMBER, "expected a number, got a string"),
        (Digits("1e400"), NUMBER, "expected a number, got a number that is not one"),
        ("true", FLAG, "expected a boolean, got a string"),
        (1, FLAG, "expected a boolean, got a number"),
        ("soon", TIME, "expected a date-time, got a string that is not one"),
        (1732725000, TIME, "expected a date-time, got a number"),
        ("a", lists(TEXT), "expected an array, got a string"),
        ([{}], lists(TEXT), "expected a string, got an object"),
        ("a", {**OPEN, "properties": {"x": WHOLE}}, "expected an object, got a string"),
    ],
    ids=str,
)
def test_what_has_no_reading_is_refused_without_its_content(value, schema, reason):
    with pytest.raises(Misfit) as refused:
        read(value, **schema)
    assert str(refused.value) == f"column value: {reason}"


def test_a_misfit_names_the_column_by_its_whole_path():
    inner = {"type": "object", "properties": {"channel": TEXT}}
    with pytest.raises(Misfit) as refused:
        read({"channel": {"x": 1}}, **inner)
    assert refused.value.column == "value.channel"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (7, 7),
        (2**64 - 1, 2**64 - 1),
        (-(2**63), -(2**63)),
        (1.5, 1.5),
        (-1234.5678, -1234.5678),
        (999999999999.125, 999999999999.125),
        (67.174118, "67.174118"),
        (81742.7428, "81742.7428"),
        (1e-7, "1e-07"),
        (Digits("18446744073709551616"), "18446744073709551616"),
        (Digits("1e30"), "1e30"),
        ({"a": [{"b": 67.174118, "c": 1}]}, {"a": [{"b": "67.174118", "c": 1}]}),
        ([1, 0.123456], [1, "0.123456"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("schema", [OPEN, MIXED, lists(MIXED)], ids=["open", "mixed", "list"])
def test_numbers_in_json_keep_their_digits(value, written, schema):
    known = columns(**schema)
    fitted = known.fit({"value": [value, None] if schema["type"][0] == "array" else value})["value"]
    assert json.loads(orjson.dumps(fitted)) == ([written, None] if schema["type"][0] == "array" else written)
    exact = type(value) is not Digits and value == written
    told = {"column value: numbers that BigQuery's JSON cannot hold exactly loaded as text"}
    assert known.seen.changed == (set() if exact else told)


@pytest.mark.parametrize("schema", [TEXT, WHOLE, OPEN, MIXED], ids=["text", "whole", "open", "mixed"])
def test_a_number_whose_digits_a_double_has_lost_is_asked_for_again(schema):
    value = orjson.loads(b"18446744073709551617")
    with pytest.raises(Inexact):
        read({"n": value} if schema is OPEN else value, **schema)


def test_a_line_read_again_has_every_digit():
    line = (
        b'{"a": 18446744073709551616, "b": [-9223372036854775809, 18446744073709551615], "c": 1e30, "d": 0.1}'
    )
    assert exact(line) == {
        "a": "18446744073709551616",
        "b": ["-9223372036854775809", 2**64 - 1],
        "c": "1e30",
        "d": 0.1,
    }


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\ude00 first"', "\ufffd first"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\uD83D\uDE00 \ud800x"', "\U0001f600 \ufffdx"),
        (rb'"a \\ud83d, \ud83d"', "a \\ud83d, \ufffd"),
        (b'"caf\xe9"', "caf\ufffd"),
    ],
)
def test_text_that_is_no_proper_unicode_is_repaired(line, text):
    assert orjson.loads(repaired(line)) == text
