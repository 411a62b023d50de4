"""Settings as they are given: by files, by environment variables, under misspelled names, with values of a wrong type."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from cityblock_singer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Schema = dict[str, Any]
HINT = " (with Meltano, some commands need --environment=local, staging or prod)"


def from_environment(schema: Schema, prefix: str) -> dict[str, Any]:
    """As the SDK reads variables, but one at a time, because its errors do not name the variable.

    Raises SettingsError.
    """
    settings: dict[str, Any] = {}
    for name, setting in schema["properties"].items():
        types = setting.get("type", ())
        try:
            given = parse_environment_config({"properties": {name: setting}}, prefix)
            if given and "number" in types:  # which the SDK leaves a string
                given = {name: float(given[name])}
        except ValueError:
            kind = "an integer" if "integer" in types else "a number" if "number" in types else "valid JSON"
            raise SettingsError(f"Environment variable {prefix}{name.upper()} is not {kind}") from None
        settings |= given
    return settings


def check(settings: Mapping[str, Any], schema: Schema) -> None:
    """Raises SettingsError, which names every invalid setting, and quotes no value of a secret."""
    properties = schema["properties"]
    errors = [
        f"Setting {name!r} is required{HINT}" for name in schema.get("required", ()) if name not in settings
    ]
    invalid: dict[
        str | int, str
    ] = {}  # 1.5 is neither an integer nor above a minimum: one sentence is enough
    for error in DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(settings):
        if error.path:  # else of a required setting
            invalid.setdefault(error.path[0], _sentence(error.message, error.path, properties))
    errors += invalid.values()
    errors += [unknown("setting", name, properties) for name in settings if name not in properties]
    if errors:
        raise SettingsError("; ".join(errors))


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """The message about a name that is not `known`, with the most similar known name."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"Unknown {kind} {name!r}. " + (
        f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}"
    )


def _sentence(message: str, path: Sequence[str | int], properties: Mapping[str, Schema]) -> str:
    name = str(path[0])
    if properties[name].get("secret"):
        return f"{name} has an invalid value"
    return f"{message} in config[{']['.join(map(repr, path))}]"
