import dataclasses
import json
import os
import uuid
from datetime import datetime, timedelta

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from local_pubsub.clients import clients

from sandbox.addresses import PROJECT, TOPIC_PROJECT
from tests.fault_proxy import FaultProxy
from tests.target_zendesk_pubsub.commons import Commons
from tests.target_zendesk_pubsub.tickets import DIRECTORY, STRANGER, lines

COMMAND = "target-zendesk-pubsub"


@dataclasses.dataclass(frozen=True)
class Ran:
    code: int
    states: list[dict]
    stderr: str


@dataclasses.dataclass(frozen=True)
class Company:
    """Who Zendesk's users are inside, in place of the views that dbt builds."""

    client: bigquery.Client
    dataset: str

    def knows(self, directory, exported):
        self._fill(
            "zendesk_user_directory",
            [
                {"zendesk_user_id": user, "internal_id": person, "kind": kind}
                for user, (person, kind) in directory.items()
            ],
            zendesk_user_id="INT64",
            internal_id="STRING",
            kind="STRING",
        )
        self._fill("user_latest", [{"id": user} for user in exported], id="INT64")

    def _fill(self, table, rows, **columns):
        config = bigquery.LoadJobConfig(
            schema=[bigquery.SchemaField(name, kind) for name, kind in columns.items()],
            write_disposition="WRITE_TRUNCATE",
        )
        self.client.load_table_from_json(rows, f"{self.dataset}.{table}", job_config=config).result()


@pytest.fixture
def company(warehouse, dataset):
    """Knows the tests' usual people."""
    inside = Company(warehouse.client, dataset)
    inside.knows(DIRECTORY, [*DIRECTORY, STRANGER])
    return inside


@pytest.fixture
def messages_dataset(warehouse, dataset):
    name = f"{dataset}_messages"
    warehouse.client.create_dataset(name)
    yield name
    warehouse.client.delete_dataset(name, delete_contents=True)


@pytest.fixture
def commons(pubsub):
    name = f"t{uuid.uuid4().hex[:12]}"
    with clients(pubsub.host) as (publisher, subscriber):
        topic = publisher.topic_path(TOPIC_PROJECT, name)
        subscription = subscriber.subscription_path(TOPIC_PROJECT, f"{name}-commons")
        publisher.create_topic(name=topic)
        subscriber.create_subscription(
            request={"name": subscription, "topic": topic, "enable_message_ordering": True}
        )
        yield Commons(subscriber, topic, subscription)


@pytest.fixture(scope="session")
def bigquery_proxy(warehouse):
    """Between the target and BigQuery, so that tests can break what passes."""
    with FaultProxy(warehouse.addresses.bigquery_url) as proxy:
        yield proxy


@pytest.fixture
def config(dataset, messages_dataset, bigquery_proxy, commons, pubsub):
    bigquery_proxy.clear()
    return {
        "environment": "local",
        "project": PROJECT,
        "dataset": dataset,
        "messages_dataset": messages_dataset,
        "topic_project": TOPIC_PROJECT,
        "topic": commons.topic.rpartition("/")[2],
        "bigquery_emulator_host": bigquery_proxy.url,
        "pubsub_emulator_host": pubsub.host,
        "timeout": 120,
    }


@pytest.fixture
def start(config, tmp_path, commands):
    """Starts the command, or another of the package, with these settings beside the usual ones."""

    def begin(*arguments, command=COMMAND, installed=False, **settings):
        path = tmp_path / "config.json"
        path.write_text(json.dumps({k: v for k, v in {**config, **settings}.items() if v is not None}))
        given = ("BIGQUERY_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST")
        environment = {k: v for k, v in os.environ.items() if k not in given}
        return commands.start(command, "--config", path, *arguments, env=environment, installed=installed)

    return begin


@pytest.fixture
def publish(start):
    """Runs the command over these messages, or bytes, to its end."""

    def run(messages=(), **settings):
        given = messages if isinstance(messages, bytes) else lines(messages)
        with start(**settings) as process:
            out, err = process.communicate(given, timeout=120)
        return Ran(process.returncode, [json.loads(line) for line in out.splitlines()], err.decode())

    return run


@pytest.fixture
def rows(warehouse, messages_dataset, dataset):
    """The rows of a table, in the order in which they came."""
    tables = {
        "published": (f"{messages_dataset}.zendesk_ticket", "published_at"),
        "intents": (f"{messages_dataset}.zendesk_ticket_intent", "intended_at"),
        "refused": (f"{messages_dataset}.zendesk_ticket_refused", "refused_at"),
        "waiting": (f"{dataset}.TICKET_USER_JOIN_ERROR", "inserted_at"),
        "rejected": (f"{dataset}.REJECTED_RECORD", "rejected_at"),
    }

    def read(table):
        name, order = tables[table]
        return [
            dict(row) for row in warehouse.client.query_and_wait(f"SELECT * FROM {name} ORDER BY {order}")
        ]

    return read


@pytest.fixture
def sql(warehouse):
    return lambda text: [tuple(row) for row in warehouse.client.query_and_wait(text)]


@pytest.fixture
def state_tables(messages_dataset):
    return f"{messages_dataset}.zendesk_ticket_state", f"{messages_dataset}.zendesk_ticket_waiting"


@pytest.fixture
def days_pass(sql, warehouse, dataset, messages_dataset, state_tables):
    """Everything that was written becomes so many days older, unless the first run has not got that far."""
    times = {
        f"{messages_dataset}.zendesk_ticket": ["published_at"],
        f"{messages_dataset}.zendesk_ticket_intent": ["intended_at"],
        f"{messages_dataset}.zendesk_ticket_refused": ["refused_at"],
        f"{dataset}.TICKET_USER_JOIN_ERROR": ["inserted_at", "first_seen_at"],
        state_tables[0]: ["published_at"],
        state_tables[1]: ["inserted_at", "first_seen_at"],
    }

    def go(days):
        try:
            state = warehouse.client.get_table(state_tables[0])
        except NotFound:
            return
        if "complete_until" not in state.labels:
            return
        for table, columns in times.items():
            moved = ", ".join(f"{name} = TIMESTAMP_SUB({name}, INTERVAL {days} DAY)" for name in columns)
            sql(f"UPDATE {table} SET {moved} WHERE TRUE")
        intents = f"{messages_dataset}.zendesk_ticket_intent"
        sql(f"DELETE FROM {intents} WHERE intended_at < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 14 DAY)")
        until = datetime.fromisoformat(state.labels["complete_until"]) - timedelta(days=days)
        # Without the etag: a job of a killed run may still be changing rows.
        labeled = bigquery.Table(state.reference)
        labeled.labels = {**state.labels, "complete_until": until.date().isoformat()}
        warehouse.client.update_table(labeled, ["labels"])

    return go
