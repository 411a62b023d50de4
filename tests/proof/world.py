"""The world of some rounds: an account, a warehouse and a topic of their own, on servers that can be killed, behind proxies.

Everything that a server has written is there again after `crash`.
"""

from __future__ import annotations

import dataclasses
import signal
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from sandbox.addresses import MESSAGES_DATASET, Addresses
from sandbox.bigquery import bigquery_server
from sandbox.gcs import gcs_server
from sandbox.internal_directory import seed_internal_directory
from sandbox.pubsub import pubsub_server
from sandbox.servers import Size, zendesk_server
from tests.fault_proxy import FaultProxy
from tests.proof.pubsub_proxy import PubSubProxy
from tests.proof.served import Served

SERVERS = {
    "Zendesk": "sandbox.zendesk",
    "BigQuery": "local_bigquery_launcher",
    "GCS": "fake-gcs-server",
    "Pub/Sub": "local_pubsub",
}
"""What a part of the command line of each begins with."""
BUCKETS = (
    *("account", "incremental-exports", "incremental-exports-cursor"),
    *("deleted-tickets-index", "search-export", "access-logs"),
)
UNLIMITED = {name: {"total": 10**6} for name in BUCKETS}
"""Zendesk's limits would make every run wait a minute."""


@dataclasses.dataclass
class World(Served):
    addresses: Addresses
    home: Path
    size: Size
    unread: set[int] = dataclasses.field(default_factory=set)
    """Tickets that an earlier release did not read: those of AI agents."""
    columns: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    """Of an earlier release, by model: rows that it exported lack the others."""
    proxies: dict[str, FaultProxy | PubSubProxy] = dataclasses.field(default_factory=dict)
    _running: dict[str, ExitStack] = dataclasses.field(default_factory=dict)

    def start(self, name):
        stack = ExitStack()
        data = self.home / "sandbox"
        if name == "Zendesk":
            stack.enter_context(zendesk_server(self.addresses, data, self.size))
            self.zendesk("PUT", "limits", UNLIMITED)
        elif name == "BigQuery":
            self.client = stack.enter_context(bigquery_server(self.addresses, data))
        elif name == "GCS":
            stack.enter_context(gcs_server(self.addresses, data))
        else:
            stack.enter_context(pubsub_server(self.addresses, data))
        self._running[name] = stack

    def crash(self, name):
        """Kills the server, and starts it again with its data."""
        for process in psutil.Process().children():
            if any(Path(part).name.startswith(SERVERS[name]) for part in process.cmdline()):
                process.send_signal(signal.SIGKILL)
                process.wait(30)
        self._running.pop(name).close()
        self.start(name)

    def stop(self):
        for stack in self._running.values():
            stack.close()

    @property
    def zendesk_url(self):
        return self.addresses.zendesk_url

    @property
    def pubsub_host(self):
        return self.addresses.pubsub_host

    def environment(self):
        """That of `meltano run`: each server behind its proxy."""
        behind = {
            "TAP_ZENDESK_CITYBLOCK_BASE_URL": self.proxies["Zendesk"].url,
            "TARGET_BIGQUERY_BIGQUERY_EMULATOR_HOST": self.proxies["BigQuery"].url,
            "TARGET_BIGQUERY_STORAGE_EMULATOR_HOST": self.proxies["GCS"].url,
            "TARGET_ZENDESK_PUBSUB_BIGQUERY_EMULATOR_HOST": self.proxies["BigQuery"].url,
            "DBT_BIGQUERY_BIGQUERY_EMULATOR_HOST": self.proxies["BigQuery"].url,
            "TARGET_ZENDESK_PUBSUB_PUBSUB_EMULATOR_HOST": self.proxies["Pub/Sub"].host,
            "PUBSUB_EMULATOR_HOST": self.proxies["Pub/Sub"].host,
        }
        return {**self.addresses.environment(), **behind}


@contextmanager
def world(addresses, home, size):
    """With the internal directory, which lacks a few users."""
    made = World(addresses, home, size)
    (home / "files").mkdir(parents=True)
    with ExitStack() as stack:
        stack.callback(made.stop)
        for name in SERVERS:
            made.start(name)
        made.client.create_dataset(MESSAGES_DATASET, exists_ok=True)
        seed_internal_directory(made.client, addresses.zendesk_url)
        urls = {
            "Zendesk": addresses.zendesk_url,
            "BigQuery": addresses.bigquery_url,
            "GCS": addresses.gcs_url,
        }
        for name, url in urls.items():
            made.proxies[name] = stack.enter_context(FaultProxy(url))
        made.proxies["Pub/Sub"] = stack.enter_context(PubSubProxy(addresses.pubsub_host))
        yield made
