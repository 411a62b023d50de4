"""Singer messages from stdin: tickets typed from the start, records of other streams unread; no error quotes a line."""

from __future__ import annotations

import io
import sys
from collections import Counter
from typing import IO, TYPE_CHECKING, Any, Literal

import msgspec
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_zendesk_pubsub.errors import InputError
from target_zendesk_pubsub.tickets import Record, read_ticket, ticket_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_zendesk_pubsub.tickets import Remnant, Ticket

STREAM = "ticket"
CHUNK = 1 << 16
"""Bytes, as many as a pipe holds: some twenty tickets. More would mostly meet a STATE among them."""


class _Line(msgspec.Struct):
    type: str | None = None
    stream: str | None = None
    record: msgspec.Raw = msgspec.Raw()


class _TicketLine(msgspec.Struct, gc=False):
    type: Literal["RECORD"]
    stream: Literal["ticket"]
    record: Record


class TicketReader(GenericSingerReader[bytes]):
    """Tickets come many at once: a RECORD of their stream has a list of them as its record, of another stream None."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes_read = 0
        self._lines_read = 0
        self._decode_ticket_lines = msgspec.json.Decoder(_TicketLine).decode_lines
        self._decode_line = msgspec.json.Decoder(_Line).decode

    @property
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    def process_lines(
        self, file_input: IO[bytes] | None, callbacks: dict[Any, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """`file_input` may be a text file, as the SDK's tests hand in; its bytes are read.

        Raises InputError, RecordError.
        """
        counts: Counter[str] = Counter()
        for chunk in _chunks(getattr(file_input, "buffer", file_input) or self.default_input):
            tickets = self._tickets(chunk)
            if tickets is None:  # the SDK's way, a line at a time: so the line that is to blame is found, too
                counts += super().process_lines(io.BytesIO(chunk), callbacks)
            else:
                self._lines_read += len(tickets)
                self.bytes_read += len(chunk)
                callbacks["RECORD"]({"type": "RECORD", "stream": STREAM, "record": tickets})
                counts["RECORD"] += len(tickets)
        return counts

    def _tickets(self, chunk: bytes) -> list[Ticket | Remnant] | None:
        """None if any of the lines is not a ticket as it should be."""
        try:
            lines = self._decode_ticket_lines(chunk)
            tickets = [ticket_of(line.record) for line in lines]
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return tickets if len(tickets) == chunk.count(b"\n") else None  # msgspec passes over empty lines

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """Raises InputError, RecordError."""
        self._lines_read += 1
        self.bytes_read += len(line)
        try:
            head = self._decode_line(line)
            if head.type != "RECORD":
                message: dict[str, Any] = msgspec.json.decode(line)
                return message
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InputError(f"input line {self._lines_read} is no Singer message") from None
        if head.stream is None or not head.record:
            raise InputError(f"input line {self._lines_read}, a RECORD, lacks its stream or its record")
        tickets = [read_ticket(head.record)] if head.stream == STREAM else None
        return {"type": "RECORD", "stream": head.stream, "record": tickets}

    @staticmethod
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        missing = requires - line_dict.keys() if isinstance(line_dict, dict) else requires
        if missing:
            raise InputError(f"an input line lacks {', '.join(sorted(missing))}")


def _chunks(source: Any) -> Iterator[bytes]:  # noqa: ANN401 - a buffered binary file; IO does not know of read1
    """Whole lines, as many as are there: nothing waits for what the tap has not written yet."""
    begun: list[bytes] = []
    while piece := source.read1(CHUNK):
        end = piece.rfind(b"\n") + 1
        if end:
            yield b"".join((*begun, piece[:end]))
            begun = []
        begun.append(piece[end:])
    last = b"".join(begun)
    if last:
        yield last
