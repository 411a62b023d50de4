"""Properties that Zendesk has sent and the schema lacks: names, JSON types and counts, never values."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""Of Zendesk's own properties. An account may choose the names in an object with keys of its own."""
OTHER = "(other)"
MOST_PROPERTIES = 100
"""Of one export: an object with so many new names has keys of its own."""

_BY_FIRST_BYTE = {
    b'"': "string",
    b"{": "object",
    b"[": "array",
    b"t": "boolean",
    b"f": "boolean",
    b"n": "null",
}
_BY_TYPE = {str: "string", dict: "object", list: "array", bool: "boolean", type(None): "null"}


@dataclasses.dataclass
class Seen:
    """In `rows` rows of one export."""

    first: datetime
    last: datetime
    rows: int = 0


class UnknownProperties:
    """Of one model's export."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Seen] = {}
        self._names: set[str] = set()

    def add(self, name: str, value: Any) -> None:  # noqa: ANN401 - bytes or what Python has for them
        now = datetime.now(UTC)
        seen = self._seen.setdefault((self._shown(name), json_type(value)), Seen(now, now))
        seen.last, seen.rows = now, seen.rows + 1

    def _shown(self, name: str) -> str:
        if name not in self._names:
            if not _NAME.fullmatch(name) or len(self._names) == MOST_PROPERTIES:
                return OTHER
            self._names.add(name)
        return name

    def items(self) -> Iterator[tuple[str, str, Seen]]:
        """Property, JSON type, where and when it was seen."""
        for (name, kind), seen in self._seen.items():
            yield name, kind, seen


def json_type(value: Any) -> str:  # noqa: ANN401 - bytes or what Python has for them
    if isinstance(value, msgspec.Raw):
        return _BY_FIRST_BYTE.get(bytes(value)[:1], "number")
    return _BY_TYPE.get(type(value), "number")


def as_text(properties: Mapping[str, Any]) -> str:
    """As JSON. Values that stay bytes were not inspected: invalid UTF-8 becomes U+FFFD."""
    return msgspec.json.encode(properties).decode("utf-8", "replace")
