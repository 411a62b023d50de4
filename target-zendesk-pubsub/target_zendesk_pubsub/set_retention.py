"""`target-zendesk-pubsub-retention`: applies the retention settings to the tables, even if that drops rows at
once.
"""

from __future__ import annotations

import click
from cityblock_singer.google.retention import carry_out
from cityblock_singer.plugin import run

from target_zendesk_pubsub.connections import connect
from target_zendesk_pubsub.retention import check_days, kept
from target_zendesk_pubsub.target import TargetZendeskPubSub


@click.command(help="Applies the retention settings to the tables. Older partitions are dropped at once.")
@click.option("--config", required=True, help="Settings file of target-zendesk-pubsub, or ENV")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only show what would change and be dropped")
def command(config: str, is_dry: bool) -> None:  # noqa: FBT001 - click's
    """Raises PluginError."""
    target = TargetZendeskPubSub.configured(config)
    check_days(target.config)
    connections = connect(target.config, target.logger)
    carry_out(connections.warehouse, kept(target.config, connections), click.echo, is_dry=is_dry)


def main() -> None:
    """The command."""
    run(command, TargetZendeskPubSub.logger)
