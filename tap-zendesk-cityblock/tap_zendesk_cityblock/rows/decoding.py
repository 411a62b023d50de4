"""The objects of a page, in one of two forms: dicts, or structs whose values stay Zendesk's own bytes.

The second is many times faster: values are neither decoded nor encoded again. It is used wherever whole properties pass
through; stream maps, flattening and deselected nested properties need dicts.
"""

from __future__ import annotations

import json
import re
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from tap_zendesk_cityblock.models import UNKNOWN_PROPERTIES
from tap_zendesk_cityblock.rows.responses import decoded, one_by_one, response_type, with_keys
from tap_zendesk_cityblock.rows.texts import integer
from tap_zendesk_cityblock.rows.unknown import as_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.rows.oddities import Report
    from tap_zendesk_cityblock.rows.responses import ResponseBody

KEY_AND_CLOCK = attrgetter("property_0", "property_1")
KEY = attrgetter("property_0")
Version = tuple[Any, Any]
_names = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

WORTHWHILE = 10_000
"""Bytes of a response whose rows cost more than a second row type does."""

SAMPLE = 100
"""Rows of the first response that show which properties have plain values."""
Plain = int | bool | None
_is_plain = re.compile(rb"null|true|false|-?[0-9]+").fullmatch

SCALARS = frozenset({b'"', b"-", *(b"%d" % digit for digit in range(10))})
"""First bytes of a text or a number."""


class Rows(Protocol):
    """Decodes the objects of one export."""

    def read(self, body: bytes) -> tuple[ResponseBody, list[Any]]:
        """Raises TransientError for a body cut short, UnexpectedResponseError for one that is not as documented."""

    def versions(self, records: list[Any]) -> list[Version]:
        """The key and the clock of each record: what distinguishes this version of an object from the others.

        A clock may be any value of JSON; absent is None or msgspec.UNSET.
        """

    def value(self, record: Any, name: str) -> Any:  # noqa: ANN401 - bytes or what Python has for them
        """A property of the record, None if it is absent."""

    def replace(self, record: Any, name: str, value: Any) -> None:  # noqa: ANN401 - as `value` returns it
        """Gives the record another value of a property."""

    def released(self, records: list[Any]) -> list[Any]:
        """The records without the properties that the model leaves out. Call it after every `value` of them."""


