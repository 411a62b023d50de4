"""Read Singer messages from stdin as bytes. No error quotes a line."""

from __future__ import annotations

import re
import sys
from typing import IO, TYPE_CHECKING, Any, cast

import orjson
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_bigquery.errors import InputError
from target_bigquery.json_lines import Line, exact, read_levels

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator

    from target_bigquery.compiled import CompiledRecords

NAME = re.compile(r"[A-Za-z_]{1,64}")
CHUNK = 1 << 16
"""Bytes, the capacity of a pipe."""


class BytesReader(GenericSingerReader[bytes]):
    """`compiled` takes the lines that need no change; all others pass through the SDK's reader."""

    compiled: CompiledRecords
    _line = 0
    is_repaired = False
    """Whether invalid Unicode in the current line was replaced by U+FFFD."""
    is_cut = False
    """Whether the current line is nested too deeply, so that only its upper levels were read."""

    @property
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    def process_lines(
        self, file_input: IO[bytes] | None, callbacks: dict[Any, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """`file_input` may be a text file, as in the SDK's tests: its bytes are read.

        Raises InputError with the line number.
        """
        lines = self._left(getattr(file_input, "buffer", file_input) or self.default_input)
        try:
            counts = super().process_lines(cast("IO[bytes]", lines), callbacks)
        except InputError as refused:
            raise InputError(f"Input line {self._line}: {refused}") from None
        counts["RECORD"] += self.compiled.count
        return counts

    def _left(self, source: Any) -> Iterator[bytes]:  # noqa: ANN401 - a buffered binary file; IO lacks read1
        """Lines that are not blank and that compiled code leaves; counts all."""
        read = 0
        for lines in _groups(source):
            for place in self.compiled.left(lines):
                line = lines[place]
                if line.strip():
                    self._line = read + place + 1
                    yield line
            read += len(lines)

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        try:
            message, self._current_message, self.is_repaired, self.is_cut = read_levels(line)
        except ValueError:
            raise InputError("not JSON") from None
        if type(message) is not dict:
            raise InputError("not a JSON object")
        if self.is_cut and message.get("type") != "RECORD":
            raise InputError("nested too deeply")
        return cast("dict[str, Any]", message)

    def enter(self, message: dict[str, Any], line: Line) -> None:
        """Makes a line of a BATCH file the current message, as if it had been a RECORD message."""
        self._current_message = b'{"stream":%s,"record":%s}' % (orjson.dumps(message["stream"]), line.text)
        self.is_repaired, self.is_cut = line.is_repaired, line.is_cut

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


def _groups(source: Any) -> Iterator[list[bytes]]:  # noqa: ANN401 - a buffered binary file; IO lacks read1
    """Whole lines, as many as are available: does not wait for what the tap has not written yet."""
    begun: list[bytes] = []
    while piece := source.read1(CHUNK):
        lines = piece.split(b"\n")
        begun.append(lines[0])
        if len(lines) > 1:
            lines[0] = b"".join(begun)
            begun = [lines.pop()]
            yield lines
    if last := b"".join(begun):
        yield [last]
