"""Which columns a JSON schema makes, and under which names."""

import pytest
from google.cloud.bigquery import PolicyTagList, SchemaField
from target_bigquery.converters import Rejection
from target_bigquery.errors import SchemaError
from target_bigquery.names import column_name
from target_bigquery.schema import (
    columns_of,
    columns_of_table,
    export_kind,
    leaves,
    merged,
    personal_leaves,
    tagged,
)

TEXT = {"type": ["string", "null"]}


def kinds(**properties):
    return {
        field.name: field.field_type
        for field in columns_of({"type": "object", "properties": properties}).fields
    }


def test_a_property_that_allows_anything_is_json_and_one_that_allows_nothing_has_no_column():
    columns = columns_of({"properties": {"any": True, "none": False, "id": {"type": "integer"}}})
    assert [(field.name, field.field_type) for field in columns.fields] == [
        ("any", "JSON"),
        ("id", "INTEGER"),
    ]
    assert columns.convert({"any": 5, "none": "x", "id": 1}) == {"any": 5, "id": 1}
    assert columns.seen.unknown == {("none", "string")}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"anyOf": [True, {"type": "string"}]}, "JSON"),
        ({"anyOf": [{"type": "string"}, False]}, "STRING"),
        ({"type": "object", "properties": {"nothing": False}}, "JSON"),
        ({"type": "object", "properties": None}, "JSON"),
        ({"type": "array", "items": True}, "JSON"),
    ],
    ids=str,
)
def test_boolean_schemas_below_a_property(schema, kind):
    assert kinds(x=schema) == {"x": kind}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object"}, "its schema has no properties"),
        ({"properties": {}}, "its schema has no properties"),
        ({"properties": None}, "its schema has no properties"),
        ({"properties": ["id"]}, "its schema has no properties"),
        ({"properties": {"id": False}}, "its schema has no properties"),
        ({"properties": {"id": None}}, "the schema of its property id is not an object"),
        (
            {"properties": {"o": {"properties": {"id": 7}}}},
            "the schema of its property o.id is not an object",
        ),
        ({"properties": {"id": {"type": 7}}}, "its schema is not a valid JSON schema"),
        ({"properties": {"id": {"anyOf": {"type": "string"}}}}, "its schema is not a valid JSON schema"),
        (
            {"properties": {"id": {"type": "string", "format": ["date"]}}},
            "its schema is not a valid JSON schema",
        ),
        (
            {"properties": {"o": {"type": "object", "properties": [1]}}},
            "its schema is not a valid JSON schema",
        ),
    ],
    ids=str,
)
def test_what_makes_no_columns_is_refused_in_a_sentence(schema, expected):
    with pytest.raises(SchemaError, match=f"^{expected}"):
        columns_of(schema)


@pytest.mark.parametrize("said", [True, "personal", [1], {"personal": None}, None], ids=str)
def test_what_is_said_of_a_column_in_another_form_says_nothing(said):
    assert columns_of({"properties": {"x": {**TEXT, "x-sql-datatype-properties": said}}}).personal == {}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (
            {"Order ID": TEXT, "Order-ID": TEXT},
            "the properties Order ID and Order-ID map to the same column Order_ID",
        ),
        ({"名前": TEXT, "住所": TEXT}, "the properties 名前 and 住所 map to the same column __"),
        (
            {"o": {"type": "object", "properties": {"IPProtocol": TEXT, "ipProtocol": TEXT}}},
            "the properties o.IPProtocol and o.ipProtocol map to the same column ipProtocol",
        ),
    ],
    ids=["headers", "letters that are not ASCII", "case, nested"],
)
def test_properties_that_fall_on_one_column_are_refused_with_the_way_round(properties, expected):
    with pytest.raises(SchemaError) as refused:
        columns_of({"properties": properties})
    assert str(refused.value) == f"{expected}: rename one of them with stream_maps"


