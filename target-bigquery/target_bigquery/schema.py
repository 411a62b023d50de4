"""Map a stream's JSON schema to BigQuery columns and their converters.

Closed objects become RECORD, arrays of scalars or closed objects REPEATED. Open objects and properties of several
types become JSON.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from google.cloud.bigquery import PolicyTagList, SchemaField

from target_bigquery import converters
from target_bigquery.converters import Observed
from target_bigquery.errors import SchemaError
from target_bigquery.names import column_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_bigquery.converters import Converter

JsonSchema = dict[str, Any]
Property = JsonSchema | bool

FORMATS = {"date-time": "TIMESTAMP", "date": "DATE", "time": "TIME"}
SCALARS = {"integer": "INTEGER", "number": "FLOAT", "boolean": "BOOLEAN"}
SYNONYMS = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
CLUSTERABLE = ("STRING", "INTEGER", "TIMESTAMP", "DATE", "BOOLEAN")
EXPORT_KINDS = ("incremental", "bulk")
DEEPEST_RECORD = 15
"""https://docs.cloud.google.com/bigquery/docs/nested-repeated#limitations, read on 27 November 2026."""


@dataclasses.dataclass(frozen=True)
class Columns:
    """The columns of a table, and the converter from a record to its row.

    `personal`: kind of personal data by column, for columns that the stream marks as personal. `renamed`: paths of columns
    whose properties have other names.
    """

    fields: list[SchemaField]
    convert: Converter
    seen: Observed
    personal: dict[str, str]
    renamed: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(frozen=True)
class _Level:
    """A nesting level of a schema. `present`: the table's columns at this level, by lower-case name."""

    path: str
    depth: int
    seen: Observed
    present: Mapping[str, SchemaField]
    renamed: set[str]

    def name_of(self, name: str) -> str:
        """The column of a property in the table's spelling: BigQuery's column names are case-insensitive."""
        found = self.present.get(column_name(name).lower())
        column = found.name if found else column_name(name)
        if column != name:
            self.renamed.add(self.path + column)
        return column

    def below(self, name: str) -> _Level:
        found = self.present.get(column_name(name).lower())
        inner = _by_name(found.fields if found else ())
        return _Level(f"{self.path}{name}.", self.depth + 1, self.seen, inner, self.renamed)


def _by_name(fields: Iterable[SchemaField]) -> dict[str, SchemaField]:
    return {field.name.lower(): field for field in fields}


def columns_of(schema: JsonSchema, present: Iterable[SchemaField] = ()) -> Columns:
    """Columns in the spelling of the table's `present` columns.

    Raises SchemaError for an invalid JSON schema, a schema without properties, and two properties of one column name.
    """
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not any(one is not False for one in properties.values()):
        raise SchemaError("its schema has no properties, and a table needs a column")
    level = _Level("", 0, Observed(), _by_name(present), set())
    try:
        fields, convert_record = _record(properties, level)
    except (AttributeError, TypeError):
        raise SchemaError("its schema is not a valid JSON schema") from None
    kinds = {column_name(name): personal_kind(one) for name, one in properties.items()}
    personal = {name: kind for name, kind in kinds.items() if kind}
    return Columns(fields, convert_record, level.seen, personal, level.renamed)


class _ByColumn(dict[str, tuple[str, "Converter"]]):
    """Column names and converters by lower-case column name; `get` accepts a property name."""

    def get(self, name: str, _default: object = None) -> tuple[str, Converter] | None:  # type: ignore[override] # the only call
        return super().get(column_name(name).lower())


def columns_of_table(fields: Iterable[SchemaField]) -> Columns:
    """For records whose stream schema is not available."""
    seen = Observed()
    return Columns(list(fields), _converter_of_table(fields, "", seen), seen, {})


def _converter_of_table(fields: Iterable[SchemaField], path: str, seen: Observed) -> Converter:
    columns = _ByColumn()
    for field in fields:
        inner, kind = f"{path}{field.name}", SYNONYMS.get(field.field_type, field.field_type)
        if kind == "RECORD":
            convert_column = _converter_of_table(field.fields, f"{inner}.", seen)
        else:
            convert_column = converters.scalar(kind, inner, seen)
        if field.mode == "REPEATED":
            convert_column = converters.repeated(convert_column, inner, seen)
        columns[field.name.lower()] = field.name, convert_column
    return converters.record(columns, path, seen)


def personal_kind(schema: Property) -> str | None:
    """The kind of personal data that the tap declares by `"x-sql-datatype-properties": {"personal": "name"}`."""
    declared = schema.get("x-sql-datatype-properties") if isinstance(schema, dict) else None
    kind = declared.get("personal") if isinstance(declared, dict) else None
    return str(kind) if kind else None


def export_kind(schema: JsonSchema) -> str | None:
    """What each export of the stream has, by `"x-sql-datatype-properties": {"export": "bulk"}`: `bulk` is all rows,
    `incremental` those that changed. None if the tap does not declare it.
    """
    declared = schema.get("x-sql-datatype-properties")
    kind = declared.get("export") if isinstance(declared, dict) else None
    return kind if kind in EXPORT_KINDS else None


def tagged(columns: Columns, policy_tag: str) -> list[SchemaField]:
    """The columns, personal ones with the policy tag. BigQuery tags leaf columns only, so a RECORD's fields get it."""
    return [
        _tagged(field, policy_tag) if field.name in columns.personal else field for field in columns.fields
    ]


def personal_leaves(columns: Columns) -> int:
    """How many columns `tagged` tags."""
    return sum(len(leaves([field])) for field in columns.fields if field.name in columns.personal)


