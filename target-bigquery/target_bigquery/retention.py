"""After how many days BigQuery drops partitions of the streams' tables, and which rows their views still read.

Tables are known by the label that the loader sets. Those without it are left alone: EXPORT_METADATA and
REJECTED_RECORD, of which every row may be needed, and tables of other programs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cityblock_singer.google.retention import Kept, expiration_of, listed

from target_bigquery.loader import EXPORT_LABEL
from target_bigquery.schema import EXPORT_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from google.cloud import bigquery

    from target_bigquery.loader import Loader

METADATA = "EXPORT_METADATA"
CURRENT = "_current"
MERGED_TO = "merged_to"
"""Label that dbt gives to a current table: the time of the last export whose rows it has, in microseconds since 1970."""
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
    exports = last_exports(warehouse, config["dataset"]) if found["bulk"] and days["bulk"] else {}
    merged = merged_until(present)
    return [
        *(Kept(one, "bulk", days["bulk"], exports.get(one.table_id), NOT_COMPLETE) for one in found["bulk"]),
        *(
            Kept(one, "incremental", days["incremental"], merged.get(one.table_id), NOT_MERGED)
            for one in found["incremental"]
        ),
    ]


def last_exports(warehouse: Loader, dataset: str) -> dict[str, date]:
    """The day of the rows that the view of each model reads, by its last complete export. Raises WarehouseError.

    The order is that of the views (transform/macros): change both together.
    """
    metadata = warehouse.find_table(dataset, METADATA)
    if metadata is None:
        return {}
    columns = {field.name for field in metadata.schema}
    day = "COALESCE(rows_partition, bq_partition)" if "rows_partition" in columns else "bq_partition"
    by_zendesk = "zendesk_time DESC, " if "zendesk_time" in columns else ""
    sql = f"""
        SELECT table_name, {day} AS day
        FROM `{metadata.reference}`
        WHERE export_status = 'complete'
        QUALIFY ROW_NUMBER() OVER (
          PARTITION BY table_name
          ORDER BY {by_zendesk}bq_inserted_at > CURRENT_TIMESTAMP(), bq_inserted_at DESC
        ) = 1
    """  # noqa: S608 - names of tables and columns
    return {row["table_name"]: row["day"] for row in warehouse.query(METADATA, sql)}


def merged_until(tables: Iterable[bigquery.Table]) -> dict[str, date]:
    """The day up to which the rows of each incremental model are in its current table (transform/macros/current_table.sql)."""
    return {
        table.table_id.removesuffix(CURRENT): datetime.fromtimestamp(int(label) / 1e6, UTC).date()
        for table in tables
        if table.table_id.endswith(CURRENT) and (label := table.labels.get(MERGED_TO))
    }
