"""`target-bigquery-state-from-export-metadata`: the cursors of an EXPORT_METADATA as Meltano state.

Restores a lost state from our own table, or migrates from that of the legacy system.
"""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from cityblock_singer.errors import SettingsError
from cityblock_singer.google.bigquery import REQUEST_SECONDS
from cityblock_singer.google.clients import bigquery_client
from cityblock_singer.google.errors import ONCE
from cityblock_singer.plugin import run
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from target_bigquery.errors import StateError
from target_bigquery.legacy_tables import MODELS as LEGACY_MODELS
from target_bigquery.target import TargetBigQuery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.cloud import bigquery

BY_CURSOR = frozenset({"ticket", "user"})
BY_TIME = frozenset({"organization", "nps_recipient", "nps_response"})
"""The incremental models of the legacy system: their last row must have a position."""

TABLE = re.compile(r"(?:[a-z0-9:.-]+\.)?\w+\.[\w-]+")


@dataclasses.dataclass(frozen=True)
class End:
    """End of the last export of a model. `cursor` and `time` as in the row; empty strings are None."""

    table: str
    cursor: str | None
    time: datetime | int | str | None


def read_ends(client: bigquery.Client, table: str) -> Iterator[End]:
    """The last row of each model, several if they were inserted at the same time. Raises StateError."""
    sql = f"""
        SELECT DISTINCT table_name, end_cursor, end_time
        FROM `{table}`
        WHERE TRUE
        QUALIFY RANK() OVER (PARTITION BY table_name ORDER BY bq_inserted_at DESC) = 1
        ORDER BY table_name
    """  # noqa: S608 - a validated table name
    try:
        rows = client.query_and_wait(sql, retry=ONCE, job_retry=ONCE, api_timeout=REQUEST_SECONDS)
    except exceptions.GoogleAPICallError as refused:
        raise StateError(
            f"{table}: BigQuery answered {type(refused).__name__} ({refused.code}); "
            "it must be a table with the columns table_name, bq_inserted_at, end_time and end_cursor"
        ) from None
    except (GoogleAuthError, OSError) as unreachable:
        raise StateError(f"{table}: {type(unreachable).__name__}; check network and credentials") from None
    for row in rows:
        yield End(row.table_name, row.end_cursor or None, None if row.end_time == "" else row.end_time)


def bookmarks(ends: Iterator[End], subdomain: str) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Bookmarks of the incremental models, and the names of the models that are read in full.

    Raises StateError for an incremental model without a single position.
    """
    made: dict[str, dict[str, Any]] = {}
    whole: list[str] = []
    for end in ends:
        if not _is_incremental(end):
            whole.append(end.table)
        elif end.table in made:
            raise StateError(
                f"{end.table}: several last rows with different ends; delete all but the right one"
            )
        else:
            made[end.table] = {**_position(end), "subdomain": subdomain}
    return made, whole


def _is_incremental(end: End) -> bool:
    """Models that the legacy system did not have are incremental if their row has a position."""
    if end.table in LEGACY_MODELS:
        return end.table in BY_CURSOR | BY_TIME
    return end.cursor is not None or end.time is not None


def _position(end: End) -> dict[str, str | int]:
    """Raises StateError."""
    if (end.cursor is None) == (end.time is None):
        found = "neither end_time nor end_cursor" if end.time is None else "both end_time and end_cursor"
        raise StateError(
            f"{end.table}: its last row has {found}, expected one of them; fix the row in a copy of the table, "
            "or delete it there to use the export before"
        )
    if end.cursor is None:
        return {"start_time": _seconds(end)}
    if end.table in BY_TIME:
        raise StateError(
            f"{end.table}: its last row has an end_cursor, but the model is exported by time; "
            "set end_time in a copy of the table instead"
        )
    return {"cursor": end.cursor}


def _seconds(end: End) -> int:
    """Unix seconds, rounded down: rows read twice are harmless, skipped ones would be lost. Raises StateError."""
    time = end.time
    if isinstance(time, str):
        try:
            time = int(time) if time.isdecimal() else datetime.fromisoformat(time)
        except ValueError:
            time = None
    if isinstance(time, datetime):
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    if isinstance(time, int) and time >= 0:
        return time
    raise StateError(
        f"{end.table}: invalid end_time; write it as TIMESTAMP or as Unix seconds in a copy of the table"
    )


def state(config: Mapping[str, Any], table: str, subdomain: str, models: tuple[str, ...]) -> dict[str, Any]:
    """The state of these models, or of all, for `meltano state set`. Raises SettingsError, StateError."""
    if not TABLE.fullmatch(table):
        raise SettingsError(f"--table: {table} is not of the form DATASET.TABLE or PROJECT.DATASET.TABLE")
    made, whole = bookmarks(read_ends(bigquery_client(config), table), subdomain)
    if missing := sorted(set(models) - set(made)):
        raise StateError(f"{table} has no export of {', '.join(missing)} to continue")
    if not made:
        raise StateError(f"{table} has no export to continue; check that it is the right table")
    for name in whole:
        click.echo(f"{name}: read in full, needs no cursor", err=True)
    chosen = {name: bookmark for name, bookmark in made.items() if not models or name in models}
    for name, bookmark in chosen.items():
        click.echo(f"{name}: continues at its {'cursor' if 'cursor' in bookmark else 'start_time'}", err=True)
    return {"singer_state": {"bookmarks": chosen}}


@click.command(
    help="Print the cursors of an EXPORT_METADATA as a state for `meltano state set --input-file`."
)
@click.option("--config", required=True, help="Settings file of target-bigquery, or ENV")
@click.option(
    "--table", required=True, help="The EXPORT_METADATA to read: DATASET.TABLE or PROJECT.DATASET.TABLE"
)
@click.option("--subdomain", required=True, help="Its Zendesk account")
@click.option("--model", "models", multiple=True, help="Only this model; repeatable")
def command(config: str, table: str, subdomain: str, models: tuple[str, ...]) -> None:
    """Raises PluginError."""
    target = TargetBigQuery.configured(config)
    click.echo(json.dumps(state(target.config, table, subdomain, models), indent=2))


def main() -> None:
    """The command."""
    run(command, TargetBigQuery.logger)
