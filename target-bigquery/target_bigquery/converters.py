"""Convert the values of a record to what their columns accept.

A value of the usual type passes as it is, an unusual one that has a single sensible reading is converted, any other
raises Rejection. The usual type is checked first. `compiled` takes most records without these converters: what it accepts
must be what they return unchanged.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import NoneType
from typing import Any

Converter = Callable[[Any], Any]

LARGEST_EXACT = 2**53
DIGITS = re.compile(r"[+-]?[0-9]{1,20}")
SHORT_DECIMAL = re.compile(r"-?(?:[0-9]{1,4}\.[0-9]{1,4}|[0-9]{1,12}\.[0-9]{1,3})")
ONE_DIGIT_HOUR = re.compile(r"[0-9]:")
ANY_DAY = date(2000, 1, 1)
"""The date is dropped after the conversion to UTC, which may cross midnight."""
PLAIN = frozenset({str, int, bool, NoneType})
"""Types that a JSON column accepts unchanged."""

JSON_TYPES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    NoneType: "null",
}


DRIFT_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean"}
"""JSON types as the table SCHEMA_DRIFT has them; others are numbers."""


def json_type(value: object) -> str:
    """Its JSON type, for messages, which must not contain the value."""
    return JSON_TYPES.get(type(value), f"a {type(value).__name__}")


class Rejection(Exception):  # noqa: N818 - not an error of the run: the record goes to REJECTED_RECORD
    """Why a record cannot be loaded: the path of the column, the expected and the actual type, never the value."""

    def __init__(self, wanted: str, value: object, *, is_form: bool = False) -> None:
        """`is_form`: the JSON type is right, but the content is not valid for the column."""
        super().__init__(wanted)
        self.path: list[str] = []
        self.reason = (
            f"expected {wanted}, got {json_type(value)}{' with an invalid value' if is_form else ''}"
        )

    @property
    def column(self) -> str:
        return ".".join(self.path)

    def __str__(self) -> str:
        return f"column {self.column}: {self.reason}" if self.path else self.reason


class PrecisionLost(Rejection):
    """A number of at least 2^53 that was parsed as a double and may have lost digits; parse the line again."""

    def __init__(self, value: object) -> None:
        super().__init__("a number of 64 bits", value, is_form=True)


class MissingKey(Rejection):
    """A record without a value for a key property."""

    def __init__(self, name: str) -> None:
        super().__init__("a value, because it is part of the key", None)
        self.path = [name]


class NotSerializable(Rejection):
    """A record that a stream map made, with a value that JSON does not have."""

    def __init__(self) -> None:
        super().__init__("a record", None)
        self.reason = "cannot be written as JSON"


class NestedTooDeeply(Rejection):
    """A record of which only the upper levels were read."""

    def __init__(self) -> None:
        super().__init__("a record", None)
        self.reason = "nested too deeply"


class RowTooLarge(Rejection):
    """A row larger than BigQuery loads; `name` is its largest column."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__("a row", None)
        self.path = [name]
        self.reason = f"the row is larger than {most} bytes; this is its largest column"


class RefusedByBigQuery(Rejection):
    """A row that BigQuery refused in a load job."""

    def __init__(self, reason: str) -> None:
        super().__init__("a row", None)
        self.reason = f"refused by BigQuery ({reason})"


class ExactNumber(str):
    """The digits of a number that neither a 64-bit integer nor a double holds exactly."""

    __slots__ = ()


JSON_TYPES[ExactNumber] = "a number"


@dataclasses.dataclass(frozen=True)
class Observed:
    """What the log reports about a table's rows after they are loaded."""

    unknown: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    """Paths and JSON types of properties without a column."""
    converted: set[str] = dataclasses.field(default_factory=set)
    """Sentences `column <path>: <conversion>`."""


