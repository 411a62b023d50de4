"""Tickets that are not as they should be: read where there is one sensible reading, else left as they came."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

import msgspec
from msgspec.inspect import IntType, ListType, Metadata, StrType, StructType, Type, UnionType, type_info

from target_zendesk_pubsub.tickets import Record, Remnant, Ticket, ticket_of

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Keys that may be logged: any other might be somebody's text."""
TIMES = frozenset({"created_at", "updated_at", "due_at"})
DIGITS = re.compile(r"-?[0-9]{1,19}")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
PLACE = re.compile(r".* - at `\$\.(\w+)|.*required field `(\w+)")
"""The property, in msgspec's errors."""

_decode_record = msgspec.json.Decoder(Record).decode
_RECORD = type_info(Record)


class Rejected(msgspec.Struct, gc=False):
    """A record that no ticket can be read from. `reason` quotes nothing of it; `payload` is it, as JSON text."""

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
        return f"ticket {self.record_key}" if NAME.fullmatch(self.record_key) else "a ticket with an odd id"


class Reading(NamedTuple):
    """`is_replaced`: some of its text was no proper Unicode, and is U+FFFD now."""

    ticket: Ticket | Remnant | Rejected
    is_replaced: bool = False


def read_ticket(record: bytes | msgspec.Raw) -> Reading:
    """`record`: a JSON object."""
    try:
        return Reading(ticket_of(_decode_record(record)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_odd(bytes(record))


def _read_odd(record: bytes) -> Reading:
    try:
        text, is_utf8 = record.decode(), True
    except UnicodeDecodeError:
        text, is_utf8 = record.decode("utf-8", "replace"), False
    try:
        proper, lone = LONE_SURROGATE.subn("\N{REPLACEMENT CHARACTER}", _joined(text))
        found = json.loads(proper)
    except (ValueError, RecursionError) as unreadable:
        reason = "nested too deeply" if isinstance(unreadable, RecursionError) else "not JSON"
        return Reading(Rejected(None, None, reason, text))
    try:
        ticket = ticket_of(msgspec.convert(_sensible(found), Record))
    except msgspec.ValidationError as misfit:
        place = PLACE.match(str(misfit))
        export_id = found.get("_export_id")
        return Reading(
            Rejected(
                _key(found.get("id")),
                place and place[place.lastindex or 0],
                str(misfit),
                text,
                export_id if isinstance(export_id, str) else None,
            )
        )
    return Reading(ticket, lone > 0 or not is_utf8)


def _joined(text: str) -> str:
    """JSON text without escapes but where it needs them: surrogates that belong together are one character."""
    return json.dumps(json.loads(text), ensure_ascii=False)


def _key(ticket_id: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    return str(ticket_id) if type(ticket_id) in (int, float, str) else None


def _sensible(record: dict[str, Any]) -> dict[str, Any]:
    """Raises ValidationError."""
    record = _fitted(record, _RECORD)
    rating, fields = record.get("satisfaction_rating"), record.get("custom_fields")
    if isinstance(rating, str):
        record["satisfaction_rating"] = {"score": rating}
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field, dict):
            value = field.setdefault("value", None)
            if isinstance(value, float) and not math.isfinite(value):
                raise msgspec.ValidationError("Expected a finite number - at `$.custom_fields[...].value`")
    return record


def _fitted(value: Any, kind: Type) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Read as this type where there is one way to; else as it is, for msgspec to refuse."""
    for one in kind.types if isinstance(kind, UnionType) else (kind,):
        match one, value:
            case Metadata(type=described), _:
                return _fitted(value, described)
            case StructType(fields=fields), dict():
                read = {
                    field.name: _fitted(value[field.name], field.type)
                    for field in fields
                    if field.name in value and field.name not in TIMES
                }
                return value | read
            case ListType(item_type=item), list():
                return [_fitted(each, item) for each in value if each is not None]
            case IntType() | StrType(), _ if (digits := _digits(value)) is not None:
                return int(digits) if isinstance(one, IntType) else digits
    return value


def _digits(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    """Of a whole number, or of a text of nothing else."""
    if isinstance(value, str):
        return value if DIGITS.fullmatch(value) else None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
