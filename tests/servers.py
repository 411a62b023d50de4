"""pytest fixtures that run the sandbox's servers on free ports. Loaded by tests/conftest.py."""

from __future__ import annotations

import dataclasses
import json
import shutil
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sandbox.addresses import BUCKET, Addresses
from sandbox.bigquery import bigquery_server
from sandbox.gcs import gcs_server
from sandbox.pubsub import pubsub_server
from sandbox.zendesk.account import create
from sandbox.zendesk.store import Store
from tests import processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from google.cloud import bigquery


@dataclasses.dataclass(frozen=True)
class Warehouse:
    """The running BigQuery and GCS servers, with a BigQuery client."""

    addresses: Addresses
    client: bigquery.Client
    bucket_folder: Path


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """BigQuery and GCS, once for all tests; each test uses its own dataset (`dataset`)."""
    addresses, data_dir = Addresses.free(), tmp_path_factory.mktemp("warehouse")
    with gcs_server(addresses, data_dir), bigquery_server(addresses, data_dir) as client:
        yield Warehouse(addresses, client, data_dir / "gcs" / BUCKET)


@contextmanager
def new_dataset(client: bigquery.Client, name: str | None = None) -> Iterator[str]:
    """The name of an empty dataset, which is deleted at the end."""
    name = name or f"test_{uuid.uuid4().hex[:12]}"
    client.create_dataset(name)
    yield name
    client.delete_dataset(name, delete_contents=True)


@pytest.fixture
def dataset(warehouse: Warehouse) -> Iterator[str]:
    with new_dataset(warehouse.client) as name:
        yield name


@dataclasses.dataclass(frozen=True)
class PubSub:
    """A running Pub/Sub server."""

    host: str
    is_given: bool
    """Whether it is the one that PUBSUB_EMULATOR_HOST names, usually Google's emulator."""


@pytest.fixture(scope="session")
def pubsub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PubSub]:
    """Pub/Sub, once for all tests; each test uses its own topics."""
    addresses = Addresses.free()
    with pubsub_server(addresses, tmp_path_factory.mktemp("pubsub")):
        yield PubSub(addresses.pubsub_host, is_given=addresses.given_pubsub_host is not None)


@pytest.fixture(scope="session")
def new_account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a small Zendesk account, to be copied."""
    path = tmp_path_factory.mktemp("account") / "zendesk.sqlite"
    store = Store(path)
    create(store, seed=1, tickets=250, users=60)
    store.close()
    return path


@contextmanager
def zendesk_simulator(database: Path, *options: object) -> Iterator[str]:
    """Its URL. It needs the fixture `commands`, from whose process it is forked."""
    with processes.start(processes.ZENDESK.name, "--database", database, *options) as server:
        up = server.stdout.readline()
        assert up, server.stderr.read()
        yield json.loads(up)["url"]
        server.terminate()


@pytest.fixture(scope="module")
def zendesk_url(
    tmp_path_factory: pytest.TempPathFactory, new_account: Path, commands: ModuleType
) -> Iterator[str]:
    """A small Zendesk account, shared by the module's tests: each sees the faults and changes of those before it."""
    with zendesk_simulator(shutil.copy(new_account, tmp_path_factory.mktemp("zendesk"))) as url:
        yield url
