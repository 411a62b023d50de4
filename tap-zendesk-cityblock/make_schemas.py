"""Writes schemas/<model>.json from Zendesk's OpenAPI document and schema_overrides.json.

    python make_schemas.py path/to/oas.yaml

Names and types only. The document under-declares null, so that all but the key may be null; it marks what is only
ever sent, which is left out; where its types are known to be wrong or too loose, the overrides say better.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from tap_zendesk_cityblock.models import MODELS

HERE = Path(__file__).parent
SCHEMAS = HERE / "tap_zendesk_cityblock" / "schemas"
SCALARS = ("string", "integer", "number", "boolean")
MIXED = ["string", "number", "integer", "boolean", "array", "object", "null"]
OPEN = {"type": ["object", "null"], "additionalProperties": True}


class Loader(yaml.SafeLoader):
    """The document holds bare `=` scalars, which YAML 1.1 gives a tag that PyYAML cannot construct."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: node.value)


class Document:
    """The item schemas of the OpenAPI document, as JSON schemas of ours."""

    def __init__(self, path: Path) -> None:
        self._schemas = yaml.load(path.read_text(), Loader)["components"]["schemas"]  # noqa: S506 - a safe loader

    def properties(self, name: str) -> dict[str, Any]:
        found = self._properties({"$ref": f"#/components/schemas/{name}"})
        return {
            key: self._converted(key, schema)
            for key, schema in found.items()
            if not self._deref(schema).get("writeOnly")
        }

    def _deref(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rsplit("/", 1)[-1]]
        return schema

    def _properties(self, schema: dict[str, Any]) -> dict[str, Any]:
        schema, found = self._deref(schema), {}
        for part in schema.get("allOf", []):
            found.update(self._properties(part))
        return {**found, **schema.get("properties", {})}

    def _converted(self, key: str, schema: dict[str, Any]) -> dict[str, Any]:
        schema = self._deref(schema)
        kind = schema.get("type")
        if properties := self._properties(schema):
            return _object({name: self._converted(name, part) for name, part in properties.items()})
        if kind == "array":
            return {"type": ["array", "null"], "items": self._converted(key, schema.get("items", {}))}
        if schema.get("format") == "date-time" or (kind == "string" and key.endswith("_at")):
            return _shorthand("date-time")
        if kind in SCALARS and "oneOf" not in schema:
            return _shorthand(kind)
        return OPEN if kind == "object" else _shorthand("mixed")


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["object", "null"], "properties": dict(sorted(properties.items()))}


def _shorthand(short: object) -> dict[str, Any]:  # noqa: PLR0911 - one a notation
    """The overrides' notation: a type's name, [items], {name: property}, open, open list, mixed."""
    match short:
        case dict():
            return _object({name: _shorthand(part) for name, part in short.items()})
        case [items]:
            return {"type": ["array", "null"], "items": _shorthand(items)}
        case "date-time" | "date":
            return {"type": ["string", "null"], "format": short}
        case "mixed":
            return {"type": MIXED}
        case "open":
            return OPEN
        case "open list":
            return {"type": ["array", "null"]}
        case _:
            return {"type": [short, "null"]}


def main(oas: Path) -> None:
    document = Document(oas)
    overrides = json.loads((HERE / "schema_overrides.json").read_text())
    everywhere = overrides.pop("*")
    for model, override in overrides.items():
        properties = document.properties(override["item"]) if "item" in override else {}
        for name, short in {**everywhere["set"], **override.get("set", {})}.items():
            properties[name] = _shorthand(short)
        for name in [*everywhere["drop"], *override.get("drop", [])]:
            properties.pop(name, None)
        key = MODELS[model].key
        properties.pop(key, None)
        of_key = {key: {"type": override.get("key", "integer")}}
        ordered = {**of_key, **dict(sorted(properties.items()))}
        schema = {"type": "object", "properties": ordered, "required": [key]}
        (SCHEMAS / f"{model}.json").write_text(json.dumps(schema, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
