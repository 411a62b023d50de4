"""The RPC StreamingPull: sends messages within the client's flow control, and reads its acknowledgements."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc

from local_pubsub import limits
from local_pubsub.errors import invalid
from local_pubsub.leases import Consumer
from local_pubsub.protos import Message, StreamingPullResponse

if TYPE_CHECKING:
    from local_pubsub.deliveries import Deliveries
    from local_pubsub.registry import Registry, SubscriptionState

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

BATCH_MESSAGES = 500
BATCH_BYTES = 1_000_000
MAX_MESSAGES_OF_KEY = 25
"""A client handles the messages of one key one by one: if all its messages had one key it would be idle."""


async def streaming_pull(registry: Registry, deliveries: Deliveries, context: Context) -> None:
    """Serves one stream until the client ends it. Raises RequestError."""
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
    def __init__(self, deliveries: Deliveries, subscription: SubscriptionState, first: Message) -> None:
        self._deliveries = deliveries
        self._subscription = subscription
        self._consumer = Consumer(
            first.max_outstanding_messages, first.max_outstanding_bytes, MAX_MESSAGES_OF_KEY
        )
        self._set_deadline(first.stream_ack_deadline_seconds)
        self._handle(first)

    async def write(self, context: Context, reading: asyncio.Task[None]) -> None:
        """Sends messages as they come, until `reading` ends."""
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
        """Handles the client's requests until it ends the stream."""
        while (request := await context.read()) is not grpc.aio.EOF:
            if request.subscription or request.max_outstanding_messages or request.max_outstanding_bytes:
                raise invalid("Only the first request of a stream may set a subscription and flow control")
            if request.stream_ack_deadline_seconds:
                self._set_deadline(request.stream_ack_deadline_seconds)
            self._handle(request)

    def _handle(self, request: Message) -> None:
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
