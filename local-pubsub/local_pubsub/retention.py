"""How long messages are kept: until every subscription has acknowledged them, or longer by configuration."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from local_pubsub.store import Position

if TYPE_CHECKING:
    from local_pubsub.protos import Message
    from local_pubsub.registry import Registry

SWEEP_SECONDS = 60
SWEEP_BATCH = 2_000
"""Messages per transaction; requests are served in between."""


def microseconds() -> int:
    """The current time, in the unit of publish times."""
    return time.time_ns() // 1000


def kept_since(config: Message, now: int) -> int:
    """The topic or subscription keeps what was published at this time or later."""
    return now - int(config.message_retention_duration.ToMicroseconds())


async def keep_sweeping(registry: Registry) -> None:
    """Removes expired messages every minute."""
    while True:
        await sweep(registry, microseconds())
        await asyncio.sleep(SWEEP_SECONDS)


async def sweep(registry: Registry, now: int) -> None:
    """Removes expired messages."""
    store = registry.store
    for subscription in [*registry.subscriptions.values()]:
        store.acknowledge_before(subscription.id, subscription.topic, kept_since(subscription.config, now))
    for topic in store.topics_with_messages():
        before = _retained_since(registry, topic, now)
        position = Position(0, 0)
        while found := store.oldest(topic, position, before, SWEEP_BATCH):
            position = found[-1]
            with store.transaction():
                store.remove_acknowledged([message.id for message in found])
            await asyncio.sleep(0)


def _retained_since(registry: Registry, topic: int, now: int) -> int:
    """What was published earlier is kept only while it is unacknowledged."""
    keepers = [held.config for held in registry.topics.values() if held.id == topic]
    keepers = [config for config in keepers if config.HasField("message_retention_duration")]
    keepers += [
        held.config
        for held in registry.subscriptions.values()
        if held.topic == topic and held.config.retain_acked_messages
    ]
    return min([now, *(kept_since(config, now) for config in keepers)])
