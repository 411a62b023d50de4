"""From a stream's JSON schema to BigQuery columns, and from a record to a row of them.

Closed objects become RECORD, arrays of scalars or closed objects REPEATED; what is open or of several types becomes
JSON. Each column comes with the function that makes a record's value fit it, or refuses.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from google.cloud.bigquery import PolicyTagList, SchemaField

from target_bigquery import fit
from target_bigquery.errors import SchemaError
from target_bigquery.fit import Seen
from target_bigquery.names import column_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_bigquery.fit import Fit

JsonSchema = dict[str, Any]
Property = JsonSchema | bool

FORMATS = {"date-time": "TIMESTAMP", "date": "DATE", "time": "TIME"}
SCALARS = {"integer": "INTEGER", "number": "FLOAT", "boolean": "BOOLEAN"}
SYNONYMS = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
CLUSTERABLE = ("STRING", "INTEGER", "TIMESTAMP", "DATE", "BOOLEAN")
DEEPEST_RECORD = 15
"""https://docs.cloud.google.com/bigquery/docs/nested-repeated#limitations, read on 27 November 2026."""


@dataclasses.dataclass(frozen=True)
class Columns:
    """A table's columns, and the row that a record becomes; `seen` collects what was odd on the way.

    `personal` has the kind of each column that the stream says is about a person.
    """

    fields: list[SchemaField]
    fit: Fit
    seen: Seen
    personal: dict[str, str]


@dataclasses.dataclass(frozen=True)
class _Level:
    """Where in a schema its columns are made; `present`: the table's columns there, by their names in lower case."""

    path: str
    depth: int
    seen: Seen
    present: Mapping[str, SchemaField]

    def name_of(self, name: str) -> str:
        """In the table's own spelling: of two that differ by case alone BigQuery takes them for one."""
        found = self.present.get(column_name(name).lower())
        return found.name if found else column_name(name)

    def below(self, name: str) -> _Level:
        found = self.present.get(column_name(name).lower())
        inner = _by_name(found.fields if found else ())
        return _Level(f"{self.path}{name}.", self.depth + 1, self.seen, inner)


def _by_name(fields: Iterable[SchemaField]) -> dict[str, SchemaField]:
    return {field.name.lower(): field for field in fields}


def columns_of(schema: JsonSchema, present: Iterable[SchemaField] = ()) -> Columns:
    """With the spelling of the table's columns that are `present`.

    Raises SchemaError where two properties fall on one column, where there is no property, and for what is no JSON
    schema.
    """
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not any(one is not False for one in properties.values()):
        raise SchemaError("its schema has no properties, and a table needs a column")
    level = _Level("", 0, Seen(), _by_name(present))
    try:
        fields, fit_record = _record(properties, level)
    except (AttributeError, TypeError):
        raise SchemaError("its schema is not a valid JSON schema") from None
    kinds = {column_name(name): personal_kind(one) for name, one in properties.items()}
    return Columns(fields, fit_record, level.seen, {name: kind for name, kind in kinds.items() if kind})


class _ByColumn(dict[str, tuple[str, "Fit"]]):
    """Columns by their names in lower case, found by a property's name."""

    def get(self, name: str, _default: object = None) -> tuple[str, Fit] | None:  # type: ignore[override] # all that is asked
        return super().get(column_name(name).lower())


def columns_of_table(fields: Iterable[SchemaField]) -> Columns:
    """For records whose schema is not at hand."""
    seen = Seen()
    return Columns(list(fields), _fit_of_table(fields, "", seen), seen, {})


def _fit_of_table(fields: Iterable[SchemaField], path: str, seen: Seen) -> Fit:
    columns = _ByColumn()
    for field in fields:
        inner, kind = f"{path}{field.name}", SYNONYMS.get(field.field_type, field.field_type)
        if kind == "RECORD":
            fit_column = _fit_of_table(field.fields, f"{inner}.", seen)
        else:
            fit_column = fit.scalar(kind, inner, seen)
        if field.mode == "REPEATED":
            fit_column = fit.repeated(fit_column, inner, seen)
        columns[field.name.lower()] = field.name, fit_column
    return fit.record(columns, path, seen)


def personal_kind(schema: Property) -> str | None:
    """What the tap says of a property by `"x-sql-datatype-properties": {"personal": "name"}`, if it says so."""
    said = schema.get("x-sql-datatype-properties") if isinstance(schema, dict) else None
    kind = said.get("personal") if isinstance(said, dict) else None
    return str(kind) if kind else None


def tagged(columns: Columns, policy_tag: str) -> list[SchemaField]:
    """The columns, the personal ones with the policy tag; of a RECORD its parts, because BigQuery tags leaves only."""
    return [
        _tagged(field, policy_tag) if field.name in columns.personal else field for field in columns.fields
    ]


def _tagged(field: SchemaField, policy_tag: str) -> SchemaField:
    if field.fields:
        inner = [_tagged(part, policy_tag) for part in field.fields]
        return SchemaField(field.name, field.field_type, field.mode, fields=inner)
    tags = PolicyTagList([policy_tag])
    return SchemaField(field.name, field.field_type, field.mode, policy_tags=tags)


def merged(existing: list[SchemaField], wanted: list[SchemaField], path: str = "") -> list[SchemaField]:
    """The table's columns and the new ones, nested ones too; one without a policy tag gets that of `wanted`, others keep
    theirs. Raises SchemaError where a type has changed.
    """
    result = {field.name.lower(): field for field in existing}
    for field in wanted:
        present = result.get(field.name.lower())
        if present is None:
            result[field.name.lower()] = field
        elif _kind(present) != _kind(field):
            raise SchemaError(
                f"column {path}{field.name} is {' '.join(_kind(present))} in the table and {' '.join(_kind(field))} in the stream: "
                "mend the stream, or rename the table and export anew"
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
    """The schemas other than null that a value may have, each of one type; `true` allows any."""
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


def _column(name: str, schema: Property, level: _Level) -> tuple[SchemaField, Fit]:
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
        fields, fit_record = _record(alternatives[0]["properties"], level.below(name))
        return SchemaField(column, "RECORD", fields=fields), fit_record
    path = level.path + name
    if kind == "ARRAY":
        item, fit_item = _column(name, alternatives[0]["items"], level)
        if item.mode == "REPEATED" or item.field_type == "JSON":  # BigQuery has no array of arrays
            return SchemaField(column, "JSON"), fit.scalar("JSON", path, level.seen)
        field = SchemaField(column, item.field_type, "REPEATED", fields=item.fields)
        return field, fit.repeated(fit_item, path, level.seen)
    kind = "JSON" if kind == "RECORD" else kind
    return SchemaField(column, kind), fit.scalar(kind, path, level.seen)


def _record(properties: dict[str, Property], level: _Level) -> tuple[list[SchemaField], Fit]:
    fields: list[SchemaField] = []
    columns: dict[str, tuple[str, Fit]] = {}
    taken: dict[str, str] = {}
    for name, schema in properties.items():
        if schema is False:
            continue
        field, fit_column = _column(name, schema, level)
        if (other := taken.setdefault(field.name.lower(), name)) != name:
            raise SchemaError(
                f"the properties {level.path}{other} and {level.path}{name} fall on one column, {field.name}: "
                "rename one of them with stream_maps"
            )
        fields.append(field)
        columns[name] = field.name, fit_column
    return fields, fit.record(columns, level.path, level.seen)
