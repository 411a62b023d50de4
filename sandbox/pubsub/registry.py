"""Which topics and subscriptions there are: in memory, and in the store before anyone is told."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from itertools import count
from typing import TYPE_CHECKING

from sandbox.pubsub import filters, limits, names
from sandbox.pubsub.backlog import Backlog
from sandbox.pubsub.refusals import already_exists, not_found
from sandbox.pubsub.wire import Message, Subscription, Topic

if TYPE_CHECKING:
    from collections.abc import Generator

    from sandbox.pubsub.store import Pending, Store


@dataclasses.dataclass(eq=False)
class HeldTopic:
    id: int
    config: Message


@dataclasses.dataclass(eq=False)
class HeldSubscription:
    """`changed` wakes whoever waits for its messages; `backlog` is exchanged for a new one by a seek."""

    id: int
    topic: int
    since: int
    config: Message
    matches: filters.Filter
    backlog: Backlog
    changed: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    is_deleted: bool = False

    def wake(self) -> None:
        self.changed.set()
        self.changed.clear()


@dataclasses.dataclass(frozen=True)
class Owed:
    """The Source of one subscription's backlog."""

    store: Store
    subscription: int

    def after(self, message: int) -> Generator[Pending]:
        return self.store.pending_after(self.subscription, message)

    def one(self, message: int) -> Pending | None:
        return self.store.pending(self.subscription, message)


class Registry:
    """Names to topics and subscriptions. What it hands out is live: change it only through here."""

    def __init__(self, store: Store) -> None:
        self.store = store
        # A message is delivered less often than once in a microsecond: the next process goes on above these.
        self._numbers = count(time.time_ns() // 1000)
        self.topics: dict[str, HeldTopic] = {}
        self.subscriptions: dict[str, HeldSubscription] = {}
        for topic in store.topics():
            config = Topic.FromString(topic.config)
            self.topics[config.name] = HeldTopic(topic.id, config)
        for stored in store.subscriptions():
            config = Subscription.FromString(stored.config)
            self.subscriptions[config.name] = self._held(stored.id, stored.topic, stored.since, config)

    def topic(self, name: str) -> HeldTopic:
        names.check_topic(name)
        topic = self.topics.get(name)
        if topic is None:
            raise not_found("Topic not found")
        return topic

    def create_topic(self, config: Message) -> HeldTopic:
        names.check_topic(config.name)
        limits.check_topic(config)
        if config.name in self.topics:
            raise already_exists("Topic already exists")
        topic = HeldTopic(self.store.add_topic(config.name, config.SerializeToString()), config)
        self.topics[config.name] = topic
        return topic

    def delete_topic(self, name: str) -> None:
        """Its subscriptions stay, and still deliver what was published."""
        topic = self.topic(name)
        with self.store.transaction():
            self.store.remove_topic(topic.id)
            for subscription in self.subscriptions_of(topic):
                subscription.config.topic = names.DELETED_TOPIC
                self.save(subscription)
        del self.topics[name]

    def subscription(self, name: str) -> HeldSubscription:
        names.check_subscription(name)
        subscription = self.subscriptions.get(name)
        if subscription is None:
            raise not_found("Subscription does not exist")
        return subscription

    def subscriptions_of(self, topic: HeldTopic) -> list[HeldSubscription]:
        return [held for held in self.subscriptions.values() if held.topic == topic.id]

    def create_subscription(self, config: Message) -> HeldSubscription:
        """It gets what is published from now on; `config` gets Google's defaults."""
        names.check_subscription(config.name)
        names.check_topic(config.topic)
        config.push_config.SetInParent()
        config.ack_deadline_seconds = config.ack_deadline_seconds or limits.DEFAULT_ACK_DEADLINE
        if not config.HasField("message_retention_duration"):
            config.message_retention_duration.FromSeconds(limits.DEFAULT_RETENTION)
        limits.check_subscription(config)
        filters.parse(config.filter)
        if config.name in self.subscriptions:
            raise already_exists("Subscription already exists")
        topic = self.topics.get(config.topic)
        if topic is None:
            raise not_found("Subscription topic does not exist")
        since = self.store.last_message()
        number = self.store.add_subscription(config.name, topic.id, since, config.SerializeToString())
        subscription = self._held(number, topic.id, since, config)
        self.subscriptions[config.name] = subscription
        return subscription

    def delete_subscription(self, name: str) -> None:
        subscription = self.subscription(name)
        with self.store.transaction():
            self.store.remove_subscription(subscription.id)
        del self.subscriptions[name]
        subscription.is_deleted = True
        subscription.wake()

    def save(self, subscription: HeldSubscription) -> None:
        self.store.change_subscription(subscription.id, subscription.config.SerializeToString())

    def start_again(self, subscription: HeldSubscription) -> None:
        """Every delivery so far is void: the subscription hands out anew what the store says it owes."""
        subscription.backlog = self._backlog(subscription.id, subscription.config, since=next(self._numbers))
        subscription.wake()

    def _held(self, number: int, topic: int, since: int, config: Message) -> HeldSubscription:
        matches = filters.parse(config.filter)
        return HeldSubscription(number, topic, since, config, matches, self._backlog(number, config))

    def _backlog(self, number: int, config: Message, since: int = 0) -> Backlog:
        ordered = config.enable_message_ordering
        return Backlog(Owed(self.store, number), self._numbers, is_ordered=ordered, since=since)
