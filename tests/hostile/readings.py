"""Whether a value arrived as what was sent, or as its one sensible reading: written without the converters, to judge them."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal

SURROGATE = re.compile("[\ud800-\udfff]")
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
MOMENT = re.compile(r"\d{4}-?(\d\d-?\d\d|W\d\d-?\d)([T ]\d.*)?")
DEEPEST = 150
"""Levels that are compared."""
EXACT = Context(prec=6000)
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)


def value_of(text):
    """What the bytes of a JSON value say, with every digit; None if they are not JSON. NaN and Infinity are nothing."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(30_000)
    try:
        return json.loads(
            text.decode(errors="replace"), parse_int=Number, parse_float=Number, parse_constant=lambda _: None
        )
    except ValueError:
        return None
    finally:
        sys.setrecursionlimit(before)


class Number(str):
    """The digits of a number."""

    __slots__ = ()


def is_same(sent, got):
    """`sent`: as `value_of` has it. `got`: as the warehouse or a message has it."""
    return plain(sent) == plain(got) or _near(sent, got)


def plain(value, depth=0):  # noqa: PLR0911 - one for each kind
    """A form in which equal readings are equal: no nulls, numbers by value, times in UTC."""
    if depth > DEEPEST:
        return "deeper"
    match value:
        case None | "":
            return None
        case bool():
            return ("bool", value)
        case dict():
            return {
                _proper(name): found
                for name, one in value.items()
                if (found := plain(one, depth + 1)) is not None
            } or None
        case list() | tuple():
            return [found for one in value if (found := plain(one, depth + 1)) is not None] or None
        case int() | float() | Decimal():
            return _number(str(value))
        case datetime():
            return ("time", value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC).isoformat())
        case date():
            return plain(datetime.combine(value, time.min))
        case time():
            return value.isoformat()
        case _:
            return _number(value) if NUMBER.fullmatch(value) else _moment(_proper(value))


def _number(digits):
    """Fractions as doubles, which BigQuery and JSON parsers make of them; nothing, if that is infinite."""
    number = Decimal(digits) if not set(".eE") & set(digits) else Decimal(float(digits))
    return ("number", number.normalize(EXACT)) if number.is_finite() else None


def _proper(text):
    whole = PAIR.sub(lambda found: found[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", whole)


def _moment(text):
    if MOMENT.fullmatch(text):
        try:
            return plain(datetime.fromisoformat(text))
        except (ValueError, OverflowError):
            pass
    return text


def _near(sent, got):
    """A double, which has 17 digits; a moment, a day or an hour in another ISO form."""
    if not isinstance(sent, str) or not isinstance(got, (float, date, time)):
        return False
    try:
        if isinstance(got, float):
            return float(sent) == got
        if isinstance(got, datetime):
            return plain(datetime.fromisoformat(sent)) == plain(got)
        if isinstance(got, date):
            return date.fromisoformat(sent) == got
        hour = datetime.fromisoformat(f"2000-01-02T{'0' if sent[1:2] == ':' else ''}{sent}")
        return (hour.astimezone(UTC) if hour.tzinfo else hour).time() == got
    except (ValueError, OverflowError):
        return False
