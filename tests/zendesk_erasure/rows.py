"""Rows of every model with content: one object that is erased, one that stays, each with a text of its own in every column."""

from tap_zendesk_cityblock.columns import MARK, load_schema
from zendesk_erasure.content import IDENTIFYING, models, subjects

EXPORTED_AT = "2026-11-01T10:00:00Z"
ERASED, KEPT = 4_242_001, 4_242_002
"""IDs, of tickets or users."""
CANARY, STAYS = "canary-7f3d", "stays-91ab"


def filled(schema, text):
    """A value of the JSON schema, with the text wherever it takes one."""
    types = schema.get("type", ["string"])
    types = [types] if isinstance(types, str) else types
    if "object" in types and "properties" in schema:
        return {name: filled(part, text) for name, part in schema["properties"].items()}
    if "array" in types and "items" in schema:
        return [filled(schema["items"], text)]
    plain = {
        "object": {"anything": [text]},
        "array": [{"anything": text}],
        "string": text,
        "integer": 7,
        "number": 7,
    }
    return next((plain[kind] for kind in plain if kind in types), True)


def row(model, kind, number, text, key):
    """A row of the model that names `number`, with `text` in its personal columns; of a participant, not in the ticket's."""
    properties = load_schema(model.name)["properties"]
    kinds = {
        name: schema[MARK]["personal"]
        for name, schema in properties.items()
        if "personal" in schema.get(MARK, {})
    }
    is_whole = kind == "ticket" or bool(model.users)
    made = {
        name: filled(properties[name], text if is_whole or mark in IDENTIFYING else STAYS)
        for name, mark in kinds.items()
    }
    made[model.key] = key if "integer" in properties[model.key]["type"] else f"key-{key}"
    for path in subjects(model, kind):
        column, _, inside = path.partition(".")
        made[column] = {"ticket": {"id": number, "subject": text}} if inside else number
    return {
        **made,
        model.clock: _clock(properties.get(model.clock)),
        "_export_id": "e1",
        "_exported_at": EXPORTED_AT,
    }


def _clock(schema):
    return 1_790_000_000 if schema and "integer" in schema["type"] else EXPORTED_AT


def messages(kind):
    """Singer messages with two rows of every model that has content of that kind."""
    for model in models(kind):
        yield {
            "type": "SCHEMA",
            "stream": model.name,
            "schema": load_schema(model.name),
            "key_properties": [model.key],
        }
        for key, (number, text) in enumerate([(ERASED, CANARY), (KEPT, STAYS)], start=1):
            yield {"type": "RECORD", "stream": model.name, "record": row(model, kind, number, text, key)}
