"""The output of the commands: numbers of rows by table, and what is kept elsewhere, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from zendesk_erasure.content import Kind
    from zendesk_erasure.staged import Staged
    from zendesk_erasure.warehouse import Warehouse

TIME_TRAVEL, FAIL_SAFE = timedelta(days=7), timedelta(days=7)
"""Of BigQuery: https://docs.cloud.google.com/bigquery/docs/time-travel, read on 27 November 2026; the dataset's time travel
is set in deploy/terraform/warehouse.tf."""
ACKNOWLEDGED, DEAD = timedelta(days=7), timedelta(days=31)
"""Of the subscriptions in deploy/terraform/messages.tf."""


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def counts(kind: Kind, ids: int, tables: Mapping[str, int], *, is_dry: bool) -> None:
    """A line for each table with rows."""
    verb = "would be erased" if is_dry else "erased"
    if not tables:
        click.echo(
            f"{counted(ids, kind)}: no rows with content, nothing {'to erase' if is_dry else 'erased'}"
        )
        return
    click.echo(f"{counted(ids, kind)}: {counted(sum(tables.values()), 'row')} {verb}")
    lines(tables)


def statements(warehouse: Warehouse) -> None:
    """Of this process, however many ids there are."""
    changed = counted(warehouse.statements, "statement")
    click.echo(f"{changed} changed rows, {warehouse.queries:,} only read")


def removal(title: str, tables: Mapping[str, int], *, is_dry: bool) -> None:
    """One kind of a sweep."""
    rows = counted(sum(tables.values()), "row")
    click.echo(f"{title}: {rows} with content" if tables else f"{title}: no rows with content")
    if is_dry:
        lines(tables)


def swept_from(first: datetime | None) -> None:
    """The first line of a sweep."""
    since = "all exports" if first is None else f"exports since {first:%Y-%m-%d}"
    click.echo(f"Looking for content that Zendesk removed, according to {since}")


def swept(rows: int, *, is_dry: bool) -> None:
    """The last line of a sweep."""
    if not rows:
        click.echo("Nothing that Zendesk removed is left here")
    elif is_dry:
        click.echo(f"{counted(rows, 'row')} found: sweep --erase erases them")
    else:
        click.echo(f"{counted(rows, 'row')} found and erased")


def lines(tables: Mapping[str, int]) -> None:
    """One for each table."""
    width = max(map(len, tables), default=0)
    for name, rows in sorted(tables.items()):
        click.echo(f"  {name:<{width}}  {rows:>10,}")


def files(staged: Staged | None, *, is_dry: bool) -> None:
    """Of the bucket, if there is one."""
    if staged is None:
        return
    verb = "would be removed" if is_dry else "removed"
    click.echo(f"{counted(len(staged.old), 'staging file')} {verb}")
    if staged.young:
        click.echo(
            f"{counted(staged.young, 'staging file')} younger than staged_seconds left: a load job may still read them; "
            "the bucket's lifecycle rule deletes them within two days"
        )


def unfinished(erasure_id: str, started_at: datetime, *, is_finished: bool) -> None:
    """An erasure that a killed command, or one that still runs, began."""
    what = (
        "finishing it"
        if is_finished
        else "erase --resume finishes it if it was killed; its ids are kept until then"
    )
    click.echo(f"Erasure {erasure_id} of {started_at:%Y-%m-%d %H:%M} UTC is not finished: {what}")


def kept_elsewhere(kind: Kind, now: datetime) -> None:
    """Prints what the command cannot erase."""
    click.echo("Not erased by this command, and kept:")
    until = now + TIME_TRAVEL
    click.echo(
        f"  BigQuery's time travel until {until:%Y-%m-%d}, its fail-safe until {until + FAIL_SAFE:%Y-%m-%d}"
    )
    click.echo(f"  BigQuery's cached results of queries until {now + timedelta(days=1):%Y-%m-%d}")
    if kind == "ticket":
        click.echo(
            f"  Pub/Sub: acknowledged messages until {now + ACKNOWLEDGED:%Y-%m-%d}, dead letters until {now + DEAD:%Y-%m-%d}"
        )
    click.echo("  content that a running job has already read: run sweep --erase after the job has ended")
    click.echo("  content that Zendesk still has: remove it there, or the next export loads it again")
