"""The page cursor of lists that are sorted by `updated_at`: the time and the id that a page ended with.

Zendesk does not document it; as seen live in October 2026 it is base64 of `{"o": <order>, "v": <values>}`, the values
base64 of a type letter and eight bytes each, least first: `d` for epoch seconds, `i` for an id. A cursor made so is taken
like one of Zendesk's. Of tickets the id is an internal one, so that only Zendesk can say where inside a second a page ends.
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
