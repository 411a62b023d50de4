"""Singer messages from stdin: tickets typed from the start, records of other streams unread; no error quotes a line."""

from __future__ import annotations

import io
import json
import re
import sys
from collections import Counter
from typing import IO, TYPE_CHECKING, Any, Literal

import msgspec
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_zendesk_pubsub.errors import InputError
from target_zendesk_pubsub.odd_tickets import Rejected, read_ticket
from target_zendesk_pubsub.tickets import Record, Remnant, Ticket, ticket_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

STREAM = "ticket"
CHUNK = 1 << 16
"""Bytes, as many as a pipe holds: some twenty tickets. More would mostly meet a STATE among them."""
MISFITS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


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

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self.bytes_read = 0
        self._lines_read = 0
        self._logger = logger
        self._decode_ticket_lines = msgspec.json.Decoder(_TicketLine).decode_lines
        self._decode_line = msgspec.json.Decoder(_Line).decode

    @property
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    def process_lines(
        self, file_input: IO[bytes] | None, callbacks: dict[Any, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """`file_input` may be a text file, as the SDK's tests hand in; its bytes are read. Blank lines are skipped.

        Raises InputError.
        """
        counts: Counter[str] = Counter()
        for chunk in _chunks(getattr(file_input, "buffer", file_input) or self.default_input):
            tickets = self._tickets(chunk)
            if (
                tickets is None
            ):  # the SDK's way, a line at a time, in which an odd ticket does not keep the others
                counts += super().process_lines(self._lines(chunk), callbacks)  # type: ignore[arg-type] # it iterates
                continue
            self._lines_read += chunk.count(b"\n")
            self.bytes_read += len(chunk)
            if tickets:
                callbacks["RECORD"]({"type": "RECORD", "stream": STREAM, "record": tickets})
                counts["RECORD"] += len(tickets)
        return counts

    def _tickets(self, chunk: bytes) -> list[Ticket | Remnant] | None:
        """None if any of the lines is not a ticket as it should be."""
        try:
            return [ticket_of(line.record) for line in self._decode_ticket_lines(chunk)]
        except MISFITS:
            return None

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        for line in io.BytesIO(chunk):
            self._lines_read += 1
            self.bytes_read += len(line)
            if line.strip():
                yield line

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """Raises InputError."""
        try:
            head = self._decode_line(line)
            if head.type != "RECORD":
                message: dict[str, Any] = msgspec.json.decode(line)
                return message
        except MISFITS:
            odd = self._odd_message(line)
            if odd["type"] != "RECORD":
                return odd
            head = _Line("RECORD", odd.get("stream"), msgspec.Raw(json.dumps(odd.get("record"))))
        if not isinstance(head.stream, str) or not head.record:
            raise InputError(f"input line {self._lines_read}, a RECORD, lacks its stream or its record")
        return {"type": "RECORD", "stream": head.stream, "record": self._read(head)}

    def _odd_message(self, line: bytes) -> dict[str, Any]:
        """Also what msgspec does not take: text that is no proper Unicode, numbers past all bounds. Raises InputError."""
        try:
            message = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise InputError(f"input line {self._lines_read} is no Singer message") from None
        return message

    def _read(self, line: _Line) -> list[Ticket | Remnant | Rejected] | None:
        if line.stream != STREAM:
            return None
        record = bytes(line.record)
        if not record.startswith(b"{"):
            raise InputError(f"input line {self._lines_read}: the record of a RECORD is not an object")
        ticket, is_replaced = read_ticket(record)
        if is_replaced:
            self._logger.warning("%s: invalid Unicode was replaced with U+FFFD", _name(ticket))
        return [ticket]

    def _process_unknown_message(self, message_dict: dict[str, Any]) -> None:
        kind = str(message_dict["type"])
        named = f" {kind}" if re.fullmatch("[A-Z_]{1,32}", kind) else ""
        raise InputError(f"input line {self._lines_read}: unknown message type{named}")

    @staticmethod
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        missing = requires - line_dict.keys() if isinstance(line_dict, dict) else requires
        if missing:
            raise InputError(f"an input line lacks {', '.join(sorted(missing))}")


def _name(ticket: Ticket | Remnant | Rejected) -> str:
    return ticket.name if isinstance(ticket, Rejected) else f"ticket {ticket.id}"


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
