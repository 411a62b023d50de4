"""JSON files that operators give: settings, credentials, a state, a catalog."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def read_object(path: Path, option: str) -> dict[str, Any]:
    """The object in the file. Raises ConfigurationError, which names `option` and the file, and nothing that it holds."""
    try:
        content = path.read_bytes()
    except OSError as unreadable:
        raise ConfigurationError(f"{option}: {path} cannot be read ({unreadable.strerror})") from None
    return to_object(content, f"{option}: {path}")


def to_object(content: str | bytes, where: str) -> dict[str, Any]:
    """Raises ConfigurationError, which says `where`."""
    try:
        found = json.loads(content)
    except ValueError:
        raise ConfigurationError(f"{where} is not JSON") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{where} holds no JSON object")
    return found
