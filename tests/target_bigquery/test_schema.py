"""Which columns a JSON schema makes, and under which names."""

import pytest
from google.cloud.bigquery import SchemaField
from target_bigquery.errors import SchemaError
from target_bigquery.names import column_name
from target_bigquery.schema import columns_of, merged

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
