"""`target-zendesk-pubsub-check`: whether a run would find what it needs, read-only; and what to do where it would not."""

from __future__ import annotations

import dataclasses
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from cityblock_singer.errors import PluginError
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from target_zendesk_pubsub.connections import connect
from target_zendesk_pubsub.counted import counted
from target_zendesk_pubsub.rejected_records import OPEN
from target_zendesk_pubsub.settings import bigquery_client, publisher_client, topic_name
from target_zendesk_pubsub.target import TargetZendeskPubSub
from target_zendesk_pubsub.warehouse import ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from google.cloud import bigquery
    from google.pubsub_v1 import PublisherClient

    from target_zendesk_pubsub.warehouse import Table

SECONDS = 30
THERE = "there"


@dataclasses.dataclass(frozen=True)
class Finding:
    """`advice`: empty where all is right."""

    subject: str
    told: str
    advice: str = ""


def findings(config: Mapping[str, Any]) -> Iterator[Finding]:
    """One for each thing that a run needs. Raises SettingsError."""
    client = bigquery_client(config)
    for dataset in (config["dataset"], config["messages_dataset"]):
        yield _look(
            f"dataset {client.project}.{dataset}",
            partial(_located, client, dataset),
            "create it, and let the worker create and append to tables in it (roles/bigquery.dataEditor)",
        )
    connections = connect(config, TargetZendeskPubSub.logger)
    for table in (*connections.log.tables, connections.join_errors.table):
        yield _look(
            f"table {table}",
            partial(_fitting, client, table),
            f'before the first run rename it (docs/runbook.md, "Migrate from the legacy system"): '
            f"ALTER TABLE {table} RENAME TO {table.name}_legacy;",
        )
    rejected = connections.rejected.table
    yield _look(
        f"table {rejected}",
        partial(_open, client, rejected),
        f"another system made it: rename it, ALTER TABLE {rejected} RENAME TO {rejected.name}_legacy;",
    )
    for view in ("zendesk_user_directory", "user_latest"):
        yield _look(
            f"view {config['dataset']}.{view}",
            partial(_peopled, client, f"{config['dataset']}.{view}"),
            "run tap-to-bigquery, which exports users and builds it; check the internal tables that it joins",
        )
    topic, publisher = topic_name(config), publisher_client(config)
    yield _look(
        f"topic {topic}",
        partial(_attached, publisher, topic),
        "create it with a subscription, before the first run: what is published without one is lost "
        "(the worker needs roles/pubsub.publisher there, and roles/pubsub.viewer for this check)",
    )


class _Missing(Exception):  # noqa: N818 - caught where the finding is made
    """It is there, and not as it must be."""


def _located(client: bigquery.Client, dataset: str) -> str:
    return str(client.get_dataset(dataset, retry=ONCE, timeout=SECONDS).location)


def _fitting(client: bigquery.Client, table: Table) -> str:
    try:
        found = client.get_table(f"{client.project}.{table}", retry=ONCE, timeout=SECONDS)
    except exceptions.NotFound:
        return "not there yet, the first run makes it"
    lacking = {field.name for field in table.fields} - {field.name for field in found.schema}
    if lacking:
        raise _Missing(f"another system made it, it lacks {', '.join(sorted(lacking))}")
    return THERE


def _open(client: bigquery.Client, table: Table) -> str:
    """Open ones are no reason to stop a run."""
    told = _fitting(client, table)
    if told != THERE:
        return "not there yet, made with the first ticket that is set aside"
    sql = f"SELECT COUNT(DISTINCT COALESCE(record_key, payload)) AS count FROM {table} WHERE {OPEN}"
    rows = client.query_and_wait(sql, retry=ONCE, job_retry=ONCE)
    return f"{told}, {counted(next(iter(rows)).count, 'rejected ticket')} open"


def _peopled(client: bigquery.Client, view: str) -> str:
    rows = client.query_and_wait(f"SELECT COUNT(*) AS count FROM {view}", retry=ONCE, job_retry=ONCE)
    count = next(iter(rows)).count
    if not count:
        raise _Missing("empty")
    return f"{count} people"


def _attached(publisher: PublisherClient, topic: str) -> str:
    subscriptions = list(publisher.list_topic_subscriptions(topic=topic, retry=None, timeout=SECONDS))
    if not subscriptions:
        raise _Missing("no subscription")
    return ", ".join(name.rpartition("/")[2] for name in subscriptions)


def _look(subject: str, action: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(subject, action())
    except _Missing as missing:
        return Finding(subject, str(missing), advice)
    except exceptions.GoogleAPICallError as refused:
        return Finding(subject, f"{type(refused).__name__} ({refused.code})", advice)
    except (GoogleAuthError, OSError) as unreachable:
        return Finding(subject, type(unreachable).__name__, "check network, endpoint and credentials")


@click.command(help="Tells whether a run would find what it needs. Writes nothing.")
@click.option("--config", required=True, help="Settings file of target-zendesk-pubsub, or ENV")
def command(config: str) -> None:
    """Exit code 1 where something is missing."""
    try:
        found = list(findings(TargetZendeskPubSub.configured(config).config))
    except PluginError as error:
        click.echo(
            f"{'MISSING':<8}target-zendesk-pubsub: {error}"
        )  # with the findings: Meltano may hide stderr
        sys.exit(1)
    for finding in found:
        click.echo(f"{'MISSING' if finding.advice else 'ok':<8}{finding.subject}: {finding.told}")
        if finding.advice:
            click.echo(f"{'':<8}→ {finding.advice}")
    if any(finding.advice for finding in found):
        sys.exit(1)


def main() -> None:
    """The command."""
    command()
