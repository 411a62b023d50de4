"""From a stream's JSON schema to BigQuery columns, and from a record to a row of them.

Closed objects become RECORD, arrays of scalars or closed objects REPEATED; what is open or of several types becomes
JSON. Each column comes with the function that makes a record's value fit it, or refuses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from google.cloud.bigquery import PolicyTagList, SchemaField

from target_bigquery.errors import SchemaError
from target_bigquery.names import column_name

JsonSchema = dict[str, Any]
Property = JsonSchema | bool
Fit = Callable[[Any], Any]

FORMATS = {"date-time": "TIMESTAMP", "date": "DATE", "time": "TIME"}
SCALARS = {"integer": "INTEGER", "number": "FLOAT", "boolean": "BOOLEAN"}
SYNONYMS = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
CLUSTERABLE = ("STRING", "INTEGER", "TIMESTAMP", "DATE", "BOOLEAN")
LARGEST_EXACT = 2**53
DEEPEST_RECORD = 15
"""https://docs.cloud.google.com/bigquery/docs/nested-repeated#limitations, read on 27 November 2026."""


class Misfit(Exception):  # noqa: N818 - of a value, caught where the row's number is known
    """A value that its column cannot hold: the column's path and both types, never the value."""

    def __init__(self, wanted: str, value: object) -> None:
        super().__init__(wanted)
        self.path: list[str] = []
        self.wanted, self.got = wanted, type(value).__name__

    def __str__(self) -> str:
        return f"column {'.'.join(self.path)}: expected {self.wanted}, got a {self.got} that is not one"


@dataclasses.dataclass(frozen=True)
class Columns:
    """A table's columns, and the row that a record becomes. `dropped` collects names that have no column.

    `personal` has the kind of each column that the stream says is about a person.
    """

    fields: list[SchemaField]
    fit: Fit
    dropped: set[str]
    personal: dict[str, str]


@dataclasses.dataclass(frozen=True)
class _Level:
    """Where in a schema its columns are made; `present`: the table's columns there, by their names in lower case."""

    path: str
    depth: int
    dropped: set[str]
    present: Mapping[str, SchemaField]

    def name_of(self, name: str) -> str:
        """In the table's own spelling: of two that differ by case alone BigQuery takes them for one."""
        found = self.present.get(column_name(name).lower())
        return found.name if found else column_name(name)

    def below(self, name: str) -> _Level:
        found = self.present.get(column_name(name).lower())
        inner = _by_name(found.fields if found else ())
        return _Level(f"{self.path}{name}.", self.depth + 1, self.dropped, inner)


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
    level = _Level("", 0, set(), _by_name(present))
    try:
        fields, fit = _record(properties, level)
    except (AttributeError, TypeError):
        raise SchemaError("its schema is not a valid JSON schema") from None
    kinds = {column_name(name): personal_kind(one) for name, one in properties.items()}
    return Columns(fields, fit, level.dropped, {name: kind for name, kind in kinds.items() if kind})


def personal_kind(schema: Property) -> str | None:
    """What the tap says of a property by `"x-sql-datatype-properties": {"personal": "name"}`, if it says so."""
    kind = not isinstance(schema, bool) and (schema.get("x-sql-datatype-properties") or {}).get("personal")
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
        fields, fit = _record(alternatives[0]["properties"], level.below(name))
        return SchemaField(column, "RECORD", fields=fields), fit
    if kind == "ARRAY":
        item, fit = _column(name, alternatives[0]["items"], level)
        if item.mode == "REPEATED" or item.field_type == "JSON":  # BigQuery has no array of arrays
            return SchemaField(column, "JSON"), FITS["JSON"]
        return SchemaField(column, item.field_type, "REPEATED", fields=item.fields), _repeated(fit)
    kind = "JSON" if kind == "RECORD" else kind
    return SchemaField(column, kind), FITS[kind]


def _record(properties: dict[str, Property], level: _Level) -> tuple[list[SchemaField], Fit]:
    path, dropped = level.path, level.dropped
    fields: list[SchemaField] = []
    columns: dict[str, tuple[str, Fit]] = {}
    taken: dict[str, str] = {}
    for name, schema in properties.items():
        if schema is False:
            continue
        field, fit = _column(name, schema, level)
        if (other := taken.setdefault(field.name.lower(), name)) != name:
            raise SchemaError(
                f"the properties {path}{other} and {path}{name} fall on one column, {field.name}: "
                "rename one of them with stream_maps"
            )
        fields.append(field)
        columns[name] = field.name, fit

    def fit_record(value: Any) -> dict[str, Any]:  # noqa: ANN401 - anything JSON holds
        if type(value) is not dict:
            raise Misfit("an object", value)
        row = {}
        name = ""
        try:
            for name, part in value.items():
                if part is not None:  # NULL is an absent key; a REPEATED column takes no null
                    column = columns.get(name)
                    if column is None:
                        dropped.add(path + name)
                    else:
                        row[column[0]] = column[1](part)
        except Misfit as misfit:
            misfit.path.insert(0, name)
            raise
        return row

    return fields, fit_record


def _repeated(fit: Fit) -> Fit:
    def fit_array(value: Any) -> list[Any]:  # noqa: ANN401 - anything JSON holds
        if type(value) is not list:
            raise Misfit("an array", value)
        if None in value:
            raise Misfit("an array without null", value)
        return [fit(item) for item in value]

    return fit_array


def _scalar(wanted: str, *types: type) -> Fit:
    def fit_scalar(value: Any) -> Any:  # noqa: ANN401 - anything JSON holds
        if type(value) in types:
            return value
        raise Misfit(wanted, value)

    return fit_scalar


def _integer(value: Any) -> int | str:  # noqa: ANN401 - anything JSON holds
    """Beyond 2^53 as text: readers of JSON may take a number for a double there."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise Misfit("a 64-bit integer", value)
    return value if abs(value) < LARGEST_EXACT else str(value)


def _parsed(wanted: str, parse: Callable[[str], object]) -> Fit:
    def fit_moment(value: Any) -> object:  # noqa: ANN401 - anything JSON holds
        try:
            return parse(value)  # written back in one ISO form
        except (ValueError, TypeError):
            raise Misfit(wanted, value) from None

    return fit_moment


FITS: dict[str, Fit] = {
    "STRING": _scalar("a string", str),
    "BOOLEAN": _scalar("a boolean", bool),
    "INTEGER": _integer,
    "FLOAT": _scalar("a number", float, int),
    "TIMESTAMP": _parsed("a date-time", datetime.fromisoformat),
    "DATE": _parsed("a date", date.fromisoformat),
    "TIME": _parsed("a time", time.fromisoformat),
    "JSON": lambda value: value,
}
