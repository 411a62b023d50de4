"""The statements by which the product changes rows, and a MERGE, each with the rows of its tables before and after it.

They are asked of the sandbox's BigQuery after record_tricky_rows.py has read everything else.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

from google.cloud import bigquery
from target_bigquery.loader import Loader
from target_bigquery.reload_rejected import reload
from target_zendesk_pubsub.rejected_records import RejectedRecords
from target_zendesk_pubsub.warehouse import Warehouse, encode_row

from sandbox.addresses import DATASET
from tests.googlesql import tricky_rows
from tests.googlesql.plain_rows import content

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

CHANGE = re.compile(r"^\s*(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE | re.MULTILINE)
TABLE = re.compile(rf"\b{DATASET}\.(\w+)")
LOGGER = logging.getLogger("tricky rows")

ON = "known.id = given.id AND known.day = given.day"
NEWER = "given.version > known.version"
RECENT = "known.day >= DATE '2026-11-23'"
SET = "version = given.version, status = given.status"
COLUMNS = "id, day, version, status"
GIVEN = "given.id, given.day, given.version, given.status"
TARGET, SOURCE = f"{DATASET}.merge_target AS known", f"{DATASET}.merge_source AS given"
MERGE = f"""
    MERGE {TARGET} USING {SOURCE} ON {ON}
    WHEN MATCHED AND {NEWER} THEN UPDATE SET {SET}
    WHEN NOT MATCHED THEN INSERT ({COLUMNS}) VALUES ({GIVEN})
    WHEN NOT MATCHED BY SOURCE AND {RECENT} THEN DELETE
"""


def changes(client: bigquery.Client) -> list[dict[str, Any]]:
    """`{"name", "sql", "parameters", "before", "after"}`, the last two with the content of each table by its name."""
    made: list[dict[str, Any]] = []
    with mock.patch.object(client, "query_and_wait", recorded(client, made)):
        resolve(client)
        reload_tickets(client)
        merge(client)
    return made


def recorded(client: bigquery.Client, made: list[dict[str, Any]]) -> Callable[..., Any]:
    ask = client.query_and_wait

    def rows(tables: Collection[str]) -> dict[str, Any]:
        return {name: content(client.get_table(name).schema, ask(f"SELECT * FROM {name}")) for name in tables}

    def query_and_wait(sql: str, **options: Any) -> Any:
        if not CHANGE.search(sql):
            return ask(sql, **options)
        tables = {f"{DATASET}.{name}" for name in TABLE.findall(sql)}
        before = rows(tables)
        answer = ask(sql, **options)
        config = options.get("job_config") or bigquery.QueryJobConfig()
        parameters = {one.name: one.value for one in config.query_parameters}
        name = f"change {len(made) + 1}"
        made.append({"name": name, "sql": sql, "parameters": parameters, "before": before, "after": rows(tables)})  # fmt: skip
        return answer

    return query_and_wait


def resolve(client: bigquery.Client) -> None:
    """As the publisher's reload does, up to a row's very time, and as a run does."""
    rejected = RejectedRecords(Warehouse(client, 60, LOGGER), DATASET, "run", 1.0)
    rejected.resolve(["11", "12", "13", None, ""], until=datetime.fromisoformat(tricky_rows.at(24)))
    rejected.resolve(["14", "11"])


def reload_tickets(client: bigquery.Client) -> None:
    warehouse = Warehouse(client, 60, LOGGER)
    table = RejectedRecords(warehouse, DATASET, "run", 1.0).table
    warehouse.append(table, map(encode_row, tricky_rows.reloadable()))
    loader = Loader(client, None, 60, LOGGER)
    list(reload({"dataset": DATASET}, loader, "ticket", is_dry=False))


def merge(client: bigquery.Client) -> None:
    kinds = {"id": "INT64", "day": "DATE", "version": "INT64", "status": "STRING"}
    config = bigquery.LoadJobConfig(schema=[bigquery.SchemaField(*column) for column in kinds.items()])
    for name, rows in (("target", tricky_rows.MERGE_TARGET), ("source", tricky_rows.MERGE_SOURCE)):
        values = [dict(zip(kinds, row, strict=True)) for row in rows]
        client.load_table_from_json(values, f"{DATASET}.merge_{name}", job_config=config).result()
    client.query_and_wait(MERGE)
