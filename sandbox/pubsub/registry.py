"""Which topics and subscriptions there are: in memory, and in the store before anyone is told."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from itertools import count
from typing import TYPE_CHECKING

from sandbox.pubsub import configs, filters, names
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
        self.changed = asyncio.Event()  # the old one stays set, for whoever has it and does not wait yet


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

    def topic_of(self, subscription: HeldSubscription) -> HeldTopic | None:
        """None if it was deleted."""
        return next((topic for topic in self.topics.values() if topic.id == subscription.topic), None)

    def create_topic(self, config: Message) -> HeldTopic:
        configs.check_topic(config)
        if config.name in self.topics:
            raise already_exists("Topic already exists")
        topic = HeldTopic(self.store.add_topic(config.name, config.SerializeToString()), config)
        self.topics[config.name] = topic
        return topic

    def update_topic(self, wanted: Message, mask: Message) -> HeldTopic:
        topic = self.topic(wanted.name)
        config = configs.changed(topic.config, wanted, mask, configs.CHANGEABLE_OF_TOPIC)
        configs.check_topic(config)
        self.store.change_topic(topic.id, config.SerializeToString())
        topic.config = config
        return topic

    def delete_topic(self, name: str) -> None:
        """Its subscriptions stay, and still deliver what was published."""
        topic = self.topic(name)
        with self.store.transaction():
            self.store.remove_topic(topic.id)
            for subscription in self.subscriptions_of(topic):
                config = subscription.config
                config.topic = names.DELETED_TOPIC
                self.store.change_subscription(subscription.id, config.SerializeToString())
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
        names.check_topic(config.topic)
        configs.complete_subscription(config)
        if config.name in self.subscriptions:
            raise already_exists("Subscription already exists")
        topic = self.topics.get(config.topic)
        if topic is None:
            raise not_found("Subscription topic does not exist")
        self._check_dead_letter_topic(config)
        since = self.store.last_message()
        number = self.store.add_subscription(config.name, topic.id, since, config.SerializeToString())
        self.subscriptions[config.name] = self._held(number, topic.id, since, config)
        return self.subscriptions[config.name]

    def update_subscription(self, wanted: Message, mask: Message) -> HeldSubscription:
        subscription = self.subscription(wanted.name)
        config = configs.changed(subscription.config, wanted, mask, configs.CHANGEABLE_OF_SUBSCRIPTION)
        configs.complete_subscription(config)
        self._check_dead_letter_topic(config)
        self.store.change_subscription(subscription.id, config.SerializeToString())
        subscription.config = config
        return subscription

    def delete_subscription(self, name: str) -> None:
        subscription = self.subscription(name)
        with self.store.transaction():
            self.store.remove_subscription(subscription.id)
        del self.subscriptions[name]
        subscription.is_deleted = True
        subscription.wake()

    def start_again(self, subscription: HeldSubscription) -> None:
        """Every delivery so far is void: the subscription hands out anew what the store says it owes."""
        subscription.backlog = self._backlog(subscription.id, subscription.config, since=next(self._numbers))
        subscription.wake()

    def _check_dead_letter_topic(self, config: Message) -> None:
        if config.HasField("dead_letter_policy"):
            name = config.dead_letter_policy.dead_letter_topic
            names.check_topic(name)
            if name not in self.topics:
                raise not_found("Dead letter topic not found")

    def _held(self, number: int, topic: int, since: int, config: Message) -> HeldSubscription:
        backlog = self._backlog(number, config)
        return HeldSubscription(number, topic, since, config, filters.parse(config.filter), backlog)

    def _backlog(self, number: int, config: Message, since: int = 0) -> Backlog:
        ordered = config.enable_message_ordering
        return Backlog(Owed(self.store, number), self._numbers, is_ordered=ordered, since=since)
