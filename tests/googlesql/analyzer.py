"""Statements analyzed as BigQuery would: its language options, and tables as target-bigquery and dbt make them."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import zlib
from typing import TYPE_CHECKING, Any

from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import options_pb2, simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as language_pb2
from zetasql.wasi._pb2.zetasql.public import simple_table_pb2, type_pb2

from tests.googlesql.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

Columns = list[tuple[str, type_pb2.TypeProto]]

SYNONYMS = {"INTEGER": "INT64", "FLOAT": "DOUBLE", "FLOAT64": "DOUBLE", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}

NOT_IN_BIGQUERY = [
    "AGGREGATE_FILTERING",
    "ARRAY_EQUALITY",
    "ARRAY_ORDERING",
    "EXPERIMENTAL_MODULES",
    "EXTENDED_TYPES",
    "INSERT_ON_CONFLICT_CLAUSE",
    "INTERVAL_NANOS",
    "JSON_TYPE_COMPARISON",
    "LATERAL_COLUMN_REFERENCES",
    "LATERAL_JOIN",
    "LIMIT_OFFSET_EXPRESSIONS",
    "LITERAL_CONCATENATION",
    "MULTILEVEL_AGGREGATION",
    "MULTILEVEL_AGGREGATION_ON_UDAS",
    "MULTIWAY_UNNEST",
    "ORDER_BY_COLLATE",
    "PROTO_BASE",
    "ROW_TYPE",
    "SQL_GRAPH_CALL",
    "TIMESTAMP_NANOS",
    "TIMESTAMP_PICOS",
    "TIMESTAMP_PRECISION",
    "UUID_TYPE",
    "V_1_4_TIMESTAMP_PICOS",
]
"""Features of the engine that BigQuery lacks, by its reference of the SQL language (read 27 November 2026)."""


OF_A_TEST = re.compile(r"\btest_[0-9a-f]{12}|\btest_views\b")
"""How the names of a test's datasets begin."""
ALTERED = re.compile(r"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?([\w.`-]+)", re.IGNORECASE)
"""What the engine does not count among the tables that a statement names."""

TABLES_VIEW = {"project_id": "STRING", "dataset_id": "STRING", "table_id": "STRING"} | dict.fromkeys(
    ("creation_time", "last_modified_time", "row_count", "size_bytes", "type"), "INT64"
)
"""BigQuery's `__TABLES__` in each dataset."""


@dataclasses.dataclass(frozen=True)
class Analyzed:
    """`created`: the name of the table or view that the statement makes, if it makes one, of these columns."""

    columns: Columns
    created: tuple[str, ...] | None = None


class Analyzer:
    """`tables` by their path, `(dataset, table)`."""

    def __init__(self) -> None:
        self.tables: dict[tuple[str, ...], Columns] = {}
        self.engine = Engine()
        request = service.LanguageOptionsRequest(maximum_features=True)
        language = self.engine.call("GetLanguageOptions", request, options_pb2.LanguageOptionsProto())
        language.product_mode = language_pb2.PRODUCT_EXTERNAL
        del language.supported_statement_kinds[:]  # none named: all
        lacking = {f"FEATURE_{name}" for name in NOT_IN_BIGQUERY}
        features = language_pb2.LanguageFeature
        kept = [one for one in language.enabled_language_features if features.Name(one) not in lacking]
        del language.enabled_language_features[:]
        language.enabled_language_features.extend(kept)
        if "QUALIFY" not in language.reserved_keywords:
            language.reserved_keywords.append("QUALIFY")
        self._language = language
        self._resolved: dict[bytes, bytes] = {}
        self._named: dict[str, list[tuple[str, ...]]] = {}

    def analyze(self, sql: str, parameters: dict[str, type_pb2.TypeProto], dataset: str | None) -> Analyzed:
        """Raises Refused, with the analyzer's sentence and the place in the statement.

        Tests send the same statements, each for datasets of its own: these have common names in the analyzer.
        """
        names = dict.fromkeys(OF_A_TEST.findall(sql))
        common = {name: f"test_{number:012x}" for number, name in enumerate(names)}
        own = {name: its for its, name in common.items()}
        analyzed = _read(self.resolve(_renamed(sql, common), parameters, dataset, own))
        if analyzed.created is None:
            return analyzed
        return Analyzed(analyzed.columns, tuple(_renamed(word, own) for word in analyzed.created))

    def resolve(
        self,
        sql: str,
        parameters: dict[str, type_pb2.TypeProto],
        dataset: str | None,
        own: Mapping[str, str] | None = None,
    ) -> Any:
        """The resolved statement. Raises Refused.

        Answers are kept: the runs of a recording send the same statements. `own`: what `tables` has for names in it.
        """
        request = service.AnalyzeRequest(sql_statement=sql)
        request.options.CopyFrom(self.options(parameters))
        request.simple_catalog.CopyFrom(self._catalog(self._paths(sql), dataset, own or {}))
        request.descriptor_pool_list.definitions.add().builtin.SetInParent()
        response = service.AnalyzeResponse()
        asked = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
        if asked in self._resolved:
            response.ParseFromString(zlib.decompress(self._resolved[asked]))
        else:
            self.engine.call("Analyze", request, response)
            self._resolved[asked] = zlib.compress(response.SerializeToString(), 1)
        return response.resolved_statement

    def options(self, parameters: dict[str, type_pb2.TypeProto]) -> options_pb2.AnalyzerOptionsProto:
        options = options_pb2.AnalyzerOptionsProto(default_timezone="UTC")
        options.language_options.CopyFrom(self._language)
        options.error_message_mode = language_pb2.ERROR_MESSAGE_MULTI_LINE_WITH_CARET
        for name, kind in parameters.items():
            options.query_parameters.add(name=name).type.CopyFrom(kind)
        return options

    def _paths(self, sql: str) -> list[tuple[str, ...]]:
        if sql in self._named:
            return self._named[sql]
        request = service.ExtractTableNamesFromStatementRequest(sql_statement=sql)
        request.options.CopyFrom(self._language)
        names = self.engine.call(
            "ExtractTableNamesFromStatement", request, service.ExtractTableNamesFromStatementResponse()
        )
        altered = [tuple(path.replace("`", "").split(".")) for path in ALTERED.findall(sql)]
        self._named[sql] = [*altered, *(tuple(name.table_name_segment) for name in names.table_name)]
        return self._named[sql]

    def _catalog(
        self, paths: list[tuple[str, ...]], dataset: str | None, own: Mapping[str, str]
    ) -> simple_catalog_pb2.SimpleCatalogProto:
        """Of the tables that the statement names, under the very paths by which it names them."""
        root = simple_catalog_pb2.SimpleCatalogProto(name="root")
        root.builtin_function_options.language_options.CopyFrom(self._language)
        inner: dict[tuple[str, ...], Any] = {(): root}
        for number, path in enumerate(dict.fromkeys(paths), 1):
            words = tuple(_renamed(word, own) for part in path for word in part.split("."))
            columns = self.tables.get((dataset, *words)[-2:] if dataset else words[-2:])
            if words[-1] == "__TABLES__":
                columns = [(name, type_of({"type": kind})) for name, kind in TABLES_VIEW.items()]
            if columns is None:
                continue  # the analyzer says that it is not there
            for depth in range(1, len(path)):
                if path[:depth] not in inner:
                    inner[path[:depth]] = inner[path[: depth - 1]].catalog.add(name=path[depth - 1])
            table = inner[path[:-1]].table.add(name=path[-1], serialization_id=number)
            table.CopyFrom(_table(path[-1], number, columns))
        return root


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return OF_A_TEST.sub(lambda found: names[found[0]], text) if names else text


