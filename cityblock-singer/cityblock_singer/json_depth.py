"""JSON that is nested deeper than parsers allow: orjson reads 1,024 levels, Python's json about 1,000, and orjson
writes 254.
"""

from __future__ import annotations

import re

DEEPEST = 200
"""Levels of a line that are kept."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def shallow(line: bytes) -> bytes:
    """The JSON text with null in place of everything that is nested deeper than DEEPEST; the same object if nothing is."""
    kept, begun, depth = [], 0, 0
    for found in _TOKEN.finditer(line):
        if found[0] in b"[{":
            depth += 1
            if depth == DEEPEST + 1:
                kept += [line[begun : found.start()], b"null"]
        elif found[0] in b"]}":
            depth -= 1
            if depth == DEEPEST:
                begun = found.end()
    return b"".join([*kept, line[begun:]]) if kept and depth == 0 else line
