"""The objects of a page, in one of two forms: dicts, or structures whose values stay Zendesk's own bytes.

The second costs a fraction: nothing inside a value is decoded or encoded again. It serves wherever whole properties
are handed on; what looks into records (stream maps, flattening, a deselected nested property) gets dicts.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from tap_zendesk_cityblock.errors import AnswerError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tap_zendesk_cityblock.models import Model

Scalar = int | str | float | bool | None
KEY_AND_CLOCK = attrgetter("property_0", "property_1")
Version = tuple[Scalar | msgspec.UnsetType, Scalar | msgspec.UnsetType]


class Answer(msgspec.Struct, kw_only=True):
    """What an answer tells about pages, in any dialect; absent is None. Its objects are `records`."""

    after_cursor: Any = None
    end_of_stream: Any = None
    end_time: Any = None
    next_page: Any = None
    meta: Any = None


class Rows(Protocol):
    """How the objects of one export are read."""

    def read(self, body: bytes) -> tuple[Answer, list[Any]]:
        """Raises TransientError for a body cut short, AnswerError for one that is not as documented."""

    def version(self, record: Any) -> Version:  # noqa: ANN401 - what `read` returned
        """The key and the clock: what tells this version of an object from every other."""

    def value(self, record: Any, name: str) -> Any:  # noqa: ANN401 - bytes or what Python has for them
        """A property of the record, None where it has none."""

    def released(self, records: list[Any]) -> list[Any]:
        """The records without what the model leaves out. Comes after every `value` of them."""


def ignore(_name: str) -> None:
    """As `report`, where rows are read that are not exported: of a property that is not known nobody is told."""


def _answer_type(model: Model, row: Any) -> Any:  # noqa: ANN401 - types, made at run time
    records = (
        "records",
        list[row] | msgspec.UnsetType,
        msgspec.field(default=msgspec.UNSET, name=model.root),
    )
    return msgspec.defstruct("ModelAnswer", [records], bases=(Answer,), kw_only=True, gc=False)


class DictRows:
    """Records as the SDK knows them."""

    def __init__(
        self,
        model: Model,
        known: Collection[str],
        constants: Mapping[str, str],
        report: Callable[[str], None],
    ) -> None:
        """`constants` are added to each record; `report` is called with the name of a property that is not known.

        Those that the model leaves out are in the records until they are `released`.
        """
        self._model, self._known = model, frozenset(known)
        self._left_out = model.left_out - self._known
        self._constants, self._report = constants, report
        self._decode = msgspec.json.Decoder(_answer_type(model, dict[str, Any])).decode

    def read(self, body: bytes) -> tuple[Answer, list[dict[str, Any]]]:
        answer, records = self.decode(body)
        return answer, [self.finished(record) for record in records]

    def finished(self, record: dict[str, Any]) -> dict[str, Any]:
        """Of one that `decode` returned: without what is not known, and with the constants."""
        for name in record.keys() - self._known - self._left_out:
            del record[name]
            self._report(name)
        record.update(self._constants)
        return record

    def decode(self, body: bytes) -> tuple[Answer, list[dict[str, Any]]]:
        """As `read`, the records as Zendesk served them."""
        try:
            answer: Any = self._decode(body)
        except msgspec.ValidationError:
            answer = Answer()
        except msgspec.DecodeError:
            raise TransientError("an answer that is not whole JSON") from None
        records = getattr(answer, "records", msgspec.UNSET)
        if records is msgspec.UNSET:
            model = self._model
            raise AnswerError(f"{model.name}: the answer of {model.path} has no list {model.root!r}")
        return answer, records

    def version(self, record: dict[str, Any]) -> Version:
        version = record.get(self._model.key), record.get(self._model.clock)
        if isinstance(version[0], (dict, list)) or isinstance(version[1], (dict, list)):
            raise _no_plain_value(self._model)
        return version

    def value(self, record: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - any value of JSON
        return record.get(name)

    def released(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for record in records:
            for name in self._left_out:
                record.pop(name, None)
        return records


class RawRows:
    """Records as structures made from the selected properties."""

    def __init__(
        self,
        model: Model,
        known: Collection[str],
        selected: Collection[str],
        constants: Mapping[str, str],
        report: Callable[[str], None],
    ) -> None:
        """As DictRows; `selected` are those of the known properties and constants that records shall have."""
        self._model, self._known, self._report = model, frozenset(known), report
        self._selected = [name for name in selected if name not in constants]
        self._constants = {name: value for name, value in constants.items() if name in selected}
        self._as_dicts = DictRows(model, known, constants, report)
        self._left_out = set(model.left_out)
        self._prepare()

    def _prepare(self) -> None:
        """Makes the structure: key and clock decoded, the others bytes; what is left out is named too.

        Without a name for each property an unknown one could not be told: `forbid_unknown_fields` is what tells.
        """
        key, clock = self._model.key, self._model.clock
        names = list(dict.fromkeys([key, clock, *self._selected, *self._known, *self._left_out]))
        attributes = {name: f"property_{number}" for number, name in enumerate(names)}
        scalar = Scalar | msgspec.UnsetType
        fields: list[Any] = [
            (
                attributes[name],
                scalar if name in (key, clock) else msgspec.Raw,
                msgspec.field(default=msgspec.UNSET, name=name),
            )
            for name in names
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
        self._decode = msgspec.json.Decoder(_answer_type(self._model, row)).decode
        self._attributes = attributes
        self._hidden = [
            attributes[name] for name in names if name not in self._selected and name not in self._constants
        ]

    def read(self, body: bytes) -> tuple[Answer, list[Any]]:
        body = _one_line(body)
        try:
            answer: Any = self._decode(body)
        except msgspec.ValidationError:
            answer = self._once_more(body)
        except msgspec.DecodeError:
            raise TransientError("an answer that is not whole JSON") from None
        if answer.records is msgspec.UNSET:
            self._as_dicts.decode(body)  # tells what is wrong
        return answer, answer.records

    def _once_more(self, body: bytes) -> Any:  # noqa: ANN401 - a type made at run time
        """Learns the properties that are new, and reads the page with them."""
        _, records = self._as_dicts.decode(body)
        new = {name for record in records for name in record} - self._known - self._left_out
        for name in sorted(new):
            self._report(name)
        self._left_out |= new
        self._prepare()
        try:
            return self._decode(body)
        except msgspec.ValidationError:
            raise _no_plain_value(self._model) from None

    def version(self, record: Any) -> Version:  # noqa: ANN401 - a type made at run time
        version: Version = KEY_AND_CLOCK(record)
        return version

    def value(self, record: Any, name: str) -> Any:  # noqa: ANN401 - bytes, but for the key and the clock
        value = getattr(record, self._attributes[name])
        return None if value is msgspec.UNSET else value

    def released(self, records: list[Any]) -> list[Any]:
        for attribute in self._hidden:
            for record in records:
                setattr(record, attribute, msgspec.UNSET)
        return records


def _no_plain_value(model: Model) -> AnswerError:
    return AnswerError(
        f"{model.name}: in the answer of {model.path}, {model.key} or {model.clock} of an object is no plain value"
    )


def _one_line(body: bytes) -> bytes:
    """Values are handed on as they are, and a line break between their tokens would be too."""
    if b"\n" not in body and b"\r" not in body:
        return body
    try:
        return msgspec.json.format(body, indent=-1)
    except msgspec.DecodeError:
        raise TransientError("an answer that is not whole JSON") from None
