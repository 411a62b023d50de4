"""Properties that Zendesk has sent and the schema lacks: their JSON type, and their values as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_FIRST_BYTE = {
    b'"': "string",
    b"{": "object",
    b"[": "array",
    b"t": "boolean",
    b"f": "boolean",
    b"n": "null",
}
_BY_TYPE = {str: "string", dict: "object", list: "array", bool: "boolean", type(None): "null"}


def json_type(value: Any) -> str:  # noqa: ANN401 - bytes or what Python has for them
    if isinstance(value, msgspec.Raw):
        return _BY_FIRST_BYTE.get(bytes(value)[:1], "number")
    return _BY_TYPE.get(type(value), "number")


def as_text(properties: Mapping[str, Any]) -> str:
    """As JSON. Values that stay bytes were not inspected: invalid UTF-8 becomes U+FFFD."""
    return msgspec.json.encode(properties).decode("utf-8", "replace")