def leaves(fields: Iterable[SchemaField], path: str = "") -> dict[str, SchemaField]:
    """The columns that may have a policy tag, by dotted path: those without fields."""
    found: dict[str, SchemaField] = {}
    for field in fields:
        if field.fields:
            found |= leaves(field.fields, f"{path}{field.name}.")
        else:
            found[f"{path}{field.name}"] = field
    return found


def _tagged(field: SchemaField, policy_tag: str) -> SchemaField:
    if field.fields:
        inner = [_tagged(part, policy_tag) for part in field.fields]
        return SchemaField(field.name, field.field_type, field.mode, fields=inner)
    tags = PolicyTagList([policy_tag])
    return SchemaField(field.name, field.field_type, field.mode, policy_tags=tags)


def merged(existing: list[SchemaField], wanted: list[SchemaField], path: str = "") -> list[SchemaField]:
    """The existing columns plus the new ones, nested ones included.

    A column without a policy tag gets that of `wanted`; other policy tags stay. Raises SchemaError if a type differs.
    """
    result = {field.name.lower(): field for field in existing}
    for field in wanted:
        present = result.get(field.name.lower())
        if present is None:
            result[field.name.lower()] = field
        elif _kind(present) != _kind(field):
            raise SchemaError(
                f"column {path}{field.name} is {' '.join(_kind(present))} in the table and {' '.join(_kind(field))} in the stream: "
                "fix the stream, or rename the table and export again"
            )
        elif field.fields:
            inner = merged(list(present.fields), list(field.fields), f"{path}{field.name}.")
            renewed = {**present.to_api_repr(), "fields": [part.to_api_repr() for part in inner]}
            result[field.name.lower()] = SchemaField.from_api_repr(renewed)
        elif field.policy_tags and not (present.policy_tags and present.policy_tags.names):
            renewed = {**present.to_api_repr(), "policyTags": field.policy_tags.to_api_repr()}
            result[field.name.lower()] = SchemaField.from_api_repr(renewed)
    return list(result.values())


def _kind(field: SchemaField) -> tuple[str, ...]:
    standard = SYNONYMS.get(field.field_type, field.field_type)
    return ("REPEATED", standard) if field.mode == "REPEATED" else (standard,)


def _alternatives(schema: Property) -> list[JsonSchema]:
    """The non-null schemas that a value may match, each with a single type; `true` matches any value."""
    if isinstance(schema, bool):
        return [{"type": "any"}] if schema else []
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        return [
            one
            for branch in branches
            for one in _alternatives(branch if isinstance(branch, bool) else {**rest, **branch})
        ]
    types = schema.get("type") or ("object" if "properties" in schema else "any")
    return [
        {**schema, "type": one} for one in ([types] if isinstance(types, str) else types) if one != "null"
    ]


def _type_of(schema: JsonSchema) -> str:
    match schema["type"]:
        case "string":
            return FORMATS.get(schema.get("format", ""), "STRING")
        case "object":
            known = any(one is not False for one in (schema.get("properties") or {}).values())
            return "RECORD" if known and not schema.get("additionalProperties") else "JSON"
        case "array":
            return "ARRAY" if isinstance(schema.get("items"), dict) else "JSON"
        case scalar:
            return SCALARS.get(scalar, "JSON")


def _column(name: str, schema: Property, level: _Level) -> tuple[SchemaField, Converter]:
    if not isinstance(schema, (dict, bool)):
        raise SchemaError(f"the schema of its property {level.path}{name} is not an object")
    alternatives, column = _alternatives(schema), level.name_of(name)
    types = {_type_of(alternative) for alternative in alternatives}
    if len(types) == 1 and (len(alternatives) == 1 or not types & {"RECORD", "ARRAY"}):
        kind = types.pop()
    elif types == {"INTEGER", "FLOAT"}:
        kind = "FLOAT"
    else:
        kind = "STRING" if types and types <= {"STRING", *FORMATS.values()} else "JSON"
    if kind == "RECORD" and level.depth < DEEPEST_RECORD:
        fields, convert_record = _record(alternatives[0]["properties"], level.below(name))
        return SchemaField(column, "RECORD", fields=fields), convert_record
    path = level.path + name
    if kind == "ARRAY":
        item, convert_item = _column(name, alternatives[0]["items"], level)
        if item.mode == "REPEATED" or item.field_type == "JSON":  # BigQuery does not support arrays of arrays
            return SchemaField(column, "JSON"), converters.scalar("JSON", path, level.seen)
        field = SchemaField(column, item.field_type, "REPEATED", fields=item.fields)
        return field, converters.repeated(convert_item, path, level.seen)
    kind = "JSON" if kind == "RECORD" else kind
    return SchemaField(column, kind), converters.scalar(kind, path, level.seen)


def _record(properties: dict[str, Property], level: _Level) -> tuple[list[SchemaField], Converter]:
    fields: list[SchemaField] = []
    columns: dict[str, tuple[str, Converter]] = {}
    taken: dict[str, str] = {}
    for name, schema in properties.items():
        if schema is False:
            continue
        field, convert_column = _column(name, schema, level)
        if (other := taken.setdefault(field.name.lower(), name)) != name:
            raise SchemaError(
                f"the properties {level.path}{other} and {level.path}{name} map to the same column {field.name}: "
                "rename one of them with stream_maps"
            )
        fields.append(field)
        columns[name] = field.name, convert_column
    return fields, converters.record(columns, level.path, level.seen)
