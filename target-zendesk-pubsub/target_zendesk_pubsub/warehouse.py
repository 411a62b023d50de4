"""BigQuery: one query, or rows appended once, with refusals that pass waited out."""

from __future__ import annotations

import dataclasses
import io
import itertools
import uuid
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import requests
from cityblock_singer.errors import SettingsError
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import TransportError
from google.cloud import bigquery

from target_zendesk_pubsub.errors import WarehouseError
from target_zendesk_pubsub.patience import request_seconds

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Mapping

T = TypeVar("T")

JOB_SECONDS = 3600
PAGE_ROWS = 250
"""Of payloads, which may have 64 KB each."""
TRANSIENT_REASONS = frozenset(
    {
        "backendError",
        "internalError",
        "rateLimitExceeded",
        "jobRateLimitExceeded",
        "jobBackendError",
        "jobInternalError",
    }
)
UNREACHABLE = if_exception_type(
    exceptions.ServerError,
    exceptions.TooManyRequests,
    exceptions.RetryError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    ConnectionError,
    TransportError,  # of a token that could not be renewed
)
ONCE = Retry(predicate=lambda _error: False)
"""For calls of Google's client: trying again is this module's business, which bounds it and logs it."""
encode_row = msgspec.json.Encoder().encode


def is_transient(error: Exception) -> bool:
    """Also a 403 that only says "slow down"."""
    told = getattr(error, "errors", None) or []
    return UNREACHABLE(error) or any(
        one.get("reason") in TRANSIENT_REASONS for one in told if isinstance(one, dict)
    )


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of ours: appended to, never changed. Partitioned by the day of `partition`, clustered by `cluster`.

    `personal`: the column that holds what a ticket says.
    """

    dataset: str
    name: str
    fields: tuple[bigquery.SchemaField, ...]
    personal: str
    partition: str
    cluster: tuple[str, ...]
    kept_days: int | None = None
    """Days after which BigQuery drops a partition; None: never."""

    def __str__(self) -> str:
        return f"{self.dataset}.{self.name}"


class Warehouse:
    """One client, limited by the same `timeout`: seconds for which a request is tried again. `policy_tag`: of personal columns."""

    def __init__(
        self,
        client: bigquery.Client,
        timeout: float,
        logger: logging.Logger,
        policy_tag: str | None = None,
    ) -> None:
        self._client, self._logger, self._policy_tag = client, logger, policy_tag
        self._request_seconds = request_seconds(timeout)
        self._retry = Retry(is_transient, initial=1, maximum=30, timeout=timeout, on_error=self._tell)
        self._retry_job = self._retry.with_predicate(
            lambda error: is_transient(error) and not isinstance(error, exceptions.RetryError)
        )

    def ensure(self, table: Table) -> None:
        """The table is there, its personal column tagged. Raises SettingsError where its dataset is not, WarehouseError."""
        wanted = bigquery.Table(
            f"{self._client.project}.{table}", schema=self._tagged(table.fields, table.personal)
        )
        wanted.time_partitioning = bigquery.TimePartitioning(
            field=table.partition,
            expiration_ms=table.kept_days * 86_400_000 if table.kept_days else None,
        )
        wanted.clustering_fields = list(table.cluster)
        try:
            found = self._call(
                f"table {table}",
                lambda: self._client.create_table(wanted, exists_ok=True, retry=ONCE),
            )
        except WarehouseError as failure:
            if isinstance(failure.__cause__, exceptions.NotFound):
                raise SettingsError(
                    f"dataset {table.dataset} does not exist in project {self._client.project}: create it"
                ) from None
            raise
        schema = self._tagged(found.schema, table.personal)
        if schema != list(found.schema):
            found.schema = schema
            self._call(
                f"table {table}",
                lambda: self._client.update_table(found, ["schema"], retry=ONCE),
            )

    def _tagged(self, fields: Iterable[bigquery.SchemaField], personal: str) -> list[bigquery.SchemaField]:
        """The personal one with the policy tag, if there is one and people have not put another there."""
        if not self._policy_tag:
            return list(fields)
        tag = {"policyTags": {"names": [self._policy_tag]}}
        return [
            bigquery.SchemaField.from_api_repr({**field.to_api_repr(), **tag})
            if field.name == personal and not (field.policy_tags and field.policy_tags.names)
            else field
            for field in fields
        ]

    def query(self, what: str, sql: str, parameters: Mapping[str, int | str]) -> Iterator[bigquery.Row]:
        """The rows, a page at a time. `what` names the query in errors.

        Raises WarehouseError.
        """
        pages = self._told(what, lambda: self._ask(sql, parameters).pages)
        while (page := self._told(what, lambda: next(pages, None))) is not None:
            yield from page

    def execute(self, what: str, sql: str, parameters: Mapping[str, int | str]) -> None:
        """A statement that changes rows, and may do it twice. Raises WarehouseError."""
        self._told(what, lambda: self._ask(sql, parameters))

    def _ask(self, sql: str, parameters: Mapping[str, int | str]) -> Any:  # noqa: ANN401 - of statements another iterator
        config = bigquery.QueryJobConfig(
            query_parameters=[
                bigquery.ScalarQueryParameter(name, "INT64" if isinstance(value, int) else "STRING", value)
                for name, value in parameters.items()
            ]
        )
        return self._client.query_and_wait(
            sql,
            job_config=config,
            page_size=PAGE_ROWS,
            api_timeout=self._request_seconds,
            wait_timeout=JOB_SECONDS,
            retry=self._retry,  # of each page, by the client: its iterator does not survive an error
            job_retry=self._retry_job,  # of a job that failed, not of requests that were given up
        )

    def append(self, table: Table, rows: Iterable[bytes]) -> None:
        """All rows, each a JSON object, in one load job, once: a lost answer is asked for again, not loaded again.

        Raises WarehouseError.
        """
        file, count = io.BytesIO(), 0
        for row in rows:
            count += 1
            file.write(row)
            file.write(b"\n")
        if count:
            self._load(table, file, f"{table.name}-{uuid.uuid4().hex}", count)

    def _load(self, table: Table, file: io.BytesIO, job_name: str, count: int) -> None:
        where = f"{count} rows for {table}"
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            max_bad_records=0,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
        )
        attempts = itertools.count()

        def load() -> bigquery.LoadJob:
            """Raises what passes: then another job is tried, because one that failed has used its id up."""
            job_id = f"{job_name}-{next(attempts)}"
            job = self._call(where, lambda: self._submit(table, file, job_id, config))
            self._call(where, lambda: _wait(job))
            if job.error_result and job.error_result.get("reason") in TRANSIENT_REASONS:
                raise job.exception()  # type: ignore[no-untyped-call] # Google's
            return job

        job = self._call(where, load)
        if job.error_result:
            raise WarehouseError(f"{where}: BigQuery refused them ({job.error_result.get('reason')})")
        if job.output_rows != count:
            raise WarehouseError(f"{where}: BigQuery wrote {job.output_rows}")

    def _submit(
        self,
        table: Table,
        file: io.BytesIO,
        job_id: str,
        config: bigquery.LoadJobConfig,
    ) -> bigquery.LoadJob:
        try:
            return self._client.load_table_from_file(
                file,
                f"{self._client.project}.{table}",
                rewind=True,
                num_retries=0,
                job_id=job_id,
                job_config=config,
            )
        except exceptions.Conflict:
            found = self._client.get_job(job_id, retry=ONCE, location=self._client.location)
            assert isinstance(found, bigquery.LoadJob)  # noqa: S101 - no other job has such an id
            return found

    def _call(self, where: str, action: Callable[[], T]) -> T:
        """Raises WarehouseError."""
        return self._told(where, self._retry(action))

    def _told(self, where: str, action: Callable[[], T]) -> T:
        """Raises WarehouseError: type and code only, because messages of the service quote fields."""
        try:
            return action()
        except WarehouseError:  # of a step of this action: told already
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, its text must not get out
            cause = error
            while isinstance(cause, exceptions.RetryError) and cause.cause is not None:
                cause = cause.cause
            code = getattr(cause, "code", None)
            raise WarehouseError(
                f"{where}: {type(cause).__name__}{f' ({int(code)})' if code else ''} from BigQuery, gave up"
            ) from cause

    def _tell(self, error: Exception) -> None:
        self._logger.warning("BigQuery: %s, trying again", type(error).__name__)


def _wait(job: bigquery.LoadJob) -> None:
    try:
        job.result(retry=None, timeout=JOB_SECONDS)
    except exceptions.GoogleAPICallError:
        if not (job.state == "DONE" and job.error_result):
            raise
