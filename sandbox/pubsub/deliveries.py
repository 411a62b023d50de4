"""What happens to the messages of a subscription: handed out, acknowledged, extended, given back, sought again."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import grpc

from sandbox.pubsub import filters, limits, names
from sandbox.pubsub.dead_letters import dead_letter
from sandbox.pubsub.refusals import RefusedError, invalid, not_found
from sandbox.pubsub.retention import kept_since, microseconds
from sandbox.pubsub.wire import Message, PubsubMessage, ReceivedMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sandbox.pubsub.leases import Consumer, Delivery
    from sandbox.pubsub.registry import HeldSubscription, HeldTopic, Registry


class Deliveries:
    """Keeps backlogs, store and clock in step."""

    def __init__(self, registry: Registry, publish: Callable[[HeldTopic, Sequence[Message]], object]) -> None:
        """`publish` is where dead letters go."""
        self._registry = registry
        self._store = registry.store
        self._publish = publish
        self._is_closed = False

    def close(self) -> None:
        """Whoever waits is sent away, to come back to the next process."""
        self._is_closed = True
        for subscription in self._registry.subscriptions.values():
            subscription.wake()

    def take(
        self, subscription: HeldSubscription, consumer: Consumer, limit: int, max_bytes: int, seconds: int
    ) -> list[Message]:
        """ReceivedMessages, leased to the consumer for so many seconds. Raises RefusedError."""
        while True:
            if subscription.is_deleted:
                raise not_found("Subscription does not exist")
            if self._is_closed:
                raise RefusedError(grpc.StatusCode.UNAVAILABLE, "The server is stopping")
            now = time.monotonic()
            subscription.backlog.expire(now)
            taken = subscription.backlog.take(consumer, limit, max_bytes, now + seconds)
            if not subscription.config.HasField("dead_letter_policy"):
                return [_received(subscription, delivery) for delivery in taken]
            alive = self._without_dead_letters(subscription, taken)
            if alive or not taken:
                return [_received(subscription, delivery, counted=True) for delivery in alive]

    async def wait(self, subscription: HeldSubscription, until: float | None = None) -> None:
        """Until there may be something to take, or that time of the monotonic clock."""
        ends = [end for end in (subscription.backlog.next_expiry, until) if end is not None]
        timeout = max(0.0, min(ends) - time.monotonic()) if ends else None
        with suppress(TimeoutError):
            await asyncio.wait_for(subscription.changed.wait(), timeout)

    def acknowledge(self, subscription: HeldSubscription, ack_ids: Iterable[str]) -> None:
        ids = [names.ack_id(written) for written in ack_ids]
        own = [(one.message, one.delivery) for one in ids if one.subscription == subscription.id]
        self._settle(subscription, own)
        subscription.wake()

    def modify(self, subscription: HeldSubscription, deadlines: Iterable[tuple[str, int]]) -> None:
        """Moves the ends of leases to so many seconds from now; 0 ends them at once."""
        now = time.monotonic()
        wanted = [(names.ack_id(written), seconds) for written, seconds in deadlines]
        if any(seconds not in limits.EXTENSIONS for _, seconds in wanted):
            raise invalid("ack_deadline_secs out of bounds")
        for ack_id, seconds in wanted:
            if ack_id.subscription != subscription.id:
                continue
            if seconds == 0:
                subscription.backlog.give_back(ack_id.message, ack_id.delivery)
            else:
                subscription.backlog.extend(ack_id.message, ack_id.delivery, now + seconds)
        subscription.wake()

    def seek(self, subscription: HeldSubscription, published: int) -> None:
        """What was published before that time is settled; what came later, and is still kept, is owed again."""
        config, now = subscription.config, microseconds()
        topic = self._registry.topic_of(subscription)
        with self._store.transaction():
            self._store.settle_before(subscription.id, subscription.topic, published)
            if config.retain_acked_messages:
                self._owe_again(subscription, max(published, kept_since(config, now)), subscription.since)
            if topic is not None and topic.config.HasField("message_retention_duration"):
                self._owe_again(subscription, max(published, kept_since(topic.config, now)), 0)
        self._registry.start_again(subscription)

    def _owe_again(self, subscription: HeldSubscription, published: int, after: int) -> None:
        kept = self._store.kept(subscription.topic, published, after)
        if subscription.matches is not filters.everything:
            kept = [message for message in kept if self._matches(subscription, message)]
        self._store.owe(subscription.id, kept)

    def _matches(self, subscription: HeldSubscription, message: int) -> bool:
        return subscription.matches(PubsubMessage.FromString(self._store.content(message)).attributes)

    def _without_dead_letters(self, subscription: HeldSubscription, taken: list[Delivery]) -> list[Delivery]:
        """Those that are still to be delivered, once more; the rest is published to the dead letter topic."""
        policy = subscription.config.dead_letter_policy
        topic = self._registry.topics.get(policy.dead_letter_topic)
        alive: list[Delivery] = []
        for delivery in taken:
            number, pending = delivery
            if topic is None or pending.attempts < policy.max_delivery_attempts:
                alive.append(delivery)
            else:
                self._publish(topic, [dead_letter(subscription.config.name, pending)])
                self._settle(subscription, [(pending.message, number)])
        with self._store.transaction():
            self._store.count_attempts(subscription.id, [delivery.pending.message for delivery in alive])
        return alive

    def _settle(self, subscription: HeldSubscription, delivered: Iterable[tuple[int, int]]) -> None:
        """Acknowledges (message, number of the delivery)."""
        settled: list[int] = []
        for message, number in delivered:
            settled += subscription.backlog.acknowledge(message, number)
        with self._store.transaction():
            self._store.settle(subscription.id, settled)


def _received(subscription: HeldSubscription, delivery: Delivery, *, counted: bool = False) -> Message:
    number, pending = delivery
    received = ReceivedMessage(ack_id=str(names.AckId(subscription.id, pending.message, number)))
    received.message.MergeFromString(pending.content)
    if counted:
        received.delivery_attempt = pending.attempts + 1
    return received