class DictRows:
    """Records as the SDK has them."""

    def __init__(
        self,
        model: Model,
        known: Collection[str],
        constants: Mapping[str, Any],
        report: Report,
        *,
        has_via: bool = False,
    ) -> None:
        """`constants` are added to each record. `has_via`: its property `via` has to be an object.

        Properties that the model leaves out stay in the records until `released`.
        """
        self._model, self._known = model, frozenset(known)
        self._left_out = model.left_out - self._known
        self._constants, self._report, self._has_via = constants, report, has_via
        self._decode = msgspec.json.Decoder(response_type(model, dict[str, Any])).decode
        self._decode_raw = msgspec.json.Decoder(response_type(model, msgspec.Raw)).decode

    def read(self, body: bytes) -> tuple[ResponseBody, list[dict[str, Any]]]:
        response, records = self.decode(body)
        return response, [self.finished(record) for record in records]

    def finished(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record that `decode` returned, without unknown properties and with the constants."""
        unknown = {name: record.pop(name) for name in record.keys() - self._known - self._left_out}
        for name, value in unknown.items():
            self._report.unknown(name, value)
        if unknown and UNKNOWN_PROPERTIES in self._known:
            record[UNKNOWN_PROPERTIES] = as_text(unknown)
        record.update(self._constants)
        return record

    def decode(self, body: bytes) -> tuple[ResponseBody, list[dict[str, Any]]]:
        """As `read`, but with the records as Zendesk served them."""
        response: Any = decoded(self._model, body, self._whole, self._report)
        keys = [record.get(self._model.key) for record in response.records]
        response.records = with_keys(self._model, response, keys, self._report)
        if self._has_via:
            for record in response.records:
                if isinstance(via := record.get("via"), str | int | float) and not isinstance(via, bool):
                    text = via if isinstance(via, str) else msgspec.json.encode(via).decode()
                    record["via"] = {"channel": text}
        return response, response.records

    def _whole(self, body: bytes) -> Any:  # noqa: ANN401 - a type made at run time
        try:
            response: Any = self._decode(body)
            if response.records is not msgspec.UNSET:
                return response
        except msgspec.ValidationError:
            pass
        response, objects = one_by_one(self._model, body, self._decode_raw, self._report)
        response.records = [_to_dict(one) for one in objects]
        return response

    def versions(self, records: list[dict[str, Any]]) -> list[Version]:
        key, clock = self._model.key, self._model.clock
        return [(record[key], record.get(clock)) for record in records]

    def value(self, record: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - any value of JSON
        return record.get(name)

    def replace(self, record: dict[str, Any], name: str, value: Any) -> None:  # noqa: ANN401
        record[name] = value

    def released(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for record in records:
            for name in self._left_out:
                record.pop(name, None)
        return records


class RawRows:
    """Records as structs of the selected properties."""

    def __init__(  # noqa: PLR0913 - what a row is made of
        self,
        model: Model,
        known: Collection[str],
        selected: Collection[str],
        constants: Mapping[str, Any],
        report: Report,
        *,
        has_via: bool = False,
    ) -> None:
        """As DictRows. `selected`: the known properties and constants that records have."""
        self._model, self._known, self._report = model, frozenset(known), report
        self._selected = [name for name in selected if name not in constants]
        self._constants = {name: value for name, value in constants.items() if name in selected}
        self._has_via = has_via and "via" in selected
        self._unknown: list[str] = []
        """Properties that some row had and the schema lacks."""
        self._places: dict[str, int] = {}
        self._plain: set[str] = set()
        """Properties of which only null, booleans and integers have been seen: decoding them costs less than keeping bytes."""
        self._prepare()

    def _prepare(self) -> None:
        """Makes the struct: key, clock and plain properties are decoded, all others stay bytes.

        Properties that are left out have fields, too: `forbid_unknown_fields` detects those that are new.
        """
        key, clock = self._model.key, self._model.clock
        left_out = self._model.left_out
        names = list(dict.fromkeys([key, clock, *self._selected, *self._known, *left_out, *self._unknown]))
        attributes = {name: f"property_{number}" for number, name in enumerate(names)}
        fields: list[Any] = [
            (
                attributes[name],
                Any if name in (key, clock) else Plain if name in self._plain else msgspec.Raw,
                msgspec.field(default=msgspec.UNSET, name=name),
            )
            for name in sorted(names, key=lambda name: self._places.get(name, len(self._places)))
            if name not in self._constants
        ]
        fields += [
            (
                f"constant_{number}",
                msgspec.Raw,
                msgspec.field(default=msgspec.Raw(msgspec.json.encode(value)), name=name),
            )
            for number, (name, value) in enumerate(self._constants.items())
        ]
        row = msgspec.defstruct("Row", fields, forbid_unknown_fields=True, gc=False)
        self._decode = msgspec.json.Decoder(response_type(self._model, row)).decode
        self._decode_raw = msgspec.json.Decoder(response_type(self._model, msgspec.Raw)).decode
        self._decode_row = msgspec.json.Decoder(row).decode
        self._attributes = attributes
        self._hidden = [
            attributes[name] for name in names if name not in self._selected and name not in self._constants
        ]

    def read(self, body: bytes) -> tuple[ResponseBody, list[Any]]:
        response: Any = decoded(self._model, body, self._whole, self._report)
        response.records = with_keys(self._model, response, [*map(KEY, response.records)], self._report)
        if self._has_via:
            self._make_objects(response.records, self._attributes["via"])
        if self._unknown:
            self._report_unknown(response.records)
        return response, response.records

    def _whole(self, body: bytes) -> Any:  # noqa: ANN401 - a type made at run time
        body = _one_line(body)
        try:
            if not self._places and len(body) >= WORTHWHILE:
                self._learn_order(body)
            response: Any = self._decode(body)
            if response.records is not msgspec.UNSET:
                return response
        except msgspec.ValidationError:
            pass
        response, objects = one_by_one(self._model, body, self._decode_raw, self._report)
        self._learn(objects)
        response.records = [self._decode_row(one) for one in objects]
        return response

    def _learn_order(self, body: bytes) -> None:
        """And plain properties, from its first objects: rows are decoded and encoded faster with fields in Zendesk's order."""
        objects = [_names(one) for one in self._decode_raw(body).records[:SAMPLE]]
        if objects:
            self._places = {name: place for place, name in enumerate(objects[0])}
            self._plain = self._places.keys() - {"via"} - set[str]().union(*map(_not_plain, objects))
            self._prepare()

    def _learn(self, objects: list[msgspec.Raw]) -> None:
        """Gives the struct fields for properties that are new, and bytes for those that are not plain after all."""
        expected = self._known | self._model.left_out | {*self._unknown}
        new, odd = set[str](), set[str]()
        for one in map(_names, objects):
            new |= one.keys() - expected
            odd |= self._plain & _not_plain(one)
        if new or odd:
            self._unknown += sorted(new)
            self._plain -= odd
            self._prepare()

    def _report_unknown(self, records: list[Any]) -> None:
        """And keeps them, if the records have a column for them."""
        attributes = [(name, self._attributes[name]) for name in self._unknown]
        column = self._attributes[UNKNOWN_PROPERTIES] if UNKNOWN_PROPERTIES in self._selected else None
        for record in records:
            values = [(name, getattr(record, attribute)) for name, attribute in attributes]
            unknown = {name: value for name, value in values if value is not msgspec.UNSET}
            for name, value in unknown.items():
                self._report.unknown(name, value)
            if unknown and column:
                setattr(record, column, msgspec.Raw(msgspec.json.encode(as_text(unknown))))

    def _make_objects(self, records: list[Any], attribute: str) -> None:
        """A `via` that is a text or a number is the channel (issues of other exporters, 2018 to 2026)."""
        for record, via in zip(records, map(attrgetter(attribute), records), strict=True):
            if via is not msgspec.UNSET and (value := bytes(via))[:1] in SCALARS:
                text = value if value[:1] == b'"' else b'"%b"' % value
                setattr(record, attribute, msgspec.Raw(b'{"channel":%b}' % text))

    def versions(self, records: list[Any]) -> list[Version]:
        return [*map(KEY_AND_CLOCK, records)]

    def value(self, record: Any, name: str) -> Any:  # noqa: ANN401 - bytes, or what Python has for them
        value = getattr(record, self._attributes[name])
        return None if value is msgspec.UNSET else value

    def replace(self, record: Any, name: str, value: Any) -> None:  # noqa: ANN401
        setattr(record, self._attributes[name], value)

    def released(self, records: list[Any]) -> list[Any]:
        for attribute in self._hidden:
            for record in records:
                setattr(record, attribute, msgspec.UNSET)
        return records


class RowsFactory(msgspec.Struct, frozen=True):
    """Makes the Rows of one export, for each path and parent that its pages come from. Fields as of DictRows and RawRows."""

    known: Collection[str]
    selected: Collection[str]
    constants: Mapping[str, Any]
    report: Report
    has_via: bool = False
    as_bytes: bool = False

    def with_constants(self, constants: Mapping[str, Any]) -> RowsFactory:
        return msgspec.structs.replace(self, constants={**constants, **self.constants})

    def make(self, model: Model) -> Rows:
        """`model`: with the path and the root of the responses."""
        if not self.as_bytes:
            return self.dicts(model)
        return RawRows(model, self.known, self.selected, self.constants, self.report, has_via=self.has_via)

    def dicts(self, model: Model) -> DictRows:
        """As `make`, for readers that look into records."""
        return DictRows(model, self.known, self.constants, self.report, has_via=self.has_via)


def _not_plain(properties: Mapping[str, msgspec.Raw]) -> set[str]:
    """Those with another value than null, a boolean or an integer."""
    return {name for name, value in properties.items() if not _is_plain(value)}


def _to_dict(one: msgspec.Raw) -> dict[str, Any]:
    try:
        record: dict[str, Any] = msgspec.json.decode(one)
    except msgspec.ValidationError:  # a number beyond what msgspec takes for a float
        record = json.loads(bytes(one), parse_int=integer)
    return record


def _one_line(body: bytes) -> bytes:
    """Values are passed on as they are; a line break between their tokens would break the message."""
    return msgspec.json.format(body, indent=-1) if b"\n" in body or b"\r" in body else body
