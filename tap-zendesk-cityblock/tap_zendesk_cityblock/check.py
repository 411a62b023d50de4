"""`tap-zendesk-cityblock-check`: whether the account lets a run read what it is to export, with one row of each model."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING

import click

from tap_zendesk_cityblock.children import keys_of, of_parent
from tap_zendesk_cityblock.client import StartTooRecentError
from tap_zendesk_cityblock.cursors import Position
from tap_zendesk_cityblock.errors import PartlyUnavailableError, StreamUnavailableError
from tap_zendesk_cityblock.models import MODELS
from tap_zendesk_cityblock.pages import WITHHELD_SECONDS
from tap_zendesk_cityblock.pagination import first_query, read_page
from tap_zendesk_cityblock.rows import DictRows
from tap_zendesk_cityblock.tap import configured, run

if TYPE_CHECKING:
    from tap_zendesk_cityblock.client import ZendeskClient
    from tap_zendesk_cityblock.models import Model
    from tap_zendesk_cityblock.settings import Settings

LOGGER = logging.getLogger(__name__)
SECONDS = 90
"""Long enough to wait once for the limit of incremental exports."""
ADVICE = (
    "let the login's user be an admin; is the feature in the account's plan? else name it in optional_models"
)


def look(model: Model, settings: Settings, client: ZendeskClient) -> str | None:
    """What is in the way of reading the model, None if nothing is. Raises TapError where login or host fail."""
    try:
        if model.parent is not None:
            key = next(keys_of(MODELS[model.parent.model], client, settings, LOGGER), None)
            if key is None:
                return None
            model = of_parent(model, key)
        start = int(time.time()) - WITHHELD_SECONDS
        if model.window is not None:
            query = first_query(model, None, 1) | model.window.bounds(start, start + 1)
        else:
            query = first_query(model, Position(time=start) if model.is_incremental else None, 1)
        rows = DictRows(model, (), {}, lambda _: None)
        client.get(
            model.path, query, lambda body, asked: read_page(model, asked, body, client.base_url, rows)
        )
    except StartTooRecentError:
        return None
    except StreamUnavailableError as unavailable:
        return str(unavailable)
    return None


def check(settings: Settings, client: ZendeskClient) -> bool:
    """Prints a line for each model; whether a run would end well."""
    told = [
        (model, look(model, settings, client))
        for model in (*settings.bulk_models, *settings.incremental_models)
    ]
    lacking = [
        model.name
        for model, cause in told
        if cause is not None and model.name not in settings.optional_models
    ]
    for model, cause in told:
        state = "ok" if cause is None else "MISSING" if model.name in lacking else "absent"
        click.echo(f"{state:<8}{model.name}: {cause or 'readable'}")
    if lacking:
        click.echo(f"{'':<8}→ {', '.join(lacking)}: {ADVICE}")
    return not lacking


@click.command(help="Tells whether a run may read each model. Reads one row of each, and writes nothing.")
@click.option("--config", required=True, help="Settings file of the tap, or ENV")
def command(config: str) -> None:
    """Raises TapError. Ends as a run would: with exit code 3 where a model is missing."""
    tap = configured(config)
    if not check(tap.settings, tap.connect(SECONDS)):
        sys.exit(PartlyUnavailableError.exit_code)


def main() -> None:
    """The command."""
    run(command)
