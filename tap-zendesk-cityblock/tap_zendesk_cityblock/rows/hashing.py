"""Chosen columns as salted hashes, from the moment at which Zendesk's response is read."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.rows.texts import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_zendesk_cityblock.rows.decoding import Rows

Path = tuple[str, ...]
"""Names from a column to a text within it."""

_text = msgspec.json.Decoder(str).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class HashedColumns:
    """HMAC-SHA-256 in hex instead of the values at these paths of one model; null stays null.

    Values are Zendesk's bytes or what Python has for them, as in the model's rows; all others keep their bytes.
    """

    def __init__(self, paths: Iterable[Path], salt: str) -> None:
        self._paths, self._salt = [*paths], salt.encode()

    def replace(self, records: Sequence[Any], rows: Rows) -> None:
        """In records that `rows` has read."""
        for name, *inside in self._paths:
            for record in records:
                value = rows.value(record, name)
                if value is not None:
                    rows.replace(record, name, self._at(inside, value))

    def replace_in(self, records: Sequence[dict[str, Any]]) -> None:
        """In derived records."""
        for name, *inside in self._paths:
            for record in records:
                if record.get(name) is not None:
                    record[name] = self._at(inside, record[name])

    def _at(self, path: Sequence[str], value: Any) -> Any:  # noqa: ANN401 - bytes or what Python has for them
        if isinstance(value, msgspec.Raw):
            return msgspec.Raw(self._in_bytes(path, bytes(value)))
        if isinstance(value, list):
            return [self._at(path, one) for one in value]
        if path:
            is_there = isinstance(value, dict) and path[0] in value
            return {**value, path[0]: self._at(path[1:], value[path[0]])} if is_there else value
        if value is None:
            return None
        return self._digest(value if isinstance(value, str) else msgspec.json.encode(value).decode())

    def _in_bytes(self, path: Sequence[str], value: bytes) -> bytes:
        first = value[:1]
        if first == b"[":
            inside = [msgspec.Raw(self._in_bytes(path, bytes(one))) for one in _list(value)]
            return msgspec.json.encode(inside)
        if path:
            properties = _object(value) if first == b"{" else {}
            if path[0] not in properties:
                return value
            properties[path[0]] = self._at(path[1:], properties[path[0]])
            return msgspec.json.encode(properties)
        if value == b"null":
            return value
        return b'"%b"' % self._digest(_decoded(value) if first == b'"' else value.decode()).encode()

    def _digest(self, text: str) -> str:
        return hmac.digest(self._salt, text.encode(), "sha256").hex()


def _decoded(text: bytes) -> str:
    """The text of a JSON string. Values that stay bytes were not inspected: invalid Unicode becomes U+FFFD."""
    try:
        return _text(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _text(replaced(text))
