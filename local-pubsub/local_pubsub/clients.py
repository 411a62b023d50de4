"""Google's generated clients of a server without credentials, whatever the environment says."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import grpc
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

UNLIMITED = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
"""As Google's clients open their channels: a message may have 10 MB, the default limit of gRPC is 4 MB."""


class Clients(NamedTuple):
    publisher: PublisherClient
    subscriber: SubscriberClient


@contextmanager
def clients(host: str) -> Iterator[Clients]:
    """`host` has the form of PUBSUB_EMULATOR_HOST: host:port."""
    with grpc.insecure_channel(host, options=UNLIMITED) as channel:
        yield Clients(
            PublisherClient(transport=PublisherGrpcTransport(channel=channel)),
            SubscriberClient(transport=SubscriberGrpcTransport(channel=channel)),
        )
