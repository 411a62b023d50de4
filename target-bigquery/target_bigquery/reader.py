"""Singer messages from stdin, as bytes; no error quotes a line."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any

import orjson
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_bigquery.errors import InputError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable


class BytesReader(GenericSingerReader[bytes]):
    _line = 0

    @property
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    def process_lines(
        self, file_input: IO[bytes] | None, callbacks: dict[Any, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """`file_input` may be a text file, as the SDK's tests hand in; its bytes are read."""
        return super().process_lines(getattr(file_input, "buffer", file_input), callbacks)

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        self._line += 1
        try:
            message: dict[str, Any] = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise InputError(f"input line {self._line} is not JSON") from None
        return message

    @staticmethod
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        missing = requires - line_dict.keys() if isinstance(line_dict, dict) else requires
        if missing:
            raise InputError(f"an input line lacks {', '.join(sorted(missing))}")
