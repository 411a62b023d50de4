"""Records that need no change: compiled code decodes and encodes them, and no converter sees them.

msgspec decodes a line to types made from the columns of its stream. They accept only values that the converters
return unchanged, so a line that they accept becomes the same row on either path. Every other line passes through
the converters. JSON columns in which decimals are usual are the exception: their values pass through their
converters.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import reduce
from operator import or_
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from target_bigquery.converters import LARGEST_EXACT, Rejection, scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from google.cloud.bigquery import SchemaField

    from target_bigquery.converters import Converter
    from target_bigquery.schema import Columns

WORTHWHILE = 100
"""Number of records whose conversion costs about as much as making the types of their stream."""
DEEPEST = 6
"""Levels of a JSON column; `child_events` of ticket events have as many."""
REFUSED = (msgspec.MsgspecError, ValueError, KeyError, RecursionError, Rejection)
"""UnicodeDecodeError is a ValueError; KeyError is of `_NoStream`."""

_Exact = Annotated[int, msgspec.Meta(gt=-LARGEST_EXACT, lt=LARGEST_EXACT)]
_Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Short = Annotated[float, msgspec.Meta(ge=-9999, le=9999, multiple_of=1 / 16)]
"""All of these have at most four digits before and after the point, see `converters`."""
_DAY = (
    r"[12]\d{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
)
_HOUR = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"


def _text(pattern: str) -> object:
    return Annotated[str, msgspec.Meta(pattern=rf"(?a)\A{pattern}\Z")]


def _json(number: Any) -> Any:  # noqa: ANN401 - types
    """Nested to DEEPEST: msgspec has no recursive types of this kind, and every level doubles their number."""
    scalar: Any = str | bool | _Whole | number | None
    value = scalar
    for _ in range(DEEPEST):
        value = scalar | list[value] | dict[str, value]  # type: ignore[valid-type] # made at run time
    return value


SCALARS: dict[str, Any] = {
    "STRING": str,
    "BOOLEAN": bool,
    "INTEGER": _Exact,
    "FLOAT": _Whole | float,
    "TIMESTAMP": _text(rf"{_DAY}T{_HOUR}Z"),
    "DATE": date,
    "TIME": _text(_HOUR),
    "JSON": _json(_Short),
}
"""By BigQuery type. A TIMESTAMP outside of a RECORD may have other forms, see `CompiledRecords`."""
WITH_DECIMALS = _json(float)
"""Of a JSON column whose values pass through its converter."""


def _has_decimal(value: object) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_decimal, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float)


def record_type(
    columns: Columns, keys: Sequence[str], sample: Mapping[str, Any], decimals: Collection[str] = ()
) -> Any:  # noqa: ANN401 - a type
    """Of the stream's records, or None. `sample`: one of them. Types with fields in its order decode faster. `decimals`: JSON
    columns whose values pass through their converters.

    A property whose column has another name is left out, so a record with it is refused.
    """
    usable = {
        field.name
        for field in columns.fields
        if field.name not in columns.renamed and field.field_type != "JSON"  # it may be null
    }
    if not usable.issuperset(keys):
        return None
    return _struct(columns.fields, "", columns.renamed, keys, sample, decimals)


def _struct(  # noqa: PLR0913, PLR0917 - of a level
    fields: Iterable[SchemaField],
    path: str,
    renamed: Collection[str],
    keys: Sequence[str],
    sample: object,
    decimals: Collection[str] = (),
) -> Any:  # noqa: ANN401 - a type
    known = sample if isinstance(sample, dict) else {}
    places = {name: place for place, name in enumerate(known)}
    definitions: list[Any] = []
    names: dict[str, str] = {}
    for field in sorted(fields, key=lambda field: places.get(field.name, len(places))):
        if f"{path}{field.name}" in renamed:
            continue
        attribute = f"f{len(names)}"
        names[attribute] = field.name
        is_converted = field.name in decimals
        value = WITH_DECIMALS if is_converted else _value(field, path, renamed, known.get(field.name))
        definitions.append((attribute, value) if field.name in keys else (attribute, value | None, None))
    return msgspec.defstruct(
        "Record",
        definitions,
        rename=names,
        kw_only=True,
        omit_defaults=True,  # NULL is an absent key; JSON columns and REPEATED ones take no null
        forbid_unknown_fields=True,
        gc=False,
    )


def _value(field: SchemaField, path: str, renamed: Collection[str], sample: object) -> Any:  # noqa: ANN401 - a type
    is_list = field.mode == "REPEATED"
    if is_list:
        sample = sample[0] if isinstance(sample, list) and sample else None
    if field.field_type == "RECORD":
        value = _struct(field.fields, f"{path}{field.name}.", renamed, (), sample)
    elif field.field_type == "TIMESTAMP" and not path and not is_list:
        value = str
    else:
        value = SCALARS[field.field_type]
    return list[value] if is_list else value  # type: ignore[valid-type] # made at run time


encode_lines = msgspec.json.Encoder().encode_lines


class _NoStream(msgspec.Struct, tag_field="stream", tag=""):
    """Makes a union even of a single type: outside of a union, msgspec accepts a message without a tag."""


class CompiledRecords:
    """Decodes lines of RECORD messages and hands on the records of those that need no change."""

    def __init__(self, spool: Callable[[str, list[Any]], bool]) -> None:
        """`spool` takes all of these records of one stream, or none."""
        self._spool = spool
        self._seen: dict[str, int] = {}
        self._messages: dict[str, Any] = {}
        self._streams: dict[Any, tuple[str, list[str], list[tuple[str, Converter]]]] = {}
        self._decimals: dict[str, set[str]] = {}
        self._renew()
        self.count = 0
        """Records that were taken so far."""

    def is_due(self, stream: str) -> bool:
        """Whether to make types from the record that the converters have just processed. If many records are
        refused, types are made again, because more columns may have decimals.
        """
        self._seen[stream] = seen = self._seen.get(stream, 0) + 1
        return seen in (WORTHWHILE, 10 * WORTHWHILE, 100 * WORTHWHILE)

    def add(self, stream: str, columns: Columns, keys: Sequence[str], sample: Mapping[str, Any]) -> None:
        decimals = self._decimals.setdefault(stream, set())
        decimals |= {
            field.name
            for field in columns.fields
            if field.field_type == "JSON" and _has_decimal(sample.get(field.name))
        }
        record = record_type(columns, keys, sample, decimals)
        if record is None:
            return
        self._drop(stream)
        message = msgspec.defstruct(
            "Message",
            [
                ("type", Literal["RECORD"]),
                ("record", record),
                ("time_extracted", str | None, None),
                ("version", int | None, None),
            ],
            forbid_unknown_fields=True,  # their bytes would not be checked
            tag_field="stream",
            tag=stream,
            gc=False,
        )
        attributes = {field.encode_name: field.name for field in msgspec.structs.fields(record)}
        moments = [
            attributes[field.name]
            for field in columns.fields
            if field.field_type == "TIMESTAMP" and field.mode != "REPEATED" and field.name in attributes
        ]
        converted = [
            (attributes[name], scalar("JSON", name, columns.seen)) for name in decimals if name in attributes
        ]
        self._messages[stream] = message
        self._streams[message] = stream, moments, converted
        self._renew()

    def forget(self, stream: str) -> None:
        """Its columns have changed."""
        self._seen.pop(stream, None)
        self._decimals.pop(stream, None)
        self._drop(stream)
        self._renew()

    def _drop(self, stream: str) -> None:
        message = self._messages.pop(stream, None)
        if message is not None:
            del self._streams[message]

    def _renew(self) -> None:
        kinds: Any = reduce(or_, self._messages.values(), _NoStream)
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(kinds).decode

    def left(self, lines: Sequence[bytes]) -> Iterator[int]:
        """Indexes of the lines that pass through the converters, in order. Each is processed before the next is
        requested.
        """
        kind: Any = NoneType
        records: list[Any] = []
        for place, line in enumerate(lines):
            message = self._message(line)
            if type(message) is not kind:
                yield from self._spooled(kind, records, place)
                kind, records = type(message), []
            if message is None:
                yield place
            else:
                records.append(message.record)
        yield from self._spooled(kind, records, len(lines))

    def _spooled(self, kind: Any, records: list[Any], end: int) -> Iterable[int]:  # noqa: ANN401 - a type
        """Indexes of these records, the last of which is before `end`, unless they could be spooled."""
        if records and self._spool(self._streams[kind][0], records):
            self.count += len(records)
            return ()
        return range(end - len(records), end)

    def _message(self, line: bytes) -> Any:  # noqa: ANN401 - made at run time
        try:
            message = self._decode(line)
            _, moments, converted = self._streams[type(message)]
            record = message.record
            for moment in moments:
                text = getattr(record, moment)
                if text is not None:
                    read = datetime.fromisoformat(text)
                    if read.tzinfo is not UTC:
                        return None
                    setattr(record, moment, read)
            for (
                attribute,
                convert,
            ) in converted:  # last, because it may note a conversion of a record that is taken
                setattr(record, attribute, convert(getattr(record, attribute)))
        except REFUSED:
            return None
        return message
