"""Read Singer messages from stdin: tickets are decoded to structs, records of other streams are skipped.

No error quotes a line.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections import Counter
from typing import IO, TYPE_CHECKING, Any, Literal

import msgspec
from cityblock_singer.json_depth import shallow
from cityblock_singer.pipeline_run import NAME as PIPELINE_RUN
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_zendesk_pubsub.errors import InputError
from target_zendesk_pubsub.ticket_parsing import Rejected, read_json, read_ticket, rejected_as_too_deep
from target_zendesk_pubsub.tickets import DeletionStub, Record, Ticket, ticket_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

STREAM = "ticket"
CHUNK = 1 << 16
"""Bytes, the capacity of a pipe: about twenty tickets. Larger chunks would usually contain a STATE message."""
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Line(msgspec.Struct):
    type: str | None = None
    stream: str | None = None
    record: msgspec.Raw = msgspec.Raw()


class _TicketLine(msgspec.Struct, gc=False):
    type: Literal["RECORD"]
    stream: Literal["ticket"]
    record: Record


class TicketReader(GenericSingerReader[bytes]):
    """Passes tickets on in lists: the record of a RECORD message is a list of tickets, the record itself if it is of
    PIPELINE_RUN, or None for other streams.
    """

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
        """`file_input` may be a text file, as in the SDK's tests: its bytes are read. Blank lines are skipped.

        Raises InputError.
        """
        counts: Counter[str] = Counter()
        for chunk in _chunks(getattr(file_input, "buffer", file_input) or self.default_input):
            tickets = self._tickets(chunk)
            if tickets is None:  # line by line, so that an invalid ticket does not affect the others
                counts += super().process_lines(self._lines(chunk), callbacks)  # type: ignore[arg-type] # it iterates
                continue
            self._lines_read += chunk.count(b"\n")
            self.bytes_read += len(chunk)
            if tickets:
                callbacks["RECORD"]({"type": "RECORD", "stream": STREAM, "record": tickets})
                counts["RECORD"] += len(tickets)
        return counts

    def _tickets(self, chunk: bytes) -> list[Ticket | DeletionStub] | None:
        """None if any line is not a valid ticket."""
        try:
            return [ticket_of(line.record) for line in self._decode_ticket_lines(chunk)]
        except DECODE_ERRORS:
            return None

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        for line in io.BytesIO(chunk):
            self._lines_read += 1
            self.bytes_read += len(line)
            if line.strip():
                yield line

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """Raises InputError."""
        is_cut = False
        try:
            head = self._decode_line(line)
            if head.type != "RECORD":
                message: dict[str, Any] = msgspec.json.decode(line)
                return message
        except DECODE_ERRORS:
            cut = shallow(line)
            is_cut = cut is not line
            lenient = self._lenient_message(cut)
            if lenient["type"] != "RECORD":
                if is_cut:
                    raise InputError(f"Input line {self._lines_read}: nested too deeply") from None
                return lenient
            record = json.dumps(lenient.get("record"))
            head = _Line("RECORD", lenient.get("stream"), msgspec.Raw(record.encode()))
        if not isinstance(head.stream, str) or not head.record:
            raise InputError(f"Input line {self._lines_read}: a RECORD message without stream or record")
        return {"type": "RECORD", "stream": head.stream, "record": self._read(head, is_cut=is_cut)}

    def _lenient_message(self, line: bytes) -> dict[str, Any]:
        """Parses what msgspec refuses: invalid Unicode, numbers out of range. Raises InputError."""
        try:
            message = read_json(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):  # the latter if it is not JSON
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise InputError(f"Input line {self._lines_read}: not a Singer message") from None
        return message

    def _read(self, line: _Line, *, is_cut: bool) -> Any:  # noqa: ANN401 - see the class
        if line.stream == PIPELINE_RUN:
            return read_json(bytes(line.record).decode("utf-8", "replace"))
        if line.stream != STREAM:
            return None
        record = bytes(line.record)
        if not record.startswith(b"{"):
            raise InputError(
                f"Input line {self._lines_read}: the record of a RECORD message is not an object"
            )
        if is_cut:
            return [rejected_as_too_deep(record)]
        ticket, is_replaced = read_ticket(record)
        if is_replaced:
            self._logger.warning("%s: invalid Unicode was replaced with U+FFFD", _name(ticket))
        return [ticket]

    def _process_unknown_message(self, message_dict: dict[str, Any]) -> None:
        kind = str(message_dict["type"])
        named = f" {kind}" if re.fullmatch("[A-Z_]{1,32}", kind) else ""
        raise InputError(f"Input line {self._lines_read}: unknown message type{named}")

    @staticmethod
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        missing = requires - line_dict.keys() if isinstance(line_dict, dict) else requires
        if missing:
            raise InputError(f"An input line is missing {', '.join(sorted(missing))}")


def _name(ticket: Ticket | DeletionStub | Rejected) -> str:
    return ticket.name if isinstance(ticket, Rejected) else f"ticket {ticket.id}"


def _chunks(source: Any) -> Iterator[bytes]:  # noqa: ANN401 - a buffered binary file; IO lacks read1
    """Whole lines, as many as are available: does not wait for what the tap has not written yet."""
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
