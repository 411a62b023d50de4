"""Settings as they are given, before they are looked at: from files, from the environment, under wrong names."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config

from target_zendesk_pubsub.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_file(path: str) -> dict[str, Any]:
    """Raises SettingsError, which names the file, and nothing that it holds."""
    try:
        settings = json.loads(Path(path).read_bytes())
    except OSError as unreadable:
        raise SettingsError(f"--config: {path} cannot be read ({unreadable.strerror})") from None
    except ValueError:
        raise SettingsError(f"--config: {path} is not JSON") from None
    if not isinstance(settings, dict):
        raise SettingsError(f"--config: {path} holds no JSON object")
    return settings


def read_environment(properties: Mapping[str, dict[str, Any]], prefix: str) -> dict[str, Any]:
    """The SDK's way, but one setting at a time: its errors name no variable. Raises SettingsError."""
    settings: dict[str, Any] = {}
    for name, schema in properties.items():
        is_number = "number" in schema.get("type", ())
        try:
            given = parse_environment_config({"properties": {name: schema}}, prefix)
            settings |= (
                {name: float(given[name])} if is_number and given else given
            )  # the SDK leaves it a text
        except ValueError:
            form = (
                "number" if is_number else "whole number" if "integer" in schema.get("type", ()) else "JSON"
            )
            raise SettingsError(f"the variable {prefix}{name.upper()} holds no {form}") from None
    return settings


def misspelt(settings: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """A sentence for each name that is no setting."""
    told = []
    for name in settings:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            told.append(f"there is no setting {name}; {hint}")
    return told
