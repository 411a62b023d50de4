"""`target-bigquery-reload-rejected`: tries rejected records again against the tables as they are now."""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click
from cityblock_singer.google.rejected_records import FIELDS, TABLE, is_open
from cityblock_singer.google.retention import expires_soon
from cityblock_singer.plugin import run
from google.cloud import bigquery

from target_bigquery.computed import OF_STREAM_MAPS, StreamMapNotApplied
from target_bigquery.converters import MissingKey, NestedTooDeeply, Rejection
from target_bigquery.json_lines import exact
from target_bigquery.names import column_name
from target_bigquery.rejected import REJECTED_BY
from target_bigquery.schema import columns_of_table
from target_bigquery.spool import Spool
from target_bigquery.target import TargetBigQuery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_bigquery.loader import Loader

PAYLOAD = "_rejected_payload"
"""Column of the staging table: which record the row is of."""
OPEN = f"stream = @stream AND {is_open(REJECTED_BY)}"
MOVE = f"""
    BEGIN TRANSACTION;
    INSERT INTO `{{table}}` ({{columns}})
    SELECT {{columns}}
    FROM `{{staging}}`
    WHERE {PAYLOAD} IN (
        SELECT payload
        FROM `{{rejected}}`
        WHERE stream = @stream AND rejected_by = '{REJECTED_BY}'
        GROUP BY payload
        HAVING COUNTIF(resolved_at IS NOT NULL) = 0
    );
    UPDATE `{{rejected}}`
    SET resolved_at = CURRENT_TIMESTAMP()
    WHERE {OPEN} AND payload IN (SELECT {PAYLOAD} FROM `{{staging}}`);
    COMMIT TRANSACTION;
"""  # noqa: S608 - names of tables and columns
"""Rows and their resolution are written together or not at all, and a record that was loaded in the meantime is
left out. So neither a kill nor a second run loads a record twice.
"""
STAGED_FOR = timedelta(hours=6)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """`misfits`: how many records stay open, by reason."""

    stream: str
    fitting: int
    misfits: Counter[str]


def open_records(loader: Loader, rejected: str) -> dict[str, int]:
    """How many by stream. Raises WarehouseError."""
    rows = loader.query(
        TABLE,
        f"SELECT stream, COUNT(*) AS records FROM `{rejected}` "  # noqa: S608 - a table's name
        f"WHERE {is_open(REJECTED_BY)} GROUP BY stream ORDER BY stream",
    )
    return {row.stream: row.records for row in rows}


def reload(
    config: Mapping[str, Any], loader: Loader, stream: str | None, *, is_dry: bool
) -> Iterator[Outcome]:
    """By stream. Raises PluginError."""
    dataset = config["dataset"]
    rejected = loader.find(f"{dataset}.{TABLE}")
    if rejected is None:
        return
    for name in open_records(loader, str(rejected.reference)):
        if stream in (None, name):
            yield _reload(loader, dataset, rejected, name, is_dry=is_dry)


def _reload(loader: Loader, dataset: str, rejected: bigquery.Table, stream: str, *, is_dry: bool) -> Outcome:
    table = loader.find(f"{dataset}.{column_name(stream)}")
    given = [bigquery.ScalarQueryParameter("stream", "STRING", stream)]
    found = loader.query(
        stream,
        f"SELECT `column`, reason, payload FROM `{rejected.reference}` WHERE {OPEN} ORDER BY rejected_at",  # noqa: S608 - a table's name
        given,
    )
    misfits: Counter[str] = Counter()
    if table is None:
        misfits["its table does not exist"] = len(found)
        return Outcome(stream, 0, misfits)
    columns, seen, fitting = columns_of_table(table.schema), set[str](), 0
    expires = expires_soon(table)
    spool = Spool(1, uuid.uuid4().hex)
    try:
        for row in found:
            if row.payload is None:  # of more bytes than a row of BigQuery may have
                misfits[row.reason] += 1
                continue
            try:
                fitted = _fitted(row, columns.convert)
            except Rejection as rejection:
                misfits[str(rejection)] += 1
                continue
            if expires(fitted):
                misfits["the partition of its export expires: export it again"] += 1
                continue
            fitting += 1
            if row.payload not in seen:  # as often as it was rejected, it is one record
                seen.add(row.payload)
                spool.add({**fitted, PAYLOAD: row.payload})
        if fitting and not is_dry:
            spool.finish()
            _move(loader, table, rejected, spool, given)
    finally:
        spool.close()
    for name in sorted({path for path, _ in columns.seen.unknown}):
        click.echo(f"{stream}: no column for {name}, left out", err=True)
    return Outcome(stream, fitting, misfits)


def _fitted(row: Any, fit: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of Google's, a Converter
    """Raises Rejection."""
    if row.reason.startswith(OF_STREAM_MAPS):
        raise StreamMapNotApplied(row.reason)
    if row.reason == NestedTooDeeply().reason:  # its payload is cut, and no stream map has changed it
        raise NestedTooDeeply
    record = exact(row.payload.encode())
    if row.reason == MissingKey(row.column or "").reason and record.get(row.column) is None:
        raise MissingKey(row.column)
    fitted: dict[str, Any] = fit(record)
    return fitted


def _move(
    loader: Loader,
    table: bigquery.Table,
    rejected: bigquery.Table,
    spool: Spool,
    given: list[bigquery.ScalarQueryParameter],
) -> None:
    """Through a table that is removed afterwards, and expires if the process is killed. Raises WarehouseError."""
    [payload] = [field for field in FIELDS if field.name == "payload"]
    link = bigquery.SchemaField(PAYLOAD, payload.field_type, policy_tags=_tags(rejected))
    staging = bigquery.Table(
        f"{table.project}.{table.dataset_id}.{TABLE}_reload_{uuid.uuid4().hex}", schema=[*table.schema, link]
    )
    staging.expires = datetime.now(UTC) + STAGED_FOR
    loader.create_table(staging)
    try:
        name = staging.table_id
        loader.load_spool(staging, spool, f"{name}/{name}.json.gz")
        columns = ", ".join(f"`{field.name}`" for field in table.schema)
        names = {"table": table.reference, "staging": staging.reference, "rejected": rejected.reference}
        loader.query(table.table_id, MOVE.format(columns=columns, **names), given)
    finally:
        loader.delete_table(staging)


def _tags(rejected: bigquery.Table) -> bigquery.PolicyTagList | None:
    return next((field.policy_tags for field in rejected.schema if field.name == "payload"), None)


@click.command(
    help="Loads rejected records that fit their tables now. One that fits is loaded once, however often this runs."
)
@click.option("--config", required=True, help="Settings file of target-bigquery, or ENV")
@click.option("--stream", help="Only records of this stream")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only show what would be loaded")
def command(config: str, stream: str | None, is_dry: bool) -> None:  # noqa: FBT001 - click's
    """Raises PluginError."""
    target = TargetBigQuery.configured(config)
    loader = target.loader
    try:
        outcomes = list(reload(target.config, loader, stream, is_dry=is_dry))
    finally:
        loader.close()
    for outcome in outcomes:
        done = "would be loaded" if is_dry else "loaded"
        click.echo(f"{outcome.stream}: {outcome.fitting} {done}, {outcome.misfits.total()} still rejected")
        for reason, count in outcome.misfits.most_common():
            click.echo(f"    {count} x {reason}")
    if not outcomes:
        click.echo(f"No open rejected records{f' of {stream}' if stream else ''}")


def main() -> None:
    """The command."""
    run(command, TargetBigQuery.logger)
