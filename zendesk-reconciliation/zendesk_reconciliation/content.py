"""The content of one object: the columns in which Zendesk's response differs from a row. Values never leave this
module.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_zendesk_cityblock.columns import EXPORT_COLUMNS, MARK, load_schema

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_zendesk_cityblock.model_types import Model

Json = dict[str, Any]

DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)\Z")
LARGEST_NUMBER = 2**53
"""BigQuery writes larger integers as text."""


class Content:
    """`left_out`: names of columns that are not compared, such as hashed ones."""

    def __init__(self, model: Model, left_out: Collection[str]) -> None:
        self._model, self._left_out = model, {*left_out, model.clock, *EXPORT_COLUMNS}

    @cached_property
    def _properties(self) -> dict[str, Json]:
        schema: dict[str, Json] = load_schema(self._model.name)["properties"]
        return {name: its for name, its in schema.items() if name not in self._left_out}

    def differing(self, one: Json, row: Json) -> set[str]:
        """Names of the columns that differ. What Zendesk's response lacks is not compared."""
        return {
            name
            for name, schema in self._properties.items()
            if name in one and name in row
            if _value(shaped(schema, one[name])) != _value(shaped(schema, row[name]))
        }

    def is_blank(self, one: Json, row: Json) -> bool:
        """Whether the row has no personal value, and Zendesk has: it was erased here, or may not be read."""
        personal = [name for name, schema in self._properties.items() if "personal" in schema.get(MARK, {})]
        has = [name for name in personal if canonical(one.get(name)) not in EMPTY]
        return bool(has) and all(canonical(row.get(name)) in EMPTY for name in personal)

    def impersonal(self, columns: Collection[str]) -> set[str]:
        return {name for name in columns if "personal" not in self._properties[name].get(MARK, {})}


EMPTY: tuple[object, ...] = (None, [], {})


def _value(value: object) -> object:
    """BigQuery has no null lists, and no empty ones beside them."""
    found = canonical(value)
    return None if found in EMPTY else found


def shaped(schema: Json, value: object) -> object:
    """Without the properties that the schema lacks, which have no column."""
    match value:
        case dict() if "properties" in schema:
            known = schema["properties"]
            return {name: shaped(known[name], one) for name, one in value.items() if name in known}
        case list() if "items" in schema:
            return [shaped(schema["items"], one) for one in value]
        case _:
            return value


def canonical(value: object) -> object:
    """Without differences of BigQuery's format: no nulls and empty values, times in UTC, 1 for 1.0, large numbers as text."""
    match value:
        case dict():
            return {key: one for key, its in value.items() if (one := canonical(its)) not in EMPTY}
        case list():
            return [canonical(one) for one in value]
        case str() if DATE_TIME.match(value):
            return datetime.fromisoformat(value).astimezone(UTC).isoformat()
        case bool() | None:
            return value
        case int() | float() if value == int(value):
            return int(value) if abs(value) <= LARGEST_NUMBER else str(int(value))
        case _:
            return value