def record(columns: Mapping[str, tuple[str, Converter]], path: str, seen: Observed) -> Converter:
    """Of an object. `columns`: column name and converter by property. `path` ends in a dot unless it is empty."""

    def convert_record(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 - anything JSON holds
        if type(value) is not dict:
            if value is None:
                return None
            raise Rejection("an object", value)
        row = {}
        name = ""
        try:
            for name, part in value.items():
                if part is not None:  # NULL is an absent key; a REPEATED column takes no null
                    column = columns.get(name)
                    if column is None:
                        seen.unknown.add((path + name, DRIFT_TYPES.get(type(part), "number")))
                    else:
                        row[column[0]] = column[1](part)
        except Rejection as rejection:
            rejection.path.insert(0, name)
            raise
        return row

    return convert_record


def repeated(convert: Converter, path: str, seen: Observed) -> Converter:
    """Of an array of what `convert` converts."""

    def convert_array(value: Any) -> list[Any]:  # noqa: ANN401 - anything JSON holds
        if type(value) is not list:
            raise Rejection("an array", value)
        items = [convert(item) for item in value]
        if None in items:
            seen.converted.add(f"column {path}: nulls dropped from arrays")
            items = [item for item in items if item is not None]
        return items

    return convert_array


def scalar(kind: str, path: str, seen: Observed) -> Converter:
    """Of a BigQuery type other than RECORD and REPEATED; unknown types convert as JSON."""
    return CONVERTERS.get(kind) or _json(path, seen)


def _string(value: Any) -> str | None:  # noqa: ANN401 - anything JSON holds
    if type(value) is str:
        return value
    if type(value) is float and value.is_integer():
        if abs(value) >= LARGEST_EXACT:
            raise PrecisionLost(value)
        return str(int(value))
    if type(value) in (int, ExactNumber):
        return str(value)
    if value is None:
        return None
    raise Rejection("a string", value)


def _boolean(value: Any) -> bool | None:  # noqa: ANN401 - anything JSON holds
    if type(value) is bool or value is None:
        return value
    raise Rejection("a boolean", value)


def _integer(value: Any) -> int | str | None:  # noqa: ANN401 - anything JSON holds
    """As text from 2^53 on, because JSON parsers may read larger numbers as doubles."""
    whole = value if type(value) is int else _whole(value)
    if whole is None:
        return None
    if not -(2**63) <= whole < 2**63:
        raise Rejection("a 64-bit integer", value, is_form=True)
    return whole if abs(whole) < LARGEST_EXACT else str(whole)


def _whole(value: Any) -> int | None:  # noqa: ANN401 - anything JSON holds
    if type(value) is float and value.is_integer():
        if abs(value) >= LARGEST_EXACT:
            raise PrecisionLost(value)
        return int(value)
    if type(value) is str and DIGITS.fullmatch(value):
        return int(value)
    if type(value) is ExactNumber:
        number = (
            Decimal(value) if abs(float(value)) < 2**64 else None
        )  # 1e999999 as an int would exhaust memory
        if number is not None and number == number.to_integral_value():
            return int(number)
    if value is None:
        return None
    raise Rejection("a 64-bit integer", value, is_form=type(value) in (str, float, ExactNumber))


def _float(value: Any) -> float | None:  # noqa: ANN401 - anything JSON holds
    if type(value) is int or value is None or (type(value) is float and math.isfinite(value)):
        return value
    if type(value) is ExactNumber and math.isfinite(number := float(value)):
        return number
    raise Rejection("a finite number", value, is_form=type(value) in (float, ExactNumber))


def _moment(wanted: str, parse: Callable[[str], object]) -> Converter:
    def convert_moment(value: Any) -> object:  # noqa: ANN401 - anything JSON holds
        try:
            return parse(value)  # the spool writes it in one ISO form
        except (ValueError, TypeError, OverflowError):
            if value is None or value == "":
                return None
            raise Rejection(wanted, value, is_form=type(value) is str) from None

    return convert_moment


def _timestamp(text: str) -> datetime:
    """Raises OverflowError for a time outside of the years 1 to 9999 in UTC, BigQuery's range."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is UTC or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC)  # the spool writes no seconds of an offset


def _time(text: str) -> str:
    """In UTC if the text has an offset, because BigQuery's TIME has none. One-digit hours (8:30:00) are accepted.

    As text: orjson 3.13.0 writes a `time` of 0.041757 seconds as .41757.
    """
    hour = time.fromisoformat(f"0{text}" if ONE_DIGIT_HOUR.match(text) else text)
    return (datetime.combine(ANY_DAY, hour).astimezone(UTC).time() if hour.tzinfo else hour).isoformat()


def _json(path: str, seen: Observed) -> Converter:
    """Numbers that BigQuery's JSON cannot hold exactly become strings; JSON_VALUE returns the same text for both.

    PARSE_JSON refuses decimals that do not survive the round trip through a double. Measured with ZetaSQL 0.1.5 on
    27 November 2026, 60,000 random decimals of each length: it accepts all of up to 4 whole and 4 fractional digits,
    and of up to 12 whole and 3 fractional digits. It refuses some with 5 fractional digits (67.174118), and some with
    5 whole and 4 fractional digits (81742.7428).
    """

    def convert_json(value: Any) -> Any:  # noqa: ANN401 - anything JSON holds
        kind = type(value)
        if kind is str or kind in PLAIN:
            return value
        if kind is dict or kind is list:
            for part in value.values() if kind is dict else value:
                if type(part) not in PLAIN:
                    break
            else:
                return value
        return _exactly(value, as_text)

    def as_text(written: str) -> str:
        seen.converted.add(
            f"column {path}: numbers that BigQuery's JSON cannot hold exactly are loaded as strings"
        )
        return written

    return convert_json


def _exactly(value: Any, as_text: Callable[[str], str]) -> Any:  # noqa: ANN401 - anything JSON holds
    if type(value) is dict:
        return {key: _exactly(part, as_text) for key, part in value.items()}
    if type(value) is list:
        return [_exactly(part, as_text) for part in value]
    if type(value) is ExactNumber:
        return as_text(str(value))
    if type(value) is float:
        if not abs(value) < LARGEST_EXACT:  # also true for NaN
            raise PrecisionLost(value)
        written = repr(value)
        return value if SHORT_DECIMAL.fullmatch(written) else as_text(written)
    return value


CONVERTERS: dict[str, Converter] = {
    "STRING": _string,
    "BOOLEAN": _boolean,
    "INTEGER": _integer,
    "FLOAT": _float,
    "TIMESTAMP": _moment("a date-time", _timestamp),
    "DATE": _moment("a date", date.fromisoformat),
    "TIME": _moment("a time", _time),
}
