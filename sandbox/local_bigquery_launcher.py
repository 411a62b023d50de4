"""Starts local-bigquery 0.4.0 offline, with changes that bring it closer to BigQuery.

Runs in the environment of constraints/local-bigquery.txt, not the project's own. Each change says what upstream does
instead; all depend on that exact version.
"""

from __future__ import annotations

import functools
import gc
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from local_bigquery.api import jobs, uploads
from local_bigquery.app import app
from local_bigquery.catalog import ddl, metadata, tables
from local_bigquery.cli import main
from local_bigquery.engine import database
from local_bigquery.engine.database import RESOURCES
from local_bigquery.jobs import load, query, store
from local_bigquery.models import Table
from local_bigquery.sql.rules import STATEMENT_RULES
from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RECORDED_BYTES = 1 << 20
"""Of a request; the rest is rows."""

CREATE_TABLE_AS = "CREATE_TABLE_AS_SELECT"
COLUMNS = "duckdb_columns() WHERE database_name = ? AND schema_name = ? AND table_name = ?"
KILLED = {"reason": "backendError", "message": "the server was killed during this job"}


def attach(connection: Any, project_id: str) -> None:
    """Uses one DuckDB file per project. Upstream uses DuckLake folders, whose extension it downloads at start."""
    path = database.settings.data_dir / f"{project_id}.project.duckdb"
    connection.execute(f"ATTACH IF NOT EXISTS '{path}' AS {database.quote(project_id)}")
    database._attached.add(project_id)


@functools.cache
def connect() -> Any:
    """Like upstream, without the extensions that it downloads: DuckLake and spatial (geography)."""
    settings = database.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    connection.execute("SET GLOBAL TimeZone='UTC'")
    connection.execute(f"ATTACH '{settings.data_dir / 'emulator.duckdb'}' AS emulator")
    connection.execute(database.EMULATOR_SCHEMA)
    _end_interrupted_jobs(connection)
    connection.execute("ATTACH ':memory:' AS bq")
    database.native.register(connection)
    for path in database.FUNCTIONS:
        if path.stem != "geography":
            connection.execute(database.MACRO.sub(r"CREATE MACRO bq.main.\1", path.read_text()))
    known = {path.name.removesuffix(".project.duckdb") for path in settings.data_dir.glob("*.project.duckdb")}
    for project_id in known | {settings.default_project_id}:
        attach(connection, project_id)
    default = database.quote(settings.default_project_id, settings.default_dataset_id)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {default}")
    return connection


def _end_interrupted_jobs(connection: Any) -> None:
    """Marks jobs of a killed server as failed. Upstream reports them as RUNNING forever."""
    status = {"status": {"state": "DONE", "errorResult": KILLED, "errors": [KILLED]}}
    connection.execute(
        "UPDATE emulator.jobs SET state = 'DONE', resource = json_merge_patch(resource, ?) WHERE state <> 'DONE'",
        [json.dumps(status)],
    )


def fetch(sql: str, params: Any = None) -> Any:
    """For the columns of one table, upstream has DuckDB list those of all tables, several times a statement."""
    if COLUMNS not in sql:
        return fetch_upstream(sql, params)
    table = database.quote(*params[:3]).replace("'", "''")
    its = f"""(SELECT name AS column_name, NOT "notnull" AS is_nullable FROM pragma_table_info('{table}')) WHERE true"""
    try:
        return fetch_upstream(sql.replace(COLUMNS, its), params[3:])
    except duckdb.CatalogException:
        return []


def objects(project_id: str, dataset_id: str, table_id: str | None = None) -> Any:
    """The table or view of that name, with the number of its rows. Upstream has DuckDB describe all tables."""
    if table_id is None:
        return objects_upstream(project_id, dataset_id)
    path = [project_id, dataset_id, table_id]
    view = "SELECT view_name, 'VIEW', 0 FROM duckdb_views() WHERE database_name = ? AND schema_name = ? AND view_name = ?"
    if found := fetch_upstream(view, path):
        return found
    try:
        return fetch_upstream(f"SELECT ?, 'TABLE', COUNT(*) FROM {database.quote(*path)}", [table_id])
    except (duckdb.CatalogException, duckdb.BinderException):
        return []


