"""The columns of each model, from schemas/<model>.json: type, description, and whether they are about a person.

In a schema file each property has a `description`, and a `personal` kind if it has, or may have, information about
a person. Unmarked are Zendesk's own ids, which mean nothing outside Zendesk and by which tables are joined, and
what administrators write for all tickets: rules, forms, fields, articles.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from tap_zendesk_cityblock.errors import SchemaError
from tap_zendesk_cityblock.models import MODELS, UNKNOWN_PROPERTIES

PERSONAL_KINDS = ("name", "contact", "identifier", "picture", "text", "values")
"""`identifier`: known outside Zendesk, unlike Zendesk's own ids. `text`: written by people, who may write anything.
`values`: of fields and tags that an account defines itself."""

MARK = "x-sql-datatype-properties"
"""How the tap's SCHEMA messages carry the mark: of a property `{"personal": kind}`, of the stream `{"export": kind}`. The
SDK drops all other unknown keywords."""

EXPORT_COLUMNS: dict[str, dict[str, Any]] = {
    "_export_id": {"type": "string", "description": "ID of the export that loaded the row"},
    "_exported_at": {"type": "string", "format": "date-time", "description": "When that export started"},
}
"""What the tap adds to each record."""


UNKNOWN_COLUMN: dict[str, dict[str, Any]] = {
    UNKNOWN_PROPERTIES: {
        "type": ["string", "null"],
        "description": "Properties that Zendesk has sent and the schema lacks, as JSON",
        MARK: {"personal": "text"},
    }
}
"""What the tap adds to the models in the setting `keep_unknown_properties`."""


def with_unknown_properties(schema: dict[str, Any]) -> dict[str, Any]:
    """The emitted schema, with UNKNOWN_COLUMN."""
    return {**schema, "properties": {**schema["properties"], **UNKNOWN_COLUMN}}


def load_schema(model: str) -> dict[str, Any]:
    """The model's JSON schema as the tap emits it. Raises SchemaError."""
    file = files("tap_zendesk_cityblock") / "schemas" / f"{model}.json"
    try:
        written = json.loads(file.read_text())
    except FileNotFoundError:
        raise SchemaError(
            f"{model} has no schema file: write schemas/{model}.json, or let `make model` do it"
        ) from None
    except json.JSONDecodeError as error:
        raise SchemaError(f"schemas/{model}.json is not valid JSON: line {error.lineno}") from None
    return emitted_schema(model, written)


def emitted_schema(model: str, written: dict[str, Any]) -> dict[str, Any]:
    """What a schema file says, with EXPORT_COLUMNS.

    Raises SchemaError if it is incomplete: an unclassified column must not reach the warehouse.
    """
    properties, key = written["properties"], MODELS[model].key
    if key not in properties:
        raise SchemaError(f"schemas/{model}.json lacks the key '{key}' of the model's row in models.py")
    emitted = {name: _emitted(model, name, schema) for name, schema in properties.items()}
    return {
        "type": "object",
        "properties": {**emitted, **EXPORT_COLUMNS},
        "required": written["required"],
        MARK: {"export": "incremental" if MODELS[model].is_incremental else "bulk"},
    }


def _emitted(model: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Raises SchemaError."""
    if (schema.get("description") or "TODO").startswith("TODO"):
        raise SchemaError(
            f"schemas/{model}.json: property '{name}' has no description; "
            "describe it, and mark it with `personal` if it is about a person"
        )
    if "personal" not in schema:
        return schema
    emitted = {**schema}
    if (kind := emitted.pop("personal")) not in PERSONAL_KINDS:
        raise SchemaError(
            f"schemas/{model}.json: invalid `personal` of '{name}': expected one of {', '.join(PERSONAL_KINDS)}"
        )
    return {**emitted, MARK: {"personal": kind}}
