"""Properties that stream maps compute.

The SDK guesses their type from the start of the expression (`a > 5` becomes a string) and passes Python dates on. So
any value is converted to text for a STRING column, and dates to ISO 8601.
"""

from __future__ import annotations

import json
import traceback
from datetime import date, time
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from singer_sdk import mapper as sdk_mapper
from singer_sdk.exceptions import MapExpressionError

from target_bigquery.converters import Rejection

if TYPE_CHECKING:
    from singer_sdk.mapper import PluginMapper


OF_STREAM_MAPS = "stream_maps: "
"""What the reasons of records begin with for which a stream map fails."""


def computed_properties(mapper: PluginMapper, stream: str) -> set[str]:
    """Properties of the stream, which may be an alias, that stream_maps defines by an expression."""
    sources = {
        source for source, maps in mapper.stream_maps.items() if stream in {one.stream_alias for one in maps}
    }
    return {
        name
        for pattern, definition in mapper.stream_maps_dict.items()
        if isinstance(definition, dict) and any(fnmatch(source, pattern) for source in (stream, *sources))
        for name, expression in definition.items()
        if isinstance(expression, str) and not name.startswith("__")
    }


def as_json(value: object, kind: str) -> Any:  # noqa: ANN401 - anything JSON holds
    """The value as JSON for a column of that BigQuery type."""
    if isinstance(value, (date, time)):
        return value.isoformat()
    if kind == "STRING" and value is not None and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value


class StreamMapFailed(Rejection):
    """A record for which a stream map fails. Errors other than the SDK's quote values, so only their type is kept."""

    def __init__(self, error: Exception) -> None:
        super().__init__("a record", None)
        self.reason = (
            f"{OF_STREAM_MAPS}{error if isinstance(error, MapExpressionError) else type(error).__name__}"
        )


class StreamMapNotApplied(Rejection):
    """A rejected record that no stream map has changed: what a map hides or hashes must not be loaded as it is."""

    def __init__(self, reason: str) -> None:
        super().__init__("a record", None)
        self.reason = f"{reason}: export it again once its map accepts it"


def raised_by_stream_map(error: Exception) -> bool:
    """Whether the SDK's mapper is in its traceback."""
    return any(
        frame.f_globals.get("__name__") == sdk_mapper.__name__
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )
