"""The page cursor of lists sorted by `updated_at`: JSON with a packed time and id, both in base64, as seen live."""

from __future__ import annotations

import base64
import binascii
import json
import struct

from sandbox.zendesk.errors import RequestError

ORDER = "updated_at,id"


def encoded(moment: int, object_id: int) -> str:
    values = (
        b"d" + moment.to_bytes(8, "little", signed=True) + b"i" + object_id.to_bytes(8, "little", signed=True)
    )
    content = {"o": ORDER, "v": base64.b64encode(values).decode()}
    return base64.b64encode(json.dumps(content, separators=(",", ":")).encode()).decode()


def decoded(cursor: str) -> tuple[int, int]:
    """Raises RequestError."""
    try:
        content = json.loads(base64.b64decode(cursor, validate=True))
        kind, moment, _, object_id = struct.unpack("<cqcq", base64.b64decode(content["v"], validate=True))
    except (ValueError, KeyError, TypeError, binascii.Error, struct.error):
        kind, moment, object_id, content = b"", 0, 0, {}
    if kind != b"d" or content.get("o") != ORDER:
        raise RequestError(
            400, {"error": "InvalidPaginationParameter", "description": "page[after] is not valid"}
        )
    return moment, object_id
