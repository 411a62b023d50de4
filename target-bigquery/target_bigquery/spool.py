"""A batch's rows on their way: gzipped NDJSON in a file without a name, so that a kill leaves no data behind."""

from __future__ import annotations

import gzip
import hashlib
import re
import tempfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import orjson

from target_bigquery.errors import LoadError
from target_bigquery.fit import TooLong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
LARGEST_ROW = 100 << 20
"""Bytes that BigQuery loads: https://docs.cloud.google.com/bigquery/quotas#load_jobs, read on 27 November 2026."""
WRITE_BUFFER = 256 << 10
GZIP = 16 + zlib.MAX_WBITS


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise LoadError(f"rows cannot be spooled to a temporary file ({failure.strerror})") from None


class Spool:
    """Rows `first` to `last` of a stream in this run; at flat memory, whatever their number.

    Raises LoadError wherever its file cannot be written. `digest` tells equal batches: what they are loaded into, the place in the run, and the rows.
    """

    def __init__(self, first: int, identity: str) -> None:
        self.first, self._identity = first, identity
        self.last = first - 1
        self.bytes = 0
        with _told():
            self.file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by close()
        # No GzipFile: its destructor writes, and a run that stops half-way collects it after its file.
        self._gzip = zlib.compressobj(level=1, wbits=GZIP)
        self._buffer = bytearray()
        self._digest = hashlib.blake2b(f"{identity} {first}".encode(), digest_size=16)

    def add(self, row: dict[str, Any], stamp: Mapping[str, Any] | None = None) -> None:
        """`stamp`: further columns, which do not make the row another one. Raises TypeError for what JSON cannot hold, TooLong."""
        line = orjson.dumps(row, option=LINE)
        if len(line) > LARGEST_ROW:
            longest = max(row, key=lambda name: len(orjson.dumps(row[name], option=LINE)))
            raise TooLong(longest, LARGEST_ROW)
        self._digest.update(line)
        if stamp is not None:
            line = orjson.dumps({**row, **stamp}, option=LINE)
        self._buffer += line
        if len(self._buffer) >= WRITE_BUFFER:
            self._compress()
        self.bytes += len(line)
        self.last += 1

    def _compress(self) -> None:
        self._write(self._gzip.compress(self._buffer))
        self._buffer.clear()

    def _write(self, compressed: bytes) -> None:
        left = memoryview(compressed)
        with _told():
            while left:
                left = left[self.file.write(left) :]

    def finish(self) -> None:
        """No row follows; the file can be read."""
        self._compress()
        self._write(self._gzip.flush())

    def close(self) -> None:
        self.file.close()

    @property
    def rows(self) -> int:
        return self.last - self.first + 1

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def without(self, number: int) -> tuple[Spool, dict[str, Any]]:
        """The other rows, to be read, and that one. Raises LoadError."""
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
        """The row of the run that BigQuery's errors speak of, by line or by byte position; not what they quote."""
        for error in errors:
            message = str(error.get("message"))
            if found := re.search(r"position:? (\d+)", message):
                self.file.seek(0)
                with gzip.open(self.file) as lines:
                    return self.first + lines.read(int(found[1])).count(b"\n")
            if found := re.search(r"\bline (\d+)", message):
                return self.first + int(found[1]) - 1
        return None
