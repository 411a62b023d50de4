"""`target-zendesk-pubsub-replay`: publishes logged messages again, unchanged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
from cityblock_singer.errors import SettingsError
from cityblock_singer.plugin import run

from target_zendesk_pubsub.batches import batches
from target_zendesk_pubsub.connections import Connections, connect
from target_zendesk_pubsub.counted import counted
from target_zendesk_pubsub.errors import PublishError
from target_zendesk_pubsub.published_log import Selection
from target_zendesk_pubsub.retention import check_logged
from target_zendesk_pubsub.target import TargetZendeskPubSub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_zendesk_pubsub.published_log import Logged, PublishedLog

DAY = click.DateTime(["%Y-%m-%d"])
BEGINNING = datetime(2019, 1, 1)  # noqa: DTZ001 - made UTC with the others
"""Before the first message."""
CLOCKS_DIFFER = timedelta(hours=1)
"""At most, of two machines."""


@click.command(help="Publish logged messages again, in order and with their keys.")
@click.option("--config", required=True, help="Settings file of target-zendesk-pubsub, or ENV")
@click.option("--from", "first", type=DAY, help="First day of publication, UTC")
@click.option("--to", "last", type=DAY, help="Last day of publication, inclusive; required with --from")
@click.option("--ticket", "tickets", type=int, multiple=True, help="Only messages of this ticket; repeatable")
@click.option("--dry-run", is_flag=True, help="Show what would be published, publish nothing")
def command(
    config: str, first: datetime | None, last: datetime | None, tickets: tuple[int, ...], *, dry_run: bool
) -> None:
    """Raises PluginError."""
    if first is None and not tickets:
        raise SettingsError("replay: --from or --ticket is required")
    if first is not None and last is None:
        raise SettingsError(
            "replay: --from requires --to, the last day; otherwise everything up to now would be published again"
        )
    if first is not None and last is not None and last < first:
        raise SettingsError("replay: --to is before --from")
    target = TargetZendeskPubSub.configured(config)
    connections = connect(target.config, target.logger)
    selection = Selection(
        since=(first or BEGINNING).replace(tzinfo=UTC),
        until=last.replace(tzinfo=UTC) + timedelta(days=1) if last else connections.clock.now(),
        tickets=tickets,
    )
    if first is not None:
        check_logged(connections, first.date())
    connections.warehouse.ensure(connections.log.erased)  # missing if no run of this release came before
    selected = connections.log.count(selection)
    if not selected.messages:
        click.echo("No logged message matches: nothing to publish")
        return
    click.echo(
        f"{counted(selected.messages, 'message')} of {counted(selected.tickets, 'ticket')}"
        f"{' would be published again' if dry_run else ''}"
    )
    if not dry_run:
        began = connections.clock.now()
        rows, count = connections.log.read(selection), 0
        for batch in batches(((row, len(row.message.data)) for row in rows), target.limits):
            with target.termination.postponed():
                count += replay(connections, _without_erased(batch, connections.log, began))
        click.echo(f"{count} published again")


def _without_erased(batch: Sequence[Logged], log: PublishedLog, began: datetime) -> list[Logged]:
    """Without messages that were erased after the log was read, because the query returns rows as of its start."""
    erased = log.erasures(began - CLOCKS_DIFFER)
    return [
        one
        for one in batch
        if one.message.ticket_id not in erased or erased[one.message.ticket_id] < one.published_at
    ]


def replay(connections: Connections, batch: Sequence[Logged]) -> int:
    """Publishes and logs a batch; returns the number of messages. Raises PluginError, after logging."""
    outcome = connections.publisher.publish([one.message for one in batch], [one.message_id for one in batch])
    connections.log.record(outcome.published, [])  # a refused replay does not settle a ticket
    if outcome.failure is not None:
        raise outcome.failure
    if outcome.refused:
        raise PublishError(
            f"Pub/Sub refused {counted(len(outcome.refused), 'message')}, the first of ticket {outcome.refused[0].message.ticket_id}"
        )
    return len(outcome.published)


def main() -> None:
    """The command."""
    run(command, TargetZendeskPubSub.logger)
