"""JSON as lines write it: read fast, and once more where a text or a number is odd."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from target_bigquery.fit import LARGEST_EXACT, Digits

LONGEST = 20
"""Characters of the longest integer of 64 bits."""
ESCAPE = re.compile(
    r"""(?ix) \\ (?: u d[89ab][0-9a-f]{2} \\ u d[c-f][0-9a-f]{2} | (?P<lone> u d[89a-f][0-9a-f]{2} ) | . )"""
)


def read(line: bytes) -> tuple[Any, bytes]:
    """The value, and the line, with U+FFFD where it was no proper Unicode. Raises ValueError where it is not JSON."""
    try:
        return orjson.loads(line), line
    except orjson.JSONDecodeError:
        proper = repaired(line)
        return exact(proper), line if proper == line else proper


def exact(line: bytes) -> Any:  # noqa: ANN401 - anything JSON holds
    """The value, numbers as `Digits` where neither 64 bits nor a double may hold them. Raises ValueError.

    NaN and Infinity, which Python writes, are numbers here: no column takes them, and the column is named.
    """
    try:
        return json.loads(line, parse_int=_integer, parse_float=_float, parse_constant=float)
    except RecursionError:
        raise ValueError("too deep") from None


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST and -(2**63) <= int(digits) < 2**64 else Digits(digits)


def _float(digits: str) -> float | str:
    return number if abs(number := float(digits)) < LARGEST_EXACT else Digits(digits)


def repaired(line: bytes) -> bytes:
    """U+FFFD for each byte that is not UTF-8, and for each escape of half a surrogate pair."""
    return ESCAPE.sub(
        lambda found: "\\ufffd" if found["lone"] else found[0], line.decode(errors="replace")
    ).encode()
