"""How records become rows."""

import json
from datetime import UTC, date, datetime, time

import pytest

from tests.target_bigquery.singer import record, schema, state

PROPERTIES = {
    "day": {"type": ["string", "null"], "format": "date"},
    "hour": {"type": ["string", "null"], "format": "time"},
    "moment": {"type": ["string", "null"], "format": "date-time"},
    "big": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "flag": {"type": ["boolean", "null"]},
    "open": {"type": ["object", "null"], "additionalProperties": True},
    "mixed": {"type": ["string", "number", "integer", "boolean", "array", "object", "null"]},
    "nested": {
        "type": ["object", "null"],
        "properties": {
            "from": {"type": ["string", "null"]},
            "open": {"type": ["object", "null"]},
            "list": {"type": "array", "items": {"type": "integer"}},
        },
    },
    "pairs": {
        "type": ["array", "null"],
        "items": {"type": "object", "properties": {"id": {"type": "integer"}, "value": {}}},
    },
    "tags": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
    "arrays": {"type": ["array", "null"], "items": {"type": "array", "items": {"type": "integer"}}},
    "either": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
    "a-b.c": {"type": ["string", "null"]},
    "2x": {"type": ["string", "null"]},
}
FULL = {
    "day": "2024-02-29",
    "hour": "12:34:56",
    "moment": "2024-01-01T12:00:00+02:00",
    "big": 9_223_372_036_854_775_807,
    "number": 1.5,
    "flag": True,
    "open": {"a": [1, {"b": None}], "é": "ü"},
    "mixed": 7,
    "nested": {"from": "me", "open": {"x": 1}, "list": [1, 2]},
    "pairs": [{"id": 1, "value": "a"}, {"id": 2, "value": ["b", "c"]}, {"id": 3, "value": None}],
    "tags": ["a", "日本語😀"],
    "arrays": [[1, 2], [3]],
    "either": "2024-01-01T00:00:00",
    "a-b.c": "dash",
    "2x": 'line\nbreak\t"q" \\ \u2028',
}


@pytest.fixture
def way():
    return "uploaded directly"


def test_every_kind_of_value_arrives_as_its_column_has_it(load, rows):
    loaded = load(
        [schema(**PROPERTIES), record(1, **FULL), record(2, **dict.fromkeys(PROPERTIES)), record(3), state(3)]
    )
    assert loaded.code == 0, loaded.stderr
    full, empty, absent = rows()
    assert full["day"] == date(2024, 2, 29)
    assert full["hour"] == time(12, 34, 56)
    assert full["moment"] == datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert full["either"] == datetime(2024, 1, 1, tzinfo=UTC)
    assert (full["big"], full["number"], full["flag"]) == (9_223_372_036_854_775_807, 1.5, True)
    assert full["open"] == {"a": [1, {"b": None}], "é": "ü"}
    assert full["mixed"] == 7
    assert full["nested"]["from"] == "me"
    assert full["nested"]["list"] == [1, 2]
    assert [(pair["id"], pair["value"]) for pair in full["pairs"]] == [(1, "a"), (2, ["b", "c"]), (3, None)]
    assert full["tags"] == ["a", "日本語😀"]
    assert full["arrays"] == [[1, 2], [3]]
    assert (full["a_b_c"], full["_2x"]) == ("dash", FULL["2x"])
    for row in (empty, absent):
        assert all(row[name] in (None, []) for name in row if name not in ("id", "subject", "_exported_at"))


@pytest.mark.parametrize("value", ["offered", "7", 7, 1.5, True, ["a", 1], {"a": {"b": 1}}], ids=str)
def test_a_column_of_mixed_type_keeps_the_value(value, load, rows):
    assert load([schema(mixed=PROPERTIES["mixed"]), record(1, mixed=value), state(1)]).code == 0
    assert rows()[0]["mixed"] == value


def test_tables_are_partitioned_by_day_and_clustered_by_key(load, warehouse, dataset):
    load([schema(), record(1), state(1)])
    table = warehouse.client.get_table(f"{dataset}.ticket")
    assert (table.time_partitioning.field, table.time_partitioning.type_) == ("_exported_at", "DAY")
    assert table.clustering_fields == ["id"]


