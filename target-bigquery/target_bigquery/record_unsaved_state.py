"""`target-bigquery-record-unsaved-state`: notes in PIPELINE_RUN that Meltano did not save a run's cursors.

saved-state, which detects that, runs in Meltano's environment, without a BigQuery client.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import click
from cityblock_singer.google.bigquery import BigQuery
from cityblock_singer.google.clients import bigquery_client
from cityblock_singer.google.pipeline_runs import TIMEOUT, append
from cityblock_singer.pipeline_run import Ending, Event
from cityblock_singer.plugin import run

from target_bigquery.target import TargetBigQuery


@click.command(help="Records in PIPELINE_RUN that Meltano did not save the cursors of a run.")
@click.option("--config", required=True, help="Settings file of target-bigquery, or ENV")
@click.option("--job", required=True, help="Job of meltano.yml")
@click.option("--error", required=True, help="One sentence, without content")
def command(config: str, job: str, error: str) -> None:
    """Raises PluginError."""
    settings, now = TargetBigQuery.configured(config).config, datetime.now(UTC).isoformat()
    client = bigquery_client(settings)
    row = {"started_at": now, "ended_at": now, "job": job, "ending": Ending.FAILED, "error": error}
    try:
        append(
            BigQuery(client, TIMEOUT, TargetBigQuery.logger),
            *(settings["dataset"], {**row, "event": Event.SAVED_STATE}, uuid.uuid4().hex),
        )
    finally:
        client.close()  # type: ignore[no-untyped-call] # Google's


def main() -> None:
    """The command."""
    run(command, TargetBigQuery.logger)
