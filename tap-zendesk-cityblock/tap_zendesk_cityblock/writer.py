"""Singer messages to stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sdk.singerlib.encoding.simple import Message

PENDING_BYTES = 256 << 10


class BufferedWriter(MsgSpecWriter):
    """Records wait for one another; every other message takes them along."""

    def __init__(self) -> None:
        super().__init__()
        self._pending = bytearray()

    def write_message(self, message: Message) -> None:
        self._pending += self.format_message(message)
        if not isinstance(message, RecordMessage):
            self.flush()

    def write_record(self, append: Callable[[Any, bytearray], None], record: Any) -> None:  # noqa: ANN401
        """`append` puts the record's message, a line, at the end of a buffer."""
        append(record, self._pending)
        if len(self._pending) >= PENDING_BYTES:
            self._write()

    def flush(self) -> None:
        self._write()
        sys.stdout.buffer.flush()

    def _write(self) -> None:
        sys.stdout.buffer.write(self._pending)
        self._pending.clear()
