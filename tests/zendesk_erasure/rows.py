"""Rows of every model with content: one object that is erased, one that stays, each with a text of its own in every column."""

from tap_zendesk_cityblock.columns import MARK, load_schema, with_unknown_properties
from tap_zendesk_cityblock.models import UNKNOWN_PROPERTIES
from zendesk_erasure.content import IDENTIFYING, models

EXPORTED_AT = "2026-11-01T10:00:00Z"
ERASED = {"ticket": 4_242_001, "user": 7_373_001}
KEPT = {"ticket": 4_242_002, "user": 7_373_002}
CANARY = {"ticket": "canary-ticket-7f3d", "user": "canary-user-7f3d"}
STAYS = "stays-91ab"


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
    made = {}
    for name, mark in kinds.items():
        made[name] = filled(properties[name], text if is_whole or mark in IDENTIFYING else STAYS)
        if not is_whole and name in model.with_names:
            made[name] = with_name(properties[name], text)
    made[UNKNOWN_PROPERTIES] = text
    made[model.key] = key if "integer" in properties[model.key]["type"] else f"key-{key}"
    if kind == "ticket":
        name_in(made, model.ticket, number)
    else:
        for path in (*model.users, *model.participants)[:1]:
            name_in(made, path, number)
        for path in model.addresses:
            name_in(made, path, text)
    return {**made, "_export_id": "e1", "_exported_at": EXPORTED_AT}


def with_name(schema, text):
    """Text of a ticket, and a name in a property of its own."""
    if "string" in schema["type"]:
        return text
    part = {"body": STAYS, "name": f'{text} "and [others]"', "original_recipients": ["a]b", text]}
    return [part] if "array" in schema["type"] else part


def name_in(made, path, value):
    """Puts the value where the path of models.py says."""
    place, _, condition = path.partition("?")
    if condition:
        column, _, text = condition.partition(" = ")
        made[column] = text.strip("'")
    *steps, last = place.split(".")
    for step in steps:
        name = step.removesuffix("[]")
        inner = made.get(name)
        if step.endswith("[]"):
            made[name] = [{**(inner[0] if inner else {})}] if isinstance(inner, list) else [{}]
            made = made[name][0]
        else:
            made[name] = inner if isinstance(inner, dict) else {}
            made = made[name]
    if last.endswith("[]"):
        made[last.removesuffix("[]")] = [value]
    else:
        made[last] = value


def messages(kinds=("ticket", "user")):
    """Singer messages with two rows for each kind of every model that has content of that kind."""
    wanted = {model.name: model for kind in kinds for model in models(kind)}
    for model in wanted.values():
        schema = with_unknown_properties(load_schema(model.name))
        yield {"type": "SCHEMA", "stream": model.name, "schema": schema, "key_properties": [model.key]}
        for offset, kind in enumerate(kinds):
            if model in models(kind):
                for key, (number, text) in enumerate(
                    [(ERASED[kind], CANARY[kind]), (KEPT[kind], STAYS)], start=1
                ):
                    record = row(model, kind, number, text, key + 10 * offset)
                    yield {"type": "RECORD", "stream": model.name, "record": record}


def records(stream, *rows):
    """Singer messages of a few rows."""
    yield {"type": "SCHEMA", "stream": stream, "schema": load_schema(stream), "key_properties": ["id"]}
    for one in rows:
        yield {
            "type": "RECORD",
            "stream": stream,
            "record": {"_export_id": "e1", "_exported_at": EXPORTED_AT, **one},
        }
