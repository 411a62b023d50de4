"""`operations-page`: reads BigQuery, and writes the page."""

from __future__ import annotations

import logging
from pathlib import Path

import click
from cityblock_singer.errors import SettingsError
from cityblock_singer.google.clients import bigquery_client, credentials
from cityblock_singer.plugin import run
from cityblock_singer.settings import check, from_environment
from google.cloud import storage
from target_bigquery.loader import Loader

from operations_page.charts import charts, svg
from operations_page.collect import Warehouse, collect
from operations_page.judge import judge
from operations_page.render import render
from operations_page.runbook import Runbook
from operations_page.settings import SETTINGS

LOGGER = logging.getLogger("operations-page")
TIMEOUT = 120
"""Seconds for which a request to Google is retried."""
BUCKET = "gs://"


def settings() -> dict[str, object]:
    """From the environment, as Meltano sets it: OPERATIONS_PAGE_PROJECT. Raises SettingsError."""
    schema = SETTINGS.to_dict()
    given = from_environment(schema, "OPERATIONS_PAGE_")
    check(given, schema)
    defaults = {name: one["default"] for name, one in schema["properties"].items() if "default" in one}
    return defaults | given


def page(config: dict[str, object], runbook: Runbook) -> str:
    """Raises SettingsError, WarehouseError."""
    loader = Loader(bigquery_client(config), None, TIMEOUT, LOGGER)
    try:
        datasets = {"zendesk": str(config["dataset"]), "messages": str(config["messages_dataset"])}
        facts = collect(Warehouse(loader, datasets), str(config["environment"]), str(config["project"]))
    finally:
        loader.close()
    pictures = {name: (chart.title, svg(chart)) for name, chart in charts(facts).items()}
    return render(facts, judge(facts), pictures, runbook)


def write(html: str, output: str, config: dict[str, object]) -> None:
    """Into a file, or an object of a bucket. Raises SettingsError, and what Google's client raises."""
    if not output.startswith(BUCKET):
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        Path(output).write_text(html)
        return
    bucket, _, name = output.removeprefix(BUCKET).partition("/")
    if not name:
        raise SettingsError(f"--output: {output} names no object: write {BUCKET}BUCKET/operations.html")
    client = storage.Client(str(config["project"]), credentials=credentials(config))
    blob = client.bucket(bucket).blob(name)
    blob.cache_control = "no-cache"
    blob.upload_from_string(html, content_type="text/html; charset=utf-8")


@click.command(help="Writes one HTML page about the state of the pipeline, for operators.")
@click.option("--output", required=True, help="A file, or gs://BUCKET/NAME.html")
@click.option(
    "--runbook", default="docs/runbook.md", show_default=True, help="The runbook, whose sections it quotes"
)
def command(output: str, runbook: str) -> None:
    """Raises PluginError."""
    config = settings()
    try:
        sections = Runbook(Path(runbook))
    except OSError as unreadable:
        raise SettingsError(f"--runbook: cannot read {runbook} ({unreadable.strerror})") from None
    write(page(config, sections), output, config)
    click.echo(f"Wrote {output}")


def main() -> None:
    """The command."""
    run(command, LOGGER)
