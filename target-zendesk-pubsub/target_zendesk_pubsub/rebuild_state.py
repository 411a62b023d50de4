"""`target-zendesk-pubsub-rebuild-state`: rebuilds the tables of last messages and waiting tickets from the log."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from cityblock_singer.plugin import run

from target_zendesk_pubsub.target import TargetZendeskPubSub


@click.command(help="Rebuilds the tables of last messages and waiting tickets from the log.")
@click.option("--config", required=True, help="Settings file of target-zendesk-pubsub, or ENV")
def command(config: str) -> None:
    """Publishes nothing. May be interrupted and repeated. Raises PluginError."""
    target = TargetZendeskPubSub.configured(config)
    connections = target.connections
    with target.termination.postponed():
        connections.checkpoint.open()
        connections.join_errors.catch_up(None)
        connections.last_messages.rebuild(datetime.now(UTC))
    for table in (connections.last_messages.table, connections.join_errors.waiting):
        click.echo(f"{table} is rebuilt")


def main() -> None:
    """The command."""
    run(command, TargetZendeskPubSub.logger)
