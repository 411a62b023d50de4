"""The rows of a batch as gzipped NDJSON in an unnamed temporary file, which a killed process does not leave behind."""

from __future__ import annotations

import gzip
import hashlib
import re
import tempfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import orjson
from isal import isal_zlib

from target_bigquery.converters import RowTooLarge
from target_bigquery.errors import SpoolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
LARGEST_ROW = 100 << 20
"""Maximum row size in bytes: https://docs.cloud.google.com/bigquery/quotas#load_jobs, read on 27 November 2026."""
WRITE_BUFFER = 256 << 10
GZIP = 16 + zlib.MAX_WBITS
DIGITS = 32
"""Of a digest: 128 bits."""


@contextmanager
def _write_errors() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise SpoolError(f"cannot write rows to a temporary file ({failure.strerror})") from None


class Spool:
    """Rows `first` to `last` of a stream in this run, in constant memory.

    `digest` is equal for equal batches: same table, same position in the run, same rows. Every method raises SpoolError
    if the file cannot be written.
    """

    def __init__(self, first: int, identity: str) -> None:
        self.first, self._identity = first, identity
        self.last = first - 1
        self.bytes = 0
        with _write_errors():
            self.file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by close()
        # Not GzipFile: its destructor writes, and an interrupted run may close the file before it.
        self._gzip = isal_zlib.compressobj(level=1, wbits=GZIP)
        self._buffer = bytearray()
        self._digest = hashlib.sha256(f"{identity} {first}".encode())

    def add(self, row: dict[str, Any], stamp: Mapping[str, Any] | None = None) -> None:
        """`stamp`: additional columns that are not part of the digest. Raises TypeError for values that JSON does not have,
        RowTooLarge.
        """
        line = orjson.dumps(row, option=LINE)
        if len(line) > LARGEST_ROW:
            longest = max(row, key=lambda name: len(orjson.dumps(row[name], option=LINE)))
            raise RowTooLarge(longest, LARGEST_ROW)
        self._digest.update(line)
        if stamp is not None:
            line = orjson.dumps({**row, **stamp}, option=LINE)
        self._compress(line)
        self.bytes += len(line)
        self.last += 1

    def extend(self, lines: bytes, count: int) -> bool:
        """Adds rows that are lines already. False if one of them may be too large."""
        if len(lines) > LARGEST_ROW:
            return False
        self._digest.update(lines)
        self._compress(lines)
        self.bytes += len(lines)
        self.last += count
        return True

    def _compress(self, lines: bytes) -> None:
        self._buffer += self._gzip.compress(lines)
        if len(self._buffer) >= WRITE_BUFFER:
            self._write(self._buffer)
            self._buffer.clear()

    def _write(self, compressed: bytes | bytearray) -> None:
        with _write_errors(), memoryview(compressed) as left:
            written = 0
            while written < len(left):
                written += self.file.write(left[written:])

    def finish(self) -> None:
        """Completes the file; no row may be added after this."""
        self._write(self._buffer + self._gzip.flush())

    def close(self) -> None:
        self.file.close()

    @property
    def rows(self) -> int:
        return self.last - self.first + 1

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()[:DIGITS]

    def without(self, number: int) -> tuple[Spool, dict[str, Any]]:
        """A finished spool of the other rows, and the row of that number. Raises SpoolError."""
        others, taken = Spool(self.first, self._identity), dict[str, Any]()
        self.file.seek(0)
        with gzip.open(self.file) as lines:
            for place, line in enumerate(lines, self.first):
                if place == number:
                    taken = orjson.loads(line)
                else:
                    others.add(orjson.loads(line))
        others.finish()
        return others, taken

    def bad_row(self, errors: Sequence[Mapping[str, Any]]) -> int | None:
        """Number of the row that BigQuery's errors name by line or byte position. Their text quotes values: never log it."""
        for error in errors:
            message = str(error.get("message"))
            if found := re.search(r"position:? (\d+)", message):
                self.file.seek(0)
                with gzip.open(self.file) as lines:
                    return self.first + lines.read(int(found[1])).count(b"\n")
            if found := re.search(r"\bline (\d+)", message):
                return self.first + int(found[1]) - 1
        return None
