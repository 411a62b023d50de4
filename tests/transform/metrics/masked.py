"""A dataset as a reader sees it from whom policy tags hide personal columns: data masking makes them null, also below a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud.bigquery import Client, Table
from tap_zendesk_cityblock.columns import load_schema
from tap_zendesk_cityblock.models import MODELS
from target_bigquery.schema import personal_kind

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField


def copy(client: Client, dataset: str, masked: str) -> None:
    """The tables without personal values, and the views of them."""
    found = [client.get_table(one) for one in client.list_tables(dataset)]
    views = {table.table_id: table.view_query for table in found if table.table_type == "VIEW"}
    for table in found:
        if table.table_type == "TABLE":
            _copy_table(client, table, masked)
    while views:  # each after those that it reads
        name, sql = views.popitem()
        if any(f"`{other}`" in sql for other in views):
            views = {name: sql, **views}
        else:
            view = Table(f"{client.project}.{masked}.{name}")
            view.view_query = sql.replace(f"`{dataset}`", f"`{masked}`")
            client.create_table(view)


def _copy_table(client: Client, table: Table, masked: str) -> None:
    client.create_table(Table(f"{table.project}.{masked}.{table.table_id}", schema=table.schema))
    kept = ", ".join(f"`{field.name}`" for field in table.schema if not _is_personal(table.table_id, field))
    client.query_and_wait(
        f"INSERT INTO {masked}.{table.table_id} ({kept}) SELECT {kept} FROM {table.dataset_id}.{table.table_id}"
    )


def _is_personal(table: str, field: SchemaField) -> bool:
    model = table.removesuffix("_current")
    properties = load_schema(model)["properties"] if model in MODELS else {}
    return personal_kind(properties.get(field.name.removeprefix("_stub_"), {})) is not None
