"""JSON files that operators give: settings, credentials, a state, a catalog."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cityblock_singer.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def read_object(path: Path, option: str) -> dict[str, Any]:
    """Raises SettingsError, which names `option` and the file, and nothing of its content."""
    try:
        content = path.read_bytes()
    except OSError as unreadable:
        raise SettingsError(f"{option}: cannot read {path} ({unreadable.strerror})") from None
    return parse_object(content, f"{option}: {path}")


def parse_object(content: str | bytes, where: str) -> dict[str, Any]:
    """Raises SettingsError, which says `where`."""
    try:
        parsed = json.loads(content)
    except ValueError:
        raise SettingsError(f"{where} is not valid JSON") from None
    if not isinstance(parsed, dict):
        raise SettingsError(f"{where} is not a JSON object")
    return parsed
