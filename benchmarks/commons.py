"""BigQuery and Pub/Sub for a benchmark of the publisher: the internal directory, the message log, received messages."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from google.cloud import bigquery
from local_pubsub.clients import clients

from sandbox.addresses import (
    DATASET,
    MESSAGES_DATASET,
    PROJECT,
    SUBSCRIPTION,
    TOPIC,
    TOPIC_PROJECT,
    Addresses,
)
from sandbox.bigquery import bigquery_server
from sandbox.pubsub import pubsub_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from google.pubsub_v1 import SubscriberClient
    from google.pubsub_v1.types import ReceivedMessage

    from sandbox.zendesk.store import Json

SCHEMA = {
    "type": "SCHEMA",
    "stream": "ticket",
    "schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
    "key_properties": ["id"],
}
MOST_AT_ONCE = 1_000


class Message(msgspec.Struct, frozen=True, gc=False):
    """A logged or received message."""

    message_id: str
    ticket_id: int
    version: int
    """generated_timestamp"""
    key: str
    ordering_key: str


@dataclasses.dataclass(frozen=True)
class Place:
    """Servers and a folder. `config`: the target's settings file."""

    addresses: Addresses
    warehouse: bigquery.Client
    home: Path
    config: Path
    log: str = f"{MESSAGES_DATASET}.zendesk_ticket"

    def knows(self, people: Mapping[int, str], exported: Iterable[int]) -> None:
        """Fills the tables that dbt would build: the internal directory, and the exported users."""
        directory = [{"zendesk_user_id": user, "internal_id": who} for user, who in people.items()]
        self._fill(
            "zendesk_user_directory",
            [{**row, "kind": "member"} for row in directory],
            {"zendesk_user_id": "INT64", "internal_id": "STRING", "kind": "STRING"},
        )
        self._fill("user_latest", [{"id": user} for user in exported], {"id": "INT64"})

    def _fill(self, table: str, rows: list[dict[str, object]], columns: Mapping[str, str]) -> None:
        config = bigquery.LoadJobConfig(
            schema=[bigquery.SchemaField(name, kind) for name, kind in columns.items()],
            write_disposition="WRITE_TRUNCATE",
        )
        self.warehouse.load_table_from_json(rows, f"{DATASET}.{table}", job_config=config).result()

    def logged(self) -> list[Message]:
        """The message log, in the order of publication."""
        sql = f"""
            SELECT message_id, ticket_id, JSON_VALUE(attributes, '$.generated_timestamp') AS version, message_key, ordering_key
            FROM {self.log} ORDER BY published_at
        """
        return [
            Message(row.message_id, row.ticket_id, int(row.version), row.message_key, row.ordering_key)
            for row in self.warehouse.query_and_wait(sql)
        ]

    def received(self) -> list[Message]:
        """All messages that are available now, acknowledged, in the order of delivery."""
        got = []
        with clients(self.addresses.pubsub_host) as (_, subscriber):
            path = subscriber.subscription_path(TOPIC_PROJECT, SUBSCRIPTION)
            while pulled := _pull(subscriber, path):
                subscriber.acknowledge(subscription=path, ack_ids=[one.ack_id for one in pulled])
                got += [_message(one) for one in pulled]
        return got


def record(content: Json) -> dict[str, object]:
    """The ticket's RECORD message as the tap writes it."""
    ticket = {name: value for name, value in content.items() if name != "fields"}
    return {"type": "RECORD", "stream": "ticket", "record": ticket}


def singer(records: Iterable[Mapping[str, object]], state: int) -> bytes:
    """Singer lines as the tap writes them: SCHEMA, records, STATE."""
    messages = [SCHEMA, *records, {"type": "STATE", "value": {"page": state}}]
    return b"".join(msgspec.json.encode(message) + b"\n" for message in messages)


@contextmanager
def place(**settings: int) -> Iterator[Place]:
    """BigQuery and Pub/Sub on free ports, with empty datasets, a topic and a subscription. `settings`: of the target."""
    addresses = Addresses.free()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with bigquery_server(addresses, home) as warehouse, pubsub_server(addresses, home):
            warehouse.create_dataset(MESSAGES_DATASET)
            config = home / "config.json"
            usual = {
                "environment": "local",
                "project": PROJECT,
                "dataset": DATASET,
                "messages_dataset": MESSAGES_DATASET,
                "topic_project": TOPIC_PROJECT,
                "topic": TOPIC,
                "bigquery_emulator_host": addresses.bigquery_url,
                "pubsub_emulator_host": addresses.pubsub_host,
            }
            config.write_text(json.dumps({**usual, **settings}))
            yield Place(addresses, warehouse, home, config)


def _pull(subscriber: SubscriberClient, subscription: str) -> list[ReceivedMessage]:
    with warnings.catch_warnings():  # deprecated for consumers, which should wait instead
        warnings.filterwarnings("ignore", "The return_immediately flag", DeprecationWarning)
        request = {"subscription": subscription, "max_messages": MOST_AT_ONCE, "return_immediately": True}
        return list(subscriber.pull(request, timeout=60).received_messages)


def _message(received: ReceivedMessage) -> Message:
    message = received.message
    attributes = message.attributes
    return Message(
        message.message_id,
        int(attributes["ticket_id"]),
        int(attributes["generated_timestamp"]),
        attributes["message_key"],
        message.ordering_key,
    )
