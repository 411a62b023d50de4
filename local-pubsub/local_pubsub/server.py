"""The gRPC server: which method serves which RPC, and how errors reach the client."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
from google.pubsub_v1 import types

from local_pubsub.deliveries import Deliveries
from local_pubsub.errors import RequestError
from local_pubsub.protos import Message
from local_pubsub.publisher import Publisher
from local_pubsub.registry import Registry
from local_pubsub.retention import keep_sweeping
from local_pubsub.store import Store
from local_pubsub.streaming_pull import Context, streaming_pull
from local_pubsub.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MAX_RECEIVED_BYTES = 64 << 20
"""Above the limit of a request, so that a larger request gets the error of Pub/Sub, not that of gRPC."""
STOP_SECONDS = 1

Method = Callable[[Message], Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


@asynccontextmanager
async def running(database: Path, port: int) -> AsyncIterator[int]:
    """Serves on loopback until the block is left. Yields the port; `port` 0 takes any free one."""
    store = Store(database)
    registry = Registry(store)
    publisher = Publisher(registry)
    deliveries = Deliveries(registry, publisher.add)
    server = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", 0),  # a second server on the port fails instead of sharing it
            ("grpc.max_receive_message_length", MAX_RECEIVED_BYTES),
            ("grpc.max_send_message_length", -1),
        ]
    )
    server.add_generic_rpc_handlers(_handlers(registry, publisher, deliveries))
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            sweeping = tasks.create_task(keep_sweeping(registry))
            yield bound
            sweeping.cancel()
    finally:
        deliveries.close()
        await server.stop(STOP_SECONDS)
        store.close()


def _handlers(
    registry: Registry, publisher: Publisher, deliveries: Deliveries
) -> tuple[grpc.GenericRpcHandler, ...]:
    subscriber = Subscriber(registry, deliveries)

    async def stream(_requests: object, context: Context) -> None:
        try:
            await streaming_pull(registry, deliveries, context)
        except RequestError as error:
            await context.abort(error.status, str(error))

    publishing = {
        "CreateTopic": _unary(types.Topic, publisher.create_topic),
        "UpdateTopic": _unary(types.UpdateTopicRequest, publisher.update_topic),
        "GetTopic": _unary(types.GetTopicRequest, publisher.get_topic),
        "ListTopics": _unary(types.ListTopicsRequest, publisher.list_topics),
        "ListTopicSubscriptions": _unary(
            types.ListTopicSubscriptionsRequest, publisher.list_topic_subscriptions
        ),
        "DeleteTopic": _unary(types.DeleteTopicRequest, publisher.delete_topic),
        "Publish": _unary(types.PublishRequest, publisher.publish),
    }
    subscribing = {
        "CreateSubscription": _unary(types.Subscription, subscriber.create_subscription),
        "UpdateSubscription": _unary(types.UpdateSubscriptionRequest, subscriber.update_subscription),
        "GetSubscription": _unary(types.GetSubscriptionRequest, subscriber.get_subscription),
        "ListSubscriptions": _unary(types.ListSubscriptionsRequest, subscriber.list_subscriptions),
        "DeleteSubscription": _unary(types.DeleteSubscriptionRequest, subscriber.delete_subscription),
        "Pull": _unary(types.PullRequest, subscriber.pull),
        "Acknowledge": _unary(types.AcknowledgeRequest, subscriber.acknowledge),
        "ModifyAckDeadline": _unary(types.ModifyAckDeadlineRequest, subscriber.modify_ack_deadline),
        "Seek": _unary(types.SeekRequest, subscriber.seek),
        "StreamingPull": grpc.stream_stream_rpc_method_handler(
            stream, types.StreamingPullRequest.pb().FromString, _serialized
        ),
    }
    return (
        grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", publishing),
        grpc.method_handlers_generic_handler("google.pubsub.v1.Subscriber", subscribing),
    )


def _unary(request_type: type[Any], method: Method) -> Handler:
    async def answer(request: Message, context: Context) -> Message:
        try:
            answered = method(request)
            return await answered if inspect.isawaitable(answered) else answered
        except RequestError as error:
            await context.abort(error.status, str(error))

    return grpc.unary_unary_rpc_method_handler(answer, request_type.pb().FromString, _serialized)


def _serialized(message: Message | None) -> bytes:
    """None stands for google.protobuf.Empty."""
    return b"" if message is None else bytes(message.SerializeToString())
