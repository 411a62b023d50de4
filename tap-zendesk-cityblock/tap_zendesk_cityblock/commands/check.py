"""`tap-zendesk-cityblock-check`: whether the account may read the models that are to be exported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from cityblock_singer.errors import PluginError

from tap_zendesk_cityblock.access import PROBE_DEADLINE_SECONDS, advice, unavailable_cause
from tap_zendesk_cityblock.errors import PartlyUnavailableError
from tap_zendesk_cityblock.tap import TapZendeskCityblock

if TYPE_CHECKING:
    from tap_zendesk_cityblock.http.client import ZendeskClient
    from tap_zendesk_cityblock.settings import Settings


def check(settings: Settings, client: ZendeskClient) -> bool:
    """Prints a line for each model. True if a run would succeed."""
    causes, ignored = [], {}
    for model in (*settings.bulk_models, *settings.incremental_models):
        causes.append((model, unavailable_cause(model, settings, client)))
        ignored[model.name] = client.take_ignored()
    missing = [
        (model.name, advice(cause))
        for model, cause in causes
        if cause is not None and model.name not in settings.optional_models
    ]
    for model, cause in causes:
        state = "ok" if cause is None else "MISSING" if model.name in dict(missing) else "absent"
        click.echo(f"{state:<8}{model.name}: {cause or 'readable'}")
        if parameters := ignored[model.name]:
            click.echo(f"{'WARNING':<8}{model.name}: Zendesk ignores the parameters {', '.join(parameters)}")
    for what in dict.fromkeys(what for _, what in missing):
        names = ", ".join(name for name, its in missing if its == what)
        click.echo(f"{'':<8}→ {names}: {what}")
    if len(causes) > 1 and all(cause is not None and cause.startswith("HTTP 404") for _, cause in causes):
        click.echo(
            f"{'':<8}→ every model returns HTTP 404: check subdomain, {settings.base_url} may not be an account"
        )
    return not missing


@click.command(help="Checks whether a run may read each model. Reads one row of each, and writes nothing.")
@click.option("--config", required=True, help="Settings file of the tap, or ENV")
def command(config: str) -> None:
    """Exits as a run would: with 3 if a model is unavailable, with the exit code of an error if the check fails."""
    try:
        tap = TapZendeskCityblock.configured(config)
        is_readable = check(tap.settings, tap.connect(PROBE_DEADLINE_SECONDS))
    except PluginError as error:
        click.echo(
            f"{'MISSING':<8}tap-zendesk-cityblock: {error}"
        )  # to stdout, with the findings: Meltano may hide stderr
        sys.exit(error.exit_code)
    if not is_readable:
        sys.exit(PartlyUnavailableError.exit_code)


def main() -> None:
    """The command."""
    command()
