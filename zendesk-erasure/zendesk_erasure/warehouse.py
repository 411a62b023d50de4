"""BigQuery as the publisher uses it, and statements that may conflict with others on the same table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cityblock_singer.google.errors import ONCE, WarehouseError
from google.api_core import exceptions
from google.cloud import bigquery
from target_zendesk_pubsub import warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

CONCURRENT = "Could not serialize access"
"""Of a statement that met another one on the same rows; https://docs.cloud.google.com/bigquery/docs/data-manipulation-language
"DML statement conflicts", read on 27 November 2026. BigQuery retries it three times itself."""


class Warehouse(warehouse.Warehouse):
    """`statements`: how many statements of this process changed rows; `queries`: how many read them."""

    statements = 0
    queries = 0

    def query(self, what: str, sql: str, parameters: Mapping[str, int | str]) -> Iterator[bigquery.Row]:
        """Raises WarehouseError."""
        self.queries += 1
        return super().query(what, sql, parameters)

    def change(self, what: str, sql: str) -> None:
        """A statement that changes rows, and changes nothing when it is repeated. Raises WarehouseError."""
        self.statements += 1
        self.call(what, lambda _seconds: self._once(what, sql))

    def _once(self, what: str, sql: str) -> None:
        """Raises a transient error if another statement was faster."""
        try:
            self.execute(what, sql, {})
        except WarehouseError as failure:
            if CONCURRENT in str(failure.__cause__):
                raise exceptions.ServiceUnavailable(CONCURRENT) from None  # type: ignore[no-untyped-call] # Google's
            raise

    def create(
        self, name: str, fields: tuple[bigquery.SchemaField, ...], expires: datetime | None, about: str
    ) -> None:
        """A table that is gone after `expires`, None: never. `about`: its description. Raises SettingsError, WarehouseError."""
        table = bigquery.Table(f"{self.client.project}.{name}", schema=fields)
        table.expires, table.description = expires, about
        self.create_table(table)

    def describe(self, name: str, about: str) -> None:
        """Raises WarehouseError."""
        table = bigquery.Table(f"{self.client.project}.{name}")
        table.description = about
        self.update_table(table, ["description"])

    def get(self, name: str) -> bigquery.Table:
        """A table that was listed. Raises WarehouseError."""
        found = self.find(name)
        if found is None:
            raise WarehouseError(f"Table {name} was dropped in the meantime")
        return found

    def drop(self, name: str) -> None:
        """Raises WarehouseError."""
        self.call(
            f"Table {name}",
            lambda seconds: self.client.delete_table(
                f"{self.client.project}.{name}", not_found_ok=True, retry=ONCE, timeout=seconds
            ),
        )

    def names(self, dataset: str) -> set[str]:
        """Names of a dataset's tables. Raises WarehouseError."""
        found = self.call(
            f"Tables of {dataset}",
            lambda seconds: list(self.client.list_tables(dataset, retry=ONCE, timeout=seconds)),
        )
        return {item.table_id for item in found if item.table_type == "TABLE"}
