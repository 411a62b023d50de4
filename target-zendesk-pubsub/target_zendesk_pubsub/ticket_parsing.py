"""Parse tickets leniently: convert unusual values that have a single sensible reading, reject the rest."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

import msgspec
from cityblock_singer.json_depth import shallow
from msgspec.inspect import IntType, ListType, Metadata, StrType, StructType, Type, UnionType, type_info

from target_zendesk_pubsub.tickets import DeletionStub, Record, Ticket, ticket_of

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Keys that may be logged; others could be free text."""
TIMES = frozenset({"created_at", "updated_at", "due_at"})
DIGITS = re.compile(r"-?[0-9]{1,19}")
LONGEST_NUMBER = 1000
"""Digits; Python parses up to 4,300."""
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
PLACE = re.compile(r".* - at `\$\.(\w+)|.*required field `(\w+)")
"""Finds the property in msgspec's error messages."""

_decode_record = msgspec.json.Decoder(Record).decode
_RECORD = type_info(Record)


class Rejected(msgspec.Struct, gc=False):
    """A record that cannot be parsed as a ticket. `reason` quotes nothing of it; `payload` is its JSON text."""

    record_key: str | None
    column: str | None
    reason: str
    payload: str
    export_id: str | None = None

    @property
    def name(self) -> str:
        """For logs."""
        if self.record_key is None:
            return "a ticket without an id"
        return (
            f"ticket {self.record_key}" if NAME.fullmatch(self.record_key) else "a ticket with an invalid id"
        )


class Reading(NamedTuple):
    """`is_replaced`: invalid Unicode was replaced by U+FFFD."""

    ticket: Ticket | DeletionStub | Rejected
    is_replaced: bool = False


def read_ticket(record: bytes | msgspec.Raw) -> Reading:
    """`record`: a JSON object."""
    try:
        return Reading(ticket_of(_decode_record(record)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_leniently(bytes(record))


def rejected_as_too_deep(record: bytes) -> Rejected:
    """`record`: its upper levels."""
    text = record.decode("utf-8", "replace")
    found = read_json(text)
    reason = "nested too deeply"
    return Rejected(_key(found.get("id")), None, reason, text)


def read_json(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Integers that Python does not parse are texts of their digits. Raises ValueError, RecursionError."""
    return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= LONGEST_NUMBER else digits)


def _read_leniently(record: bytes) -> Reading:
    try:
        text, is_utf8 = record.decode(), True
    except UnicodeDecodeError:
        text, is_utf8 = record.decode("utf-8", "replace"), False
    try:
        proper, lone = LONE_SURROGATE.subn("\N{REPLACEMENT CHARACTER}", _decoded_pairs(text))
        found = read_json(proper)
    except RecursionError:
        return Reading(rejected_as_too_deep(shallow(record)))
    except ValueError:
        return Reading(Rejected(None, None, "not JSON", text))
    try:
        ticket = ticket_of(msgspec.convert(_repaired(found), Record))
    except msgspec.ValidationError as invalid:
        place = PLACE.match(str(invalid))
        export_id = found.get("_export_id")
        return Reading(
            Rejected(
                _key(found.get("id")),
                place and place[place.lastindex or 0],
                str(invalid),
                text,
                export_id if isinstance(export_id, str) else None,
            )
        )
    return Reading(ticket, lone > 0 or not is_utf8)


def _decoded_pairs(text: str) -> str:
    """The JSON text with surrogate pairs decoded to characters, so that only lone surrogates are left."""
    return json.dumps(read_json(text), ensure_ascii=False)


def _key(ticket_id: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    return str(ticket_id) if type(ticket_id) in (int, float, str) else None


def _repaired(record: dict[str, Any]) -> dict[str, Any]:
    """Raises ValidationError."""
    record = _converted(record, _RECORD)
    rating, fields = record.get("satisfaction_rating"), record.get("custom_fields")
    if isinstance(rating, str):
        record["satisfaction_rating"] = {"score": rating}
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field, dict):
            value = field.setdefault("value", None)
            if isinstance(value, float) and not math.isfinite(value):
                raise msgspec.ValidationError("Expected a finite number - at `$.custom_fields[...].value`")
    return record


def _converted(value: Any, kind: Type) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The value converted to that type if there is only one way to convert it; otherwise unchanged, so that
    msgspec rejects it.
    """
    for one in kind.types if isinstance(kind, UnionType) else (kind,):
        match one, value:
            case Metadata(type=described), _:
                return _converted(value, described)
            case StructType(fields=fields), dict():
                read = {
                    field.name: _converted(value[field.name], field.type)
                    for field in fields
                    if field.name in value and field.name not in TIMES
                }
                return value | read
            case ListType(item_type=item), list():
                return [_converted(each, item) for each in value if each is not None]
            case IntType() | StrType(), _ if (digits := _digits(value)) is not None:
                return int(digits) if isinstance(one, IntType) else digits
    return value


def _digits(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    """The digits of an integer, or of a string that contains nothing else."""
    if isinstance(value, str):
        return value if DIGITS.fullmatch(value) else None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