def save(job: Any) -> Any:
    """Of pending and ended jobs. Upstream also writes, and has the disk synchronized, when a job begins to run."""
    return job if job.status.state == "RUNNING" else save_upstream(job)


def projects() -> list[str]:
    rows = database.fetch(
        "SELECT database_name FROM duckdb_databases() WHERE path LIKE '%.project.duckdb' ORDER BY 1"
    )
    return [name for (name,) in rows]


def start_upload(project_id: str, body: Any, upload: str) -> Any:
    """BigQuery recognizes gzip by its first bytes, DuckDB by the file name."""
    with open(upload, "rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    if is_gzip:
        os.rename(upload, f"{upload}.gz")
        upload = f"{upload}.gz"
    return start_upload_upstream(project_id, body, upload)


def alter_table(project_id: str, dataset_id: str, table_id: str, fields: Any) -> None:
    """Upstream adds new top-level columns, but not new nested ones."""
    alter_table_upstream(project_id, dataset_id, table_id, fields)
    current = {field.name.casefold(): field for field in tables.columns(project_id, dataset_id, table_id)}
    for field in fields:
        wanted = tables.types.duckdb_type(field)
        if field.fields and tables.types.duckdb_type(current[field.name.casefold()]) != wanted:
            table = tables.name(project_id, dataset_id, table_id)
            column = database.quote(field.name)
            database.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET DATA TYPE {wanted}")


def text(field: Any) -> Any:
    """The type as which a top-level column is read. Upstream reads strings in JSON columns without their quotes."""
    return field if field.type == "JSON" else field.replace(type="STRING")


def decoded(expression: str, field: Any, depth: int = 0) -> Any:
    """Upstream takes no seconds since 1970 for a TIMESTAMP."""
    if field.type == "TIMESTAMP" and expression == database.quote(field.name):
        seconds = f"TRY_CAST(CAST({expression} AS VARCHAR) AS DOUBLE)"
        since_1970 = f"make_timestamptz(TRY_CAST(round({seconds} * 1000000) AS BIGINT))"
        return f"coalesce(TRY_CAST({expression} AS TIMESTAMPTZ), {since_1970})"
    return decoded_upstream(expression, field, depth)


def execute(*arguments: Any, **options: Any) -> Any:
    """Upstream names no destination for CREATE TABLE AS, and dbt, which reads it, fails every model that is a table."""
    statistics, children, destination = execute_upstream(*arguments, **options)
    if destination is None and statistics.statementType == CREATE_TABLE_AS:
        destination = statistics.ddlTargetTable
    return statistics, children, destination


def results(job: Any, *arguments: Any) -> Any:
    """Upstream returns the rows of the destination; CREATE TABLE AS has one, and no rows."""
    done = job.statistics.query
    if done and done.statementType == CREATE_TABLE_AS:
        asked = job.configuration.query.without("destinationTable")
        job = job.replace(configuration=job.configuration.replace(query=asked))
    return results_upstream(job, *arguments)


def partitioning(node: Any) -> Any:
    """Upstream looks for a RANGE_BUCKET that its parser no longer makes, and takes it for days."""
    call = node.this
    if isinstance(call, exp.Anonymous) and str(call.this).endswith("range_bucket"):
        column, series = call.expressions
        start, end, interval = (number.name for number in series.expressions)
        bounds = {"start": start, "end": end, "interval": interval}
        return {"rangePartitioning": {"field": column.name, "range": bounds}}
    return partitioning_upstream(node)


def ignore_nulls_before_limit(tree: Any, _context: Any) -> Any:
    """ARRAY_AGG(… IGNORE NULLS … LIMIT …): upstream applies IGNORE NULLS to the limited list, which DuckDB refuses."""
    for ignoring in list(tree.find_all(exp.IgnoreNulls)):
        aggregate = ignoring.find(exp.ArrayAgg)
        if aggregate is not None and aggregate is not ignoring.this:
            aggregate.replace(exp.IgnoreNulls(this=aggregate.copy()))
            ignoring.replace(ignoring.this)
    return tree


def arrays_without_joins(tree: Any, _context: Any) -> Any:
    """ARRAY(SELECT expression FROM UNNEST(list) AS one): upstream leaves the subquery, for which DuckDB plans a join.

    Many of them in one statement take it a second to plan. Only where the expression reads nothing but `one`.
    """
    for node in list(tree.find_all(exp.Array)):
        query = node.expressions[0] if len(node.expressions) == 1 else None
        if not isinstance(query, exp.Select) or len(query.expressions) != 1:
            continue
        if any(its for name, its in query.args.items() if its and name not in ("expressions", "from_")):
            continue
        unnest, result = query.args["from_"].this, query.expressions[0].unalias()
        alias = unnest.args.get("alias") if isinstance(unnest, exp.Unnest) else None
        if alias is None or unnest.args.get("offset") or len(unnest.expressions) != 1:
            continue
        one = alias.columns[0] if alias.columns else alias.this
        columns = result.find_all(exp.Column)
        if result.find(exp.Star, exp.Query, exp.AggFunc, exp.Window, exp.Lambda) or not all(
            one.name == (column.table or column.name) for column in columns
        ):
            continue
        each = exp.Lambda(this=result, expressions=[one.copy()])
        listed = exp.func("LIST_TRANSFORM", unnest.expressions[0], each)
        node.replace(exp.func("COALESCE", listed, exp.Array(expressions=[])))
    return tree


def zones_of_any_expression(tree: Any, _context: Any) -> Any:
    """DATETIME(timestamp, zone): upstream takes every zone that is not a literal for a time of day."""
    for node in list(tree.find_all(exp.Datetime)):
        moment, second = node.this, node.expression
        if isinstance(second, exp.Column):
            local = exp.func(
                "timezone", exp.cast(second.copy(), "VARCHAR"), exp.cast(moment.copy(), "TIMESTAMPTZ")
            )
            is_zone = exp.func("typeof", second.copy()).eq("VARCHAR")
            time = exp.TryCast(this=second.copy(), to=exp.DataType.build("TIME"))
            joined = exp.cast(exp.Add(this=exp.cast(moment.copy(), "DATE"), expression=time), "TIMESTAMP")
            node.replace(exp.case().when(is_zone, local).else_(joined))
    return tree


class BoundOnce:
    """A cursor that binds the query of a job once, not again before it writes the rows, which takes as long as the rest."""

    def __init__(self, cursor: Any, query: str, params: Any) -> None:
        self._cursor, self._query = cursor, query
        self._relation = cursor.sql(query, params=params)

    def sql(self, query: str, params: Any = None) -> Any:
        return self._relation if query is self._query else self._cursor.sql(query, params=params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def write(cursor: Any, query: str, params: Any, *arguments: Any, **options: Any) -> bool:
    return bool(write_upstream(BoundOnce(cursor, query, params), query, params, *arguments, **options))


def update_table(project_id: str, dataset_id: str, table_id: str, *arguments: Any) -> Any:
    """Drops partitions older than the table's expiration, as BigQuery does at once. Upstream keeps them."""
    table = (project_id, dataset_id, table_id)
    updated = update_table_upstream(*table, *arguments)
    partitioning = updated.timePartitioning
    if not (partitioning and partitioning.field and partitioning.expirationMs):
        return updated
    start = f"date_trunc('{partitioning.type or 'DAY'}', {database.quote(partitioning.field)})"
    expired = f"now() - to_milliseconds({int(partitioning.expirationMs)})"
    database.execute(f"DELETE FROM {tables.name(*table)} WHERE {start} <= {expired}")
    return tables.get(*table)


def moments_of_any_zone(tree: Any, _context: Any) -> Any:
    """TIMESTAMP(datetime, zone): upstream takes literal zones only. Of an hour that comes twice, BigQuery takes the first."""
    for node in list(tree.find_all(exp.Timestamp)):
        zone = node.args.get("zone")
        if zone is None or isinstance(zone, exp.Literal):
            continue
        zone, local = exp.cast(zone.copy(), "VARCHAR"), exp.cast(node.this.copy(), "TIMESTAMP")
        last = exp.func("timezone", zone, local)
        first = exp.Sub(
            this=last.copy(), expression=exp.Interval(this=exp.Literal.string("1"), unit=exp.var("HOUR"))
        )
        comes_twice = exp.func("timezone", zone.copy(), first.copy()).eq(local.copy())
        node.replace(exp.case().when(comes_twice, first).else_(last))
    return tree


def record(project_id: str, dataset_id: str, table_id: str, resource: Any) -> None:
    """Upstream keeps the time of a table's last change, except where a request changes its metadata."""
    record_upstream(project_id, dataset_id, table_id, resource.replace(lastModifiedTime=metadata.now()))


@contextmanager
def writing(*table: str) -> Iterator[None]:
    """As `record`, of statements and jobs that change rows."""
    with writing_upstream(*table):
        yield
        stored = metadata.load(Table, *table) if len(table) == len(RESOURCES["tables"]) else None
        if stored:
            tables.record(*table, stored)


class Recording:
    """Records successful requests as JSON lines in the folder BIGQUERY_RECORDING, one file per server.

    Tests run Google's SQL analyzer on the recorded statements.
    """

    def __init__(self, app: Any, folder: str) -> None:
        self.app = app
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.file = (Path(folder) / f"{os.getpid()}-{os.urandom(4).hex()}.jsonl").open("a", buffering=1)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PATCH"):
            return await self.app(scope, receive, send)
        body, answer, status = bytearray(), bytearray(), 0

        async def received() -> Any:
            message = await receive()
            if len(body) < MAX_RECORDED_BYTES:
                body.extend(message.get("body", b""))
            return message

        async def sent(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            answer.extend(message.get("body", b"")[:MAX_RECORDED_BYTES])
            # A job that failed is in an answer with status 200.
            if (
                message["type"] == "http.response.body"
                and not message.get("more_body")
                and status < 400
                and b'"errorResult":{' not in answer.replace(b" ", b"")
            ):
                # An upload is a multipart body: the load job, then the file.
                start = body.find(b"{")
                request, _ = json.JSONDecoder().raw_decode(body[start:].decode(errors="replace") or "null")
                self.file.write(f"{json.dumps({'path': scope['path'], 'body': request})}\n")
            await send(message)

        return await self.app(scope, received, sent)


start_upload_upstream, alter_table_upstream = uploads._start, tables._alter
update_table_upstream, tables.update = tables.update, update_table
write_upstream, tables.write = tables.write, write
database._attach, database._connect, database.projects = attach, connect, projects
fetch_upstream, database.fetch, save_upstream, store.save = database.fetch, fetch, store.save, save
objects_upstream, database.objects = database.objects, objects
uploads._start, tables._alter = start_upload, alter_table
decoded_upstream, execute_upstream, results_upstream = load._decoded, query.execute, jobs.results
load._text, load._decoded = text, decoded
query.execute, jobs.results = execute, results
partitioning_upstream, ddl._partitioning = ddl._partitioning, partitioning
record_upstream, tables.record = tables.record, record
writing_upstream, database.writing = database.writing, writing
STATEMENT_RULES += [
    ignore_nulls_before_limit,
    arrays_without_joins,
    zones_of_any_expression,
    moments_of_any_zone,
]

if recording := os.environ.get("BIGQUERY_RECORDING"):
    app.add_middleware(Recording, folder=recording)

if __name__ == "__main__":
    gc.freeze()  # what is imported stays; each statement makes thousands of objects, hardly any of them in circles
    gc.set_threshold(100_000, 20, 20)
    main()
