"""The service google.pubsub.v1.Publisher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_pubsub import limits, names
from local_pubsub.protos import (
    ListTopicsResponse,
    ListTopicSubscriptionsResponse,
    Message,
    PublishResponse,
)
from local_pubsub.retention import microseconds
from local_pubsub.store import StoredMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local_pubsub.registry import Registry, TopicState


class Publisher:
    """Its methods raise RequestError; None stands for google.protobuf.Empty."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store
        self._last_published = registry.store.last_published()

    def create_topic(self, request: Message) -> Message:
        return self._registry.create_topic(request).config

    def update_topic(self, request: Message) -> Message:
        return self._registry.update_topic(request.topic, request.update_mask).config

    def get_topic(self, request: Message) -> Message:
        return self._registry.topic(request.topic).config

    def list_topics(self, request: Message) -> Message:
        names.check_project(request.project)
        found = [name for name in self._registry.topics if name.startswith(f"{request.project}/")]
        shown, token = names.page(found, request)
        topics = [self._registry.topics[name].config for name in shown]
        return ListTopicsResponse(topics=topics, next_page_token=token)

    def list_topic_subscriptions(self, request: Message) -> Message:
        subscriptions = self._registry.subscriptions_of(self._registry.topic(request.topic))
        shown, token = names.page([held.config.name for held in subscriptions], request)
        return ListTopicSubscriptionsResponse(subscriptions=shown, next_page_token=token)

    def delete_topic(self, request: Message) -> None:
        self._registry.delete_topic(request.topic)

    def publish(self, request: Message) -> Message:
        """All messages or none, in one transaction, with one publish time."""
        topic = self._registry.topic(request.topic)
        limits.check_publish(request)
        return PublishResponse(message_ids=map(str, self.add(topic, request.messages)))

    def add(self, topic: TopicState, messages: Sequence[Message]) -> range:
        """Publishes them and returns their ids."""
        published = self._last_published = max(self._last_published, microseconds())
        first = self._store.last_message() + 1
        ids = range(first, first + len(messages))
        stored = []
        for number, message in zip(ids, messages, strict=True):
            message.message_id = str(number)
            message.publish_time.FromMicroseconds(published)
            content = message.SerializeToString()
            stored.append(StoredMessage(number, topic.id, published, message.ordering_key, content))
        subscriptions = self._registry.subscriptions_of(topic)
        with self._store.transaction():
            self._store.add_messages(stored)
            for subscription in subscriptions:
                matching = zip(ids, messages, strict=True)
                self._store.add_unacknowledged(
                    subscription.id, (n for n, m in matching if subscription.matches(m.attributes))
                )
        for subscription in subscriptions:
            subscription.wake()
        return ids
