"""Parse JSON lines: fast, and a second time without loss if a string or a number needs it."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import orjson
from cityblock_singer.json_depth import shallow

from target_bigquery.converters import LARGEST_EXACT, ExactNumber

LONGEST = 20
"""Characters of the longest 64-bit integer."""
ESCAPE = re.compile(
    r"""(?ix) \\ (?: u d[89ab][0-9a-f]{2} \\ u d[c-f][0-9a-f]{2} | (?P<lone> u d[89a-f][0-9a-f]{2} ) | . )"""
)


def read(line: bytes) -> tuple[Any, bytes]:
    """The value, and the line with invalid Unicode replaced by U+FFFD. Raises ValueError for invalid JSON."""
    try:
        return orjson.loads(line), line
    except orjson.JSONDecodeError:
        proper = repaired(line)
        return exact(proper), line if proper == line else proper


class NestedTooDeeplyError(ValueError):
    pass


class Line(NamedTuple):
    """A line as it was parsed: `text` differs from what was given where `is_repaired` or `is_cut`."""

    value: Any
    text: bytes
    is_repaired: bool
    """Invalid Unicode was replaced by U+FFFD."""
    is_cut: bool
    """It is nested too deeply, so that only its upper levels were read."""


def read_levels(line: bytes) -> Line:
    """Raises ValueError for invalid JSON."""
    try:
        value, text = read(line)
        return Line(value, text, is_repaired=text is not line, is_cut=False)
    except NestedTooDeeplyError:
        upper = shallow(line)
        value, text = read(upper)
        return Line(value, text, is_repaired=text is not upper, is_cut=True)


def exact(line: bytes) -> Any:  # noqa: ANN401 - anything JSON holds
    """The value, with `ExactNumber` for numbers that neither 64 bits nor a double hold exactly. Raises ValueError.

    NaN and Infinity, which Python writes, are parsed: the converters reject them and name the column.
    """
    try:
        return json.loads(line, parse_int=_integer, parse_float=_float, parse_constant=float)
    except RecursionError:
        raise NestedTooDeeplyError from None


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST and -(2**63) <= int(digits) < 2**64 else ExactNumber(digits)


def _float(digits: str) -> float | str:
    return number if abs(number := float(digits)) < LARGEST_EXACT else ExactNumber(digits)


def repaired(line: bytes) -> bytes:
    """The line with U+FFFD for each byte that is not UTF-8 and each escape of a lone surrogate."""
    return ESCAPE.sub(
        lambda found: "\\ufffd" if found["lone"] else found[0], line.decode(errors="replace")
    ).encode()
