"""`target-bigquery-retention`: applies the retention settings to the tables, even if that drops rows at once."""

from __future__ import annotations

import click
from cityblock_singer.google.retention import carry_out
from cityblock_singer.plugin import run

from target_bigquery.retention import kept
from target_bigquery.target import TargetBigQuery


@click.command(help="Applies the retention settings to the tables. Older partitions are dropped at once.")
@click.option("--config", required=True, help="Settings file of target-bigquery, or ENV")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only show what would change and be dropped")
def command(config: str, is_dry: bool) -> None:  # noqa: FBT001 - click's
    """Raises PluginError."""
    target = TargetBigQuery.configured(config)
    loader = target.loader
    try:
        found = kept(target.config, loader)
        carry_out(loader, found, click.echo, is_dry=is_dry)
    finally:
        loader.close()


def main() -> None:
    """The command."""
    run(command, TargetBigQuery.logger)
