"""The service google.pubsub.v1.Subscriber, without StreamingPull."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from local_pubsub import limits, names
from local_pubsub.errors import invalid, unimplemented
from local_pubsub.leases import Consumer
from local_pubsub.protos import ListSubscriptionsResponse, Message, PullResponse, SeekResponse

if TYPE_CHECKING:
    from local_pubsub.deliveries import Deliveries
    from local_pubsub.registry import Registry

PULL_SECONDS = 2
"""How long a Pull waits for a message. Google waits longer; tests that expect none should not have to."""
MAX_PULLED_BYTES = 3_500_000
"""A gRPC client with default options accepts responses of 4 MB."""


class Subscriber:
    """Its methods raise RequestError; None stands for google.protobuf.Empty."""

    def __init__(self, registry: Registry, deliveries: Deliveries) -> None:
        self._registry = registry
        self._deliveries = deliveries

    def create_subscription(self, request: Message) -> Message:
        return self._registry.create_subscription(request).config

    def update_subscription(self, request: Message) -> Message:
        return self._registry.update_subscription(request.subscription, request.update_mask).config

    def get_subscription(self, request: Message) -> Message:
        return self._registry.subscription(request.subscription).config

    def list_subscriptions(self, request: Message) -> Message:
        names.check_project(request.project)
        found = [name for name in self._registry.subscriptions if name.startswith(f"{request.project}/")]
        shown, token = names.page(found, request)
        subscriptions = [self._registry.subscriptions[name].config for name in shown]
        return ListSubscriptionsResponse(subscriptions=subscriptions, next_page_token=token)

    def delete_subscription(self, request: Message) -> None:
        self._registry.delete_subscription(request.subscription)

    async def pull(self, request: Message) -> Message:
        subscription = self._registry.subscription(request.subscription)
        if request.max_messages <= 0:
            raise invalid("No max_messages specified")
        consumer = Consumer()
        seconds = subscription.config.ack_deadline_seconds
        give_up = time.monotonic() + (0 if request.return_immediately else PULL_SECONDS)
        while True:
            limit = min(request.max_messages, limits.MESSAGES)
            taken = self._deliveries.take(subscription, consumer, limit, MAX_PULLED_BYTES, seconds)
            if taken or time.monotonic() >= give_up:
                return PullResponse(received_messages=taken)
            await self._deliveries.wait(subscription, give_up)

    def acknowledge(self, request: Message) -> None:
        subscription = self._registry.subscription(request.subscription)
        if not request.ack_ids:
            raise invalid("No ack ids specified.")
        self._deliveries.acknowledge(subscription, request.ack_ids)

    def modify_ack_deadline(self, request: Message) -> None:
        subscription = self._registry.subscription(request.subscription)
        if not request.ack_ids:
            raise invalid("No ack ids specified")
        seconds = request.ack_deadline_seconds
        self._deliveries.modify(subscription, [(ack_id, seconds) for ack_id in request.ack_ids])

    def seek(self, request: Message) -> Message:
        subscription = self._registry.subscription(request.subscription)
        if request.HasField("snapshot"):
            raise unimplemented("Snapshots are not supported: seek to a time")
        if not request.HasField("time"):
            raise invalid("No target was specified in the SeekRequest. Must specify a time")
        self._deliveries.seek(subscription, request.time.ToMicroseconds())
        return SeekResponse()
