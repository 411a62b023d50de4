"""The recorded statements, each with what it reads of the tables below the views."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cost.layouts import layout_of, partitioning_of
from cost.reads import Read, Reader
from cost.results import Results
from cost.tables import Table
from cost.tree import kind, part, unwrapped
from tests.googlesql.analyzer import Analyzer, attribute
from tests.googlesql.recording import END_OF_STATEMENT, query_of, replay_request, types_of_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from cost.conditions import Value

Name = tuple[str, str]
DML = ("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")
STAGING = re.compile(r"(?<=_reload)_[0-9a-f]{32}$")
EPOCH = datetime.fromtimestamp(0, UTC)
SIZE_WITHOUT_ROWS = 8.0
"""Of a column that is empty in the sandbox and in every table that has one of its name."""


@dataclasses.dataclass(frozen=True)
class Statement:
    """`title`: what it does to which tables and views, as named in it. `reads`: of tables, by their whole name.

    `is_cached`: it repeats a query of the same run.
    """

    job: str
    title: str
    reads: tuple[Read, ...]
    notes: frozenset[str]
    is_cached: bool = False


@dataclasses.dataclass
class Warehouse:
    """What the recording made: tables, views, and how many loads each job sent to a table."""

    analyzer: Analyzer
    layouts: dict[Name, dict[str, Any]] = dataclasses.field(default_factory=dict)
    views: dict[Name, str] = dataclasses.field(default_factory=dict)
    loads: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    now: datetime = EPOCH
    _results: Results = dataclasses.field(default_factory=Results)
    _seen: dict[tuple[str, frozenset[str]], tuple[list[Read], set[str]]] = dataclasses.field(
        default_factory=dict
    )

    def replayed(self, folder: Path) -> Iterator[Statement]:
        """All statements, in order. What they make is known afterwards."""
        [recording] = folder.glob("*.jsonl")
        self.now = datetime.fromtimestamp(recording.stat().st_mtime, UTC)
        lines = recording.read_text().splitlines()
        jobs = dict.fromkeys(range(len(lines)), "")
        for phase in json.loads((folder / "phases.json").read_text()):
            jobs |= dict.fromkeys(range(phase["first"], phase["end"]), phase["name"])
        seen: set[str] = set()
        for number, line in enumerate(lines):
            request = json.loads(line)
            if query := query_of(request) if jobs[number] else None:
                yield from self._statements(jobs[number], query)
            for _ in replay_request(request, self.analyzer, seen):
                pass  # the analyzer's tables are what matters here
            self._remember(request, jobs[number])

    def _statements(self, job: str, query: Mapping[str, Any]) -> Iterator[Statement]:
        given = {one["name"]: _value(one) for one in query.get("queryParameters", [])}
        types = types_of_parameters(dict(query))
        for sql in END_OF_STATEMENT.split(query["query"]):
            if sql.strip():
                yield from self.statement(job, sql, types=types, given=given, query=query)

    def statement(  # noqa: PLR0913
        self,
        job: str,
        sql: str,
        title: str | None = None,
        *,
        types: dict[str, Any] | None = None,
        given: Mapping[str, Value] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Iterator[Statement]:
        """Nothing if it reads nothing. `query`: as it was sent. Raises Refused."""
        node = unwrapped(self.analyzer.resolve(sql, types or {}, None))
        changed = self._changed(sql, node)
        if changed:
            self._results.forget(".".join(changed))
        if changed and kind(node) == "CreateViewStmt":
            self.views[changed] = part(node, "sql")
            return
        named = Reader(given or {}, self.now).reads(node)
        if named:
            tables = [*(changed or ())[1:], *(one.table.rpartition(".")[2] for one in named)]
            what = ", ".join(dict.fromkeys(STAGING.sub("", one) for one in tables))
            verb = re.sub(r"(AsSelect)?Stmt|Query", "", kind(node)).upper() or "SELECT"
            title = title or f"{verb.replace('TABLE', ' TABLE')} {what}"
            notes: set[str] = set()
            reads = tuple(self._expanded(sql, named, notes))
            names = frozenset(".".join(self._name(sql, one.table)) for one in named)
            is_cached = not changed and query is not None and self._results.answers(job, query, names)
            yield Statement(job, title, reads, frozenset(notes), is_cached)

    def _changed(self, sql: str, node: Any) -> Name | None:  # noqa: ANN401 - a node
        """The table or view that the statement makes or changes, if any. Its layout is known from now on."""
        if kind(node).startswith("Create"):
            path = [word for name in attribute(node, "name_path") for word in name.split(".")]
            name = (path[-2], path[-1])
            if "Table" in kind(node):
                self.layouts[name] = layout_of(node)
            return name
        return self._name(sql, part(node, "table_scan").table.name) if kind(node) in DML else None

    def _expanded(self, sql: str, reads: Iterable[Read], notes: set[str]) -> Iterator[Read]:
        """Of tables, with views replaced by what they read for these columns."""
        reads = list(reads)
        for named, count in Counter(one.table for one in reads).items():
            if count > 1:
                notes.add(f"reads {named.rpartition('.')[2]} {count} times, each column counted once")
        for read in reads:
            name = self._name(sql, read.table)
            if name not in self.views:
                for bound in read.bounds:
                    if not bound.values and bound.column in self._pruning(name):
                        notes.add(f"{name[1]}.{bound.column} is compared with rows, which prunes nothing")
                yield dataclasses.replace(read, table=STAGING.sub("", ".".join(name)))
                continue
            if any(bound.values for bound in read.bounds):
                notes.add(f"conditions on rows of {name[1]} are counted as pruning nothing")
            yield from self._of_view(name, read.columns, notes)

    def _of_view(self, name: Name, columns: frozenset[str], notes: set[str]) -> list[Read]:
        wanted = ", ".join(f"`{column}`" for column in sorted(columns)) or "1"
        key = (self.views[name], columns)
        if key not in self._seen:
            self._seen[key] = self._read_view(name, wanted)
        reads, found = self._seen[key]
        notes |= found
        return reads

    def _read_view(self, name: Name, wanted: str) -> tuple[list[Read], set[str]]:
        notes: set[str] = set()
        sql = f"SELECT {wanted} FROM ({self.views[name]})"  # noqa: S608 - analyzed, not sent
        node = self.analyzer.resolve(sql, {}, None)
        return list(self._expanded(sql, Reader({}, self.now).reads(node), notes)), notes

    def _name(self, sql: str, table: str) -> Name:
        """Of a table that a scan has only by its last name: as the statement writes it."""
        last = table.rpartition(".")[2]
        if "." in table:
            return (table.split(".")[-2], last)
        found = [path for path in self.analyzer.tables if path[-1].lower() == last.lower()]
        for path in found:
            if len(found) == 1 or re.search(rf"\b{path[0]}`?\.`?{re.escape(last)}\b", sql):
                return (path[0], path[-1])
        raise LookupError(table)

    def _pruning(self, name: Name) -> set[str]:
        layout = self.layouts.get(name, {})
        partitioning = partitioning_of(layout)
        columns = layout.get("clustering", {}).get("fields", [])[:1]
        return {*columns, *([partitioning.column] if partitioning else [])}

    def _remember(self, request: Mapping[str, Any], job: str) -> None:
        body = request["body"] or {}
        path = request["path"].split("/")
        if "tables" in path:
            table = body.get("tableReference", {}).get("tableId", path[-1])
            name = (path[path.index("datasets") + 1], table)
            self.layouts[name] = self.layouts.get(name, {}) | body
        if load := body.get("configuration", {}).get("load"):
            table = load["destinationTable"]
            self._results.forget(f"{table['datasetId']}.{table['tableId']}")
            if job and not STAGING.search(table["tableId"]):
                self.loads[job, f"{table['datasetId']}.{table['tableId']}"] += 1

    def tables(self, sizes: Mapping[str, Mapping[str, float]]) -> dict[str, Table]:
        """`sizes`: average bytes of columns by table. Columns without rows have the size of others of their name."""
        by_name = {column: size for measured in sizes.values() for column, size in measured.items()}
        made = {}
        for path, columns in self.analyzer.tables.items():
            dataset, table = path
            if (dataset, table) in self.views:
                continue
            name, layout = STAGING.sub("", f"{dataset}.{table}"), self.layouts.get((dataset, table), {})
            measured = sizes.get(name, {})
            made[name] = Table(
                name,
                {one: measured.get(one, by_name.get(one, SIZE_WITHOUT_ROWS)) for one, _ in columns},
                partitioning_of(layout),
                tuple(layout.get("clustering", {}).get("fields", [])),
            )
        return made


def _value(parameter: Mapping[str, Any]) -> Value:
    text = parameter.get("parameterValue", {}).get("value")
    return int(text) if parameter["parameterType"]["type"] == "INT64" and text is not None else text
