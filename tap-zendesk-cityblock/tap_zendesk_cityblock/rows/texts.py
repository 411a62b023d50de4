"""Texts of a response that are not valid Unicode: bytes that are not UTF-8, halves of surrogate pairs.

Zendesk cuts long texts by UTF-16 unit, and old e-mails arrive in other encodings. JSON readers refuse both.
"""

from __future__ import annotations

import json
import re

_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\."
)
LONGEST_NUMBER = 1000
_SURROGATE = re.compile("[\ud800-\udfff]")


def integer(digits: str) -> int | str:
    """Of JSON. Python makes no number of more than 4,300 digits; as a text they reach the targets."""
    return int(digits) if len(digits) <= LONGEST_NUMBER else digits


def replaced(body: bytes) -> bytes:
    """JSON text, with U+FFFD for everything in it that is not valid Unicode."""
    text = body.decode("utf-8", "replace").encode()
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], text)


def keys_with_invalid_text(body: bytes, root: str, key: str) -> list[object]:
    """Of the objects in the list `root` that have such texts. `body`: JSON but for these."""
    response = json.loads(body.decode("utf-8", "surrogateescape"), parse_int=integer)
    objects = [one for one in response[root] if isinstance(one, dict)]
    return [one.get(key) for one in objects if _SURROGATE.search(json.dumps(one, ensure_ascii=False))]
