"""The input of an operator: a file with the ids to erase, and the id of the request."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING

from cityblock_singer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ID = re.compile(rb"[1-9]\d{0,18}")
LARGEST = 2**63 - 1
REQUEST = re.compile(r"(?=\D*\d)[A-Za-z0-9][A-Za-z0-9_/-]{0,63}", re.ASCII)
"""With a digit and without spaces, because ERASURE is kept forever, and may not have a name."""


def request_id(given: str | None) -> str | None:
    """Raises SettingsError, which has nothing of it."""
    if given is not None and not REQUEST.fullmatch(given):
        raise SettingsError(
            "--request must be the id of a request, such as case-1207: at most 64 letters, digits, '-', '_' and '/', "
            "with a digit among them"
        )
    return given


def read_ids(path: Path) -> array[int]:
    """One id a line, in eight bytes each, repeated ones too; blank lines are skipped.

    Raises SettingsError, which names a line and nothing of it.
    """
    try:
        with path.open("rb") as file:
            found = array("q", _lines(file, path))
    except OSError as unreadable:
        raise SettingsError(f"--file: cannot read {path} ({unreadable.strerror})") from None
    if not found:
        raise SettingsError(f"--file: {path} has no ids")
    return found


def _lines(file: Iterator[bytes], path: Path) -> Iterator[int]:
    for number, line in enumerate(file, start=1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if not text:
            continue
        if not ID.fullmatch(text) or int(text) > LARGEST:
            raise SettingsError(
                f"--file: {path}: line {number} is not an id: expected one positive whole number per line"
            )
        yield int(text)
