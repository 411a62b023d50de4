"""BigQuery and GCS: tables that grow, load jobs that run once, refusals that pass waited out."""

from __future__ import annotations

import dataclasses
import itertools
import time
from typing import TYPE_CHECKING, TypeVar

from cityblock_singer.errors import SettingsError
from google.api_core import exceptions
from google.api_core.retry import Retry, exponential_sleep_generator
from google.cloud import bigquery

from target_bigquery.errors import LoadError, RefusedRowError, SchemaError
from target_bigquery.refusals import ONCE, TRANSIENT_REASONS, is_transient, told
from target_bigquery.schema import merged

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

    from google.cloud.storage import Bucket

    from target_bigquery.spool import Spool

T = TypeVar("T")

CONNECT_SECONDS = 10
REQUEST_SECONDS = 120
JOB_SECONDS = 3600
"""For which a load job may run that BigQuery answers for."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a new table is laid out; `partition` and `clusters` name columns."""

    partition: str | None
    granularity: str
    clusters: list[str]


class Loader:
    """One client of each service, shared by all streams. `timeout`: seconds after which refusals or silence are an error.

    `first_pause`: seconds before the second try, at most; each later pause may be twice as long.
    """

    def __init__(
        self,
        client: bigquery.Client,
        bucket: Bucket | None,
        timeout: float,
        logger: logging.Logger,
        first_pause: float = 1,
    ) -> None:
        self._client, self._bucket, self._logger = client, bucket, logger
        self._timeout, self._first_pause = timeout, first_pause
        self._retry = Retry(
            is_transient, initial=first_pause, maximum=30, timeout=timeout, on_error=self._tell
        )

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call] # Google's
        if self._bucket is not None:
            self._bucket.client.close()

    def ensure_table(
        self, dataset: str, name: str, fields: list[bigquery.SchemaField], layout: Layout
    ) -> bigquery.Table:
        """The table, with every column of `fields`: made where it was not, grown where it lacked some.

        Raises SchemaError where a type has changed, SettingsError where the dataset is missing, LoadError.
        """
        table = self.find_table(dataset, name)
        if table is None:
            return self._create_table(f"{self._client.project}.{dataset}.{name}", dataset, fields, layout)
        try:
            grown = merged(list(table.schema), fields)
        except SchemaError as mismatch:
            raise SchemaError(f"table {name}: {mismatch}") from None
        if [field.to_api_repr() for field in grown] == [field.to_api_repr() for field in table.schema]:
            return table
        table.schema = grown  # sent with the table's etag: another writer's columns are not lost
        return self._call(
            f"table {name}",
            lambda seconds: self._client.update_table(table, ["schema"], retry=ONCE, timeout=seconds),
        )

    def find_table(self, dataset: str, name: str) -> bigquery.Table | None:
        """Raises LoadError."""
        reference = f"{self._client.project}.{dataset}.{name}"
        return self._call(f"table {name}", lambda seconds: self._get_table(reference, seconds))

    def create_table(self, table: bigquery.Table) -> bigquery.Table:
        """Or finds it there. Raises LoadError."""
        return self._call(
            f"table {table.table_id}",
            lambda seconds: self._client.create_table(table, exists_ok=True, retry=ONCE, timeout=seconds),
        )

    def delete_table(self, table: bigquery.Table) -> None:
        """Raises LoadError."""
        self._call(
            f"table {table.table_id}",
            lambda seconds: self._client.delete_table(table, not_found_ok=True, retry=ONCE, timeout=seconds),
        )

    def query(
        self, where: str, sql: str, parameters: Sequence[bigquery.ScalarQueryParameter] = ()
    ) -> list[bigquery.Row]:
        """The rows of a query that may run twice where its answer is lost. Raises LoadError."""
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        return self._call(
            where,
            lambda seconds: list(
                self._client.query_and_wait(
                    sql,
                    job_config=config,
                    retry=ONCE,
                    job_retry=ONCE,
                    api_timeout=seconds,
                    wait_timeout=JOB_SECONDS,
                )
            ),
        )

    def _get_table(self, reference: str, seconds: float) -> bigquery.Table | None:
        try:
            return self._client.get_table(reference, retry=ONCE, timeout=seconds)
        except exceptions.NotFound:
            return None

    def _create_table(
        self, reference: str, dataset: str, fields: list[bigquery.SchemaField], layout: Layout
    ) -> bigquery.Table:
        table = bigquery.Table(reference, schema=fields)
        if layout.partition:
            table.time_partitioning = bigquery.TimePartitioning(
                field=layout.partition, type_=layout.granularity.upper()
            )
        table.clustering_fields = layout.clusters or None
        try:
            return self.create_table(table)
        except LoadError as failure:
            if isinstance(failure.__cause__, exceptions.NotFound):
                raise SettingsError(
                    f"dataset {dataset} does not exist in project {self._client.project}: create it"
                ) from None
            raise

    def load(self, table: bigquery.Table, spool: Spool, blob: str) -> str:
        """Loads the spooled rows once, whatever happens on the way; the job's id.

        The id is made of the batch: an answer that was lost is asked for again, not loaded again, and a replay of the
        same input finds its rows there. A job that failed has used its id up; the next try takes the next.
        Raises RefusedRowError where BigQuery tells the first bad row, LoadError, SettingsError.
        """
        where = f"{table.table_id} rows {spool.first}-{spool.last}"
        source = self._stage(spool, blob, where) if self._bucket else spool
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            schema=table.schema,
            max_bad_records=0,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
        )
        attempts = itertools.count()

        def load(_seconds: float) -> tuple[bigquery.LoadJob, str, bool]:
            """The job, its id, and whether it was there before. Raises what passes: then another job is tried."""
            while True:
                job_id = f"{table.table_id}-{spool.digest}-{next(attempts)}"
                job, is_old = self._call(
                    where,
                    lambda seconds: self._submit(table, source, job_id, config, seconds),  # noqa: B023 - called at once
                )
                self._wait(job, where)
                if not (
                    is_old and job.error_result
                ):  # else an earlier run's failure; this one has not tried yet
                    break
            if job.error_result and job.error_result.get("reason") in TRANSIENT_REASONS:
                raise job.exception()  # type: ignore[no-untyped-call] # Google's
            return job, job_id, is_old

        job, job_id, is_old = self._call(where, load)
        if job.error_result:
            bad = spool.bad_row([*(job.errors or []), job.error_result])
            reason = str(job.error_result.get("reason"))
            message = f"{where}: BigQuery refused them ({reason})"
            if bad is None:
                raise LoadError(message)
            raise RefusedRowError(f"{message}, first at row {bad}", bad, reason)
        if job.output_rows != spool.rows:
            raise LoadError(f"{where}: job {job_id} wrote {job.output_rows} rows")
        if is_old:
            self._logger.warning("%s: job %s had already loaded them", where, job_id)
        return job_id

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
            self._call(where, upload)
        except LoadError as failure:
            if isinstance(failure.__cause__, exceptions.NotFound):
                raise SettingsError(
                    f"bucket {bucket.name} does not exist: create it, or unset bucket"
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
    ) -> tuple[bigquery.LoadJob, bool]:
        """The job, and whether it was there before. `source`: the rows, or where they are staged."""
        client = self._client
        try:
            if isinstance(source, str):
                return client.load_table_from_uri(
                    source, table.reference, job_id=job_id, job_config=config, retry=ONCE, timeout=seconds
                ), False
            return client.load_table_from_file(
                source.file,
                table.reference,
                rewind=True,
                num_retries=0,
                job_id=job_id,
                job_config=config,
                timeout=_connecting(seconds),
            ), False
        except exceptions.Conflict:
            found = client.get_job(job_id, retry=ONCE, timeout=seconds, location=client.location)
            assert isinstance(found, bigquery.LoadJob)  # noqa: S101 - no other job has such an id
            return found, True

    def _wait(self, job: bigquery.LoadJob, where: str) -> None:
        """Until the job is done, however. Raises LoadError."""
        started = time.monotonic()
        for pause in exponential_sleep_generator(self._first_pause, maximum=10):
            if job.state == "DONE":
                return
            if time.monotonic() - started > JOB_SECONDS:
                raise LoadError(f"{where}: job {job.job_id} still runs after {JOB_SECONDS} s")
            time.sleep(pause)
            self._call(where, lambda seconds: job.reload(retry=ONCE, timeout=seconds))

    def _call(self, where: str, action: Callable[[float], T]) -> T:
        """`action` is given the seconds that a request of it may take: no more than are left. Raises LoadError."""
        deadline = time.monotonic() + self._timeout

        def attempt() -> T:
            return action(min(max(deadline - time.monotonic(), 1), REQUEST_SECONDS))

        try:
            return self._retry(attempt)()
        except LoadError:  # of a step of this action: told already
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, its text must not get out
            cause = getattr(error, "cause", None) or error
            raise LoadError(f"{where}: {told(cause)} from Google, gave up") from cause

    def _tell(self, error: Exception) -> None:
        self._logger.warning("BigQuery or GCS: %s, trying again", told(error))


def _connecting(seconds: float) -> tuple[float, float]:
    """To connect and to answer."""
    return min(CONNECT_SECONDS, seconds), seconds
