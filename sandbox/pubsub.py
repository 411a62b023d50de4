"""The Pub/Sub server with the topic and subscription of Commons; its own, or that of PUBSUB_EMULATOR_HOST."""

from __future__ import annotations

import ipaddress
import sys
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from google.api_core.exceptions import AlreadyExists
from local_pubsub.clients import clients

from sandbox.addresses import SUBSCRIPTION, TOPIC, TOPIC_PROJECT
from sandbox.processes import SandboxError, answers, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.addresses import Addresses

RETENTION = timedelta(days=7)


@contextmanager
def pubsub_server(addresses: Addresses, data_dir: Path) -> Iterator[None]:
    """Runs until the block is left; the sandbox's own server keeps its messages in `data_dir`.

    Raises SandboxError.
    """
    host = addresses.pubsub_host
    if addresses.given_pubsub_host is not None:
        check_pubsub(host)
        make_topic(host)
        yield
        return
    database = data_dir / "pubsub.sqlite"
    argv = [sys.executable, "-m", "local_pubsub"]
    argv += ["--port", str(addresses.pubsub), "--database", str(database)]
    with serving("Pub/Sub", argv, probe=f"tcp://{host}", log=data_dir / "logs" / "pubsub.log"):
        make_topic(host)
        yield


def make_topic(host: str) -> None:
    """Creates topic and subscription as in production, unless the server has them."""
    topic = f"projects/{TOPIC_PROJECT}/topics/{TOPIC}"
    with clients(host) as (publisher, subscriber):
        with suppress(AlreadyExists):
            publisher.create_topic(name=topic)
        with suppress(AlreadyExists):
            subscriber.create_subscription(
                {
                    "name": f"projects/{TOPIC_PROJECT}/subscriptions/{SUBSCRIPTION}",
                    "topic": topic,
                    "enable_message_ordering": True,
                    "retain_acked_messages": True,
                    "message_retention_duration": RETENTION,
                }
            )


def check_pubsub(host: str) -> None:
    """Keeps the sandbox away from real topics. Raises SandboxError, also if no server listens there."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        is_here = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise SandboxError(f"the Pub/Sub server at {host} (PUBSUB_EMULATOR_HOST) is not on this machine")
    if not answers(f"tcp://{host}"):
        raise SandboxError(
            f"no Pub/Sub server listens at {host}: run `make sandbox`, or change PUBSUB_EMULATOR_HOST"
        )
