"""Takes, acknowledges, extends, nacks and seeks the messages of subscriptions."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import grpc

from local_pubsub import filters, limits, names
from local_pubsub.errors import RequestError, invalid, not_found
from local_pubsub.protos import Message, PubsubMessage, ReceivedMessage
from local_pubsub.retention import kept_since, microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from local_pubsub.leases import Consumer, Delivery
    from local_pubsub.registry import Registry, SubscriptionState, TopicState
    from local_pubsub.store import Pending


class Deliveries:
    """Keeps backlogs, store and clock consistent."""

    def __init__(
        self, registry: Registry, publish: Callable[[TopicState, Sequence[Message]], object]
    ) -> None:
        """`publish` publishes dead letters."""
        self._registry = registry
        self._store = registry.store
        self._publish = publish
        self._is_closed = False

    def close(self) -> None:
        """Ends waiting requests with UNAVAILABLE, which clients retry."""
        self._is_closed = True
        for subscription in self._registry.subscriptions.values():
            subscription.wake()

    def take(
        self, subscription: SubscriptionState, consumer: Consumer, limit: int, max_bytes: int, seconds: int
    ) -> list[Message]:
        """Messages, leased to the consumer for `seconds`. Raises RequestError."""
        while True:
            if subscription.is_deleted:
                raise not_found("Subscription does not exist")
            if self._is_closed:
                raise RequestError(grpc.StatusCode.UNAVAILABLE, "The server is stopping")
            now = time.monotonic()
            subscription.backlog.expire(now)
            taken = subscription.backlog.take(consumer, limit, max_bytes, now + seconds)
            if not subscription.config.HasField("dead_letter_policy"):
                return [_received(subscription, delivery) for delivery in taken]
            alive = self._without_dead_letters(subscription, taken)
            if alive or not taken:
                return [_received(subscription, delivery, counted=True) for delivery in alive]

    async def wait(self, subscription: SubscriptionState, until: float | None = None) -> None:
        """Returns when there may be messages to take, or at `until` on the monotonic clock."""
        ends = [end for end in (subscription.backlog.next_expiry, until) if end is not None]
        timeout = max(0.0, min(ends) - time.monotonic()) if ends else None
        with suppress(TimeoutError):
            await asyncio.wait_for(subscription.changed.wait(), timeout)

    def acknowledge(self, subscription: SubscriptionState, ack_ids: Iterable[str]) -> None:
        ids = [names.ack_id(written) for written in ack_ids]
        self._acknowledge(
            subscription, [(one.message, one.delivery) for one in ids if one.subscription == subscription.id]
        )
        subscription.wake()

    def modify(self, subscription: SubscriptionState, deadlines: Iterable[tuple[str, int]]) -> None:
        """Sets deadlines by ack id, in seconds from now; 0 ends the lease."""
        now = time.monotonic()
        wanted = [(names.ack_id(written), seconds) for written, seconds in deadlines]
        if any(seconds not in limits.EXTENSIONS for _, seconds in wanted):
            raise invalid("ack_deadline_secs out of bounds")
        for ack_id, seconds in wanted:
            if ack_id.subscription != subscription.id:
                continue
            if seconds == 0:
                subscription.backlog.nack(ack_id.message, ack_id.delivery)
            else:
                subscription.backlog.extend(ack_id.message, ack_id.delivery, now + seconds)
        subscription.wake()

    def seek(self, subscription: SubscriptionState, published: int) -> None:
        """Acknowledges what was published before that time; later messages that are still kept come again."""
        config, now = subscription.config, microseconds()
        topic = self._registry.topic_of(subscription)
        with self._store.transaction():
            self._store.acknowledge_before(subscription.id, subscription.topic, published)
            if config.retain_acked_messages:
                self._redeliver_since(
                    subscription, max(published, kept_since(config, now)), subscription.since
                )
            if topic is not None and topic.config.HasField("message_retention_duration"):
                self._redeliver_since(subscription, max(published, kept_since(topic.config, now)), 0)
        self._registry.reset_deliveries(subscription)

    def _redeliver_since(self, subscription: SubscriptionState, published: int, after: int) -> None:
        kept = self._store.kept(subscription.topic, published, after)
        if subscription.matches is not filters.everything:
            kept = [message for message in kept if self._matches(subscription, message)]
        self._store.add_unacknowledged(subscription.id, kept)

    def _matches(self, subscription: SubscriptionState, message: int) -> bool:
        return subscription.matches(PubsubMessage.FromString(self._store.content(message)).attributes)

    def _without_dead_letters(self, subscription: SubscriptionState, taken: list[Delivery]) -> list[Delivery]:
        """The deliveries with attempts left; the others are published to the dead letter topic."""
        policy = subscription.config.dead_letter_policy
        topic = self._registry.topics.get(policy.dead_letter_topic)
        alive: list[Delivery] = []
        for delivery in taken:
            number, pending = delivery
            if topic is None or pending.attempts < policy.max_delivery_attempts:
                alive.append(delivery)
            else:
                self._publish(topic, [_dead_letter(subscription.config.name, pending)])
                self._acknowledge(subscription, [(pending.message, number)])
        with self._store.transaction():
            self._store.count_attempts(subscription.id, [delivery.pending.message for delivery in alive])
        return alive

    def _acknowledge(self, subscription: SubscriptionState, deliveries: Iterable[tuple[int, int]]) -> None:
        """Takes pairs of message and delivery number."""
        acknowledged: list[int] = []
        for message, number in deliveries:
            acknowledged += subscription.backlog.acknowledge(message, number)
        with self._store.transaction():
            self._store.acknowledge(subscription.id, acknowledged)


def _dead_letter(subscription: str, pending: Pending) -> Message:
    """The message with the attributes that Google adds to say where it comes from."""
    letter = PubsubMessage.FromString(pending.content)
    _, project, _, name = subscription.split("/")
    source = {
        "DeliveryCount": str(pending.attempts),
        "Subscription": name,
        "SubscriptionProject": project,
        "TopicPublishTime": letter.publish_time.ToJsonString(),
    }
    for key, value in source.items():
        letter.attributes[f"CloudPubSubDeadLetterSource{key}"] = value
    return letter


def _received(subscription: SubscriptionState, delivery: Delivery, *, counted: bool = False) -> Message:
    number, pending = delivery
    received = ReceivedMessage(ack_id=str(names.AckId(subscription.id, pending.message, number)))
    received.message.MergeFromString(pending.content)
    if counted:
        received.delivery_attempt = pending.attempts + 1
    return received
