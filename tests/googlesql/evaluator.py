"""Queries and changes evaluated by Google's engine on rows in memory, as rows of plain JSON values."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.public import type_pb2, value_pb2

from tests.googlesql.analyzer import type_of
from tests.googlesql.merge import BEFORE, SOURCE, parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.googlesql.analyzer import Analyzer, Columns

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCALARS = {"INT64": "int64_value", "DOUBLE": "double_value", "BOOL": "bool_value", "STRING": "string_value"}
SCALARS |= {"JSON": "json_value"}
INSERT = re.compile(r"\s*INSERT\b", re.IGNORECASE)


class Evaluator:
    """`tables`: `{"dataset.table": (columns, rows)}`; views join them once they are evaluated."""

    def __init__(self, analyzer: Analyzer, tables: dict[str, tuple[Columns, list[list[Any]]]]) -> None:
        self._analyzer, self.tables = analyzer, tables

    def evaluate(self, sql: str, parameters: Mapping[str, int | str]) -> tuple[Columns, list[list[Any]]]:
        """Raises Refused."""
        request = service.PrepareQueryRequest()
        self._fill(request, sql, parameters, numbered=False)
        prepared = self._call("PrepareQuery", request, service.PrepareQueryResponse()).prepared
        number = prepared.prepared_query_id
        asked = service.EvaluateQueryRequest(prepared_query_id=number, params=given(parameters))
        try:
            answer = self._call("EvaluateQuery", asked, service.EvaluateQueryResponse())
        finally:
            done = service.UnprepareQueryRequest(prepared_query_id=number)
            self._call("UnprepareQuery", done, service.UnprepareQueryRequest())
        columns = [(column.name, column.type) for column in prepared.columns]
        return columns, [values(row.cell, columns) for row in answer.content.table_data.row]

    def change(self, sql: str, parameters: Mapping[str, int | str]) -> None:
        """Applies an INSERT, UPDATE, DELETE or MERGE to `tables`. Raises Refused."""
        merge = parsed(sql)
        if merge is None:
            self.modify(sql, parameters)
            return
        target = ".".join(merge.target.replace("`", "").split(".")[-2:])
        self.tables[SOURCE] = self.evaluate(f"SELECT * FROM {merge.source}", parameters)
        self.tables[BEFORE] = self.tables[target]
        for one in merge.statements():
            self.modify(one, parameters)

    def modify(self, sql: str, parameters: Mapping[str, int | str]) -> None:
        """What the engine itself evaluates. Raises Refused, for a MERGE always."""
        request = service.PrepareModifyRequest()
        # by its number, a row that changes is found; new rows would have none
        self._fill(request, sql, parameters, numbered=not INSERT.match(sql))
        prepared = self._call("PrepareModify", request, service.PrepareModifyResponse()).prepared
        number = prepared.prepared_modify_id
        asked = service.EvaluateModifyRequest(prepared_modify_id=number, params=given(parameters))
        try:
            answer = self._call("EvaluateModify", asked, service.EvaluateModifyResponse())
        finally:
            done = service.UnprepareModifyRequest(prepared_modify_id=number)
            self._call("UnprepareModify", done, service.UnprepareModifyRequest())
        columns, rows = self.tables[answer.table_name]
        kept = dict(enumerate(rows))
        for row in answer.content:
            key = row.old_primary_key[0].int64_value if row.old_primary_key else len(kept)
            if row.operation == row.DELETE:
                del kept[key]
            else:
                kept[key] = values(row.cell[: len(columns)], columns)
        self.tables[answer.table_name] = columns, [*kept.values()]

    def _call(self, name: str, request: Any, response: Any) -> Any:
        return self._analyzer.engine.call(name, request, response)

    def _fill(self, request: Any, sql: str, parameters: Mapping[str, int | str], *, numbered: bool) -> None:
        """`numbered`: tables have a further column, their primary key, with the index of each row."""
        request.sql, named = self._by_single_names(sql)
        request.options.CopyFrom(self._analyzer.options({name: kind_of(one) for name, one in parameters.items()}))  # fmt: skip
        root = request.simple_catalog
        root.name = "root"
        root.builtin_function_options.language_options.CopyFrom(request.options.language_options)
        request.descriptor_pool_list.definitions.add().builtin.SetInParent()
        for number, name in enumerate(named, 1):
            columns, rows = self.tables[name]
            table = root.table.add(name=name, serialization_id=number)
            if numbered:
                table.primary_key_column_index.append(len(columns))
                columns = [*columns, ("_number", kind_of(0))]
                rows = [[*row, index] for index, row in enumerate(rows)]
            for column, kind in columns:
                table.column.add(name=column).type.CopyFrom(kind)
            content = request.table_content[name].table_data
            content.SetInParent()
            for row in rows:
                content.row.add().cell.extend(packed(one, kind) for one, (_, kind) in zip(row, columns, strict=True))  # fmt: skip

    def _by_single_names(self, sql: str) -> tuple[str, list[str]]:
        """The engine finds rows only of tables whose name is one identifier."""
        named = []
        for name in self.tables:
            dataset, table = name.split(".")
            path = rf"(?<![\w.`])(`?[\w-]+`?\.)?`?{dataset}`?\.`?{table}`?(?![\w`])"
            sql, count = re.subn(path, f"`{name}`", sql)
            named += [name] if count else []
        return sql, named


def kind_of(parameter: int | str) -> type_pb2.TypeProto:
    return type_of({"type": "INT64" if isinstance(parameter, int) else "STRING"})


def given(parameters: Mapping[str, int | str]) -> list[service.Parameter]:
    return [service.Parameter(name=name, value=packed(one, kind_of(one))) for name, one in parameters.items()]


def values(cells: Iterable[value_pb2.ValueProto], columns: Columns) -> list[Any]:
    return [unpacked(cell, kind) for cell, (_, kind) in zip(cells, columns, strict=True)]


def packed(value: Any, kind: type_pb2.TypeProto) -> value_pb2.ValueProto:
    """`value`: as record_tricky_rows.py writes it."""
    result, name = value_pb2.ValueProto(), _name(kind)
    if value is None:
        return result
    if name == "TIMESTAMP":
        microseconds = (datetime.fromisoformat(value) - EPOCH) // timedelta(microseconds=1)
        result.timestamp_value.seconds = microseconds // 10**6
        result.timestamp_value.nanos = microseconds % 10**6 * 1000
    elif name == "DATE":
        result.date_value = (date.fromisoformat(value) - EPOCH.date()).days
    elif name == "ARRAY":
        result.array_value.SetInParent()
        result.array_value.element.extend(packed(one, kind.array_type.element_type) for one in value)
    elif name == "STRUCT":
        result.struct_value.SetInParent()
        result.struct_value.field.extend(
            packed(one, part.field_type) for one, part in zip(value, kind.struct_type.field, strict=True)
        )
    else:
        setattr(result, SCALARS[name], value)
    return result


def unpacked(value: value_pb2.ValueProto, kind: type_pb2.TypeProto) -> Any:
    """The inverse of `packed`."""
    if value.WhichOneof("value") is None:
        return None
    name = _name(kind)
    if name == "TIMESTAMP":
        stamp = value.timestamp_value
        return (EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)).isoformat()
    if name == "DATE":
        return (EPOCH.date() + timedelta(days=value.date_value)).isoformat()
    if name == "ARRAY":
        return [unpacked(one, kind.array_type.element_type) for one in value.array_value.element]
    if name == "STRUCT":
        parts = zip(value.struct_value.field, kind.struct_type.field, strict=True)
        return [unpacked(one, part.field_type) for one, part in parts]
    return getattr(value, SCALARS[name])


def _name(kind: type_pb2.TypeProto) -> str:
    return type_pb2.TypeKind.Name(kind.type_kind).removeprefix("TYPE_")
