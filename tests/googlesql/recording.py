"""What the sandbox's BigQuery has accepted, server by server, in order: tables as they came to be, and statements."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

from tests.googlesql.analyzer import Analyzer, type_of, type_of_parameter
from tests.googlesql.engine import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWN_NAMES = re.compile(
    r"\b(?:zendesk|test_views|test_[0-9a-f]{12})\b|(?<=test_)[0-9a-f]{12}|'[^'\n]*'|\b\d+\b"
)
"""In which a statement of one test differs from the same one of another: its dataset, and constants."""
STAGING = re.compile(r"(?:(?<=_reload_)|(?<=_erasure_ids_)|(?<=_erasure_count_))[0-9a-f]{32}")
END_OF_STATEMENT = re.compile(r";\s*\n")
"""In a script; no text of ours has one."""
DEFINITION = re.compile(r"\s*(/\*.*?\*/\s*)?(create|alter)\b", re.IGNORECASE | re.DOTALL)
ALTERATION = re.compile(
    r"\s*ALTER TABLE (?P<table>\S+)"
    r" (?:ADD COLUMN (?P<added>.+)|DROP COLUMN (?P<dropped>\w+)|RENAME TO (?P<renamed>\w+))",
    re.IGNORECASE | re.DOTALL,
)


@dataclasses.dataclass(frozen=True)
class Result:
    """A statement that differs from all others; `refusal` is the analyzer's sentence."""

    sql: str
    columns: list[str]
    refusal: str | None


def replay(folder: Path, analyzer: Analyzer) -> Iterator[Result]:
    """Each statement once, however often it was sent."""
    seen: set[str] = set()
    for file in sorted(folder.glob("*.jsonl")):
        analyzer.tables.clear()
        for line in file.read_text().splitlines():
            request = json.loads(line)
            yield from replay_request(request, analyzer, seen)


def replay_request(request: dict[str, Any], analyzer: Analyzer, seen: set[str]) -> Iterator[Result]:
    """Its statements, except those of a shape in `seen`. The analyzer then knows the tables that it made."""
    path, body = request["path"].split("/"), request["body"] or {}
    if "tables" in path:
        name = body.get("tableReference", {}).get("tableId", path[-1])
        dataset = path[path.index("datasets") + 1]
        if view := body.get("view"):
            # Of an earlier release, partly in the stand-in's own dialect: known, not judged.
            with contextlib.suppress(Refused):
                analyzer.tables[dataset, name] = analyzer.analyze(view["query"], {}, dataset).columns
        else:
            _define(analyzer, dataset, name, body.get("schema", {}))
        return
    configuration = body.get("configuration", {})
    if load := configuration.get("load"):
        table = load["destinationTable"]
        _define(analyzer, table["datasetId"], table["tableId"], load.get("schema", {}))
        return
    if query := query_of(request):
        given = types_of_parameters(query)
        dataset = query.get("defaultDataset", {}).get("datasetId")
        for statement in END_OF_STATEMENT.split(query["query"]):
            yield from _analyzed(statement, given, dataset, analyzer, seen)


def query_of(request: dict[str, Any]) -> dict[str, Any] | None:
    """What the request sends as a query or a script, if it does."""
    body = request["body"] or {}
    configuration = body.get("configuration", {})
    query: dict[str, Any] | None = (
        body if request["path"].endswith("/queries") else configuration.get("query")
    )
    if not query or configuration.get("dryRun"):
        return None
    # INFORMATION_SCHEMA is dbt's own, over views that exist in BigQuery only
    return None if "INFORMATION_SCHEMA" in query["query"] else query


def types_of_parameters(query: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: type_of_parameter(one["parameterType"]) for one in query.get("queryParameters", [])}


def _analyzed(
    sql: str, given: dict[str, Any], dataset: str | None, analyzer: Analyzer, seen: set[str]
) -> Iterator[Result]:
    shape = STAGING.sub("?", OWN_NAMES.sub("?", sql))
    if not sql.strip() or (shape in seen and not DEFINITION.match(sql)):
        return
    try:
        analyzed = analyzer.analyze(sql, given, dataset)
    except Refused as refused:
        result = Result(sql, [], str(refused))
    else:
        result = Result(sql, [name for name, _ in analyzed.columns], None)
        if analyzed.created:
            analyzer.tables[analyzed.created] = analyzed.columns
        elif changed := ALTERATION.match(sql):
            path = tuple(changed["table"].replace("`", "").split(".")[-2:])
            columns = analyzer.tables.pop(path)
            kept = [column for column in columns if column[0] != changed["dropped"]]
            if changed["added"]:
                kept += analyzer.analyze(f"CREATE TABLE added.columns ({changed['added']})", {}, None).columns
            analyzer.tables[path[0], changed["renamed"] or path[1]] = kept
    if shape not in seen:
        seen.add(shape)
        yield result


def _define(analyzer: Analyzer, dataset: str, table: str, schema: dict[str, Any]) -> None:
    if fields := schema.get("fields"):
        analyzer.tables[dataset, table] = [(field["name"], type_of(field)) for field in fields]


def views_in_order(views: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Each view after those that it reads. `views`: `{"dataset.view": {"sql"}}`."""
    left = dict(views)
    while left:
        for name, view in list(left.items()):
            read = {".".join(path) for path in re.findall(r"`(\w+)`\.`(\w+)`", view["sql"])}
            if left.keys().isdisjoint(read):
                yield name
                del left[name]