def test_tables_of_bulk_models_are_clustered_by_export_first_also_existing_ones(load, warehouse, dataset):
    export = {"_export_id": {"type": "string"}}
    bulk = schema("brand", **export)
    bulk["schema"]["x-sql-datatype-properties"] = {"export": "bulk"}
    group, macro = ({**bulk, "stream": name} for name in ("group", "macro"))

    def clusters():
        tables = (warehouse.client.get_table(f"{dataset}.{name}") for name in ("brand", "group", "macro"))
        return [table.clustering_fields for table in tables]

    load([schema("group", **export), record(1, stream="group"), schema("macro", **export)])
    theirs = warehouse.client.get_table(f"{dataset}.macro")
    theirs.clustering_fields = ["subject"]
    warehouse.client.update_table(theirs, ["clustering_fields"])
    load([bulk, group, record(2, stream="group"), macro])
    assert clusters() == [["_export_id", "id"], ["_export_id", "id"], ["subject"]]
    load([bulk, group, macro], cluster_on_key_properties=False)
    assert clusters()[:2] == [["_export_id", "id"], ["_export_id", "id"]]


@pytest.mark.parametrize("granularity", ["day", "hour"])
def test_export_metadata_is_partitioned_by_the_day_of_the_export(granularity, load, warehouse, dataset):
    message = schema("EXPORT_METADATA", bq_partition={"type": "string", "format": "date"})
    del message["schema"]["properties"]["_exported_at"]
    load([message], partition_granularity=granularity)
    found = warehouse.client.get_table(f"{dataset}.EXPORT_METADATA").time_partitioning
    assert (found.field, found.type_) == ("bq_partition", "DAY")


def test_a_property_that_the_schema_lacks_is_reported_once_by_name_only(load, ids):
    loaded = load([schema(), record(1, surprise="canary"), record(2, surprise="canary"), state(2)])
    assert loaded.code == 0
    assert loaded.stderr.count("dropped properties that are not in the schema: surprise") == 1
    assert "canary" not in loaded.stderr
    assert ids() == [1, 2]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b'{"type": "RECORD", "stream"\n', "Input line 1: not JSON"),
        (b'{"stream": "ticket", "record": {"subject": "canary"}}\n', "Input line 1: missing type"),
        (
            json.dumps(record(1, subject="canary")).encode() + b"\n",
            "a RECORD of stream ticket came before its SCHEMA",
        ),
        (b"[]\n", "Input line 1: not a JSON object"),
    ],
    ids=["cut short", "no type", "no schema", "a list"],
)
def test_input_that_is_no_singer_is_one_sentence(message, expected, load):
    loaded = load(message)
    assert loaded.code == 1
    assert expected in loaded.stderr
    assert "canary" not in loaded.stderr
    assert "Traceback" not in loaded.stderr


def test_two_properties_that_fall_on_one_column_are_refused(load):
    loaded = load([schema(**{"a-b": {"type": "string"}, "A_b": {"type": "string"}}), record(1), state(1)])
    assert loaded.code == 1
    assert "the properties a-b and A_b map to the same column A_b" in loaded.stderr


POLICY_TAG = "projects/p/locations/us/taxonomies/1/policyTags/2"


def test_columns_that_a_stream_marks_as_personal_get_the_policy_tag(load, warehouse, dataset):
    mark = {"x-sql-datatype-properties": {"personal": "contact"}}
    text = {"type": ["string", "null"]}
    nested = {
        "type": ["object", "null"],
        "properties": {"address": text, "more": {"type": "object", "properties": {"name": text}}},
    }
    marked = schema(phone=text | mark, author=nested | mark, tags={"type": "array", "items": text} | mark)
    plain = schema(phone=text)

    def tags():
        table = warehouse.client.get_table(f"{dataset}.ticket")
        found = {}

        def walk(fields, path):
            for field in fields:
                found[path + field.name] = list(field.policy_tags.names) if field.policy_tags else []
                walk(field.fields, f"{path}{field.name}.")

        walk(table.schema, "")
        return {name for name, names in found.items() if names == [POLICY_TAG]}

    def run(*messages, **settings):
        loaded = load([*messages, state(1)], **settings)
        assert loaded.code == 0, loaded.stderr

    run(plain, record(1, phone="1"))  # a table from before there were tags
    assert tags() == set()
    run(marked, record(2, phone="2", author={"address": "a", "more": {"name": "b"}}), policy_tag=POLICY_TAG)
    assert tags() == {"phone", "author.address", "author.more.name", "tags"}
    run(plain, record(3, phone="3"))  # a tag is never taken away
    assert tags() == {"phone", "author.address", "author.more.name", "tags"}
