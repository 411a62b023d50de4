"""Properties that stream maps compute, whose type the SDK reads off the first letters of the expression.

It takes `a > 5` for a text, and hands on Python's dates. So a value that is no text becomes one where the column is
STRING, and a date its ISO form.
"""

from __future__ import annotations

import json
import traceback
from datetime import date, time
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from singer_sdk import mapper as sdk_mapper
from singer_sdk.exceptions import MapExpressionError

from target_bigquery.fit import Misfit

if TYPE_CHECKING:
    from singer_sdk.mapper import PluginMapper


def computed_properties(mapper: PluginMapper, stream: str) -> set[str]:
    """Names of the stream, which may be an alias, that have an expression in stream_maps."""
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
    """The value as a column of that type takes it."""
    if isinstance(value, (date, time)):
        return value.isoformat()
    if kind == "STRING" and value is not None and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value


class Unmapped(Misfit):
    """A record for which a stream map fails; of errors other than the SDK's the type alone, because they quote values."""

    def __init__(self, error: Exception) -> None:
        super().__init__("a record", None)
        self.reason = (
            f"stream_maps: {error if isinstance(error, MapExpressionError) else type(error).__name__}"
        )


def is_of_a_map(error: Exception) -> bool:
    """Whether it was raised on the way through the SDK's mapper."""
    return any(
        frame.f_globals.get("__name__") == sdk_mapper.__name__
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )
