"""BigQuery: requests that are retried until a deadline, and load jobs that run once."""

from __future__ import annotations

import dataclasses
import itertools
import time
from typing import TYPE_CHECKING, TypeVar

from google.api_core import exceptions
from google.api_core.retry import Retry, exponential_sleep_generator
from google.cloud import bigquery

from cityblock_singer.errors import SettingsError
from cityblock_singer.google.errors import (
    ONCE,
    TRANSIENT_REASONS,
    WarehouseError,
    cause_of,
    describe,
    is_transient,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

T = TypeVar("T")

REQUEST_SECONDS = 120
JOB_SECONDS = 3600
"""Seconds for which a job may run, as long as BigQuery answers requests about it."""


@dataclasses.dataclass(frozen=True)
class Finished:
    """A load job, which may still run, or have failed. `is_old`: it was there before it was submitted."""

    job: bigquery.LoadJob
    is_old: bool


class BigQuery:
    """One client. `timeout`: retry deadline of each request, in seconds.

    `service`: its name in messages. `first_pause`: maximum seconds before the second attempt; later pauses may be twice
    as long as the one before.
    """

    job_seconds: float = JOB_SECONDS

    def __init__(
        self,
        client: bigquery.Client,
        timeout: float,
        logger: logging.Logger,
        service: str = "BigQuery",
        first_pause: float = 1,
    ) -> None:
        self.client, self.logger = client, logger
        self._timeout, self._service, self._first_pause = timeout, service, first_pause
        self.retry = Retry(
            is_transient, initial=first_pause, maximum=30, timeout=timeout, on_error=self._log_retry
        )

    def call(self, where: str, action: Callable[[float], T]) -> T:
        """Passes `action` the seconds that one request may take, at most those that are left. Raises
        WarehouseError.
        """
        deadline = time.monotonic() + self._timeout

        def attempt() -> T:
            return action(min(max(deadline - time.monotonic(), 1), REQUEST_SECONDS))

        return self.redacted(where, self.retry(attempt))

    def redacted(self, where: str, action: Callable[[], T]) -> T:
        """Raises WarehouseError, which quotes no message of the service."""
        try:
            return action()
        except WarehouseError:  # of a step of this action
            raise
        except Exception as error:  # noqa: BLE001 - its message must not get out
            cause = cause_of(error)
            raise WarehouseError(f"{where}: {describe(cause)} from {self._service}, gave up") from cause

    def create_table(self, table: bigquery.Table) -> bigquery.Table:
        """Or finds it there. Raises SettingsError where its dataset does not exist, WarehouseError."""
        try:
            return self.call(
                f"Table {table.dataset_id}.{table.table_id}",
                lambda seconds: self.client.create_table(table, exists_ok=True, retry=ONCE, timeout=seconds),
            )
        except WarehouseError as failure:
            if isinstance(failure.__cause__, exceptions.NotFound):
                raise SettingsError(
                    f"Dataset {table.dataset_id} does not exist in project {table.project}: create it"
                ) from None
            raise

    def find(self, table: object) -> bigquery.Table | None:
        """The table or view that `str(table)` names as `dataset.table`, with its number of rows. Raises WarehouseError."""

        def get(seconds: float) -> bigquery.Table | None:
            try:
                return self.client.get_table(f"{self.client.project}.{table}", retry=ONCE, timeout=seconds)
            except exceptions.NotFound:
                return None

        return self.call(f"Table {table}", get)

    def update_table(self, table: bigquery.Table, fields: Sequence[str]) -> bigquery.Table | None:
        """The table as it is now, or None if it has changed since it was read.

        Another writer may have changed it, or an attempt whose response was lost. A table that was not read, and so has no
        etag, is changed in any case. Raises WarehouseError.
        """
        try:
            return self.call(
                f"Table {table.dataset_id}.{table.table_id}",
                lambda seconds: self.client.update_table(table, fields, retry=ONCE, timeout=seconds),
            )
        except WarehouseError as failure:
            if isinstance(failure.__cause__, exceptions.PreconditionFailed):
                return None
            raise

    def load(self, where: str, name: str, start: Callable[[str, float], bigquery.LoadJob]) -> Finished:
        """Loads rows once, and waits for the job. `start` is given the job's id and the seconds of a request.

        The id begins with `name`: a lost answer is asked for again, not loaded again. A job that failed has used its id
        up, so the next attempt takes the next one. Raises WarehouseError.
        """
        attempts = itertools.count()

        def load(_seconds: float) -> Finished:
            """Raises transient errors of the job: then another one is started."""
            while True:
                finished = self.submit(where, f"{name}-{next(attempts)}", start)
                job = finished.job
                self._wait(job, where)
                if not (finished.is_old and job.error_result):  # else an earlier run's failure
                    break
            if job.error_result and job.error_result.get("reason") in TRANSIENT_REASONS:
                raise job.exception()  # type: ignore[no-untyped-call] # Google's
            return finished

        return self.call(where, load)

    def submit(self, where: str, job_id: str, start: Callable[[str, float], bigquery.LoadJob]) -> Finished:
        """Starts one load job, or finds it started, without waiting for its end. Raises WarehouseError."""
        return self.call(where, lambda seconds: self._start(start, job_id, seconds))

    def _start(
        self, start: Callable[[str, float], bigquery.LoadJob], job_id: str, seconds: float
    ) -> Finished:
        try:
            return Finished(start(job_id, seconds), is_old=False)
        except exceptions.Conflict:
            found = self.client.get_job(job_id, retry=ONCE, timeout=seconds, location=self.client.location)
            assert isinstance(found, bigquery.LoadJob)  # noqa: S101 - no other job has such an id
            return Finished(found, is_old=True)

    def _wait(self, job: bigquery.LoadJob, where: str) -> None:
        """Until the job is done, even if it failed. Raises WarehouseError."""
        started = time.monotonic()
        for pause in exponential_sleep_generator(self._first_pause, maximum=10):
            if job.state == "DONE":
                return
            if time.monotonic() - started > self.job_seconds:
                raise WarehouseError(f"{where}: job {job.job_id} still runs after {self.job_seconds:.0f} s")
            time.sleep(pause)
            self.call(where, lambda seconds: job.reload(retry=ONCE, timeout=seconds))

    def _log_retry(self, error: Exception) -> None:
        self.logger.warning("%s: %s, trying again", self._service, describe(error))


def appending(schema: Sequence[bigquery.SchemaField] | None = None) -> bigquery.LoadJobConfig:
    """Of a job that appends lines of JSON to a table that exists, all or none."""
    config = bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
        max_bad_records=0,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
    )
    if schema is not None:
        config.schema = schema
    return config
