"""`target-bigquery-check`: whether a run would find what it needs, read-only; and what to do where it would not."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

import click
from cityblock_singer.errors import PluginError
from cityblock_singer.google.clients import bigquery_client
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from target_bigquery.legacy_tables import legacy_tables
from target_bigquery.refusals import ONCE
from target_bigquery.rejected import REJECTED_BY, TABLE
from target_bigquery.settings import bucket
from target_bigquery.target import TargetBigQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from google.cloud import bigquery

SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Finding:
    """`advice`: empty where all is right."""

    subject: str
    told: str
    advice: str = ""


def findings(config: Mapping[str, Any]) -> Iterator[Finding]:
    """One for each thing that a run needs. Raises SettingsError."""
    client, dataset, location = bigquery_client(config), config["dataset"], config["location"]
    found = _look(
        f"dataset {client.project}.{dataset} in {location}",
        lambda: _located(client.get_dataset(dataset, retry=ONCE, timeout=SECONDS).location, location),
        "create it there, and let the worker create and append to tables in it (roles/bigquery.dataEditor)",
    )
    yield found
    if not found.advice:
        yield _look(
            f"tables of {dataset}",
            lambda: _fit(dataset, legacy_tables(client, dataset, SECONDS)),
            "let the worker see the tables' columns (roles/bigquery.dataEditor)",
        )
        yield _look(
            f"rejected records in {dataset}",
            lambda: _counted(client, dataset),
            "let the worker read it (roles/bigquery.dataEditor)",
        )
    yield _look(
        f"load and query jobs in {client.project}",
        lambda: f"{len(_query(client, 'SELECT 1'))} row",
        "let the worker run jobs (roles/bigquery.jobUser)",
    )
    staged = bucket(config)
    if staged is not None:
        yield _look(
            f"bucket {staged.name}",
            lambda: (
                "readable" if list(staged.list_blobs(max_results=1, timeout=SECONDS, retry=None)) else "empty"
            ),
            "create it, and let the worker create and read objects in it (roles/storage.objectUser)",
        )


def _counted(client: bigquery.Client, dataset: str) -> str:
    """How many are open: no reason to fail, they stop nothing."""
    if TABLE not in {table.table_id for table in client.list_tables(dataset, retry=ONCE, timeout=SECONDS)}:
        return "none"
    sql = (
        f"SELECT COUNT(*) AS records, MIN(rejected_at) AS oldest FROM `{client.project}.{dataset}.{TABLE}` "  # noqa: S608 - a table's name
        f"WHERE rejected_by = '{REJECTED_BY}' AND resolved_at IS NULL"
    )
    [found] = _query(client, sql)
    if not found.records:
        return "none open"
    return f"{found.records} open, the oldest of {found.oldest:%Y-%m-%d}; target-bigquery:reload-rejected tries them again"


def _query(client: bigquery.Client, sql: str) -> list[bigquery.Row]:
    return list(
        client.query_and_wait(sql, retry=ONCE, job_retry=ONCE, api_timeout=SECONDS, wait_timeout=SECONDS)
    )


class _Unfit(Exception):  # noqa: N818 - caught where the finding is made
    """It is there, and not as it must be."""

    def __init__(self, told: str, advice: str) -> None:
        super().__init__(told)
        self.advice = advice


def _located(there: str | None, wanted: str) -> str:
    if (there or wanted).casefold() != wanted.casefold():
        raise _Unfit(f"it is in {there}", "set location to where it is")
    return "there"


def _fit(dataset: str, legacy: list[str]) -> str:
    if legacy:
        renamed = " ".join(f"ALTER TABLE {dataset}.{name} RENAME TO {name}_legacy;" for name in legacy)
        raise _Unfit(
            f"the replaced system made {', '.join(legacy)}, with other columns",
            f'before the first run rename them (docs/runbook.md, "Migrate from the legacy system"): {renamed}',
        )
    return "none of another system's in the way"


def _look(subject: str, action: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(subject, action())
    except _Unfit as unfit:
        return Finding(subject, str(unfit), unfit.advice)
    except exceptions.GoogleAPICallError as refused:
        return Finding(subject, f"{type(refused).__name__} ({refused.code})", advice)
    except (GoogleAuthError, OSError) as unreachable:
        return Finding(subject, type(unreachable).__name__, "check network, endpoint and credentials")


@click.command(help="Tells whether a run would find what it needs. Writes nothing.")
@click.option("--config", required=True, help="Settings file of target-bigquery, or ENV")
def command(config: str) -> None:
    """Exit code 1 where something is missing."""
    try:
        found = list(findings(TargetBigQuery.configured(config).config))
    except PluginError as error:
        click.echo(f"{'MISSING':<8}target-bigquery: {error}")  # with the findings: Meltano may hide stderr
        sys.exit(1)
    for finding in found:
        click.echo(f"{'MISSING' if finding.advice else 'ok':<8}{finding.subject}: {finding.told}")
        if finding.advice:
            click.echo(f"{'':<8}→ {finding.advice}")
    if any(finding.advice for finding in found):
        sys.exit(1)


def main() -> None:
    """The command."""
    command()
