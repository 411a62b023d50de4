"""`tap-zendesk-cityblock-check`: whether the account may read the models that a run exports."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from cityblock_singer.errors import PluginError

from tap_zendesk_cityblock.access import PROBE_DEADLINE_SECONDS, advice, audits_cause, unavailable_cause
from tap_zendesk_cityblock.commands.scopes import findings, required
from tap_zendesk_cityblock.errors import PartlyUnavailableError
from tap_zendesk_cityblock.http.credentials import OAuthClient, credentials
from tap_zendesk_cityblock.readers.redacted_comments import reads_audits
from tap_zendesk_cityblock.tap import TapZendeskCityblock

if TYPE_CHECKING:
    from collections.abc import Collection

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
    if reads_audits(settings):
        _check_audits(client)
    return not missing


def _check_audits(client: ZendeskClient) -> None:
    """Prints a line. A run goes on without them."""
    cause = audits_cause(client)
    if cause is None:
        click.echo(f"{'ok':<8}find_private_comments: readable")
        return
    click.echo(f"{'WARNING':<8}find_private_comments: {cause}")
    click.echo(
        f"{'':<8}→ comments that are made private after their export stay public here: make the login's user an admin, "
        "with the scope read; or set find_private_comments to false"
    )


def check_scopes(settings: Settings, client: ZendeskClient, asked: Collection[str]) -> bool:
    """Prints the scopes that are requested, granted and required. Needs an OAuth client, and a request before it.
    True if none is missing.
    """
    models = (*settings.bulk_models, *settings.incremental_models)
    chosen = [model for model in models if model.name not in settings.optional_models]
    needed = required(chosen, incremental_exports=settings.incremental_exports)
    unverified = [model.name for model in chosen if not model.is_scope_verified]
    lines = findings(needed, asked, client.granted_scopes, unverified, is_audited=reads_audits(settings))
    for state, sentence in lines:
        click.echo(f"{state:<8}{sentence}")
    lacks = any(state == "MISSING" for state, _ in lines)
    if lacks:
        click.echo(
            f"{'':<8}→ add them to scopes, and to the client's allowed scopes (Admin Center, Apps and integrations, APIs,"
            " OAuth clients); or do not export these models"
        )
    return not lacks


@click.command(help="Checks whether a run may read each model. Reads one row of each, and writes nothing.")
@click.option("--config", required=True, help="Settings file of the tap, or ENV")
def command(config: str) -> None:
    """Exits as a run would: with 3 if a model is unavailable, with the exit code of an error if the check fails."""
    try:
        tap = TapZendeskCityblock.configured(config)
        client = tap.connect(PROBE_DEADLINE_SECONDS)
        is_readable = check(tap.settings, client)
        login = credentials(tap.config)
        if isinstance(login, OAuthClient):
            is_readable &= check_scopes(tap.settings, client, login.scopes)
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
