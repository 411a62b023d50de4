"""Read Singer messages from stdin as bytes. No error quotes a line."""

from __future__ import annotations

import re
import sys
from typing import IO, TYPE_CHECKING, Any, cast

import orjson
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_bigquery.errors import InputError
from target_bigquery.json_lines import exact, read

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator

NAME = re.compile(r"[A-Za-z_]{1,64}")


class BytesReader(GenericSingerReader[bytes]):
    _line = 0
    is_repaired = False
    """Whether invalid Unicode in the current line was replaced by U+FFFD."""

    @property
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    def process_lines(
        self, file_input: IO[bytes] | None, callbacks: dict[Any, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """`file_input` may be a text file, as in the SDK's tests: its bytes are read.

        Raises InputError with the line number.
        """
        lines = self._numbered(getattr(file_input, "buffer", file_input) or self.default_input)
        try:
            return super().process_lines(cast("IO[bytes]", lines), callbacks)
        except InputError as refused:
            raise InputError(f"input line {self._line}: {refused}") from None

    def _numbered(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Lines that are not blank; counts all."""
        for self._line, line in enumerate(lines, 1):
            if not line.isspace():
                yield line

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        try:
            message, self._current_message = read(line)
        except ValueError:
            raise InputError("not JSON") from None
        self.is_repaired = self._current_message is not line
        if type(message) is not dict:
            raise InputError("not a JSON object")
        return cast("dict[str, Any]", message)

    def enter(self, message: dict[str, Any], line: bytes, *, is_repaired: bool) -> None:
        """Makes a line of a BATCH file the current message, as if it had been a RECORD message."""
        self._current_message = b'{"stream":%s,"record":%s}' % (orjson.dumps(message["stream"]), line)
        self.is_repaired = is_repaired

    def exact_message(self) -> Any:  # noqa: ANN401 - anything JSON holds
        """The current line parsed again, with every digit of its numbers."""
        return exact(self._current_message or b"null")

    @staticmethod
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        if not requires.issubset(line_dict):
            raise InputError(f"missing {', '.join(sorted(requires - line_dict.keys()))}")
        if "type" in requires and type(line_dict["type"]) is not str:
            raise InputError("a message whose type is not a string")

    def _process_unknown_message(self, message_dict: dict[str, Any]) -> None:
        kind = message_dict["type"]
        raise InputError(f"a message of unknown type{f' {kind}' if NAME.fullmatch(kind) else ''}")
