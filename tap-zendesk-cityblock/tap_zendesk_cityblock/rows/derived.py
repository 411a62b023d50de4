"""Rows derived from the objects of another model: comments, attachments and changed fields from ticket events, metrics from
tickets.

Values are as in the rows of that model: Zendesk's bytes or Python objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.models import UNKNOWN_PROPERTIES
from tap_zendesk_cityblock.rows.redaction_events import number
from tap_zendesk_cityblock.rows.responses import WITHOUT_KEY, check_share
from tap_zendesk_cityblock.rows.unknown import as_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tap_zendesk_cityblock.model_types import Model
    from tap_zendesk_cityblock.rows.decoding import Rows
    from tap_zendesk_cityblock.rows.oddities import Report

Properties = dict[str, Any]

CHANGE = frozenset(
    {"id", "via", "via_reference_id", "event_type", "previous_value", "added_tags", "removed_tags"}
)
"""Properties of a child event that describe a change. The remaining property is the changed field."""

CUSTOM_FIELDS = "custom_ticket_fields"
"""The field that contains others: values by the ids of the account's own ticket fields."""

_objects = msgspec.json.Decoder(list[dict[str, msgspec.Raw] | None] | None).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode


class DerivedRows:
    """The rows of one derived model."""

    def __init__(
        self,
        model: Model,
        known: Collection[str],
        selected: Collection[str],
        constants: Mapping[str, str],
        report: Report,
    ) -> None:
        """`selected`: the known properties and constants that rows have."""
        assert model.derivation is not None  # noqa: S101 - the caller has checked
        self._model, self._derivation, self._known = model, model.derivation, frozenset(known)
        self._expected = self._known | model.left_out
        self._selected = self._known & set(selected)
        self._taken = [(ours, theirs) for ours, theirs in model.derivation.copied if ours in self._selected]
        self._as_text = model.derivation.as_text & self._selected
        self._constants = {name: value for name, value in constants.items() if name in selected}
        self._report = report

    def of(self, records: list[Any], rows: Rows) -> list[Properties]:
        """The rows in these records, in their order. `rows` reads the records. Raises UnexpectedResponseError."""
        found: list[Properties] = []
        odd = 0
        for record in records:
            taken = {ours: rows.value(record, theirs) for ours, theirs in self._taken}
            try:
                inside = list(self._within(rows.value(record, self._derivation.within)))
            except (msgspec.MsgspecError, AttributeError, TypeError, ValueError):
                odd += 1
                continue
            found += [self._completed(properties, taken) for properties in inside]
        if odd:
            why = f"with {self._derivation.within} not as documented"
            check_share(self._model, odd, len(records), why)
            self._report.left_out(odd, why)
        return found

    def _completed(self, properties: Properties, taken: Properties) -> Properties:
        if not properties.keys() <= self._expected:
            unknown = {name: properties[name] for name in properties.keys() - self._expected}
            for name, value in unknown.items():
                self._report.unknown(name, value)
            properties = {**properties, UNKNOWN_PROPERTIES: as_text(unknown)}
        row = {name: value for name, value in properties.items() if name in self._selected}
        row.update(taken)
        for name in self._as_text:
            if name in row:
                row[name] = _text(row[name])
        row.update(self._constants)
        return row

    def _within(self, value: Any) -> Iterator[Properties]:  # noqa: ANN401 - bytes or what Python has for them
        if value is None:
            return
        if not self._derivation.event_types:
            found = _opened(value)
            if found:
                yield found
            return
        events = _objects(value) if isinstance(value, msgspec.Raw) else value
        for event in events or ():
            if event is None:
                self._report.nulls(1)
            elif _plain(event.get("event_type")) in self._derivation.event_types:
                yield from self._of_child(event)

    def _of_child(self, event: Properties) -> Iterator[Properties]:
        if self._derivation.by_field:
            yield from _by_field(event)
        elif self._derivation.of_attachments:
            attachments = list(_attachments(event))
            with_key = [one for one in attachments if one["id"] is not None]
            if without := len(attachments) - len(with_key):
                self._report.left_out(without, WITHOUT_KEY)
            yield from with_key
        else:
            yield _comment(event)


def _comment(event: Properties) -> Properties:
    """`via` may also be a text or a number, which a column of objects does not accept."""
    via = _plain(event.get("via"))
    is_channel = isinstance(via, str | int | float) and not isinstance(via, bool)
    return {**event, "via": {"channel": _text(via)}} if is_channel else {**event}


def _attachments(event: Properties) -> Iterator[Properties]:
    """One row for each attachment of a comment, or one that says which was redacted, with the event's time."""
    if "attachment_id" in event:
        ids = {name: number(_plain(event.get(name))) for name in ("attachment_id", "comment_id")}
        yield {"id": ids["attachment_id"], "comment_id": ids["comment_id"], "is_redacted": True}
        return
    value = event.get("attachments")
    about = {name: event.get(name) for name in ("author_id", "public")}
    for one in (_objects(value) if isinstance(value, msgspec.Raw) else value) or ():
        if one is not None:
            key = number(_plain(one.get("id")))
            yield {**one, **about, "id": key, "comment_id": event.get("id"), "is_redacted": False}


def _by_field(event: Properties) -> Iterator[Properties]:
    """One row for each field. Its id is the event's and the field's name, because one event may change several fields."""
    about = {name: value for name, value in event.items() if name in CHANGE}
    fields = {name: value for name, value in event.items() if name not in CHANGE}
    if CUSTOM_FIELDS in fields:
        fields |= _opened(fields.pop(CUSTOM_FIELDS)) or {}
    for name, value in fields.items():
        yield {**about, "id": f"{_plain(about.get('id'))}-{name}", "field_name": name, "value": value}


def _opened(value: Any) -> Properties | None:  # noqa: ANN401 - bytes or what Python has for them
    """A copy of the object's properties."""
    found: Properties | None = _object(value) if isinstance(value, msgspec.Raw) else value
    return dict(found) if found else None


def _text(value: Any) -> str | None:  # noqa: ANN401 - bytes or what Python has for them
    """Text as it is, anything else as JSON."""
    value = _plain(value)
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


def _plain(value: Any) -> Any:  # noqa: ANN401 - bytes or what Python has for them
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
