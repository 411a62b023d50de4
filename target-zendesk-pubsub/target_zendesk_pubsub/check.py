"""`target-zendesk-pubsub-check`: read-only check of what a run needs, with advice about what is missing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cityblock_singer.checks import CheckFailed, Finding, check_command
from cityblock_singer.errors import PluginError
from cityblock_singer.google.checks import SECONDS, look, query
from cityblock_singer.google.errors import ONCE
from cityblock_singer.google.pipeline_runs import check_runs
from cityblock_singer.google.retention import check_retention
from google.api_core import exceptions

from target_zendesk_pubsub.connections import connect
from target_zendesk_pubsub.counted import counted
from target_zendesk_pubsub.rejected_records import OPEN
from target_zendesk_pubsub.retention import check_days, kept
from target_zendesk_pubsub.settings import bigquery_client, publisher_client, topic_name
from target_zendesk_pubsub.target import JOB, TargetZendeskPubSub

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.cloud import bigquery
    from google.pubsub_v1 import PublisherClient

    from target_zendesk_pubsub.connections import Connections
    from target_zendesk_pubsub.warehouse import Table

THERE = "there"


def findings(config: Mapping[str, Any]) -> Iterator[Finding]:
    """One for each thing that a run needs. Raises SettingsError."""
    client = bigquery_client(config)
    for dataset in (config["dataset"], config["messages_dataset"]):
        yield look(
            f"dataset {client.project}.{dataset}",
            partial(_located, client, dataset),
            "create it, and let the worker create and append to tables in it (roles/bigquery.dataEditor)",
        )
    connections = connect(config, TargetZendeskPubSub.logger)
    yield from _of_tables(client, connections)
    yield look(
        f"runs of {JOB} in {config['dataset']}",
        partial(check_runs, client, config["dataset"], JOB),
        f'query {config["dataset"]}.PIPELINE_RUN_latest for the reason (docs/runbook.md, "Runs"), then run it again',
    )
    yield look(
        "retention of messages and join errors",
        partial(_retained, config, connections),
        "see what would change with target-zendesk-pubsub:retention --dry-run, then run it without",
    )
    yield look(
        f"policy tags in {config['messages_dataset']} and of {connections.join_errors.table.name}",
        partial(_tagged, client, connections, config.get("policy_tag")),
        "run tap-to-pubsub, which tags its tables; let the worker set tags (bigquery.tables.setCategory)",
    )
    for view in ("zendesk_user_directory", "user_latest"):
        yield look(
            f"view {config['dataset']}.{view}",
            partial(_peopled, client, f"{config['dataset']}.{view}"),
            "run tap-to-bigquery, which exports users and builds it; check the internal tables that it joins",
        )
    topic, publisher = topic_name(config), publisher_client(config)
    yield look(
        f"topic {topic}",
        partial(_attached, publisher, topic),
        "create it with a subscription, before the first run: what is published without one is lost "
        "(the worker needs roles/pubsub.publisher there, and roles/pubsub.viewer for this check)",
    )


def _of_tables(client: bigquery.Client, connections: Connections) -> Iterator[Finding]:
    derived = connections.last_messages.table, connections.join_errors.waiting
    for table in (*connections.log.tables, connections.join_errors.table, *derived):
        yield look(
            f"table {table}",
            partial(_fitting, client, table),
            f'before the first run rename it (docs/runbook.md, "Migrate from the legacy system"): '
            f"ALTER TABLE {table} RENAME TO {table.name}_legacy;",
        )
    rejected = connections.rejected.table
    yield look(
        f"table {rejected}",
        partial(_open, client, rejected),
        f"another system made it: rename it, ALTER TABLE {rejected} RENAME TO {rejected.name}_legacy;",
    )


def _located(client: bigquery.Client, dataset: str) -> str:
    return str(client.get_dataset(dataset, retry=ONCE, timeout=SECONDS).location)


def _fitting(client: bigquery.Client, table: Table) -> str:
    found = _columns(client, table)
    if not found:
        return "does not exist yet; the first run creates it"
    lacking = {field.name for field in table.fields} - {field.name for field in found}
    if lacking:
        raise CheckFailed(f"made by another system: columns {', '.join(sorted(lacking))} are missing")
    return THERE


def _columns(client: bigquery.Client, table: Table) -> list[bigquery.SchemaField]:
    """An empty list if the table does not exist."""
    try:
        return list(client.get_table(f"{client.project}.{table}", retry=ONCE, timeout=SECONDS).schema)
    except exceptions.NotFound:
        return []


def _open(client: bigquery.Client, table: Table) -> str:
    """The number of open records; it never fails the check."""
    state = _fitting(client, table)
    if state != THERE:
        return "does not exist yet; created with the first rejected ticket"
    sql = f"SELECT COUNT(DISTINCT COALESCE(record_key, payload)) AS count FROM {table} WHERE {OPEN}"
    [row] = query(client, sql)
    return f"{state}, {counted(row.count, 'rejected ticket')} open"


def _tagged(client: bigquery.Client, connections: Connections, policy_tag: str | None) -> str:
    """How many columns with content of tickets have a tag. Raises CheckFailed if some lack it although `policy_tag` is set.

    The tag of rejected records is in the check of target-bigquery.
    """
    held = connections.join_errors.table, connections.join_errors.waiting, *connections.log.tables
    columns = {
        f"{table}.{field.name}": bool(field.policy_tags and field.policy_tags.names)
        for table in held
        for field in _columns(client, table)
        if field.name == table.personal
    }
    state = f"{sum(columns.values())} of {len(columns)} personal columns have one"
    if policy_tag is None:
        return f"policy_tag is not set, {state}"
    if lacking := [name for name, has_tag in columns.items() if not has_tag]:
        raise CheckFailed(f"{state}; missing: {', '.join(lacking)}")
    return state


def _retained(config: Mapping[str, Any], connections: Connections) -> str:
    """Expirations by kind. Raises CheckFailed if they differ from the settings."""
    try:
        check_days(config)
        return check_retention(kept(config, connections))
    except PluginError as error:
        if isinstance(error.__cause__, exceptions.NotFound):
            return "no tables, because a dataset is missing"
        raise CheckFailed(str(error)) from None


def _peopled(client: bigquery.Client, view: str) -> str:
    [row] = query(client, f"SELECT COUNT(*) AS count FROM {view}")
    if not row.count:
        raise CheckFailed("empty")
    return f"{row.count} people"


def _attached(publisher: PublisherClient, topic: str) -> str:
    subscriptions = list(publisher.list_topic_subscriptions(topic=topic, retry=None, timeout=SECONDS))
    if not subscriptions:
        raise CheckFailed("no subscription")
    return ", ".join(name.rpartition("/")[2] for name in subscriptions)


command = check_command(TargetZendeskPubSub, findings)


def main() -> None:
    """The command."""
    command()
