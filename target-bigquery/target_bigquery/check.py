"""`target-bigquery-check`: read-only check of what a run needs, with advice about what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cityblock_singer.checks import CheckFailed, Finding, check_command
from cityblock_singer.google.checks import SECONDS, look, query
from cityblock_singer.google.clients import bigquery_client
from cityblock_singer.google.errors import ONCE, WarehouseError
from cityblock_singer.google.pipeline_runs import check_runs
from cityblock_singer.google.rejected_records import TABLE, is_open
from cityblock_singer.google.retention import check_retention
from cityblock_singer.schema_drift import NAME as DRIFT

from target_bigquery.legacy_tables import legacy_tables
from target_bigquery.loader import Loader
from target_bigquery.policy_tags import tagged_columns
from target_bigquery.rejected import REJECTED_BY
from target_bigquery.retention import kept
from target_bigquery.settings import bucket
from target_bigquery.target import JOB, TargetBigQuery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.cloud import bigquery

DRIFT_DAYS = 7


def findings(config: Mapping[str, Any]) -> Iterator[Finding]:
    """One for each thing that a run needs. Raises SettingsError."""
    client, dataset, location = bigquery_client(config), config["dataset"], config["location"]
    found = look(
        f"dataset {client.project}.{dataset} in {location}",
        lambda: _located(client.get_dataset(dataset, retry=ONCE, timeout=SECONDS).location, location),
        "create it there, and let the worker create and append to tables in it (roles/bigquery.dataEditor)",
    )
    yield found
    if found.advice is None:
        yield from _of_dataset(config, client, dataset)
    yield look(
        f"load and query jobs in {client.project}",
        lambda: f"{len(query(client, 'SELECT 1'))} row",
        "let the worker run jobs (roles/bigquery.jobUser)",
    )
    staged = bucket(config)
    if staged is not None:
        yield look(
            f"bucket {staged.name}",
            lambda: (
                "readable" if list(staged.list_blobs(max_results=1, timeout=SECONDS, retry=None)) else "empty"
            ),
            "create it, and let the worker create and read objects in it (roles/storage.objectUser)",
        )


def _of_dataset(config: Mapping[str, Any], client: bigquery.Client, dataset: str) -> Iterator[Finding]:
    yield look(
        f"Tables of {dataset}",
        lambda: _fit(dataset, legacy_tables(client, dataset, SECONDS)),
        "let the worker see the tables' columns (roles/bigquery.dataEditor)",
    )
    yield look(
        f"retention of tables of {dataset}",
        lambda: _retained(config, client),
        "see what would change with target-bigquery:retention --dry-run, then run it without",
    )
    yield look(
        f"policy tags in {dataset}",
        lambda: tagged_columns(client, dataset, config.get("policy_tag"), SECONDS),
        "run tap-to-bigquery, which tags the tables that it loads, and dbt those of current objects; let the worker set "
        "tags (bigquery.tables.setCategory). If no run loads a table any longer, tag its columns or drop it",
    )
    yield look(
        f"runs of {JOB} in {dataset}",
        lambda: check_runs(client, dataset, JOB),
        f'query {dataset}.PIPELINE_RUN_latest for the reason (docs/runbook.md, "Runs"), then run it again',
    )
    yield look(
        f"properties that the schemas lack in {dataset}",
        lambda: _drifted(client, dataset),
        "let the worker read it (roles/bigquery.dataEditor)",
    )
    yield look(
        f"rejected records in {dataset}",
        lambda: _counted(client, dataset),
        "let the worker read it (roles/bigquery.dataEditor)",
    )


def _drifted(client: bigquery.Client, dataset: str) -> str:
    """The number of properties that the tap has left out lately; it never fails the check."""
    if DRIFT not in {table.table_id for table in client.list_tables(dataset, retry=ONCE, timeout=SECONDS)}:
        return "none"
    sql = (
        "SELECT COUNT(DISTINCT CONCAT(model, '.', property)) AS properties, COUNT(DISTINCT model) AS models "  # noqa: S608 - a table's name
        f"FROM `{client.project}.{dataset}.{DRIFT}` "
        f"WHERE _exported_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {DRIFT_DAYS} DAY)"
    )
    [found] = query(client, sql)
    if not found.properties:
        return f"none in the last {DRIFT_DAYS} days"
    return f"{found.properties} in {found.models} models in the last {DRIFT_DAYS} days; {dataset}.SCHEMA_DRIFT_latest names them"


def _counted(client: bigquery.Client, dataset: str) -> str:
    """The number of open records; it never fails the check."""
    if TABLE not in {table.table_id for table in client.list_tables(dataset, retry=ONCE, timeout=SECONDS)}:
        return "none"
    sql = (
        f"SELECT COUNT(*) AS records, MIN(rejected_at) AS oldest FROM `{client.project}.{dataset}.{TABLE}` "  # noqa: S608 - a table's name
        f"WHERE {is_open(REJECTED_BY)}"
    )
    [found] = query(client, sql)
    if not found.records:
        return "none open"
    return f"{found.records} open, the oldest of {found.oldest:%Y-%m-%d}; target-bigquery:reload-rejected tries them again"


def _retained(config: Mapping[str, Any], client: bigquery.Client) -> str:
    """Expirations by kind. Raises CheckFailed if they differ from the settings."""
    try:
        tables = kept(config, Loader(client, None, SECONDS, TargetBigQuery.logger))
    except WarehouseError as error:
        raise CheckFailed(str(error)) from None
    return check_retention(tables)


def _located(there: str | None, wanted: str) -> str:
    if (there or wanted).casefold() != wanted.casefold():
        raise CheckFailed(f"it is in {there}", "set location to where it is")
    return "there"


def _fit(dataset: str, legacy: list[str]) -> str:
    if legacy:
        renamed = " ".join(f"ALTER TABLE {dataset}.{name} RENAME TO {name}_legacy;" for name in legacy)
        raise CheckFailed(
            f"the legacy system made {', '.join(legacy)}, with other columns",
            f'before the first run rename them (docs/runbook.md, "Migrate from the legacy system"): {renamed}',
        )
    return "no legacy tables under their names"


command = check_command(TargetBigQuery, findings)


def main() -> None:
    """The command."""
    command()
