"""The loader's functions, of any schema and any record: a row says what the record says, and stays the same if it is loaded again."""

import json
from datetime import UTC, datetime, timedelta, timezone

import orjson
from hypothesis import strategies as st
from target_bigquery.converters import PrecisionLost, Rejection
from target_bigquery.errors import SchemaError
from target_bigquery.json_lines import exact, read
from target_bigquery.schema import columns_of, columns_of_table, merged
from target_bigquery.spool import LINE

from tests.properties.drawn import drawn

NAMES = st.sampled_from(["id", "name", "from", "Name2"])
ODD_NAMES = NAMES | st.sampled_from(["a-b", "1st", "_table_x", "名前", ""])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
WHOLE = st.integers(-(2**63), 2**63 - 1)
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
OFFSETS = st.sampled_from([None, UTC, *(timezone(timedelta(minutes=minutes)) for minutes in (-570, 60))])
MOMENTS = st.datetimes(timezones=OFFSETS).filter(lambda moment: 1 < moment.year < 9999)
"""A day from the ends of BigQuery's range, for the offsets."""
SCALARS = {
    "string": TEXTS,
    "integer": WHOLE,
    "number": WHOLE | DOUBLES,
    "boolean": st.booleans(),
}
FORMATS = {
    "date-time": MOMENTS.map(datetime.isoformat),
    "date": st.dates().map(str),
    "time": st.times().map(str),
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | DOUBLES | TEXTS | st.one_of(*FORMATS.values()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def nullable(kind, **more):
    return {"type": [kind, "null"], **more}


def tables(names):
    """Schemas of streams."""
    schemas = st.recursive(
        st.sampled_from(
            [*map(nullable, SCALARS), {}, nullable("object"), {"type": ["string", "integer", "object"]}]
        )
        | st.sampled_from([nullable("string", format=one) for one in FORMATS]),
        lambda inner: (
            inner.map(lambda items: nullable("array", items=items))
            | st.dictionaries(names, inner, min_size=1, max_size=3).map(
                lambda known: nullable("object", properties=known)
            )
        ),
        max_leaves=4,
    )
    return st.dictionaries(names, schemas, min_size=1, max_size=4).map(lambda known: {"properties": known})


def fitting(schema):
    """Values of that schema."""
    kind = schema.get("type", ["any"])[0]
    if "format" in schema:
        return st.none() | FORMATS[schema["format"]]
    if kind == "array":
        return st.none() | st.lists(fitting(schema["items"]), max_size=3)
    if "properties" in schema:
        return st.none() | record_of(schema)
    return st.none() | (SCALARS[kind] if kind in SCALARS and len(schema["type"]) == 2 else ANYTHING)


def record_of(schema):
    return st.fixed_dictionaries(
        {}, optional={name: fitting(part) for name, part in schema["properties"].items()}
    )


def any_record_of(schema):
    """Of a value now and then that is of no schema."""
    return st.fixed_dictionaries(
        {}, optional={name: fitting(part) | ANYTHING for name, part in schema["properties"].items()}
    )


def loaded(columns, line):
    """The row as text. Raises Rejection."""
    value, _ = read(line)
    try:
        row = columns.convert(value)
    except PrecisionLost:
        row = columns.convert(exact(line))
    return orjson.dumps(row, option=LINE)


def written(record):
    return json.dumps(record).encode()


WITH_FITTING = tables(NAMES).flatmap(lambda table: st.tuples(st.just(table), record_of(table)))
WITH_ANY = tables(ODD_NAMES).flatmap(lambda table: st.tuples(st.just(table), any_record_of(table)))


def says(schema, given, found):
    """Whether the part of a row says what the part of the record does. NULL is an absent key, and arrays have none."""
    if given is None:
        return found is None
    if "items" in schema:
        if columns_of({"properties": {"list": schema}}).fields[0].field_type == "JSON":
            return as_text(found) == as_text(given)
        items = [one for one in given if one is not None]
        return len(items) == len(found) and all(map(says, [schema["items"]] * len(items), items, found))
    if schema.get("properties"):
        return all(
            says(part, given.get(name), found.get(name)) for name, part in schema["properties"].items()
        )
    if schema.get("format") == "date-time":
        here, there = datetime.fromisoformat(given), datetime.fromisoformat(found)
        return (here if here.tzinfo else here.replace(tzinfo=UTC)) == there
    return as_text(found) == as_text(given)


def as_text(value):
    """With each number as text, because a parser of JSON may round large ones."""
    if isinstance(value, dict):
        return {name: as_text(part) for name, part in value.items()}
    if isinstance(value, list):
        return [as_text(part) for part in value]
    return str(value) if type(value) in (int, float) else value


@drawn(WITH_FITTING)
def test_a_record_that_fits_its_schema_is_the_row(drawn_record):
    table, record = drawn_record
    row = orjson.loads(loaded(columns_of(table), written(record)))
    assert row.keys() == {name for name, value in record.items() if value is not None}
    assert says(table, record, row)


@drawn(WITH_ANY)
def test_a_row_that_is_loaded_again_is_the_same_row(drawn_record):
    """By the columns of its table, as reload-rejected does."""
    table, record = drawn_record
    columns = columns_of(table)
    try:
        row = loaded(columns, written(record))
    except Rejection:
        return
    again = columns_of_table(columns.fields)
    assert loaded(again, row) == row
    assert not again.seen.unknown


@drawn(tables(NAMES), tables(NAMES))
def test_a_table_that_gains_columns_keeps_its_own_and_gains_them_once(first, second):
    present, wanted = columns_of(first).fields, columns_of(second).fields
    try:
        grown = merged(present, wanted)
    except SchemaError:
        return
    assert [field.name for field in grown[: len(present)]] == [field.name for field in present]
    assert {field.name.lower() for field in grown} == {field.name.lower() for field in [*present, *wanted]}
    assert merged(grown, wanted) == merged(grown, present) == grown