@pytest.mark.parametrize(
    "name",
    [
        "_TABLE_x",
        "_file_",
        "_PARTITIONTIME",
        "_partition",
        "_ROW_TIMESTAMP",
        "__root__",
        "_colidentifier",
        "_CHANGE_TYPE",
        "_change_sequence_number",
        "_CHANGE_TIMESTAMP",
        "2x",
    ],
)
def test_names_that_bigquery_reserves_get_an_underscore(name):
    assert column_name(name) == f"_{name}"


@pytest.mark.parametrize("name", ["_change_reason", "_exported_at", "partition", "_tables", "x_PARTITION"])
def test_names_that_look_like_reserved_ones_stay(name):
    assert column_name(name) == name


def nested(levels):
    schema = TEXT
    for _ in range(levels):
        schema = {"type": "object", "properties": {"n": schema}}
    return schema


def test_what_is_below_15_levels_of_record_is_json():
    record, depth = columns_of({"properties": {"n": nested(20)}}).fields[0], 0
    while record.field_type == "RECORD":
        record, depth = record.fields[0], depth + 1
    assert (record.field_type, depth) == ("JSON", 15)
    assert columns_of({"properties": {"n": nested(15)}}).convert({"n": {"n": {}}}) == {"n": {"n": {}}}


def test_columns_have_the_spelling_of_the_table_nested_ones_too():
    place = {"type": "object", "properties": {"ZipCode": TEXT}}
    present = columns_of({"properties": {"StartDate": TEXT, "Place": place}}).fields
    place = {"type": ["object", "null"], "properties": {"zipcode": TEXT, "city": TEXT}}
    columns = columns_of({"properties": {"start_date": TEXT, "startdate": TEXT, "place": place}}, present)
    assert columns.convert({"start_date": "a", "startdate": "b", "place": {"zipcode": "1", "city": "c"}}) == {
        "start_date": "a",
        "StartDate": "b",
        "Place": {"ZipCode": "1", "city": "c"},
    }


def test_a_table_grows_by_columns_and_by_parts_of_a_list_of_records_and_keeps_what_it_has():
    def options(*names):
        return SchemaField(
            "options", "RECORD", "REPEATED", fields=[SchemaField(name, "STRING") for name in names]
        )

    old, new = SchemaField("old_name", "BOOLEAN"), SchemaField("new_name", "BOOLEAN")
    grown = merged([old, options("value")], [new, options("default", "value")])
    assert {field.name for field in grown} == {"old_name", "new_name", "options"}
    [found] = [field for field in grown if field.name == "options"]
    assert (found.mode, {part.name for part in found.fields}) == ("REPEATED", {"value", "default"})


def place(*parts, name="place", mode="NULLABLE"):
    return SchemaField(name, "RECORD", mode, fields=parts)


def test_a_column_in_another_spelling_or_with_a_synonym_as_its_type_is_the_same_one():
    old = [
        SchemaField("Id", "INT64"),
        SchemaField("share", "FLOAT64"),
        SchemaField("flag", "BOOL"),
        SchemaField("Place", "STRUCT", fields=[SchemaField("City", "STRING")]),
    ]
    new = [
        SchemaField("id", "INTEGER"),
        SchemaField("share", "FLOAT"),
        SchemaField("flag", "BOOLEAN"),
        place(SchemaField("city", "STRING")),
    ]
    assert [field.name for field in merged(old, new)] == ["Id", "share", "flag", "Place"]
    assert [part.name for part in merged(old, new)[3].fields] == ["City"]


@pytest.mark.parametrize(
    ("old", "new", "column", "was", "becomes"),
    [
        (SchemaField("a", "STRING"), SchemaField("A", "INTEGER"), "A", "STRING", "INTEGER"),
        (SchemaField("a", "INT64"), SchemaField("a", "FLOAT64"), "a", "INTEGER", "FLOAT"),
        (
            SchemaField("a", "STRING"),
            SchemaField("a", "STRING", "REPEATED"),
            "a",
            "STRING",
            "REPEATED STRING",
        ),
        (SchemaField("a", "JSON"), place(name="a"), "a", "JSON", "RECORD"),
        (
            place(place(SchemaField("a", "DATE"), name="b")),
            place(place(SchemaField("a", "TIME"), name="b")),
            "place.b.a",
            "DATE",
            "TIME",
        ),
    ],
    ids=str,
)
def test_a_column_whose_type_differs_is_named_with_both(old, new, column, was, becomes):
    with pytest.raises(SchemaError) as refused:
        merged([old], [new])
    assert str(refused.value) == (
        f"column {column} is {was} in the table and {becomes} in the stream:"
        " fix the stream, or rename the table and export again"
    )


