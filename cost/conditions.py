"""Conditions of a statement that may keep BigQuery from reading partitions: a column next to constants."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cost.tree import function_of, kind, part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cost.reads import Bound

Value = datetime | int | str | None
"""None: a constant whose value this module does not compute."""

COMPARISONS = {
    "$equal": "=",
    "$greater": ">",
    "$greater_or_equal": ">",
    "$less": "<",
    "$less_or_equal": "<",
}
MIRRORED = {"=": "=", ">": "<", "<": ">"}
SECONDS = {3: 86_400.0, 7: 3_600.0, 8: 60.0, 9: 1.0}
"""Seconds by zetasql.functions.DateTimestampPart; a month has no fixed length."""


@dataclasses.dataclass(frozen=True)
class Condition:
    """`operator`: =, <, >, between, in. `values`: the constants, or none if something else is compared."""

    column: int
    operator: str
    values: tuple[Value, ...]


class NotConstant(Exception):  # noqa: N818 - of an expression
    """It depends on rows, so it prunes nothing."""


def conditions_of(expression: Any, given: Mapping[str, Value], now: datetime) -> Iterator[Condition]:  # noqa: ANN401 - a node
    """Conditions that all rows must meet. `given`: values of the parameters."""
    called = function_of(expression)
    if called is None:
        return
    name, arguments = called
    if name == "$and":
        for one in arguments:
            yield from conditions_of(one, given, now)
        return
    if name == "$or":
        yield from _alternatives([list(conditions_of(one, given, now)) for one in arguments])
        return
    operator = COMPARISONS.get(name) or {"$between": "between", "$in": "in", "$is_null": "="}.get(name)
    if operator is None:
        return
    if operator in MIRRORED and kind(arguments[0]) != "ColumnRef":
        arguments, operator = arguments[::-1], MIRRORED[operator]
    if kind(arguments[0]) != "ColumnRef":
        return
    try:
        values = tuple(constant(one, given, now) for one in arguments[1:]) or (None,)
    except NotConstant:
        values = ()
    yield Condition(part(arguments[0], "column").column_id, operator, values)


def _alternatives(parts: list[list[Condition]]) -> Iterator[Condition]:
    """Of OR: a column that every part compares with constants, from below at least."""
    for column in dict.fromkeys(one.column for one in parts[0]):
        of_parts = [[one for one in part if one.column == column and one.values] for part in parts]
        if all(map(is_closed, of_parts)):
            yield Condition(
                column, "in", tuple(value for part in of_parts for one in part for value in one.values)
            )
        elif all(any(one.operator != "<" for one in part) for part in of_parts):
            lowest = [one.values[0] for part in of_parts for one in part if one.operator != "<"]
            yield Condition(column, ">", tuple(lowest))


def is_closed(conditions: Iterable[Condition] | Iterable[Bound]) -> bool:
    """Whether these, which all hold, leave a range with two ends, or single values."""
    operators = {one.operator for one in conditions}
    return bool(operators & {"=", "in", "between"}) or {"<", ">"} <= operators


def constant(node: Any, given: Mapping[str, Value], now: datetime) -> Value:  # noqa: ANN401 - a node
    """Raises NotConstant."""
    if kind(node) == "Literal":
        return literal(part(node, "value").value)
    if kind(node) == "Parameter":
        return given.get(part(node, "name"))
    called = function_of(node)
    if called is None:
        if kind(node) == "Cast":
            return constant(part(node, "expr"), given, now)
        raise NotConstant
    name, arguments = called
    if name == "current_timestamp":
        return now
    return _computed(name, [constant(one, given, now) for one in arguments])


def _computed(name: str, values: list[Value]) -> Value:
    """Of functions that make times."""
    if name == "timestamp_micros" and isinstance(values[0], int):
        return datetime.fromtimestamp(values[0] / 1e6, UTC)
    if name in ("timestamp_add", "timestamp_sub"):
        moment, count, unit = values
        seconds = SECONDS.get(unit) if isinstance(unit, int) else None
        if isinstance(moment, datetime) and isinstance(count, int) and seconds:
            return moment + timedelta(seconds=count * seconds) * (1 if name.endswith("add") else -1)
    return None


def literal(value: Any) -> Value:  # noqa: ANN401 - a protocol buffer
    held = value.WhichOneof("value")
    if held == "timestamp_value":
        return datetime.fromtimestamp(value.timestamp_value.seconds, UTC)
    if held == "date_value":
        return datetime.fromtimestamp(value.date_value * 86_400, UTC)
    if held in ("int64_value", "enum_value"):
        return int(getattr(value, held))
    return str(value.string_value) if held == "string_value" else None
