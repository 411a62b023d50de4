"""Compares schemas/<model>.json with Zendesk's OpenAPI document, and adds the properties that are missing.

    python make_schemas.py                    # from the extract in zendesk_openapi.json
    python make_schemas.py path/to/oas.yaml   # from a newer document; renews the extract

A schema file that is made of the document names the document's schema under `openapi`, and under `skip` the properties
that are never served. What a file already states stays: the document under-declares null, and several of its types are
wrong or too loose. A new property gets a TODO as its description, which the tap refuses until it is written.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from tap_zendesk_cityblock.models import MODELS

HERE = Path(__file__).parent
SCHEMAS = HERE / "tap_zendesk_cityblock" / "schemas"
EXTRACT = HERE / "zendesk_openapi.json"
SOURCE = "https://developer.zendesk.com/zendesk/oas.yaml"
KEYWORDS = {"type", "format", "properties", "items", "allOf", "oneOf", "$ref", "writeOnly"}
SCALARS = ("string", "integer", "number", "boolean")
MIXED = ["string", "number", "integer", "boolean", "array", "object", "null"]
WIDTH = 140

Json = dict[str, Any]


class Loader(yaml.SafeLoader):
    """The document holds bare `=` scalars, which YAML 1.1 gives a tag that PyYAML cannot construct."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: node.value)


class Document:
    """Zendesk's schemas, as JSON schemas of ours."""

    def __init__(self, schemas: Json) -> None:
        self._schemas = schemas

    def properties(self, name: str) -> Json:
        """Raises SystemExit if the document lacks the schema or one that it refers to."""
        found = self._properties({"$ref": f"#/components/schemas/{name}"})
        return {
            key: self._converted(key, schema)
            for key, schema in found.items()
            if not self._deref(schema).get("writeOnly")
        }

    def _deref(self, schema: Json) -> Json:
        while "$ref" in schema:
            name = _name(schema["$ref"])
            if name not in self._schemas:
                sys.exit(
                    f"{EXTRACT.name} lacks {name}: renew it with `make_schemas.py OAS.YAML`, from {SOURCE}"
                )
            schema = self._schemas[name]
        return schema

    def _properties(self, schema: Json) -> Json:
        schema, found = self._deref(schema), {}
        for part in schema.get("allOf", []):
            found.update(self._properties(part))
        return {**found, **schema.get("properties", {})}

    def _converted(self, key: str, schema: Json) -> Json:
        schema = self._deref(schema)
        kind = schema.get("type")
        if properties := self._properties(schema):
            parts = {name: self._converted(name, part) for name, part in sorted(properties.items())}
            return {"type": ["object", "null"], "properties": parts}
        if kind == "array":
            return {"type": ["array", "null"], "items": self._converted(key, schema.get("items", {}))}
        if schema.get("format") == "date-time" or (kind == "string" and key.endswith("_at")):
            return {"type": ["string", "null"], "format": "date-time"}
        if kind in SCALARS and "oneOf" not in schema:
            return {"type": [kind, "null"]}
        if kind == "object":
            return {"type": ["object", "null"], "additionalProperties": True}
        return {"type": MIXED}


def renew_extract(document: Path, names: set[str]) -> None:
    """Keeps of the document's schemas those of these names and what they refer to: names and types, no prose."""
    found = yaml.load(document.read_text(), Loader)  # noqa: S506 - a safe loader
    extract: Json = {}
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in extract:
            extract[name] = _reduced(found["components"]["schemas"][name])
            waiting += _referred(extract[name])
    about = {
        "note": "Extract of Zendesk's OpenAPI document: the schemas that our models use, names and types only.",
        "source": SOURCE,
        "version": found["info"]["version"],
        "downloaded": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    EXTRACT.write_text(text_of({**about, "schemas": dict(sorted(extract.items()))}))


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def _reduced(schema: Json) -> Json:
    reduced = {keyword: value for keyword, value in schema.items() if keyword in KEYWORDS}
    for keyword in ("allOf", "oneOf"):
        if keyword in reduced:
            reduced[keyword] = [_reduced(part) for part in reduced[keyword]]
    if "items" in reduced:
        reduced["items"] = _reduced(reduced["items"])
    if "properties" in reduced:
        reduced["properties"] = {name: _reduced(part) for name, part in reduced["properties"].items()}
    return reduced


def _referred(value: object) -> list[str]:
    if isinstance(value, list):
        return [name for part in value for name in _referred(part)]
    if not isinstance(value, dict):
        return []
    inside = [name for part in value.values() for name in _referred(part)]
    return [*inside, _name(value["$ref"])] if "$ref" in value else inside


def completed(model: str, schema: Json, document: Document) -> tuple[Json, list[str]]:
    """The schema with the properties that it lacks, and their names. The first property is the key."""
    origin = schema["openapi"]
    left_out = MODELS[model].left_out if model in MODELS else ()
    passed_over = {*schema["properties"], *origin.get("skip", ()), *left_out}
    missing = {
        name: {**type_, "description": "TODO"}
        for name, type_ in document.properties(origin["schema"]).items()
        if name not in passed_over
    }
    properties = {**schema["properties"], **missing}
    key = next(iter(properties))
    ordered = {key: properties.pop(key), **dict(sorted(properties.items()))}
    return {**schema, "properties": ordered}, sorted(missing)


def text_of(value: object, indent: int = 0) -> str:
    """As JSON, with each value on one line if it fits."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or indent + len(line) <= WIDTH:
        return line if indent else line + "\n"
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {text_of(part, indent + 2)}" for name, part in value.items()]
    else:
        parts = [text_of(part, indent + 2) for part in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    margin = " " * indent
    inside = ",\n".join(f"{margin}  {part}" for part in parts)
    return f"{first}\n{inside}\n{margin}{last}" + ("" if indent else "\n")


def main(arguments: list[str]) -> None:
    schemas = {path.stem: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))}
    derived = {model: schema for model, schema in schemas.items() if "openapi" in schema}
    if arguments:
        renew_extract(Path(arguments[0]), {schema["openapi"]["schema"] for schema in derived.values()})
    document = Document(json.loads(EXTRACT.read_text())["schemas"])
    for model, schema in derived.items():
        whole, missing = completed(model, schema, document)
        if missing:
            (SCHEMAS / f"{model}.json").write_text(text_of(whole))
            print(f"schemas/{model}.json: describe {', '.join(missing)}")


if __name__ == "__main__":
    main(sys.argv[1:])
