"""How a table is partitioned and clustered: as BigQuery's API describes it, also for one that a statement makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cost.conditions import literal
from cost.tables import Partitioning
from cost.tree import function_of, kind, part, unwrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

PER_DAY = 86_400_000
UNITS = {"HOUR": 1 / 24, "DAY": 1.0, "MONTH": 30.0, "YEAR": 365.0}
"""In days."""
MONTH = 2
"""zetasql.functions.DateTimestampPart"""


def partitioning_of(layout: Mapping[str, Any]) -> Partitioning | None:
    """None if the table has no partitions."""
    if by_range := layout.get("rangePartitioning"):
        start, end, keys = (int(by_range["range"][name]) for name in ("start", "end", "interval"))
        return Partitioning(by_range["field"], keys, most=(end - start) // keys)
    by_time = layout.get("timePartitioning") or {}
    if "field" not in by_time:
        return None
    kept = by_time.get("expirationMs")
    width = UNITS[by_time.get("type", "DAY")]
    return Partitioning(by_time["field"], width, kept_days=int(kept) / PER_DAY if kept else None)


def layout_of(node: Any) -> dict[str, Any]:  # noqa: ANN401 - a node
    """Of CREATE TABLE, with or without AS."""
    layout: dict[str, Any] = {}
    if has_any(node, "partition_by_list"):
        [expression] = [unwrapped(one) for one in part(node, "partition_by_list")]
        layout |= _partitioned(expression)
    if has_any(node, "cluster_by_list"):
        columns = [part(unwrapped(one), "column").name for one in part(node, "cluster_by_list")]
        layout["clustering"] = {"fields": columns}
    for option in map(unwrapped, part(node, "option_list")):
        if part(option, "name") == "partition_expiration_days" and "timePartitioning" in layout:
            value = part(part(option, "value"), "value").value
            layout["timePartitioning"]["expirationMs"] = int(
                getattr(value, value.WhichOneof("value")) * PER_DAY
            )
    return layout


def _partitioned(expression: Any) -> dict[str, Any]:  # noqa: ANN401 - a node
    """A column, `DATE(column)`, `TIMESTAMP_TRUNC(column, MONTH)` or `RANGE_BUCKET(column, GENERATE_ARRAY(…))`."""
    if kind(expression) == "ColumnRef":
        return {"timePartitioning": {"type": "DAY", "field": part(expression, "column").name}}
    name, arguments = function_of(expression) or ("", [])
    field = part(arguments[0], "column").name
    if name == "range_bucket":
        _, generated = function_of(arguments[1]) or ("", [])
        start, end, interval = (literal(part(one, "value").value) for one in generated)
        return {
            "rangePartitioning": {
                "field": field,
                "range": {"start": start, "end": end, "interval": interval},
            }
        }
    unit = literal(part(arguments[1], "value").value) if len(arguments) > 1 else None
    return {"timePartitioning": {"type": "MONTH" if unit == MONTH else "DAY", "field": field}}


def has_any(node: Any, name: str) -> bool:  # noqa: ANN401 - a node
    """Whether a list of children is not empty."""
    return bool(len(part(node, name)))
