"""`zendesk-reconciliation`: checks whether everything in Zendesk is in the warehouse, and published."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click
from cityblock_singer.errors import PluginError
from cityblock_singer.plugin import run
from tap_zendesk_cityblock.models import MODELS

from zendesk_reconciliation import report
from zendesk_reconciliation.comparison import REQUESTS, Comparison, explained
from zendesk_reconciliation.errors import DifferentError, NotComparedError
from zendesk_reconciliation.exports import READ_DAYS, last_exports
from zendesk_reconciliation.lists import ListComparison, is_plain_list
from zendesk_reconciliation.messages import Messages
from zendesk_reconciliation.plugin import ZendeskReconciliation
from zendesk_reconciliation.repairs import repairs
from zendesk_reconciliation.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zendesk_reconciliation.exports import LastExport
    from zendesk_reconciliation.result import Result

SEARCHED = ("ticket", "user", "organization")
"""Models that Zendesk counts, searches, and returns by their ids."""
LISTED = tuple(name for name, model in MODELS.items() if is_plain_list(model))
MODEL = click.Choice((*SEARCHED, *LISTED))


@click.command(
    help="Compares counts and a sample of Zendesk's objects with the warehouse and the published messages. Writes nothing. "
    "Exit code: 0 if nothing differs, 1 if something does, 2 if something could not be compared."
)
@click.option("--config", required=True, help="Settings file of zendesk-reconciliation, or ENV")
@click.option("--model", "models", type=MODEL, multiple=True, help="Only this model; repeatable")
@click.option("--seed", type=int, help="Seed of the sample; by default a different one each time")
def command(config: str, models: tuple[str, ...], seed: int | None) -> None:
    """Raises DifferentError, and NotComparedError for any other PluginError."""
    try:
        reconcile(ZendeskReconciliation.configured(config), models, seed)
    except DifferentError:
        raise
    except PluginError as error:
        raise NotComparedError(str(error)) from None


def reconcile(plugin: ZendeskReconciliation, models: tuple[str, ...], seed: int | None) -> None:
    """Raises DifferentError, else NotComparedError if something was not compared, and other PluginErrors."""
    settings = plugin.config
    seed = secrets.randbelow(10**9) if seed is None else seed
    report.begun(seed, settings["max_requests"], settings["max_bytes_billed"])
    results = list(_results(plugin, models, seed))
    findings = [one for result in results for one in result.findings.values()]
    commands = repairs(results, settings.get("environment"), plugin.zendesk.start_date)
    report.ended(plugin.zendesk.requests, plugin.warehouse.queries, commands)
    if findings or any(result.spans for result in results):
        raise DifferentError(
            f"Objects differ from Zendesk, {len(findings):,} of them known: the lines above name them, and the commands that "
            "repair it"
        )
    if any(result.not_compared for result in results):
        raise NotComparedError(
            "Not all could be compared, and the rest does not differ: the lines above say why"
        )
    click.echo("no difference")


def _results(plugin: ZendeskReconciliation, models: tuple[str, ...], seed: int) -> Iterator[Result]:
    """Printed as they come; without `models`, of all that are exported. Raises PluginError."""
    dataset, most = plugin.config["dataset"], plugin.config["max_findings"]
    exports = last_exports(plugin.warehouse, dataset)
    wanted = list(dict.fromkeys(models)) or [*SEARCHED, *(name for name in LISTED if name in exports)]
    for number, model in enumerate(wanted, start=1):
        if model not in exports:
            raise NotComparedError(
                f"{model}: no complete export of the last {READ_DAYS} days, see EXPORT_METADATA; or name others with --model"
            )
        if model in LISTED:
            compared = [ListComparison(plugin.zendesk, plugin.warehouse, dataset, exports[model]).run()]
        else:
            reserved = sum(REQUESTS if name in SEARCHED else 1 for name in wanted[number:])
            compared = list(_searched(plugin, exports[model], seed, reserved))
        for result in compared:
            report.compared(result, most)
        yield from compared


def _searched(
    plugin: ZendeskReconciliation, export: LastExport, seed: int, reserved: int
) -> Iterator[Result]:
    """The model, and of tickets the messages. Raises PluginError."""
    settings, model = plugin.config, export.model.name
    hashed = [name.split(".")[1] for name in settings["hashed_columns"] if name.startswith(f"{model}.")]
    view = View(plugin.warehouse, settings["dataset"], export.model)
    result = Comparison(plugin.zendesk, view, export, hashed).run(seed, settings["sample_size"], reserved)
    explained(result, view)
    yield result
    if model == "ticket":
        datasets = (settings["dataset"], settings["messages_dataset"])
        messages = Messages(plugin.warehouse, datasets, settings.get("environment", ""))
        yield messages.compare(result.objects.values())


def main() -> None:
    """The command."""
    run(command, ZendeskReconciliation.logger)
