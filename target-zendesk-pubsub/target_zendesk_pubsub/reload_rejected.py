"""`target-zendesk-pubsub-reload-rejected`: tickets that were set aside are tried again, for a release that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from cityblock_singer.plugin import run

from target_zendesk_pubsub.batches import batches
from target_zendesk_pubsub.counted import counted
from target_zendesk_pubsub.odd_tickets import Rejected, read_ticket
from target_zendesk_pubsub.target import TargetZendeskPubSub

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from target_zendesk_pubsub.lookup import Lookup
    from target_zendesk_pubsub.rejected_records import OpenRecord
    from target_zendesk_pubsub.tickets import Remnant, Ticket


@click.command(help="Publishes tickets that were set aside and can be read now.")
@click.option("--config", required=True, help="Settings file of target-zendesk-pubsub, or ENV")
@click.option("--dry-run", is_flag=True, help="Only show what would be published")
def command(config: str, *, dry_run: bool) -> None:
    """Raises PluginError."""
    target = TargetZendeskPubSub.configured(config)
    connections, publication = target.connections, target.publication
    total = readable = replaced = 0
    for batch in batches(connections.rejected.read(), target.limits):
        tickets = _readable(batch)
        older = _replaced(tickets.values(), connections.lookup)
        total, readable, replaced = total + len(batch), readable + len(tickets), replaced + len(older)
        if tickets and not dry_run:
            target.prepare()
            with target.termination.postponed():
                publication.publish_tickets([one for one in tickets.values() if one.id not in older])
                connections.rejected.resolve(list(tickets), until=batch[-1].rejected_at)
    if not total:
        click.echo("no rejected tickets are open")
        return
    told = f"{counted(total, 'rejected ticket')}: {readable} can be read now, {replaced} of them replaced by a newer version"
    if not dry_run:
        counts = target.counts
        told += (
            f"; {counted(counts.published, 'message')} published, {counts.unchanged} unchanged, "
            f"{counts.unjoined + counts.unjoined_as_before} unjoined, {counts.refused} refused"
        )
    click.echo(told)


def _readable(batch: Sequence[OpenRecord]) -> dict[str, Ticket | Remnant]:
    """By key; of the others the reason is said."""
    tickets: dict[str, Ticket | Remnant] = {}
    for one in batch:
        ticket, _ = read_ticket(one.payload.encode())
        if isinstance(ticket, Rejected):
            click.echo(f"{ticket.name}: {ticket.reason}")
        else:
            tickets[one.record_key] = ticket
    return tickets


def _replaced(tickets: Collection[Ticket | Remnant], lookup: Lookup) -> set[int]:
    """Those of which a newer version was published, or has to wait, by Zendesk's clock. Raises WarehouseError."""
    latest = lookup.clocks([one.id for one in tickets]) if tickets else {}
    return {one.id for one in tickets if one.is_clocked and latest.get(one.id, 0) > one.generated_timestamp}


def main() -> None:
    """The command."""
    run(command, TargetZendeskPubSub.logger)
