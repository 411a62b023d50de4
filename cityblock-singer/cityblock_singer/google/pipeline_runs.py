"""The table PIPELINE_RUN: one row when a run starts, and one with all its figures when it ends. The target writes
both, the first one before the tap has read anything. A run without a second row was killed, or could not reach
BigQuery at its end.
"""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from cityblock_singer.checks import CheckFailed
from cityblock_singer.errors import PluginError
from cityblock_singer.google.bigquery import BigQuery, appending
from cityblock_singer.google.checks import SECONDS, query
from cityblock_singer.google.errors import ONCE, WarehouseError
from cityblock_singer.pipeline_run import NAME, Ending, Event, Stopwatch, ending_of, sentence_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

FIELDS = (
    *(SchemaField(name, "STRING") for name in ("job", "run_id", "event")),
    *(SchemaField(name, "TIMESTAMP") for name in ("recorded_at", "started_at", "ended_at")),
    *(SchemaField(name, "STRING") for name in ("ending", "error")),
    SchemaField("seconds", "FLOAT"),
    SchemaField(
        "steps", "RECORD", "REPEATED", fields=[SchemaField("name", "STRING"), SchemaField("seconds", "FLOAT")]
    ),
    *(SchemaField(name, "INTEGER") for name in ("rows", "bytes", "requests", "rate_limited", "retries")),
    *(SchemaField(name, "FLOAT") for name in ("waited_seconds", "quota_used")),
    *(SchemaField(name, "INTEGER") for name in ("rejected_records", "published", "waiting", "refused")),
    SchemaField(
        "remainder",
        "RECORD",
        "REPEATED",
        fields=[SchemaField("model", "STRING"), SchemaField("rows", "INTEGER")],
    ),
)
"""docs/operations.md says what they mean. `event`: of the row. No column may have content."""
PARTITION = "recorded_at"
OF_THE_TAP = ("requests", "rate_limited", "retries", "waited_seconds", "quota_used")
LOGGED = "pipeline_run"
"""Field of the last row in the log."""
SILENT = "the tap ended without reporting why: it was killed, or ran out of memory"
REMEMBERED, OVERDUE = timedelta(days=14), timedelta(hours=26)
"""Of the check: the days of runs that it reads, and the age of the last complete run above which it fails, as
freshness does.
"""
TIMEOUT = 60
"""Maximum seconds: a failed run must not wait long for its row."""


class PipelineRun:
    """One run, as its target sees it. Without a record of the tap's stream PIPELINE_RUN, nothing is written.

    No error here fails the run, whose rows and messages do not depend on it.
    """

    def __init__(
        self,
        job: str,
        dataset: str,
        client: Callable[[], bigquery.Client],
        timeout: float,
        logger: logging.Logger,
    ) -> None:
        self._job, self._dataset, self._client = job, dataset, client
        self._timeout, self._logger = min(timeout, TIMEOUT), logger
        self._watch = Stopwatch()
        self._tap: Mapping[str, Any] = {}

    @property
    def run_id(self) -> str | None:
        """None if the tap does not report its run."""
        return self._tap.get("run_id")

    def hear(self, record: Any) -> None:  # noqa: ANN401 - of whatever tap
        """A record of the tap's stream."""
        if not _is_of_run(record):
            return
        is_first = not self._tap
        self._tap = record
        if is_first:
            self._append(Event.START, self._started())

    def end(self, error: BaseException | None, figures: Mapping[str, int | None]) -> None:
        """`error`: what ended the target, if it did not end normally. `figures`: columns that the target knows."""
        if not self._tap:
            return
        ending, sentence = self._ending(error)
        ended, started = datetime.now(UTC), datetime.fromisoformat(self._tap["started_at"])
        steps = [("tap", self._tap.get("seconds")), ("target", self._watch.seconds)]
        row = {
            **self._started(),
            "ended_at": ended.isoformat(),
            "ending": ending,
            "error": sentence,
            "seconds": round((ended - started).total_seconds(), 3),
            "steps": [{"name": name, "seconds": seconds} for name, seconds in steps if seconds is not None],
            **{name: self._tap.get(name) for name in OF_THE_TAP},
            "remainder": self._tap.get("remainder") or [],
            **figures,
            "rejected_records": (self._tap.get("rejected_records") or 0) + (figures["rejected_records"] or 0),
        }
        # Under Meltano, `extra` becomes fields of the log's line, by which alarms filter (deploy/terraform/alarms.tf).
        self._logger.info("run %s: %s", row["run_id"], ending, extra={LOGGED: row})
        self._append(Event.END, row)

    def _ending(self, error: BaseException | None) -> tuple[str | None, str | None]:
        """And its error message: the target's, unless the target ended normally; otherwise the tap's."""
        if error is not None:
            return ending_of(error), sentence_of(error)
        if self._tap.get("event") != Event.END:
            return Ending.INTERRUPTED, SILENT
        return self._tap.get("ending"), self._tap.get("error")

    def _started(self) -> dict[str, Any]:
        return {"job": self._job, **{name: self._tap[name] for name in ("run_id", "started_at")}}

    def _append(self, event: Event, row: Mapping[str, Any]) -> None:
        """Waits for the load job only at the end, so that the run can continue."""
        try:
            warehouse = BigQuery(self._client(), self._timeout, self._logger)
            append(
                *(warehouse, self._dataset, {**row, "event": event}, f"{row['run_id']}-{event}"),
                waits=event is Event.END,
            )
        except PluginError as error:
            self._logger.warning("The %s of this run is not recorded: %s", event, error)


