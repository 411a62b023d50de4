"""How long messages are kept: until every subscription has them, and longer where a topic or subscription says so."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from sandbox.pubsub.store import Position

if TYPE_CHECKING:
    from sandbox.pubsub.registry import Registry
    from sandbox.pubsub.wire import Message

SWEEP_SECONDS = 60
STEP = 2_000
"""So many messages are looked at without a pause, which others would notice."""


def microseconds() -> int:
    """The time as messages carry it."""
    return time.time_ns() // 1000


def kept_since(config: Message, now: int) -> int:
    """The time since which the topic or subscription keeps what is published."""
    return now - int(config.message_retention_duration.ToMicroseconds())


async def keep_sweeping(registry: Registry) -> None:
    """Removes what is no longer kept, again and again."""
    while True:
        await sweep(registry, microseconds())
        await asyncio.sleep(SWEEP_SECONDS)


async def sweep(registry: Registry, now: int) -> None:
    """Removes what is no longer kept."""
    store = registry.store
    for subscription in [*registry.subscriptions.values()]:
        store.settle_before(subscription.id, subscription.topic, kept_since(subscription.config, now))
    for topic in store.topics_with_messages():
        before = _needed_since(registry, topic, now)
        position = Position(0, 0)
        while found := store.oldest(topic, position, before, STEP):
            position = found[-1]
            with store.transaction():
                store.remove_unowed([message.id for message in found])
            await asyncio.sleep(0)


def _needed_since(registry: Registry, topic: int, now: int) -> int:
    """What was published before is needed only where it is owed."""
    keepers = [held.config for held in registry.topics.values() if held.id == topic]
    keepers = [config for config in keepers if config.HasField("message_retention_duration")]
    keepers += [
        held.config
        for held in registry.subscriptions.values()
        if held.topic == topic and held.config.retain_acked_messages
    ]
    return min([now, *(kept_since(config, now) for config in keepers)])
