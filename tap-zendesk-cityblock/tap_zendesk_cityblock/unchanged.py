"""Models that have not changed: their rows are not written again.

The rows of a bulk model's export are compared, by a digest, with those of the export that was loaded last. While they may be
equal they are held; at the first difference they are written, and from then on all others at once.

A time-based export begins with what the last one ended with. As long as nothing follows, it is one page.
"""

from __future__ import annotations

import functools
import hashlib
import tempfile
from importlib import metadata
from typing import IO, TYPE_CHECKING, Any

import msgspec

from tap_zendesk_cityblock.state.loaded_exports import LoadedExport
from tap_zendesk_cityblock.writer import encoded, envelope, in_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_zendesk_cityblock.state.export_metadata import Export
    from tap_zendesk_cityblock.writer import BufferedWriter

PLACEHOLDERS = {"_export_id": b"\x00", "_exported_at": b"\x01"}
"""What stands for the columns of the export until the digest is made: bytes that JSON does not have."""
IN_MEMORY = 1 << 20
AT_MOST = 1 << 30
"""Bytes of rows that are held. A model with more is loaded by every export."""
FIRST_MARK = 1000
"""Rows. The next marks are at twice as many, and so on: a difference is found before twice as many rows are read."""


class ComparedRows:
    """The rows of one export; their digest also covers `others`. `constants`: the columns of the export.

    The first export of each UTC day is written in any case: partitions may expire.
    """

    def __init__(
        self,
        export: Export,
        constants: Mapping[str, Any],
        others: Sequence[Any],
        last: LoadedExport | None,
        writer: BufferedWriter,
    ) -> None:
        self._export, self._write = export, writer.write_lines
        self._values = [(byte, msgspec.json.encode(constants[name])) for name, byte in PLACEHOLDERS.items()]
        self._digest = hashlib.sha256(msgspec.json.encode([release(), export.model, *others]))
        self._last = last if last and last.digest and last.day == export.day else None
        self._held = HeldLines() if self._last else None
        self._count, self._next_mark = 0, FIRST_MARK
        self._marks: dict[str, str] = {}

    def write_records(self, stream: str, records: Sequence[Any]) -> None:
        """As the writer's, now or when a difference is found. The records have PLACEHOLDERS for values that differ in any case."""
        head, tail = envelope(stream)
        for some in in_blocks(records):
            lines = encoded(some)
            self._digest.update(lines)
            for byte, value in self._values:
                lines = lines.replace(byte, value)
            self._add(b"%b%b%b" % (head, lines[:-1].replace(b"\n", tail + head), tail), len(some))

    def _add(self, messages: bytes, count: int) -> None:
        self._count += count
        is_different = self._count >= self._next_mark and not self._is_equal_so_far()
        if self._held is None:
            self._write(messages)
        elif not self._held.add(messages) or is_different:
            self._release()

    def _is_equal_so_far(self) -> bool:
        self._next_mark = 2 * self._count
        mark = self._marks[str(self._count)] = self._digest.hexdigest()
        return self._last is None or self._last.marks.get(str(self._count), mark) == mark

    def _release(self) -> None:
        if self._held is not None:
            self._held.release(self._write)
            self._held = None

    def finish(self) -> LoadedExport:
        """The export that has these rows: the last one, or, now that they are written, this one."""
        digest = self._digest.hexdigest()
        if self._held is not None and self._last is not None and digest == self._last.digest:
            self.close()
            return self._last
        self._release()
        return LoadedExport(self._export.export_id, self._export.day, digest, self._marks)

    def close(self) -> None:
        """Drops what is held."""
        if self._held is not None:
            self._held.close()


@functools.cache
def release() -> str:
    return metadata.version("tap-zendesk-cityblock")


def repeated_digest(records: Sequence[Any], constants: Mapping[str, Any], others: Sequence[Any]) -> str:
    """Of a whole page: as that of ComparedRows, of records that have their columns of the export."""
    lines = encoded(records)
    for name, byte in PLACEHOLDERS.items():
        lines = lines.replace(msgspec.json.encode(constants[name]), byte)
    return hashlib.sha256(msgspec.json.encode([release(), *others]) + lines).hexdigest()


class HeldLines:
    """Lines in their order, in memory or in an unnamed temporary file, which a killed process does not leave behind."""

    def __init__(self) -> None:
        self._recent = bytearray()
        self._file: IO[bytes] | None = None
        self._written = 0

    def add(self, lines: bytes) -> bool:
        """Whether more can be held."""
        self._recent += lines
        if len(self._recent) < IN_MEMORY:
            return True
        try:
            self._write()
        except OSError:
            return False
        return self._written < AT_MOST

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by close()
        while self._recent:
            count = self._file.write(self._recent)
            self._written += count
            del self._recent[:count]

    def release(self, write: Callable[[bytes], object]) -> None:
        """Hands all lines to `write`."""
        if self._file is not None:
            self._file.seek(0)
            for lines in iter(functools.partial(self._file.read, IN_MEMORY), b""):
                write(lines)
        write(bytes(self._recent))
        self.close()

    def close(self) -> None:
        self._recent.clear()
        if self._file is not None:
            self._file.close()
