"""BigQuery: one query, or rows appended once, with transient errors retried."""

from __future__ import annotations

import dataclasses
import io
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from cityblock_singer.google.bigquery import JOB_SECONDS, BigQuery, appending
from cityblock_singer.google.errors import WarehouseError, is_transient
from google.api_core import exceptions
from google.cloud import bigquery

from target_zendesk_pubsub.request_timeouts import request_seconds

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

PAGE_ROWS = 250
"""Of payloads, which may have 64 KB each."""
encode_row = msgspec.json.Encoder().encode


@dataclasses.dataclass(frozen=True)
class Table:
    """A table that this target creates and appends to. Partitioned by the day of `partition`, clustered by `cluster`.

    `personal`: the column with a ticket's content.
    """

    dataset: str
    name: str
    fields: tuple[bigquery.SchemaField, ...]
    personal: str | None
    partition: str | None
    cluster: tuple[str, ...]
    kept_days: int | None = None
    """Days after which BigQuery drops a partition; None: never."""
    ranges: bigquery.PartitionRange | None = None
    """Of `partition`, if it is a number instead of a time."""

    def __str__(self) -> str:
        return f"{self.dataset}.{self.name}"


class Warehouse(BigQuery):
    """`timeout`: retry deadline of a request in seconds, by which its client is limited, too. `policy_tag`: of personal columns."""

    def __init__(
        self,
        client: bigquery.Client,
        timeout: float,
        logger: logging.Logger,
        policy_tag: str | None = None,
    ) -> None:
        super().__init__(client, timeout, logger)
        self._policy_tag = policy_tag
        self.appended: Counter[str] = Counter()
        """Rows by table, in this process."""
        self.has_written = False
        self._request_seconds = request_seconds(timeout)
        self._retry_job = self.retry.with_predicate(
            lambda error: is_transient(error) and not isinstance(error, exceptions.RetryError)
        )

    def ensure(self, table: Table) -> bigquery.Table:
        """Creates the table unless it exists, and tags its personal column. Raises SettingsError if the dataset is missing, WarehouseError."""
        found = self.find(table) or self.create_table(self._wanted(table))
        schema = self._tagged(found.schema, table.personal)
        if schema != list(found.schema):
            found.schema = schema
            return self.update_table(found, ["schema"]) or self.ensure(table)
        return found

    def label(self, table: Table, labels: Mapping[str, str]) -> None:
        """Sets these labels of the table, and leaves its others. Raises WarehouseError."""
        labeled = bigquery.Table(f"{self.client.project}.{table}")
        labeled.labels = dict(labels)
        self.update_table(labeled, ["labels"])

    def _wanted(self, table: Table) -> bigquery.Table:
        schema = self._tagged(table.fields, table.personal)
        wanted = bigquery.Table(f"{self.client.project}.{table}", schema=schema)
        if table.ranges is not None:
            wanted.range_partitioning = bigquery.RangePartitioning(table.ranges, table.partition)
        elif table.partition is not None:
            wanted.time_partitioning = bigquery.TimePartitioning(
                field=table.partition,
                expiration_ms=table.kept_days * 86_400_000 if table.kept_days else None,
            )
        wanted.clustering_fields = list(table.cluster)
        return wanted

    def _tagged(
        self, fields: Iterable[bigquery.SchemaField], personal: str | None
    ) -> list[bigquery.SchemaField]:
        """The personal column with the policy tag, unless it has one already."""
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
        pages = self.redacted(what, lambda: self._ask(sql, parameters).pages)
        while (page := self.redacted(what, lambda: next(pages, None))) is not None:
            yield from page

    def execute(self, what: str, sql: str, parameters: Mapping[str, int | str]) -> None:
        """A statement that changes rows; it may run twice. Raises WarehouseError."""
        self.has_written = True
        self.redacted(what, lambda: self._ask(sql, parameters))

    def _ask(self, sql: str, parameters: Mapping[str, int | str]) -> Any:  # noqa: ANN401 - of statements another iterator
        config = bigquery.QueryJobConfig(
            query_parameters=[
                bigquery.ScalarQueryParameter(name, "INT64" if isinstance(value, int) else "STRING", value)
                for name, value in parameters.items()
            ]
        )
        return self.client.query_and_wait(
            sql,
            job_config=config,
            page_size=PAGE_ROWS,
            api_timeout=self._request_seconds,
            wait_timeout=JOB_SECONDS,
            retry=self.retry,  # of each page, by the client: its iterator does not survive an error
            job_retry=self._retry_job,  # of failed jobs, not of requests after their retry deadline
        )

    def append(self, table: Table, rows: Iterable[bytes]) -> None:
        """Appends the rows, each a JSON object, in one load job, exactly once.

        Raises WarehouseError.
        """
        file, count = io.BytesIO(), 0
        for row in rows:
            count += 1
            file.write(row)
            file.write(b"\n")
        if count:
            self.has_written = True
            self._load_file(table, file, count)
            self.appended[str(table)] += count

    def _load_file(self, table: Table, file: io.BytesIO, count: int) -> None:
        where = f"{count} rows for {table}"
        finished = self.load(
            where,
            f"{table.name}-{uuid.uuid4().hex}",
            lambda job_id, _seconds: self.client.load_table_from_file(
                file,
                f"{self.client.project}.{table}",
                rewind=True,
                num_retries=0,
                job_id=job_id,
                job_config=appending(),
            ),
        )
        job = finished.job
        if job.error_result:
            raise WarehouseError(f"{where}: BigQuery refused them ({job.error_result.get('reason')})")
        if job.output_rows != count:
            raise WarehouseError(f"{where}: BigQuery wrote {job.output_rows}")


def since(column: str, first: datetime | None) -> str:
    """SQL condition, with a constant by which BigQuery prunes partitions. None: all times."""
    return "TRUE" if first is None else f"{column} >= {moment(first)}"


def moment(time: datetime) -> str:
    """SQL literal."""
    return f"TIMESTAMP '{time.isoformat()}'"
