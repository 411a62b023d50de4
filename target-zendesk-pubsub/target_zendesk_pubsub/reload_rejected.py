"""`target-zendesk-pubsub-reload-rejected`: publishes rejected tickets that this release can parse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from cityblock_singer.plugin import run

from target_zendesk_pubsub.batches import batches
from target_zendesk_pubsub.counted import counted
from target_zendesk_pubsub.target import TargetZendeskPubSub
from target_zendesk_pubsub.ticket_parsing import Rejected, read_ticket

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from target_zendesk_pubsub.lookup import Lookup
    from target_zendesk_pubsub.rejected_records import OpenRecord
    from target_zendesk_pubsub.tickets import DeletionStub, Ticket


@click.command(help="Publish rejected tickets that can be parsed now.")
@click.option("--config", required=True, help="Settings file of target-zendesk-pubsub, or ENV")
@click.option("--dry-run", is_flag=True, help="Show what would be published, publish nothing")
def command(config: str, *, dry_run: bool) -> None:
    """Raises PluginError."""
    target = TargetZendeskPubSub.configured(config)
    connections, publication = target.connections, target.publication
    if dry_run:
        connections.last_messages.read_until()
    else:
        target.prepare()
    total = readable = replaced = 0
    for batch in batches(connections.rejected.read(), target.limits):
        tickets = _readable(batch)
        older = _replaced(tickets.values(), connections.lookup)
        total, readable, replaced = total + len(batch), readable + len(tickets), replaced + len(older)
        if tickets and not dry_run:
            with target.termination.postponed():
                publication.publish_tickets([one for one in tickets.values() if one.id not in older])
                connections.rejected.resolve(list(tickets), until=batch[-1].rejected_at)
    if not dry_run:
        publication.finish()
    if not total:
        click.echo("No rejected tickets are open")
        return
    summary = f"{counted(total, 'rejected ticket')}: {readable} can be parsed now, {replaced} of them replaced by a newer version"
    if not dry_run:
        counts = target.counts
        summary += (
            f"; {counted(counts.published, 'message')} published, {counts.unchanged} unchanged, "
            f"{counts.waiting_new + counts.waiting_unchanged} waiting, {counts.refused} refused"
        )
    click.echo(summary)


def _readable(batch: Sequence[OpenRecord]) -> dict[str, Ticket | DeletionStub]:
    """Parsed tickets by key; prints the reason for each of the others."""
    tickets: dict[str, Ticket | DeletionStub] = {}
    for one in batch:
        ticket, _ = read_ticket(one.payload.encode())
        if isinstance(ticket, Rejected):
            click.echo(f"{ticket.name}: {ticket.reason}")
        else:
            tickets[one.record_key] = ticket
    return tickets


def _replaced(tickets: Collection[Ticket | DeletionStub], lookup: Lookup) -> set[int]:
    """Tickets with a newer published or waiting version, by Zendesk's clock. Raises WarehouseError."""
    latest = lookup.clocks([one.id for one in tickets]) if tickets else {}
    return {one.id for one in tickets if one.is_clocked and latest.get(one.id, 0) > one.generated_timestamp}


def main() -> None:
    """The command."""
    run(command, TargetZendeskPubSub.logger)
