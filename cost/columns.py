"""Which columns of a resolved statement matter for its result: those that BigQuery reads.

The analyzer prunes columns itself, but not those of a common table expression, of which it keeps all.
"""

from __future__ import annotations

from typing import Any

from cost.tree import children, has, kind, part, unwrapped

UNION_ALL = 0


class _Columns:
    """`needed`: those that the result or its number of rows depends on. `made_of`: by column, of which others it is made."""

    def __init__(self) -> None:
        self.needed: set[int] = set()
        self.made_of: dict[int, set[int]] = {}
        self._shared: dict[str, list[int]] = {}

    def visit(self, node: Any) -> None:  # noqa: ANN401 - a node
        """A scan or a statement; a reference in an expression that does not make a column is needed."""
        match kind(node):
            case "ColumnRef" | "OutputColumn":
                self.needed.add(part(node, "column").column_id)
            case "ComputedColumn" | "DeferredComputedColumn":
                self._make(part(node, "column").column_id, node)
            case "AnalyticFunctionGroup":
                placed = self._references(part(node, "partition_by")) | self._references(
                    part(node, "order_by")
                )
                for one in map(unwrapped, part(node, "analytic_function_list")):
                    self._make(part(one, "column").column_id, one, placed)
            case "AggregateScan":
                self.needed.update(
                    part(unwrapped(one), "column").column_id for one in part(node, "group_by_list")
                )
                self._visit_children(node)
            case _:
                self._visit_shared(node)

    def _visit_shared(self, node: Any) -> None:  # noqa: ANN401 - a node
        """Nodes whose columns are those of another scan."""
        match kind(node):
            case "SetOperationScan":
                self._unite(node)
            case "UpdateItem":  # its target is written, not read
                if has(node, "set_value"):
                    self.visit(part(node, "set_value"))
            case "WithEntry":
                self._shared[part(node, "with_query_name")] = _ids(part(node, "with_subquery"))
                self._visit_children(node)
            case "WithRefScan":
                of_entry = self._shared[part(node, "with_query_name")]
                for own, one in zip(_ids(node), of_entry, strict=True):
                    self.made_of.setdefault(own, set()).add(one)
            case "SubqueryExpr":
                self.needed.update(_ids(part(node, "subquery")))
                self._visit_children(node)
            case "InsertStmt":
                self.needed.update(column.column_id for column in part(node, "query_output_column_list"))
                self._visit_children(node)
            case _:
                self._visit_children(node)

    def _visit_children(self, node: Any) -> None:  # noqa: ANN401 - a node
        for child in children(node):
            self.visit(child)

    def _make(self, column: int, node: Any, more: set[int] | None = None) -> None:  # noqa: ANN401 - a node
        self.made_of.setdefault(column, set()).update(self._references(node), more or ())

    def _references(self, node: Any) -> set[int]:  # noqa: ANN401 - a node
        """Of an expression. Scans below it are visited."""
        if kind(node) == "ColumnRef":
            return {part(node, "column").column_id}
        if kind(node) == "SubqueryExpr":
            self.visit(part(node, "subquery"))
            inner = set(_ids(part(node, "subquery")))
            others = [child for child in children(node) if not kind(child).endswith("Scan")]
            return inner.union(*(self._references(one) for one in others))
        return set[int]().union(*(self._references(one) for one in children(node)))

    def _unite(self, node: Any) -> None:  # noqa: ANN401 - a node
        """By position. Rows that must be distinct, or in both parts, are compared by all columns."""
        own = _ids(node)
        if part(node, "op_type") != UNION_ALL:
            self.needed.update(own)
        for item in map(unwrapped, part(node, "input_item_list")):
            for column, one in zip(own, part(item, "output_column_list"), strict=True):
                self.made_of.setdefault(column, set()).add(one.column_id)
        self._visit_children(node)


def _ids(scan: Any) -> list[int]:  # noqa: ANN401 - a node
    return [column.column_id for column in part(scan, "column_list")]


def live_columns(statement: Any) -> frozenset[int]:  # noqa: ANN401 - a node
    """By their number in the statement."""
    columns = _Columns()
    columns.visit(statement)
    waiting, live = list(columns.needed), set[int]()
    while waiting:
        column = waiting.pop()
        if column not in live:
            live.add(column)
            waiting += columns.made_of.get(column, ())
    return frozenset(live)
