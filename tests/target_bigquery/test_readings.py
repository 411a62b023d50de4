"""Odd values as functions take them: each has one sensible reading, or is refused by column and kinds."""

import json
import time

import orjson
import pytest
from target_bigquery.converters import ExactNumber, PrecisionLost, Rejection
from target_bigquery.json_lines import exact, repaired
from target_bigquery.json_lines import read as read_line
from target_bigquery.schema import columns_of


def columns(**schema):
    return columns_of({"type": "object", "properties": {"value": schema}})


def read(value, **schema):
    return columns(**schema).convert({"value": value})["value"]


TEXT = {"type": ["string", "null"]}
NUMBER = {"type": ["number", "null"]}
WHOLE = {"type": ["integer", "null"]}
FLAG = {"type": ["boolean", "null"]}
TIME = {"type": ["string", "null"], "format": "date-time"}
DAY = {**TIME, "format": "date"}
HOUR = {**TIME, "format": "time"}
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
        (ExactNumber("123456789012345678901234"), TEXT, "123456789012345678901234"),
        ("42", WHOLE, 42),
        ("-7", WHOLE, -7),
        (42.0, WHOLE, 42),
        ("9223372036854775807", WHOLE, "9223372036854775807"),
        (ExactNumber("12345678901234568.0"), WHOLE, "12345678901234568"),
        (ExactNumber("1e30"), NUMBER, 1e30),
        ("", TIME, None),
        ("", DAY, None),
        ("", HOUR, None),
        ("12:34:56+00:00", HOUR, "12:34:56"),
        ("12:34:56Z", HOUR, "12:34:56"),
        ("01:30:00+02:00", HOUR, "23:30:00"),
        ("23:30:00.25-02:00", HOUR, "01:30:00.250000"),
        ("16:13:58.041757", HOUR, "16:13:58.041757"),
        ("8:30:00", HOUR, "08:30:00"),
        ("8:30:00+01:00", HOUR, "07:30:00"),
        ("2026-01-01T00:00:00+01:02:03", TIME, "2025-12-31T22:57:57+00:00"),
        ("0001-01-01T00:00:00Z", TIME, "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59Z", TIME, "9999-12-31T23:59:59+00:00"),
        ("0001-01-01", DAY, "0001-01-01"),
        (["a", None], lists(TEXT), ["a"]),
        ([1.5, None, 2], lists(NUMBER), [1.5, 2]),
        (["", "2026-01-01"], lists(DAY), ["2026-01-01"]),
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
        (1.5, WHOLE, "expected a 64-bit integer, got a number with an invalid value"),
        ("4 2", WHOLE, "expected a 64-bit integer, got a string with an invalid value"),
        ("9" * 5000, WHOLE, "expected a 64-bit integer, got a string with an invalid value"),
        (2**63, WHOLE, "expected a 64-bit integer, got a number with an invalid value"),
        (ExactNumber("1e999999999"), WHOLE, "expected a 64-bit integer, got a number with an invalid value"),
        ("1.5", NUMBER, "expected a finite number, got a string"),
        (ExactNumber("1e400"), NUMBER, "expected a finite number, got a number with an invalid value"),
        (float("nan"), NUMBER, "expected a finite number, got a number with an invalid value"),
        (float("-inf"), NUMBER, "expected a finite number, got a number with an invalid value"),
        (float("inf"), WHOLE, "expected a 64-bit integer, got a number with an invalid value"),
        (float("nan"), OPEN, "expected a number of 64 bits, got a number with an invalid value"),
        ([float("inf")], MIXED, "expected a number of 64 bits, got a number with an invalid value"),
        ("true", FLAG, "expected a boolean, got a string"),
        (1, FLAG, "expected a boolean, got a number"),
        ("0001-01-01T00:00:00+02:00", TIME, "expected a date-time, got a string with an invalid value"),
        ("9999-12-31T23:59:59-00:01", TIME, "expected a date-time, got a string with an invalid value"),
        ("10000-01-01T00:00:00Z", TIME, "expected a date-time, got a string with an invalid value"),
        ("0000-12-31", DAY, "expected a date, got a string with an invalid value"),
        ("24:30:00", HOUR, "expected a time, got a string with an invalid value"),
        ("8:3", HOUR, "expected a time, got a string with an invalid value"),
        ("soon", TIME, "expected a date-time, got a string with an invalid value"),
        (1732725000, TIME, "expected a date-time, got a number"),
        ("a", lists(TEXT), "expected an array, got a string"),
        ([{}], lists(TEXT), "expected a string, got an object"),
        ("a", {**OPEN, "properties": {"x": WHOLE}}, "expected an object, got a string"),
    ],
    ids=str,
)
def test_what_has_no_reading_is_refused_without_its_content(value, schema, reason):
    with pytest.raises(Rejection) as refused:
        read(value, **schema)
    assert str(refused.value) == f"column value: {reason}"


def test_an_hour_without_an_offset_is_not_moved_by_the_time_zone_of_this_machine():
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", "EST5")
        time.tzset()
        hours = [read(text, **HOUR) for text in ("08:30:00", "08:30:00+02:00")]
    time.tzset()
    assert hours == ["08:30:00", "06:30:00"]


def test_a_double_of_2_to_the_53_may_have_lost_a_digit():
    for schema in (WHOLE, TEXT, OPEN):
        with pytest.raises(PrecisionLost, match=r"got a number with an invalid value$"):
            read(2.0**53, **schema)
        assert str(read(2.0**53 - 1, **schema)).removesuffix(".0") == "9007199254740991"


def test_a_misfit_names_the_column_by_its_whole_path():
    inner = {"type": "object", "properties": {"channel": TEXT}}
    with pytest.raises(Rejection) as refused:
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
        (ExactNumber("18446744073709551616"), "18446744073709551616"),
        (ExactNumber("1e30"), "1e30"),
        ({"a": [{"b": 67.174118, "c": 1}]}, {"a": [{"b": "67.174118", "c": 1}]}),
        ([1, 0.123456], [1, "0.123456"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("schema", [OPEN, MIXED, lists(MIXED)], ids=["open", "mixed", "list"])
def test_numbers_in_json_keep_their_digits(value, written, schema):
    known = columns(**schema)
    fitted = known.convert({"value": [value, None] if schema["type"][0] == "array" else value})["value"]
    assert json.loads(orjson.dumps(fitted)) == ([written, None] if schema["type"][0] == "array" else written)
    exact = type(value) is not ExactNumber and value == written
    output = {"column value: numbers that BigQuery's JSON cannot hold exactly are loaded as strings"}
    assert known.seen.converted == (set() if exact else output)


@pytest.mark.parametrize("schema", [TEXT, WHOLE, OPEN, MIXED], ids=["text", "whole", "open", "mixed"])
def test_a_number_whose_digits_a_double_has_lost_is_asked_for_again(schema):
    value = orjson.loads(b"18446744073709551617")
    with pytest.raises(PrecisionLost):
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


@pytest.mark.parametrize("constant", ["NaN", "-Infinity"])
def test_constants_that_python_writes_as_json_are_refused_by_column(constant):
    with pytest.raises(Rejection, match=r"^column value: expected a finite number"):
        columns(**NUMBER).convert(read_line(f'{{"value": {constant}}}'.encode())[0])


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
