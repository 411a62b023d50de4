"""The Pub/Sub server, or the one that PUBSUB_EMULATOR_HOST names, with the topic and the subscription of Commons."""

from __future__ import annotations

import ipaddress
import sys
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import grpc
from google.api_core.exceptions import AlreadyExists
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from sandbox.addresses import SUBSCRIPTION, TOPIC, TOPIC_PROJECT
from sandbox.processes import ServerStartError, answers, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.addresses import Addresses

RETENTION = timedelta(days=7)
UNLIMITED = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
"""As Google's clients open their channels: a message may have 10 MB, gRPC's own limit is 4."""


@contextmanager
def pubsub_server(addresses: Addresses, data_dir: Path) -> Iterator[None]:
    """The running server, which has the topic and the subscription; ours keeps its messages in `data_dir`.

    Raises ServerStartError.
    """
    host = addresses.pubsub_host
    if addresses.given_pubsub_host is not None:
        check_is_here(host)
        if not answers(f"tcp://{host}"):
            raise ServerStartError(
                f"no Pub/Sub server listens at {host}: unset PUBSUB_EMULATOR_HOST, and the sandbox starts its own"
            )
        make_topic(host)
        yield
        return
    database = data_dir / "pubsub.sqlite"
    argv = [sys.executable, "-m", "sandbox.pubsub"]
    argv += ["--port", str(addresses.pubsub), "--database", str(database)]
    with serving("Pub/Sub", argv, probe=f"tcp://{host}", log=data_dir / "logs" / "pubsub.log"):
        make_topic(host)
        yield


class Clients(NamedTuple):
    publisher: PublisherClient
    subscriber: SubscriberClient


@contextmanager
def clients(host: str) -> Iterator[Clients]:
    """Google's clients of the server at `host`, whatever the environment says."""
    with grpc.insecure_channel(host, options=UNLIMITED) as channel:
        yield Clients(
            PublisherClient(transport=PublisherGrpcTransport(channel=channel)),
            SubscriberClient(transport=SubscriberGrpcTransport(channel=channel)),
        )


def make_topic(host: str) -> None:
    """Topic and subscription as they are in production, unless the server has them already."""
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


def check_is_here(host: str) -> None:
    """A sandbox must not be able to reach a real topic. Raises ServerStartError."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        is_here = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise ServerStartError(f"the Pub/Sub server at {host} (PUBSUB_EMULATOR_HOST) is not on this machine")
