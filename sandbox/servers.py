"""Starts and stops all servers of the sandbox."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sandbox.addresses import MESSAGES_DATASET
from sandbox.bigquery import bigquery_server
from sandbox.gcs import gcs_server
from sandbox.internal_directory import seed_internal_directory
from sandbox.processes import SandboxError, answers, serving
from sandbox.pubsub import pubsub_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from google.cloud import bigquery

    from sandbox.addresses import Addresses


@dataclasses.dataclass(frozen=True)
class Size:
    """Of a new Zendesk account; an account that `data_dir` already has keeps its size."""

    seed: int = 1
    tickets: int = 2_000
    users: int = 500


@dataclasses.dataclass(frozen=True)
class Sandbox:
    """A running sandbox, with a client of its warehouse."""

    addresses: Addresses
    warehouse: bigquery.Client
    data_dir: Path


@contextmanager
def zendesk_server(addresses: Addresses, data_dir: Path, size: Size) -> Iterator[None]:
    """Runs the Zendesk simulator until the block is left. Raises SandboxError."""
    argv = [
        *(sys.executable, "-m", "sandbox.zendesk"),
        *("--port", str(addresses.zendesk), "--database", str(data_dir / "zendesk.sqlite")),
        *("--seed", str(size.seed), "--tickets", str(size.tickets), "--users", str(size.users)),
    ]
    probe = f"{addresses.zendesk_url}/_sandbox/requests"
    with serving("Zendesk", argv, probe=probe, log=data_dir / "logs" / "zendesk.log"):
        yield


def advance(zendesk_url: str, hours: int) -> dict[str, dict[str, int]]:
    """Advances Zendesk's clock. Returns the changes, as {model: {kind of change: objects}}."""
    request = urllib.request.Request(  # noqa: S310 - a loopback address of our own
        f"{zendesk_url}/_sandbox/advance",
        data=json.dumps({"hours": hours}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
        changed: dict[str, dict[str, int]] = json.load(answer)["changed"]
        return changed


def forget(addresses: Addresses, data_dir: Path) -> None:
    """Removes `data_dir`. Raises SandboxError if a running sandbox may be using it."""
    ports = [addresses.zendesk, addresses.bigquery, addresses.gcs]
    if addresses.given_pubsub_host is None:
        ports.append(addresses.pubsub)
    for port in ports:
        if answers(f"tcp://127.0.0.1:{port}"):
            raise SandboxError(
                f"something already listens at 127.0.0.1:{port}; if that is another sandbox, stop it first"
            )
    shutil.rmtree(data_dir, ignore_errors=True)


@contextmanager
def sandbox(addresses: Addresses, data_dir: Path, size: Size) -> Iterator[Sandbox]:
    """Runs all servers until the block is left, with their data in `data_dir`. Raises SandboxError."""
    with ExitStack() as servers:
        servers.enter_context(zendesk_server(addresses, data_dir, size))
        servers.enter_context(gcs_server(addresses, data_dir))
        servers.enter_context(pubsub_server(addresses, data_dir))
        warehouse = servers.enter_context(bigquery_server(addresses, data_dir))
        warehouse.create_dataset(MESSAGES_DATASET, exists_ok=True)
        seed_internal_directory(warehouse, addresses.zendesk_url)
        yield Sandbox(addresses, warehouse, data_dir)
