"""After how many days BigQuery drops partitions of the streams' tables, and which rows their views still read.

Tables are recognized by the label that the loader sets. Tables of other programs, without it, are left alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cityblock_singer.google.rejected_records import TABLE as REJECTED_RECORD
from cityblock_singer.google.retention import SPARE_DAYS, Kept, expiration_of, listed, today
from cityblock_singer.pipeline_run import NAME as PIPELINE_RUN

from target_bigquery.loader import EXPORT_LABEL
from target_bigquery.schema import EXPORT_KINDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from google.cloud import bigquery

    from target_bigquery.loader import Loader

METADATA = "EXPORT_METADATA"
CURRENT = "_current"
RECENT_DAYS = 35
"""Of EXPORT_METADATA, which is partitioned by day. As in transform/macros/exports.sql."""
FOR_EVER = (METADATA, REJECTED_RECORD, PIPELINE_RUN)
"""Every row may be needed, as in current tables. A dataset's default may have given them an expiration."""
READ_AT, RAW_ROWS, RAW_MODIFIED = "read_at", "raw_rows", "raw_modified"
"""Labels that dbt gives to a current table (transform/macros/current_table.sql): when it merged all rows of the raw table, in
microseconds since 1970; how many that had, and when it was modified, in milliseconds."""
NOT_COMPLETE, NOT_MERGED = "it has no complete export", "its rows are not in its current table"
"""Why a table keeps all rows."""


def retention_days(config: Mapping[str, Any]) -> dict[str, int | None]:
    """By kind of export; None: all rows are kept."""
    return {kind: config.get(f"{kind}_retention_days") for kind in EXPORT_KINDS}


def kept(config: Mapping[str, Any], warehouse: Loader, *, in_run: bool = False) -> list[Kept]:
    """The tables of streams whose kind of export is known.

    `in_run`: without those that a run leaves alone: of kinds without a setting, and incremental ones with their expiration.

    Raises WarehouseError.
    """
    days = retention_days(config)
    found: dict[str, list[bigquery.Table]] = {kind: [] for kind in EXPORT_KINDS}
    present = listed(warehouse, config["dataset"])
    for table in present:
        kind = table.labels.get(EXPORT_LABEL)
        if kind in days and table.time_partitioning is not None:
            is_settled = days[kind] is None or (kind == "incremental" and expiration_of(table) == days[kind])
            if not (in_run and is_settled):
                found[kind].append(table)
    bulk = [one.table_id for one in found["bulk"]] if days["bulk"] else []
    exports = last_exports(warehouse, config["dataset"], bulk) if bulk else {}
    merged = merged_until(warehouse, present, found["incremental"] if days["incremental"] else [])
    return [
        *(
            Kept(one, "metadata or current table", None, None)
            for one in present
            if expiration_of(one) and (one.table_id in FOR_EVER or one.table_id.endswith(CURRENT))
        ),
        *(Kept(one, "bulk", days["bulk"], exports.get(one.table_id), NOT_COMPLETE) for one in found["bulk"]),
        *(
            Kept(one, "incremental", days["incremental"], merged.get(one.table_id), NOT_MERGED)
            for one in found["incremental"]
        ),
    ]


def last_exports(warehouse: Loader, dataset: str, models: Collection[str]) -> dict[str, date]:
    """The day of the rows that the view of each of `models` reads, by its last complete export. Raises WarehouseError.

    The order is that of the views (transform/macros): change both together. Earlier days than recent ones are read only
    for a model without a complete export in these.
    """
    metadata = warehouse.find(f"{dataset}.{METADATA}")
    if metadata is None:
        return {}
    found = _last_exports(warehouse, metadata, today() - timedelta(days=RECENT_DAYS))
    return found if found.keys() >= set(models) else _last_exports(warehouse, metadata, None)


def _last_exports(warehouse: Loader, metadata: bigquery.Table, since: date | None) -> dict[str, date]:
    by_zendesk = "zendesk_time DESC, " if "zendesk_time" in {field.name for field in metadata.schema} else ""
    sql = f"""
        SELECT table_name, bq_partition AS day
        FROM `{metadata.reference}`
        WHERE export_status = 'complete'{f" AND bq_partition >= DATE '{since}'" if since else ""}
        QUALIFY ROW_NUMBER() OVER (
          PARTITION BY table_name
          ORDER BY {by_zendesk}bq_inserted_at > CURRENT_TIMESTAMP(), bq_inserted_at DESC
        ) = 1
    """  # noqa: S608 - names of tables and columns
    return {row["table_name"]: row["day"] for row in warehouse.query(METADATA, sql)}


def merged_until(
    warehouse: Loader, present: Iterable[bigquery.Table], tables: Iterable[bigquery.Table]
) -> dict[str, date]:
    """The day before which all rows of each of these tables are in its current table. Raises WarehouseError."""
    labels = {table.table_id: table.labels for table in present}
    result = {}
    for table in tables:
        merged = labels.get(f"{table.table_id}{CURRENT}", {})
        if READ_AT not in merged:
            continue
        result[table.table_id] = datetime.fromtimestamp(int(merged[READ_AT]) / 1e6, UTC).date()
        if result[table.table_id] <= today() - timedelta(
            days=SPARE_DAYS
        ):  # perhaps nothing has changed since
            raw = warehouse.find(f"{table.dataset_id}.{table.table_id}")
            if raw is not None and (str(raw.num_rows), _milliseconds(raw)) == (
                merged.get(RAW_ROWS),
                merged.get(RAW_MODIFIED),
            ):
                result[table.table_id] = today()
    return result


def _milliseconds(table: bigquery.Table) -> str:
    return str(int(table.modified.timestamp() * 1000)) if table.modified else ""
