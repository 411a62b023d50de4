"""Singer messages from stdin: tickets typed from the start, records of other streams unread; no error quotes a line."""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING, Any, Literal

import msgspec
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_zendesk_pubsub.errors import InputError
from target_zendesk_pubsub.tickets import Record, read_ticket, ticket_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

STREAM = "ticket"
READ_BUFFER = 1 << 20


class _Line(msgspec.Struct):
    type: str | None = None
    stream: str | None = None
    record: msgspec.Raw = msgspec.Raw()


class _TicketLine(msgspec.Struct, gc=False):
    type: Literal["RECORD"]
    stream: Literal["ticket"]
    record: Record


class TicketReader(GenericSingerReader[bytes]):
    """A RECORD of the ticket stream comes with a Ticket as its record, one of another stream with None."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes_read = 0
        self._lines_read = 0
        self._decode_ticket_line = msgspec.json.Decoder(_TicketLine).decode
        self._decode_line = msgspec.json.Decoder(_Line).decode

    @property
    def default_input(self) -> IO[bytes]:
        return os.fdopen(sys.stdin.fileno(), "rb", READ_BUFFER, closefd=False)

    def process_lines(
        self, file_input: IO[bytes] | None, callbacks: dict[Any, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """`file_input` may be a text file, as the SDK's tests hand in; its bytes are read."""
        return super().process_lines(getattr(file_input, "buffer", file_input), callbacks)

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """Raises InputError, RecordError."""
        self._lines_read += 1
        self.bytes_read += len(line)
        try:
            return {
                "type": "RECORD",
                "stream": STREAM,
                "record": ticket_of(self._decode_ticket_line(line).record),
            }
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._another_message(line)

    def _another_message(self, line: bytes) -> dict[str, Any]:
        """Whatever is not a ticket as it should be."""
        try:
            head = self._decode_line(line)
            if head.type != "RECORD":
                message: dict[str, Any] = msgspec.json.decode(line)
                return message
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InputError(f"input line {self._lines_read} is no Singer message") from None
        if head.stream is None or not head.record:
            raise InputError(f"input line {self._lines_read}, a RECORD, lacks its stream or its record")
        ticket = read_ticket(head.record) if head.stream == STREAM else None
        return {"type": "RECORD", "stream": head.stream, "record": ticket}

    @staticmethod
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        missing = requires - line_dict.keys() if isinstance(line_dict, dict) else requires
        if missing:
            raise InputError(f"an input line lacks {', '.join(sorted(missing))}")
