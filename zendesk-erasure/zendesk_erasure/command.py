"""`zendesk-erasure`: the commands `erase` and `sweep`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from cityblock_singer.errors import SettingsError
from cityblock_singer.plugin import run

from zendesk_erasure import last_sweep, report, staged
from zendesk_erasure.erasure import (
    ABANDONED,
    Erasure,
    Request,
    begin,
    begin_sweep,
    rows_of,
    unfinished,
)
from zendesk_erasure.ids import read_ids, request_id
from zendesk_erasure.plugin import ZendeskErasure
from zendesk_erasure.removals import REMOVALS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zendesk_erasure.content import Kind
    from zendesk_erasure.erasure import Found

ID = click.IntRange(min=1, max=2**63 - 1)
CONFIG = click.option("--config", required=True, help="Settings file of zendesk-erasure, or ENV")
DRY_RUN = click.option("--dry-run", "is_dry", is_flag=True, help="Only count what would be erased")
REQUEST = click.option(
    "--request",
    callback=lambda _context, _option, given: request_id(given),
    help="Kept in ERASURE: the id of a request, such as case-1207",
)


@click.group(help="Erases the content of Zendesk tickets and users from the warehouse.")
def command() -> None:
    """The group."""


@command.command(help="Erases the content of these tickets or users; keys, times and message keys stay.")
@CONFIG
@click.option("--ticket", "tickets", type=ID, multiple=True, help="ID of a ticket; repeatable")
@click.option("--user", "users", type=ID, multiple=True, help="Zendesk's ID of a user; repeatable")
@click.option("--file", type=click.Path(path_type=Path), help="File with one ID per line")
@click.option("--kind", type=click.Choice(["ticket", "user"]), help="Kind of the IDs in --file")
@click.option("--resume", "is_resumed", is_flag=True, help="Only finish erasures whose command was killed")
@REQUEST
@DRY_RUN
def erase(  # noqa: PLR0913, PLR0917 - click's
    config: str,
    tickets: tuple[int, ...],
    users: tuple[int, ...],
    file: Path | None,
    kind: Kind | None,
    request: str | None,
    *,
    is_resumed: bool,
    is_dry: bool,
) -> None:
    """Raises PluginError."""
    given = sum(map(bool, (tickets, users, file, is_resumed)))
    if given != 1:
        raise SettingsError("Give one of --ticket, --user, --file or --resume")
    if (file is None) != (kind is None):
        raise SettingsError("--kind is required with --file, and allowed only with it")
    if is_resumed and request:
        raise SettingsError("--resume keeps each erasure's own --request: leave --request out")
    plugin = ZendeskErasure.configured(config)
    if is_resumed:
        resume(plugin, is_dry=is_dry, is_any=True)
        report.statements(plugin.warehouse)
        return
    ids = read_ids(file) if file else (*tickets, *users)
    chosen: Kind = kind or ("ticket" if tickets else "user")
    begun = Request(chosen, "erase", datetime.now(UTC), request)
    resume(plugin, is_dry=is_dry, is_any=False)
    erase_ids(plugin, begun, ids, is_dry=is_dry)
    report.statements(plugin.warehouse)


@command.command(
    help="Reports content that Zendesk has deleted, scrubbed or redacted and that is still in the warehouse."
)
@CONFIG
@click.option("--erase", "is_erased", is_flag=True, help="Erase what is found")
@click.option(
    "--all", "is_whole", is_flag=True, help="Compare all exports, not only those since the last sweep --erase"
)
@REQUEST
@DRY_RUN
def sweep(config: str, request: str | None, *, is_erased: bool, is_whole: bool, is_dry: bool) -> None:
    """Raises PluginError."""
    plugin, is_dry = ZendeskErasure.configured(config), is_dry or not is_erased
    resume(plugin, is_dry=is_dry, is_any=False)
    began, found = datetime.now(UTC), 0
    first = None if is_whole else last_sweep.begin_of_next(plugin.warehouse, plugin.config["dataset"])
    report.swept_from(first)
    for removal in REMOVALS.values():
        begun = Request(removal.kind, "sweep", datetime.now(UTC), request, removal.name)
        found += _sweep(plugin, begun, first, is_dry=is_dry)
    if not is_dry:
        last_sweep.record(plugin.warehouse, plugin.config["dataset"], began)
    report.statements(plugin.warehouse)
    report.swept(found, is_dry=is_dry)


def _sweep(plugin: ZendeskErasure, request: Request, first: datetime | None, *, is_dry: bool) -> int:
    """The number of rows. Raises PluginError."""
    erasure = begin_sweep(plugin.warehouse, datasets_of(plugin), request, first, is_dry=is_dry)
    if erasure is None:
        return 0
    found = erasure.find() if erasure.size() else []
    rows = rows_of(found)
    report.removal(REMOVALS[request.removal or ""].title, rows, is_dry=is_dry)
    if rows and not is_dry:
        complete(plugin, erasure, found)
    else:
        erasure.drop()
    return sum(rows.values())


def datasets_of(plugin: ZendeskErasure) -> tuple[str, str]:
    return plugin.config["dataset"], plugin.config["messages_dataset"]


def erase_ids(plugin: ZendeskErasure, request: Request, ids: Iterable[int], *, is_dry: bool) -> None:
    """Raises PluginError."""
    erasure = begin(plugin.warehouse, datasets_of(plugin), request, ids, is_dry=is_dry)
    if is_dry:
        try:
            found = rows_of(erasure.find())
            report.counts(request.kind, erasure.size(), found, is_dry=True)
            report.files(_staged(plugin, request.kind, is_dry=True), is_dry=True)
        finally:
            erasure.drop()
    else:
        complete(plugin, erasure)


def complete(plugin: ZendeskErasure, erasure: Erasure, found: list[Found] | None = None) -> None:
    """Continues an erasure from where it stopped. `found`: what it would look up first. Raises PluginError."""
    kind, mode = erasure.request.kind, erasure.request.mode
    erased = erasure.carry_out(found, is_announced=mode == "erase" or plugin.config["announce_swept"])
    files, ids = _staged(plugin, kind, is_dry=False), erasure.size()
    report.counts(kind, ids, erased, is_dry=False)
    erasure.finish(erased, ids)
    report.files(files, is_dry=False)
    report.kept_elsewhere(kind, datetime.now(UTC))


def resume(plugin: ZendeskErasure, *, is_dry: bool, is_any: bool) -> None:
    """Finishes erasures that are no longer under way; `is_any`: all. Raises PluginError."""
    for erasure in unfinished(plugin.warehouse, datasets_of(plugin)):
        is_abandoned = is_any or datetime.now(UTC) - erasure.request.started_at > ABANDONED
        report.unfinished(
            erasure.erasure_id, erasure.request.started_at, is_finished=is_abandoned and not is_dry
        )
        if is_abandoned and not is_dry:
            if erasure.size():
                complete(plugin, erasure)
            else:  # killed before its ids were there
                erasure.drop()


def _staged(plugin: ZendeskErasure, kind: Kind, *, is_dry: bool) -> staged.Staged | None:
    bucket = plugin.bucket
    if bucket is None:
        return None
    found = staged.find(bucket, kind, plugin.warehouse, plugin.config["staged_seconds"])
    if not is_dry:
        staged.remove(found.old, plugin.warehouse)
    return found


def main() -> None:
    """The commands."""
    run(command, ZendeskErasure.logger)
