"""Singer messages to stdout."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.singerlib.encoding.simple import Message

RECORDS_AT_ONCE = 20
"""As encoded lines they need memory in addition to their page, of an unchanged model several times. About 60 KB of tickets."""

_encode_lines = msgspec.json.Encoder().encode_lines


class Record(msgspec.Struct, tag_field="type", tag="RECORD", gc=False):
    """A RECORD message (the Singer specification)."""

    stream: str
    record: Any
    time_extracted: str


def in_blocks(records: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """RECORDS_AT_ONCE at a time."""
    for first in range(0, len(records), RECORDS_AT_ONCE):
        yield records[first : first + RECORDS_AT_ONCE]


def encoded(records: Sequence[Any]) -> bytes:
    """The records alone, one a line."""
    return _encode_lines(records)


def envelope(stream: str) -> tuple[bytes, bytes]:
    """What a RECORD message has before an encoded record, and after it."""
    now = datetime.now(UTC).isoformat().encode()
    head = b'{"type":"RECORD","stream":%b,"record":' % msgspec.json.encode(stream)
    return head, b',"time_extracted":"%b"}\n' % now


class BufferedWriter(MsgSpecWriter):
    """Records stay in stdout's buffer until any other message is written."""

    def write_message(self, message: Message) -> None:
        sys.stdout.buffer.write(self.format_message(message))
        if not isinstance(message, RecordMessage):
            self.flush()

    def write_records(self, stream: str, records: Sequence[Any]) -> None:
        """As RECORD messages. A record is anything that msgspec encodes as an object."""
        now = datetime.now(UTC).isoformat()
        for some in in_blocks(records):
            self.write_lines(_encode_lines([Record(stream, record, now) for record in some]))

    def write_lines(self, lines: bytes) -> None:
        """Encoded messages."""
        sys.stdout.buffer.write(lines)

    def flush(self) -> None:
        sys.stdout.buffer.flush()
