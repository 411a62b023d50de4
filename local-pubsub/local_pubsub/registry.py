"""All topics and subscriptions, in memory. Changes are written to the store first."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from itertools import count
from typing import TYPE_CHECKING

from local_pubsub import configs, filters, names
from local_pubsub.backlog import Backlog
from local_pubsub.errors import already_exists, not_found
from local_pubsub.protos import Message, Subscription, Topic

if TYPE_CHECKING:
    from collections.abc import Generator

    from local_pubsub.store import Pending, Store


@dataclasses.dataclass(eq=False)
class TopicState:
    id: int
    config: Message


@dataclasses.dataclass(eq=False)
class SubscriptionState:
    """`changed` wakes those who wait for its messages; a seek replaces `backlog`."""

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
        self.changed = asyncio.Event()  # the old one stays set for those who are about to wait for it


@dataclasses.dataclass(frozen=True)
class UnackedMessages:
    """The Source of one subscription's backlog: what it has not acknowledged."""

    store: Store
    subscription: int

    def after(self, message: int) -> Generator[Pending]:
        return self.store.pending_after(self.subscription, message)

    def one(self, message: int) -> Pending | None:
        return self.store.pending(self.subscription, message)


class Registry:
    """Topics and subscriptions by name. Change what it returns only through its methods."""

    def __init__(self, store: Store) -> None:
        self.store = store
        # Delivery numbers. Fewer than one a microsecond are used, so those of the next process are higher.
        self._numbers = count(time.time_ns() // 1000)
        self.topics: dict[str, TopicState] = {}
        self.subscriptions: dict[str, SubscriptionState] = {}
        for number, written in store.topics():
            config = Topic.FromString(written)
            self.topics[config.name] = TopicState(number, config)
        for stored in store.subscriptions():
            config = Subscription.FromString(stored.config)
            self.subscriptions[config.name] = self._held(stored.id, stored.topic, stored.since, config)

    def topic(self, name: str) -> TopicState:
        names.check_topic(name)
        topic = self.topics.get(name)
        if topic is None:
            raise not_found("Topic not found")
        return topic

    def topic_of(self, subscription: SubscriptionState) -> TopicState | None:
        """None if the topic was deleted."""
        return next((topic for topic in self.topics.values() if topic.id == subscription.topic), None)

    def create_topic(self, config: Message) -> TopicState:
        configs.check_topic(config)
        if config.name in self.topics:
            raise already_exists("Topic already exists")
        topic = TopicState(self.store.add_topic(config.name, config.SerializeToString()), config)
        self.topics[config.name] = topic
        return topic

    def update_topic(self, wanted: Message, mask: Message) -> TopicState:
        topic = self.topic(wanted.name)
        config = configs.updated(topic.config, wanted, mask, configs.UPDATABLE_TOPIC_FIELDS)
        configs.check_topic(config)
        self.store.change_topic(topic.id, config.SerializeToString())
        topic.config = config
        return topic

    def delete_topic(self, name: str) -> None:
        """Its subscriptions stay and deliver what was published before."""
        topic = self.topic(name)
        with self.store.transaction():
            self.store.remove_topic(topic.id)
            for subscription in self.subscriptions_of(topic):
                config = subscription.config
                config.topic = names.DELETED_TOPIC
                self.store.change_subscription(subscription.id, config.SerializeToString())
        del self.topics[name]

    def subscription(self, name: str) -> SubscriptionState:
        names.check_subscription(name)
        subscription = self.subscriptions.get(name)
        if subscription is None:
            raise not_found("Subscription does not exist")
        return subscription

    def subscriptions_of(self, topic: TopicState) -> list[SubscriptionState]:
        return [held for held in self.subscriptions.values() if held.topic == topic.id]

    def create_subscription(self, config: Message) -> SubscriptionState:
        """Receives what is published from now on; sets Google's defaults in `config`."""
        names.check_topic(config.topic)
        configs.check_subscription(config)
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

    def update_subscription(self, wanted: Message, mask: Message) -> SubscriptionState:
        subscription = self.subscription(wanted.name)
        config = configs.updated(subscription.config, wanted, mask, configs.UPDATABLE_SUBSCRIPTION_FIELDS)
        configs.check_subscription(config)
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

    def reset_deliveries(self, subscription: SubscriptionState) -> None:
        """Invalidates all deliveries: everything that the store has as unacknowledged is delivered again."""
        subscription.backlog = self._backlog(subscription.id, subscription.config, since=next(self._numbers))
        subscription.wake()

    def _check_dead_letter_topic(self, config: Message) -> None:
        if config.HasField("dead_letter_policy"):
            name = config.dead_letter_policy.dead_letter_topic
            names.check_topic(name)
            if name not in self.topics:
                raise not_found("Dead letter topic not found")

    def _held(self, number: int, topic: int, since: int, config: Message) -> SubscriptionState:
        backlog = self._backlog(number, config)
        return SubscriptionState(number, topic, since, config, filters.parse(config.filter), backlog)

    def _backlog(self, number: int, config: Message, since: int = 0) -> Backlog:
        ordered = config.enable_message_ordering
        return Backlog(UnackedMessages(self.store, number), self._numbers, is_ordered=ordered, since=since)
