"""Servers that take a request and never answer: given up after `timeout` seconds, whatever Google's clients allow."""

import contextlib
import logging
import socket
import threading

import pytest
from cityblock_singer.google.errors import WarehouseError
from google.cloud.bigquery import SchemaField
from target_zendesk_pubsub.clock import Clock
from target_zendesk_pubsub.errors import PublishError
from target_zendesk_pubsub.messages import new_message
from target_zendesk_pubsub.publisher import Publisher
from target_zendesk_pubsub.request_timeouts import request_seconds
from target_zendesk_pubsub.settings import bigquery_client, publisher_client
from target_zendesk_pubsub.warehouse import Table, Warehouse

LOGGER = logging.getLogger("silent")
TABLE = Table("zendesk", "t", (SchemaField("id", "INTEGER"),), "id", "at", ("id",))
LIMIT = 30
"""Seconds after which a test fails: much more than `timeout`, much less than what Google's clients allow."""


@pytest.fixture
def silent():
    """Address of a server that accepts connections, reads, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        held = []

        def accept():
            with contextlib.suppress(OSError):  # closed at the end
                while True:
                    held.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()


@pytest.fixture
def config(silent):
    return {
        "environment": "local",
        "project": "p",
        "location": "US",
        "bigquery_emulator_host": f"http://{silent}",
        "pubsub_emulator_host": silent,
        "timeout": 1,
    }


def ended(action):
    """What the action raised or returned, if it ended at all."""
    got = []

    def run():
        try:
            got.append(action())
        except Exception as error:  # noqa: BLE001 - is what the test wants
            got.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LIMIT)
    return got[0] if got else None


@pytest.mark.parametrize(
    "ask",
    [
        lambda warehouse: list(warehouse.query("a query", "SELECT 1", {})),
        lambda warehouse: warehouse.execute("a query", "SELECT 1", {}),
        lambda warehouse: warehouse.append(TABLE, [b"{}"]),
        lambda warehouse: warehouse.ensure(TABLE),
    ],
    ids=["query", "statement", "load", "table"],
)
def test_bigquery_that_never_answers_is_given_up(ask, config, monkeypatch):
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST", raising=False)
    warehouse = Warehouse(bigquery_client(config), config["timeout"], LOGGER)
    error = ended(lambda: ask(warehouse))
    assert isinstance(error, WarehouseError)
    assert str(error).endswith("from BigQuery, gave up")


def test_pubsub_that_never_answers_is_given_up(config, monkeypatch):
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    publisher = Publisher(publisher_client(config), "projects/p/topics/t", config["timeout"], Clock(), LOGGER)
    outcome = ended(lambda: publisher.publish([new_message(1, "k", {}, b"{}")]))
    assert isinstance(outcome.failure, PublishError)
    assert outcome.published == outcome.refused == []


@pytest.mark.parametrize(
    ("timeout", "seconds"), [(1, 1), (20, 20), (60, 60), (90, 45), (300, 60), (301, 301 / 6)]
)
def test_requests_that_are_never_answered_fill_the_timeout(timeout, seconds):
    assert request_seconds(timeout) == pytest.approx(seconds)