def _table(name: str, number: int, columns: Columns) -> simple_table_pb2.SimpleTableProto:
    table = simple_table_pb2.SimpleTableProto(name=name, serialization_id=number)
    for column, kind in columns:
        table.column.add(name=column).type.CopyFrom(kind)
    return table


def _read(statement: Any) -> Analyzed:
    node, kinds = statement, []
    while any(oneof.name == "node" for oneof in node.DESCRIPTOR.oneofs):
        kinds.append(node.WhichOneof("node"))
        node = getattr(node, kinds[-1])
    if kinds[-1] == "resolved_query_stmt_node":
        return Analyzed([(one.name, one.column.type) for one in node.output_column_list])
    if not kinds[-1].startswith("resolved_create_"):
        return Analyzed([])
    if "view" in kinds[-1]:
        columns = [(one.name, one.column.type) for one in attribute(node, "output_column_list")]
    else:
        columns = [(one.name, one.type) for one in attribute(node, "column_definition_list")]
    name = [word for part in attribute(node, "name_path") for word in part.split(".")]
    return Analyzed(columns, tuple(name[-2:]))


def attribute(node: Any, name: str) -> Any:
    """Of the node or of those it extends, which its protocol buffer holds as `parent`."""
    while not hasattr(node, name):
        node = node.parent
    return getattr(node, name)


def type_of(field: dict[str, Any]) -> type_pb2.TypeProto:
    """A field as BigQuery's API describes it: `{"name", "type", "mode", "fields"}`."""
    kind = SYNONYMS.get(field["type"].upper(), field["type"].upper())
    result = type_pb2.TypeProto(type_kind=getattr(type_pb2, f"TYPE_{kind}"))
    if kind == "STRUCT":
        for part in field["fields"]:
            result.struct_type.field.add(field_name=part["name"]).field_type.CopyFrom(type_of(part))
    return array_of(result) if field.get("mode", "").upper() == "REPEATED" else result


def type_of_parameter(kind: dict[str, Any]) -> type_pb2.TypeProto:
    """A query parameter's type as BigQuery's API describes it: `{"type", "arrayType", "structTypes"}`."""
    if kind["type"] == "ARRAY":
        return array_of(type_of_parameter(kind["arrayType"]))
    if kind["type"] == "STRUCT":
        result = type_pb2.TypeProto(type_kind=type_pb2.TYPE_STRUCT)
        for part in kind["structTypes"]:
            field = result.struct_type.field.add(field_name=part.get("name", ""))
            field.field_type.CopyFrom(type_of_parameter(part["type"]))
        return result
    return type_of({"type": kind["type"]})


def array_of(element: type_pb2.TypeProto) -> type_pb2.TypeProto:
    result = type_pb2.TypeProto(type_kind=type_pb2.TYPE_ARRAY)
    result.array_type.element_type.CopyFrom(element)
    return result
