"""Singer messages as the tests write them."""

import json


def schema(stream="ticket", key=("id",), **properties):
    known = {
        "id": {"type": "integer"},
        "subject": {"type": ["string", "null"]},
        "_exported_at": {"type": "string", "format": "date-time"},
    }
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": known | properties},
        "key_properties": list(key),
    }


def record(row_id, /, stream="ticket", **fields):
    row = {"id": row_id, "subject": f"subject {row_id}", "_exported_at": "2026-11-24T10:00:00Z", **fields}
    return {"type": "RECORD", "stream": stream, "record": row}


def state(value):
    return {"type": "STATE", "value": {"bookmarks": {"ticket": {"cursor": str(value)}}}}


def lines(messages):
    return "".join(json.dumps(message) + "\n" for message in messages).encode()
