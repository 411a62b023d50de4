"""What happens to the messages of a subscription: handed out, acknowledged, extended, given back."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import grpc

from sandbox.pubsub import limits, names
from sandbox.pubsub.refusals import RefusedError, invalid, not_found
from sandbox.pubsub.wire import Message, ReceivedMessage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.pubsub.backlog import Consumer
    from sandbox.pubsub.registry import HeldSubscription, Registry


class Deliveries:
    """One Backlog per subscription, kept in step with the store and the clock."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store
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
        if subscription.is_deleted:
            raise not_found("Subscription does not exist")
        if self._is_closed:
            raise RefusedError(grpc.StatusCode.UNAVAILABLE, "The server is stopping")
        now = time.monotonic()
        subscription.backlog.expire(now)
        received = []
        for number, pending in subscription.backlog.take(consumer, limit, max_bytes, now + seconds):
            delivered = ReceivedMessage(ack_id=str(names.AckId(subscription.id, pending.message, number)))
            delivered.message.MergeFromString(pending.content)
            received.append(delivered)
        return received

    async def wait(self, subscription: HeldSubscription, until: float | None = None) -> None:
        """Until there may be something to take, or that time of the monotonic clock."""
        ends = [end for end in (subscription.backlog.next_expiry, until) if end is not None]
        timeout = max(0.0, min(ends) - time.monotonic()) if ends else None
        with suppress(TimeoutError):
            await asyncio.wait_for(subscription.changed.wait(), timeout)

    def acknowledge(self, subscription: HeldSubscription, ack_ids: Iterable[str]) -> None:
        settled: list[int] = []
        for ack_id in map(names.ack_id, ack_ids):
            if ack_id.subscription == subscription.id:
                settled += subscription.backlog.acknowledge(ack_id.message, ack_id.delivery)
        with self._store.transaction():
            self._store.settle(subscription.id, settled)
        subscription.wake()

    def modify(self, subscription: HeldSubscription, deadlines: Iterable[tuple[str, int]]) -> None:
        """Moves the ends of leases to so many seconds from now; 0 ends them at once."""
        for written, seconds in deadlines:
            if seconds not in limits.EXTENSIONS:
                raise invalid("ack_deadline_secs out of bounds")
            ack_id = names.ack_id(written)
            if ack_id.subscription != subscription.id:
                continue
            if seconds == 0:
                subscription.backlog.give_back(ack_id.message, ack_id.delivery)
            else:
                subscription.backlog.extend(ack_id.message, ack_id.delivery, time.monotonic() + seconds)
        subscription.wake()

    def seek(self, subscription: HeldSubscription, published: int) -> None:
        """What was published before that time (in microseconds) is settled; what came later, and is kept, is owed again."""
        raise NotImplementedError
