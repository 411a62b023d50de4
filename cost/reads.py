"""What a resolved statement reads: columns of tables and views, and the constants that bound them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from cost.columns import live_columns
from cost.conditions import Condition, conditions_of
from cost.tree import children, has, kind, part, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cost.conditions import Value

INNER, LEFT, RIGHT = 0, 1, 2
"""zetasql.ResolvedJoinScanEnums.JoinType"""
INSERT = 0
"""zetasql.ResolvedMergeWhenEnums.ActionType"""


@dataclasses.dataclass(frozen=True)
class Bound:
    """A condition by the name of its column."""

    column: str
    operator: str
    values: tuple[Value, ...]


@dataclasses.dataclass(frozen=True)
class Read:
    """A scan. `table`: as the statement names it. `is_rewritten`: a DML statement writes all of its columns again."""

    table: str
    columns: frozenset[str]
    bounds: tuple[Bound, ...]
    is_rewritten: bool = False


Conditions = tuple[Condition, ...]


class Reader:
    """`given`: values of the statement's parameters. `now`: what CURRENT_TIMESTAMP() is."""

    def __init__(self, given: Mapping[str, Value], now: datetime) -> None:
        self._given, self._now = given, now
        self._live: frozenset[int] = frozenset()

    def reads(self, statement: Any) -> list[Read]:  # noqa: ANN401 - a node
        node = unwrapped(statement)
        self._live = live_columns(node)
        if kind(node) in ("UpdateStmt", "DeleteStmt"):
            return list(self._changed(node, "where_expr", is_rewritten=True))
        if kind(node) == "MergeStmt":
            actions = {part(unwrapped(one), "action_type") for one in node.when_clause_list}
            return list(self._changed(node, "merge_expr", is_rewritten=actions != {INSERT}))
        if kind(node) == "InsertStmt":
            return list(self._walk(part(node, "query"), ())) if has(node, "query") else []
        if kind(node).startswith("Create") and "View" in kind(node):
            return []
        return list(self._walk(node, ()))

    def _changed(self, node: Any, condition: str, *, is_rewritten: bool) -> Iterator[Read]:  # noqa: ANN401 - a node
        """The target by its own columns and conditions, and what else the statement reads."""
        conditions = self._conditions(part(node, condition)) if has(node, condition) else ()
        target = part(node, "table_scan")
        yield dataclasses.replace(self._read(target, conditions), is_rewritten=is_rewritten)
        for child in children(node):
            if child is not target:
                yield from self._walk(child, conditions if kind(child).endswith("Scan") else ())

    def _conditions(self, expression: Any) -> Conditions:  # noqa: ANN401 - a node
        return tuple(conditions_of(expression, self._given, self._now))

    def _walk(self, node: Any, above: Conditions) -> Iterator[Read]:  # noqa: ANN401 - a node
        """`above`: conditions that rows of this scan must meet, as BigQuery moves them down to its tables."""
        match kind(node):
            case "TableScan":
                yield self._read(node, above)
            case "FilterScan":
                yield from self._walk(
                    part(node, "input_scan"), above + self._conditions(part(node, "filter_expr"))
                )
                yield from self._walk(part(node, "filter_expr"), ())
            case "ProjectScan" | "OrderByScan" | "ArrayScan" if has(node, "input_scan"):
                yield from self._others(node, {"input_scan": above})
            case "JoinScan":
                yield from self._join(node, above)
            case "SetOperationScan":
                yield from self._set_operation(node, above)
            case "WithScan":
                yield from self._others(node, {"query": above})
            case _:
                yield from self._others(node, {})

    def _others(self, node: Any, above: Mapping[str, Conditions]) -> Iterator[Read]:  # noqa: ANN401 - a node
        """All children, the named ones with conditions."""
        named = {name: part(node, name) for name in above}
        for child in children(node):
            conditions = next((above[name] for name, one in named.items() if one is child), ())
            yield from self._walk(child, conditions)

    def _join(self, node: Any, above: Conditions) -> Iterator[Read]:  # noqa: ANN401 - a node
        """The condition of an outer join does not remove rows of its outer side."""
        on = self._conditions(part(node, "join_expr")) if has(node, "join_expr") else ()
        kind_of_join = part(node, "join_type")
        is_inner, is_left, is_right = (kind_of_join == number for number in (INNER, LEFT, RIGHT))
        yield from self._others(
            node,
            {
                "left_scan": (above if is_inner or is_left else ()) + (on if is_inner or is_right else ()),
                "right_scan": (above if is_inner or is_right else ()) + (on if is_inner or is_left else ()),
            },
        )

    def _set_operation(self, node: Any, above: Conditions) -> Iterator[Read]:  # noqa: ANN401 - a node
        """Columns of a union are those of its parts, by position."""
        places = {column.column_id: place for place, column in enumerate(part(node, "column_list"))}
        for item in map(unwrapped, part(node, "input_item_list")):
            own = [column.column_id for column in part(item, "output_column_list")]
            moved = tuple(
                dataclasses.replace(one, column=own[places[one.column]])
                for one in above
                if one.column in places
            )
            yield from self._walk(part(item, "scan"), moved)

    def _read(self, scan: Any, conditions: Conditions) -> Read:  # noqa: ANN401 - a node
        names = {column.column_id: column.name for column in part(scan, "column_list")}
        bounds = tuple(
            Bound(names[one.column], one.operator, one.values) for one in conditions if one.column in names
        )
        columns = frozenset(name for number, name in names.items() if number in self._live)
        return Read(part(scan, "table").name, columns, bounds)
