"""The stream and table SCHEMA_DRIFT: properties that were sent and are missing from the schemas. Names, JSON types
and counts, never values.

The tap writes a row for each export, property and type. The loader writes those of properties inside RECORD
columns, because only it reads them.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "SCHEMA_DRIFT"
KEY = ("_export_id", "property", "json_type")
SCHEMA = th.PropertiesList(
    th.Property("model", th.StringType, required=True),
    th.Property("property", th.StringType, required=True),
    th.Property("json_type", th.StringType, required=True),
    th.Property("row_count", th.IntegerType, required=True),
    th.Property("first_seen_at", th.DateTimeType, required=True),
    th.Property("last_seen_at", th.DateTimeType, required=True),
    th.Property("run_id", th.StringType),
    th.Property("_export_id", th.StringType, required=True),
    th.Property("_exported_at", th.DateTimeType, required=True),
).to_dict()

OTHER = "(other)"
MOST_PROPERTIES = 100
"""Of one export: an object with so many new names has keys of its own."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""Of Zendesk's own properties. An account may choose the names in an object with keys of its own."""


def schema_message() -> dict[str, Any]:
    return {"type": "SCHEMA", "stream": NAME, "schema": SCHEMA, "key_properties": [*KEY]}


@dataclasses.dataclass
class Seen:
    """In `rows` rows of one export."""

    first: datetime
    last: datetime
    rows: int = 0


class UnknownProperties:
    """Of one model's export."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Seen] = {}
        self._names: set[str] = set()

    def add(self, path: tuple[str, ...], json_type: str) -> None:
        """A property of a row, or one inside it, by the names that lead to it."""
        now = datetime.now(UTC)
        seen = self._seen.setdefault((self._shown(path), json_type), Seen(now, now))
        seen.last, seen.rows = now, seen.rows + 1

    def _shown(self, path: tuple[str, ...]) -> str:
        name = ".".join(path)
        if name not in self._names:
            if not all(map(_NAME.fullmatch, path)) or len(self._names) == MOST_PROPERTIES:
                return OTHER
            self._names.add(name)
        return name

    def records(self, about: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Rows of the stream. `about`: model, run_id, _export_id and _exported_at."""
        for (name, json_type), seen in self._seen.items():
            yield {
                **about,
                "property": name,
                "json_type": json_type,
                "row_count": seen.rows,
                "first_seen_at": seen.first.isoformat(),
                "last_seen_at": seen.last.isoformat(),
            }
