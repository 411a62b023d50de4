"""Messages that any tap may send: the right thing, or one sentence."""

import gzip
import json

import pytest
from cityblock_singer.errors import PluginError
from target_bigquery.errors import InputError, SchemaError

from tests.target_bigquery.singer import lines, record, schema, state


def raw(**message):
    return json.dumps(message).encode() + b"\n"


ODD = {
    "unknown type": (raw(type="CONTROL"), "a message of unknown type CONTROL"),
    "unknown type that is not a name": (raw(type="canary 7"), "a message of unknown type"),
    "type that is a number": (raw(type=5), "a message whose type is not a string"),
    "type that is a list": (raw(type=["RECORD"]), "a message whose type is not a string"),
    "record that is a list": (
        raw(type="RECORD", stream="ticket", record=["canary"]),
        "a RECORD message of stream ticket whose record is an array, not an object",
    ),
    "record that is null": (
        raw(type="RECORD", stream="ticket", record=None),
        "a RECORD message of stream ticket whose record is null, not an object",
    ),
    "record that is a text": (
        raw(type="RECORD", stream="ticket", record="canary"),
        "a RECORD message of stream ticket whose record is a string, not an object",
    ),
    "record without stream": (raw(type="RECORD", record={"id": 1}), "a RECORD message without stream"),
    "record of a list of streams": (
        raw(type="RECORD", stream=["ticket"], record={"id": 1}),
        "a RECORD message whose stream is not a string",
    ),
    "schema without stream": (raw(type="SCHEMA", schema={}), "a SCHEMA message without a stream name"),
    "state without value": (raw(type="STATE"), "missing value"),
}


@pytest.mark.parametrize(("message", "expected"), ODD.values(), ids=ODD)
def test_a_message_that_is_no_singer_is_refused_with_its_line(message, expected, load_here, ids):
    with pytest.raises(InputError) as refused:
        load_here(lines([schema(), record(1)]) + message + lines([state(1)]))
    assert str(refused.value) == f"Input line 3: {expected}"


@pytest.mark.parametrize("properties", [None, {}, ["id"]], ids=str)
def test_a_schema_without_columns_names_its_stream(properties, load_here):
    message = {"type": "SCHEMA", "stream": "s", "schema": {"properties": properties}, "key_properties": []}
    with pytest.raises(
        SchemaError, match=r"^Stream s: its schema has no properties, and a table needs a column$"
    ):
        load_here([message, record(1, stream="s")])


def test_a_schema_that_lacks_its_properties_names_its_stream(load_here):
    bare = {"type": "SCHEMA", "stream": "s", "schema": {"id": {"type": "integer"}}, "key_properties": []}
    with pytest.raises(SchemaError, match=r"^Stream s: its schema has no properties"):
        load_here([bare, record(1, stream="s")])


def test_keys_that_are_no_list_are_refused(load_here):
    with pytest.raises(SchemaError, match=r"^Stream ticket: key_properties is not a list of strings$"):
        load_here([{**schema(), "key_properties": "id"}, record(1)])


def test_blank_lines_are_skipped(load_here, ids, capsys):
    load_here(lines([schema()]) + b"\n" + lines([record(1)]) + b"  \r\n" + lines([state(1)]) + b"\n")
    assert ids() == [1]
    assert json.loads(capsys.readouterr().out) == state(1)["value"]


def test_a_schema_that_is_sent_again_does_not_load_what_came_before_it(load_here, caplog):
    """As the SDK's taps send one for each parent of a child stream: BigQuery allows 1,500 load jobs per table and day."""
    caplog.set_level("INFO")
    load_here([schema(any=True), record(1), schema(any=True), record(2), state(2)])
    assert "ticket: rows 1-2 loaded" in caplog.text


@pytest.mark.parametrize("place", ["before its SCHEMA", "after it"])
def test_activate_version_is_ignored_with_one_warning(place, load_here, ids, caplog):
    activate = {"type": "ACTIVATE_VERSION", "stream": "ticket", "version": 1}
    first = [activate, schema()] if place == "before its SCHEMA" else [schema(), activate]
    load_here([*first, record(1), activate, state(1)])
    assert ids() == [1]
    assert [one.message for one in caplog.records if "ACTIVATE_VERSION" in one.message] == [
        "ticket: ACTIVATE_VERSION is ignored; tables are append-only, rows of earlier versions stay"
    ]


def batch(*files, compression="gzip", **encoding):
    output = {"format": "jsonl", "compression": compression, **encoding}
    return {
        "type": "BATCH",
        "stream": "ticket",
        "encoding": output,
        "manifest": [str(file) for file in files],
    }


@pytest.mark.parametrize("compression", ["gzip", "none", None])
def test_files_of_a_batch_are_loaded_in_order_with_the_records_around_it(
    compression, load_here, rows, tmp_path
):
    files = [tmp_path / "one and a half.json", tmp_path / "two.json"]
    opened = gzip.open if compression == "gzip" else open
    for file, numbers in zip(files, [(2, 3), (4,)], strict=True):
        with opened(file, "wb") as out:
            out.write(b"".join(raw(**record(number)["record"]) for number in numbers) + b"\n")
    load_here(
        [
            schema(),
            record(1),
            batch(files[0].as_uri(), files[1], compression=compression),
            record(5),
            state(5),
        ],
        stream_maps={"ticket": {"subject": "'mapped ' + str(id)"}},
    )
    assert [(row["id"], row["subject"]) for row in rows()] == [(n, f"mapped {n}") for n in range(1, 6)]