def _is_of_run(record: Any) -> bool:  # noqa: ANN401 - of whatever tap
    try:
        datetime.fromisoformat(record["started_at"])
        return isinstance(record["run_id"], str)
    except (KeyError, TypeError, ValueError):
        return False


def append(
    warehouse: BigQuery, dataset: str, row: Mapping[str, Any], name: str, *, waits: bool = True
) -> None:
    """Adds a row, once for each `name`. Raises WarehouseError."""
    client, recorded = warehouse.client, {**row, "recorded_at": datetime.now(UTC).isoformat()}
    warehouse.job_seconds = TIMEOUT
    config = appending(FIELDS)
    config.create_disposition = bigquery.CreateDisposition.CREATE_IF_NEEDED
    config.time_partitioning = bigquery.TimePartitioning(field=PARTITION)
    config.schema_update_options = [bigquery.SchemaUpdateOption.ALLOW_FIELD_ADDITION]
    do = warehouse.load if waits else warehouse.submit
    job = do(
        NAME,
        f"{NAME}-{name}",
        lambda job_id, seconds: client.load_table_from_file(
            io.BytesIO(json.dumps(recorded).encode()),
            f"{client.project}.{dataset}.{NAME}",
            num_retries=0,
            job_id=job_id,
            job_config=config,
            timeout=seconds,
        ),
    ).job
    if job.error_result:
        raise WarehouseError(f"{NAME}: BigQuery refused a row ({job.error_result.get('reason')})")


class _Ended(NamedTuple):
    ended_at: datetime
    ending: str
    error: str | None


def check_runs(client: bigquery.Client, dataset: str, job: str) -> str:
    """How the last run of the job ended. Raises CheckFailed if none has completed for OVERDUE."""
    if NAME not in {table.table_id for table in client.list_tables(dataset, retry=ONCE, timeout=SECONDS)}:
        return "none recorded yet"
    runs = _ended(client, dataset, job)
    if not runs:
        return f"none in the last {REMEMBERED.days} days"
    last, completed = runs[-1], [run for run in runs if run.ending == Ending.COMPLETE]
    result = f"the last one ended at {last.ended_at:%Y-%m-%d %H:%M} UTC: {last.ending}"
    if last.error:
        result += f" ({last.error})"
    if not completed or datetime.now(UTC) - completed[-1].ended_at > OVERDUE:
        since = (
            f"since {completed[-1].ended_at:%Y-%m-%d %H:%M} UTC"
            if completed
            else "of those that are recorded"
        )
        raise CheckFailed(f"{result}; none has completed {since}")
    return result


def _ended(client: bigquery.Client, dataset: str, job: str) -> list[_Ended]:
    """Runs, the latest last. As in PIPELINE_RUN_latest, an error of a later step (dbt, saved-state) is of the run before."""
    sql = (
        f"SELECT event, ended_at, ending, error FROM `{client.project}.{dataset}.{NAME}` "  # noqa: S608 - a table's name
        f"WHERE job = '{job}' AND event != '{Event.START}' "
        f"AND recorded_at >= TIMESTAMP '{datetime.now(UTC) - REMEMBERED:%Y-%m-%d}' ORDER BY recorded_at"
    )
    runs: list[_Ended] = []
    for row in query(client, sql):
        if row.event == Event.END:
            runs.append(_Ended(row.ended_at, row.ending, row.error))
        elif row.error and runs and runs[-1].ending == Ending.COMPLETE:
            runs[-1] = _Ended(row.ended_at or runs[-1].ended_at, Ending.FAILED, row.error)
    return runs
