"""The page cursor of lists that are sorted by `updated_at`: time and id of a page's last object.

Zendesk does not document it. As seen live in October 2026 it is base64 of `{"o": <order>, "v": <values>}`; the values are
base64 of a type letter and eight bytes each, little-endian: `d` for epoch seconds, `i` for an id. Zendesk accepts cursors
made this way. The id of tickets is an internal one, so only Zendesk can make a cursor inside a second.
"""

from __future__ import annotations

import base64
import json
import struct

ORDER = "updated_at,id"
VALUES = struct.Struct("<cqcq")


def cursor_at(moment: int) -> str:
    """Before everything that changed in that second or later. `moment`: epoch seconds."""
    values = base64.b64encode(VALUES.pack(b"d", moment, b"i", 0)).decode()
    content = json.dumps({"o": ORDER, "v": values}, separators=(",", ":"))
    return base64.b64encode(content.encode()).decode()