def test_odd_records_of_a_batch_are_read_like_others(load_here, rows, warehouse, dataset, tmp_path, caplog):
    path = tmp_path / "batch.json"
    path.write_bytes(rb'{"id": 1, "subject": "cut \ud83d", "open": {"n": 18446744073709551617}}' b"\n{}\n")
    load_here([schema(open={"type": ["object", "null"]}), batch(path, compression="none"), state(1)])
    [row] = rows()
    assert (row["subject"], row["open"]) == ("cut \ufffd", {"n": "18446744073709551617"})
    assert "ticket 1 repaired: invalid Unicode replaced by U+FFFD" in caplog.messages
    [kept] = warehouse.client.query_and_wait(f"SELECT payload FROM {dataset}.REJECTED_RECORD")
    assert kept.payload == "{}"


BAD_BATCHES = {
    "elsewhere": (
        batch("s3://bucket/file"),
        "a BATCH message with the file s3://bucket/file: only local files",
    ),
    "Parquet": (batch("f", format="parquet"), "a BATCH message of stream ticket in format parquet"),
    "no file": (batch("/nowhere.gz"), r"cannot read the BATCH file /nowhere.gz \(No such file"),
    "no manifest": ({"type": "BATCH", "stream": "ticket"}, "a BATCH message without encoding and manifest"),
}


@pytest.mark.parametrize(("message", "expected"), BAD_BATCHES.values(), ids=BAD_BATCHES)
def test_a_batch_that_cannot_be_read_is_refused_in_a_sentence(message, expected, load_here):
    with pytest.raises(InputError, match=f"^Input line 3: {expected}"):
        load_here([schema(), record(1), message, state(1)])


def test_a_record_of_a_batch_that_is_nested_too_deeply_is_rejected_alone(
    load_here, rows, warehouse, dataset, tmp_path
):
    path = tmp_path / "batch.json"
    path.write_bytes(b'{"id": 1, "subject": %s1%s}\n{"id": 2}\n' % (b"[" * 3000, b"]" * 3000))
    load_here([schema(), batch(path, compression="none"), state(1)])
    assert [row["id"] for row in rows()] == [2]
    [kept] = warehouse.client.query_and_wait(f"SELECT record_key, reason FROM {dataset}.REJECTED_RECORD")
    assert (kept.record_key, kept.reason) == ("1", "nested too deeply")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"not gzip", r"\(not gzip, or truncated\)"),
        (gzip.compress(b'{"id": 2}\n')[:-6], r"\(not gzip, or truncated\)"),
        (gzip.compress(b'{"id": 2}\ncanary\n'), "line 2 is not JSON"),
    ],
    ids=["not gzip", "cut short", "not JSON"],
)
def test_a_batch_file_that_is_broken_is_named(content, expected, load_here, tmp_path):
    path = tmp_path / "batch.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"the BATCH file {path}:? {expected}$"):
        load_here([schema(), batch(path), state(1)])


def test_two_streams_of_one_table_are_refused_by_their_names(load_here):
    with pytest.raises(SchemaError) as refused:
        load_here([schema("a-b"), schema("a_b"), record(1, stream="a-b"), record(1, stream="a_b"), state(1)])
    assert str(refused.value) == (
        "Stream a_b: its table would be a_b, like that of stream a-b: rename it with __alias__ in stream_maps"
    )


def test_a_column_whose_case_changes_in_a_later_schema_is_loaded_in_the_tables_spelling(load_here, rows):
    text = {"type": ["string", "null"]}
    load_here(
        [
            schema(StartDate=text),
            record(1, StartDate="a"),
            schema(start_date=text, startdate=text),
            record(2, startdate="b"),
            state(2),
        ]
    )
    assert [row["StartDate"] for row in rows()] == ["a", "b"]


def test_names_that_bigquery_reserves_are_loaded_under_others(load_here, rows):
    text = {"type": ["string", "null"]}
    names = ("_PARTITIONTIME", "_colidentifier", "__root__", "_change_type")
    load_here([schema(**dict.fromkeys(names, text)), record(1, **dict.fromkeys(names, "x")), state(1)])
    assert [rows()[0][f"_{name}"] for name in names] == ["x"] * 4


def test_stream_maps_are_the_way_round_names_that_fall_on_one_column(load_here, rows):
    text = {"type": ["string", "null"]}
    message = schema(名前=text, 住所=text)
    with pytest.raises(PluginError, match="rename one of them with stream_maps"):
        load_here([message])
    load_here(
        [message, record(1, 名前="x", 住所="y"), state(1)],
        stream_maps={"ticket": {"name": "名前", "address": "住所", "名前": None, "住所": None}},
    )
    assert (rows()[0]["name"], rows()[0]["address"]) == ("x", "y")


def test_a_stream_named_as_the_table_of_rejected_records_is_refused(load_here):
    with pytest.raises(
        SchemaError, match=r"its table would be REJECTED_RECORD, like that of rejected records:"
    ):
        load_here([schema("REJECTED-RECORD"), record(1, stream="REJECTED-RECORD")])
