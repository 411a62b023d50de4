"""StreamingPull: messages flow while the client has room for them, and its acknowledgements come back beside them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc

from sandbox.pubsub import limits
from sandbox.pubsub.leases import Consumer
from sandbox.pubsub.refusals import invalid
from sandbox.pubsub.wire import Message, StreamingPullResponse

if TYPE_CHECKING:
    from sandbox.pubsub.deliveries import Deliveries
    from sandbox.pubsub.registry import HeldSubscription, Registry

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

BATCH_MESSAGES = 500
BATCH_BYTES = 1_000_000
MESSAGES_OF_KEY = 25
"""A client works on the messages of a key one after the other: a window full of one key would leave it idle."""


async def streaming_pull(registry: Registry, deliveries: Deliveries, context: Context) -> None:
    """Serves one stream until the client leaves. Raises RefusedError."""
    first = await context.read()
    if first is grpc.aio.EOF:
        return
    subscription = registry.subscription(first.subscription)
    stream = _Stream(deliveries, subscription, first)
    reading = asyncio.create_task(stream.read(context))
    reading.add_done_callback(lambda _: subscription.wake())
    try:
        await stream.write(context, reading)
    finally:
        reading.cancel()
    await reading


class _Stream:
    def __init__(self, deliveries: Deliveries, subscription: HeldSubscription, first: Message) -> None:
        self._deliveries = deliveries
        self._subscription = subscription
        self._consumer = Consumer(
            first.max_outstanding_messages, first.max_outstanding_bytes, MESSAGES_OF_KEY
        )
        self._set_deadline(first.stream_ack_deadline_seconds)
        self._obey(first)

    async def write(self, context: Context, reading: asyncio.Task[None]) -> None:
        """Sends what there is, and waits for more, as long as the client is read."""
        await context.write(self._response([]))
        while not reading.done():
            received = self._deliveries.take(
                self._subscription, self._consumer, BATCH_MESSAGES, BATCH_BYTES, self._seconds
            )
            if received:
                await context.write(self._response(received))
            else:
                await self._deliveries.wait(self._subscription)

    async def read(self, context: Context) -> None:
        """Does what the client asks for, until it has nothing more to say."""
        while (request := await context.read()) is not grpc.aio.EOF:
            if request.subscription or request.max_outstanding_messages or request.max_outstanding_bytes:
                raise invalid("Only the first request of a stream names a subscription and its flow control")
            if request.stream_ack_deadline_seconds:
                self._set_deadline(request.stream_ack_deadline_seconds)
            self._obey(request)

    def _obey(self, request: Message) -> None:
        if request.ack_ids:
            self._deliveries.acknowledge(self._subscription, request.ack_ids)
        if len(request.modify_deadline_ack_ids) != len(request.modify_deadline_seconds):
            raise invalid("There must be as many modify_deadline_seconds as modify_deadline_ack_ids")
        if request.modify_deadline_ack_ids:
            deadlines = zip(request.modify_deadline_ack_ids, request.modify_deadline_seconds, strict=True)
            self._deliveries.modify(self._subscription, deadlines)

    def _set_deadline(self, seconds: int) -> None:
        if seconds not in limits.ACK_DEADLINES:
            raise invalid("stream_ack_deadline_seconds out of bounds")
        self._seconds = seconds

    def _response(self, received: list[Message]) -> Message:
        response = StreamingPullResponse(received_messages=received)
        response.subscription_properties.message_ordering_enabled = (
            self._subscription.config.enable_message_ordering
        )
        return response
