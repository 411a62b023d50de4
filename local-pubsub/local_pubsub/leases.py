"""What a backlog keeps track of: consumers, leases, and the lanes that keep the messages of a key in order."""

from __future__ import annotations

import dataclasses
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from local_pubsub.store import Pending


@dataclasses.dataclass(eq=False)
class Consumer:
    """One Pull request or one stream: what it holds, and its limits (0: unlimited)."""

    max_messages: int = 0
    max_bytes: int = 0
    max_messages_of_key: int = 0
    messages: int = 0
    bytes: int = 0
    resumable: dict[str, None] = dataclasses.field(default_factory=dict)
    """The keys it holds and may get more messages of."""

    def room(self, limit: int) -> int:
        """How many more messages it may get, at most `limit`."""
        if 0 < self.max_bytes <= self.bytes:
            return 0
        return limit if self.max_messages <= 0 else min(limit, self.max_messages - self.messages)


@dataclasses.dataclass(eq=False)
class Lease:
    """A message that a consumer holds; `number` identifies the delivery among those of the message."""

    message: int
    ordering_key: str
    size: int
    consumer: Consumer
    number: int
    deadline: float
    is_acknowledged: bool = False


class Delivery(NamedTuple):
    number: int
    pending: Pending


@dataclasses.dataclass
class Lane:
    """The messages of one ordering key read so far: those leased, all to one consumer, then those blocked."""

    leases: deque[Lease] = dataclasses.field(default_factory=deque)
    blocked: deque[int] = dataclasses.field(default_factory=deque)

    def is_open_to(self, consumer: Consumer) -> bool:
        if not self.leases:
            return True
        is_full = 0 < consumer.max_messages_of_key <= len(self.leases)
        return self.leases[0].consumer is consumer and not is_full


@dataclasses.dataclass
class Batch:
    """The messages of one response: `limit` messages or about `max_bytes`, whichever is reached first."""

    consumer: Consumer
    limit: int
    max_bytes: int
    deadline: float
    deliveries: list[Delivery] = dataclasses.field(default_factory=list)
    bytes: int = 0

    @property
    def room(self) -> int:
        if self.bytes >= self.max_bytes:
            return 0
        return self.consumer.room(self.limit - len(self.deliveries))
