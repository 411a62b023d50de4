"""`target-bigquery-legacy-state`: the cursors that the replaced system left in its EXPORT_METADATA, as Meltano's state."""

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

from target_bigquery.errors import LegacyError
from target_bigquery.target import TargetBigQuery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.cloud import bigquery

BY_CURSOR = frozenset({"ticket", "user"})
BY_TIME = frozenset({"organization", "nps_recipient", "nps_response"})
"""What the replaced system exported incrementally. It gains no more models, so they stand here: plugins share no code."""

TABLE = re.compile(r"(?:[a-z0-9:.-]+\.)?\w+\.[\w-]+")


@dataclasses.dataclass(frozen=True)
class End:
    """Where the last export of a table ended. `cursor` and `time` as the row has them; an empty text is None."""

    table: str
    cursor: str | None
    time: datetime | int | str | None


def read_ends(client: bigquery.Client, table: str) -> Iterator[End]:
    """The last row of each table_name; more than one where several were inserted last. Raises LegacyError."""
    sql = f"""
        SELECT DISTINCT table_name, end_cursor, end_time
        FROM `{table}`
        WHERE TRUE
        QUALIFY RANK() OVER (PARTITION BY table_name ORDER BY bq_inserted_at DESC) = 1
        ORDER BY table_name
    """  # noqa: S608 - a table's name, checked
    try:
        rows = client.query_and_wait(sql, retry=ONCE, job_retry=ONCE, api_timeout=REQUEST_SECONDS)
    except exceptions.GoogleAPICallError as refused:
        raise LegacyError(
            f"{table}: BigQuery answered {type(refused).__name__} ({refused.code}); "
            "it must be a table with the columns table_name, bq_inserted_at, end_time and end_cursor"
        ) from None
    except (GoogleAuthError, OSError) as unreachable:
        raise LegacyError(f"{table}: {type(unreachable).__name__}; check network and credentials") from None
    for row in rows:
        yield End(row.table_name, row.end_cursor or None, None if row.end_time == "" else row.end_time)


def bookmarks(ends: Iterator[End], subdomain: str) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """A bookmark for each incremental model, in the tap's form; and the tables that have none, being exported whole.

    Raises LegacyError where a row tells no single position.
    """
    made: dict[str, dict[str, Any]] = {}
    whole: list[str] = []
    for end in ends:
        if end.table not in BY_CURSOR | BY_TIME:
            whole.append(end.table)
        elif end.table in made:
            raise LegacyError(
                f"{end.table}: several rows were inserted last and end differently; delete all but the right one"
            )
        else:
            made[end.table] = {**_position(end), "subdomain": subdomain}
    return made, whole


def _position(end: End) -> dict[str, str | int]:
    """Raises LegacyError."""
    if (end.cursor is None) == (end.time is None):
        told = "neither end_time nor end_cursor" if end.time is None else "both end_time and end_cursor"
        raise LegacyError(
            f"{end.table}: its last row has {told}; it must have one: mend the row in a copy of the table, "
            "or delete it there, so that the export before counts"
        )
    if end.cursor is None:
        return {"start_time": _seconds(end)}
    if end.table in BY_TIME:
        raise LegacyError(
            f"{end.table}: its last row has an end_cursor, but it is exported by time: "
            "set end_time in a copy of the table instead"
        )
    return {"cursor": end.cursor}


def _seconds(end: End) -> int:
    """Since 1970, rounded down: a second read twice is shown once, one left out would be lost. Raises LegacyError."""
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
    raise LegacyError(
        f"{end.table}: end_time is no time; write it as TIMESTAMP or as seconds since 1970 in a copy of the table"
    )


def state(config: Mapping[str, Any], table: str, subdomain: str, models: tuple[str, ...]) -> dict[str, Any]:
    """For `meltano state set`: of these models, or of all. Raises SettingsError, LegacyError."""
    if not TABLE.fullmatch(table):
        raise SettingsError(f"--table: {table} is not of the form DATASET.TABLE or PROJECT.DATASET.TABLE")
    made, whole = bookmarks(read_ends(bigquery_client(config), table), subdomain)
    if missing := sorted(set(models) - set(made)):
        raise LegacyError(f"{table} has no export of {', '.join(missing)} that could be continued")
    if not made:
        raise LegacyError(f"{table} has no export that could be continued: is it the right table?")
    for name in whole:
        click.echo(f"{name}: exported whole, needs no cursor", err=True)
    chosen = {name: bookmark for name, bookmark in made.items() if not models or name in models}
    for name, bookmark in chosen.items():
        click.echo(f"{name}: goes on at its {'cursor' if 'cursor' in bookmark else 'start_time'}", err=True)
    return {"singer_state": {"bookmarks": chosen}}


@click.command(help="Prints where the replaced system's exports ended, for `meltano state set --input-file`.")
@click.option("--config", required=True, help="Settings file of target-bigquery, or ENV")
@click.option(
    "--table", required=True, help="The legacy EXPORT_METADATA: DATASET.TABLE or PROJECT.DATASET.TABLE"
)
@click.option("--subdomain", required=True, help="The Zendesk account it is of")
@click.option("--model", "models", multiple=True, help="Only of this model; may be repeated")
def command(config: str, table: str, subdomain: str, models: tuple[str, ...]) -> None:
    """Raises PluginError."""
    target = TargetBigQuery.configured(config)
    click.echo(json.dumps(state(target.config, table, subdomain, models), indent=2))


def main() -> None:
    """The command."""
    run(command, TargetBigQuery.logger)
