"""BigQuery and Cloud Storage: creates and extends tables, and runs load jobs once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from cityblock_singer.errors import SettingsError
from cityblock_singer.google.bigquery import JOB_SECONDS, BigQuery, appending
from cityblock_singer.google.errors import ONCE, WarehouseError
from google.api_core import exceptions
from google.cloud import bigquery

from target_bigquery.errors import RefusedRowError, SchemaError
from target_bigquery.schema import merged

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    from google.cloud.storage import Bucket

    from target_bigquery.spool import Spool

CONNECT_SECONDS = 10
EXPORT_ID = "_export_id"
"""First cluster of tables of which a query reads one export."""
EXPORT_LABEL = "export"
"""Label of a table: the kind of its exports, by which the retention commands know it."""
PERSONAL_LABEL = "personal_columns"
"""Label of a table: how many columns its stream marks as personal, for the check of policy tags."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a new table is laid out; `partition` and `clusters` name columns. `export`, `personal`: for the labels, of any table."""

    partition: str | None
    granularity: str
    clusters: list[str]
    export: str | None = None
    personal: int = 0

    @property
    def labels(self) -> dict[str, str]:
        """The labels that the stream defines; others stay."""
        said = {EXPORT_LABEL: self.export, PERSONAL_LABEL: str(self.personal or "")}
        return {name: value for name, value in said.items() if value}


class Loader(BigQuery):
    """One client of each service, shared by all streams. `bucket`: for staging files."""

    def __init__(
        self,
        client: bigquery.Client,
        bucket: Bucket | None,
        timeout: float,
        logger: logging.Logger,
        first_pause: float = 1,
    ) -> None:
        super().__init__(client, timeout, logger, "Google", first_pause)
        self._bucket = bucket

    def close(self) -> None:
        self.client.close()  # type: ignore[no-untyped-call] # Google's
        if self._bucket is not None:
            self._bucket.client.close()

    def ensure_table(
        self, dataset: str, name: str, fields: list[bigquery.SchemaField], layout: Layout
    ) -> bigquery.Table:
        """The table with every column of `fields`: created, or extended by the columns that it lacks.

        Raises SchemaError if a type has changed, SettingsError if the dataset is missing, WarehouseError.
        """
        table = self.find(f"{dataset}.{name}")
        if table is None:
            return self._create_table(f"{self.client.project}.{dataset}.{name}", fields, layout)
        try:
            grown = merged(list(table.schema), fields)
        except SchemaError as mismatch:
            raise SchemaError(f"Table {name}: {mismatch}") from None
        changed = []
        if [field.to_api_repr() for field in grown] != [field.to_api_repr() for field in table.schema]:
            table.schema = grown  # sent with the table's etag: another writer's columns are not lost
            changed.append("schema")
        if (labels := {**table.labels, **layout.labels}) != table.labels:
            table.labels = labels
            changed.append("labels")
        if layout.clusters[:1] == [EXPORT_ID] and (table.clustering_fields or []) == layout.clusters[1:]:
            table.clustering_fields = layout.clusters  # of rows that are loaded from now on
            changed.append("clustering_fields")
        if not changed:
            return table
        return self.update_table(table, changed) or self.ensure_table(dataset, name, fields, layout)

    def delete_table(self, table: bigquery.Table) -> None:
        """Raises WarehouseError."""
        self.call(
            f"Table {table.table_id}",
            lambda seconds: self.client.delete_table(table, not_found_ok=True, retry=ONCE, timeout=seconds),
        )

    def query(
        self, where: str, sql: str, parameters: Sequence[bigquery.ScalarQueryParameter] = ()
    ) -> list[bigquery.Row]:
        """The rows of a query, which may run twice if an answer is lost. Raises WarehouseError."""
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        return self.call(
            where,
            lambda seconds: list(
                self.client.query_and_wait(
                    sql,
                    job_config=config,
                    retry=ONCE,
                    job_retry=ONCE,
                    api_timeout=seconds,
                    wait_timeout=JOB_SECONDS,
                )
            ),
        )

    def _create_table(
        self, reference: str, fields: list[bigquery.SchemaField], layout: Layout
    ) -> bigquery.Table:
        table = bigquery.Table(reference, schema=fields)
        if layout.partition:
            table.time_partitioning = bigquery.TimePartitioning(
                field=layout.partition, type_=layout.granularity.upper()
            )
        table.clustering_fields = layout.clusters or None
        table.labels = layout.labels
        return self.create_table(table)

    def load_spool(self, table: bigquery.Table, spool: Spool, blob: str) -> str:
        """Loads the spooled rows exactly once. Returns the job's id.

        The id is a digest of the batch: a replay of the same input finds its rows loaded.
        Raises RefusedRowError if BigQuery names the first bad row, WarehouseError, SettingsError.
        """
        where = f"{table.table_id} rows {spool.first}-{spool.last}"
        source = self._stage(spool, blob, where) if self._bucket else spool
        config = appending(table.schema)
        finished = self.load(
            where,
            f"{table.table_id}-{spool.digest}",
            lambda job_id, seconds: self._submit(table, source, job_id, config, seconds),
        )
        job = finished.job
        if job.error_result:
            bad = spool.bad_row([*(job.errors or []), job.error_result])
            reason = str(job.error_result.get("reason"))
            message = f"{where}: BigQuery refused them ({reason})"
            if bad is None:
                raise WarehouseError(message)
            raise RefusedRowError(f"{message}, first at row {bad}", bad, reason)
        if job.output_rows != spool.rows:
            raise WarehouseError(f"{where}: job {job.job_id} wrote {job.output_rows} rows")
        if finished.is_old:
            self.logger.warning("%s: job %s had already loaded them", where, job.job_id)
        return str(job.job_id)

    def _stage(self, spool: Spool, blob: str, where: str) -> str:
        bucket = self._bucket
        assert bucket is not None  # noqa: S101 - the caller looked

        def upload(seconds: float) -> None:
            bucket.blob(blob).upload_from_file(
                spool.file,
                rewind=True,
                content_type="application/gzip",
                timeout=_connecting(seconds),
                retry=None,
            )

        try:
            self.call(where, upload)
        except WarehouseError as failure:
            if isinstance(failure.__cause__, exceptions.NotFound):
                raise SettingsError(
                    f"Bucket {bucket.name} does not exist: create it, or unset bucket"
                ) from None
            raise
        return f"gs://{bucket.name}/{blob}"

    def _submit(
        self,
        table: bigquery.Table,
        source: Spool | str,
        job_id: str,
        config: bigquery.LoadJobConfig,
        seconds: float,
    ) -> bigquery.LoadJob:
        """`source`: the rows, or where they are staged."""
        if isinstance(source, str):
            return self.client.load_table_from_uri(
                source, table.reference, job_id=job_id, job_config=config, retry=ONCE, timeout=seconds
            )
        return self.client.load_table_from_file(
            source.file,
            table.reference,
            rewind=True,
            num_retries=0,
            job_id=job_id,
            job_config=config,
            timeout=_connecting(seconds),
        )


def _connecting(seconds: float) -> tuple[float, float]:
    """To connect and to answer."""
    return min(CONNECT_SECONDS, seconds), seconds