def test_a_policy_tag_is_added_and_never_replaced():
    ours, theirs = PolicyTagList(["ours"]), PolicyTagList(["theirs"])
    old = [
        SchemaField("a", "STRING", description="kept"),
        SchemaField("b", "STRING", policy_tags=theirs),
        SchemaField("c", "STRING", policy_tags=PolicyTagList([])),
        SchemaField("d", "STRING", policy_tags=theirs),
        place(SchemaField("e", "STRING")),
    ]
    new = [
        *(SchemaField(name, "STRING", policy_tags=ours) for name in "aBc"),
        SchemaField("d", "STRING"),
        place(SchemaField("e", "STRING", policy_tags=ours)),
    ]
    grown = merged(old, new)
    assert [field.name for field in grown] == ["a", "b", "c", "d", "place"]
    assert [field.policy_tags for field in grown[:4]] == [ours, theirs, ours, theirs]
    assert grown[0].description == "kept"
    assert grown[4].fields[0].policy_tags == ours


def test_personal_columns_and_all_within_them_get_the_policy_tag():
    personal = {"x-sql-datatype-properties": {"personal": "name"}}
    inner = {"type": "object", "properties": {"b": TEXT, "c": {"type": "array", "items": TEXT}}}
    columns = columns_of(
        {
            "properties": {
                "name": {**TEXT, **personal},
                "via": {"type": "object", "properties": {"from": inner}, **personal},
                "status": TEXT,
            }
        }
    )
    assert columns.personal == {"name": "name", "via": "name"}
    assert personal_leaves(columns) == 3
    fields = tagged(columns, "tag")
    shape = [(field.name, field.field_type, field.mode) for field in fields]
    assert shape == [(field.name, field.field_type, field.mode) for field in columns.fields]
    tags = {path: field.policy_tags for path, field in leaves(fields).items()}
    tag = PolicyTagList(["tag"])
    assert tags == {"name": tag, "via.from.b": tag, "via.from.c": tag, "status": None}
    assert leaves(fields)["via.from.c"].mode == "REPEATED"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"export": "bulk"}, "bulk"),
        ({"export": "incremental"}, "incremental"),
        ({"export": "other"}, None),
        ({}, None),
        ("bulk", None),
        (None, None),
    ],
    ids=str,
)
def test_what_an_export_has_is_said_by_the_stream(said, kind):
    assert export_kind({"properties": {}, "x-sql-datatype-properties": said}) == kind


def test_records_without_a_schema_become_rows_of_the_table_as_it_is():
    columns = columns_of_table(
        [
            SchemaField("Start_Date", "DATE"),
            SchemaField("count", "INT64"),
            SchemaField("tags", "STRING", "REPEATED"),
            SchemaField("places", "STRUCT", "REPEATED", fields=[SchemaField("share", "FLOAT64")]),
            place(SchemaField("open", "JSON")),
        ]
    )
    row = {
        "start_date": "",
        "count": "7",
        "TAGS": ["a", None],
        "places": [{"share": 1}, None, {"more": 2}],
        "place": {"open": 1.23456, "new": []},
        "new": True,
    }
    assert columns.convert(row) == {
        "Start_Date": None,
        "count": 7,
        "tags": ["a"],
        "places": [{"share": 1}, {}],
        "place": {"open": "1.23456"},
    }
    assert columns.seen.unknown == {("new", "boolean"), ("places.more", "number"), ("place.new", "array")}
    assert {said.partition(":")[0] for said in columns.seen.converted} == {
        "column tags",
        "column places",
        "column place.open",
    }
    with pytest.raises(Rejection, match=r"^column places\.share: expected a finite number, got a string$"):
        columns.convert({"places": [{"share": "x"}]})
