"""Which columns are hashed, from the settings `hashed_columns` and `hash_salt`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cityblock_singer.errors import SettingsError
from cityblock_singer.settings import unknown

from tap_zendesk_cityblock.columns import MARK, load_schema, with_unknown_properties
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.rows.hashing import HashedColumns

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tap_zendesk_cityblock.rows.hashing import Path

LEAST_SALT = 32
"""Characters. Names and numbers can be guessed by whoever can guess the salt."""


def hashed_columns(config: Mapping[str, Any], keeping: Collection[str] = ()) -> dict[str, HashedColumns]:
    """By model. `keeping`: models with a column of unknown properties. Raises SettingsError."""
    chosen = dict.fromkeys(config.get("hashed_columns") or ())
    if not chosen:
        return {}
    salt = config.get("hash_salt") or ""
    if len(salt) < LEAST_SALT:
        raise SettingsError(f"hashed_columns requires hash_salt, with at least {LEAST_SALT} characters")
    paths: dict[str, list[Path]] = {}
    for column in chosen:
        model, path = _checked(column, keeping)
        paths.setdefault(model, []).append(path)
    return {model: HashedColumns(its, salt) for model, its in paths.items()}


def _checked(column: str, keeping: Collection[str]) -> tuple[str, Path]:
    """The model, and the path within its records. Raises SettingsError."""
    name, *path = column.split(".")
    if name not in MODELS or not path:
        raise SettingsError(
            f"hashed_columns: {unknown('model', name, MODELS)} in {column!r}; expected model.column"
        )
    model = MODELS[name]
    if path == [model.key]:
        raise SettingsError(
            f"hashed_columns: {column} is the model's key, by which versions of a row are found"
        )
    if {path[0], ".".join(path)} & model.compared:
        raise SettingsError(f"hashed_columns: {column} cannot be hashed: views join or compare it")
    schema = load_schema(name)
    part: Mapping[str, Any] | None = with_unknown_properties(schema) if name in keeping else schema
    for depth, step in enumerate(path):
        part = _within(part, step, column)
        if depth == 0 and "personal" not in (part or {}).get(MARK, {}):
            raise SettingsError(
                f"hashed_columns: {column} is not personal: docs/privacy.md lists the columns that are"
            )
    if part is not None and not _is_text(part.get("items", part)):
        raise SettingsError(f"hashed_columns: {column} is not text, and a hash is")
    return name, tuple(path)


def _within(part: Mapping[str, Any] | None, step: str, column: str) -> Mapping[str, Any] | None:
    """The schema of a property, None within an object that may have any. Raises SettingsError."""
    if part is None:
        return None
    part = part.get("items", part)
    properties: Mapping[str, Mapping[str, Any]] = part.get("properties", {})
    if step in properties:
        return properties[step]
    if part.get("additionalProperties"):
        return None
    raise SettingsError(f"hashed_columns: {unknown('column', step, properties)} in {column!r}")


def _is_text(part: Mapping[str, Any]) -> bool:
    return set(part.get("type", ())) - {"null"} == {"string"} and "format" not in part
