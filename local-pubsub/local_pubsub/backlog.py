"""Which message a consumer gets next: leases, redeliveries and ordering keys of one subscription.

Pure bookkeeping: the caller passes the time, a `Source` has the messages. Nothing here has to survive the process: a
new backlog delivers again whatever the source has.
"""

from __future__ import annotations

import heapq
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from local_pubsub.leases import Batch, Delivery, Lane, Lease

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from local_pubsub.leases import Consumer
    from local_pubsub.store import Pending

MAX_BLOCKED = 100_000
"""With this many messages blocked by an earlier one of their key, no further messages are read."""
BLOCKED_PER_BATCH = 2_000
"""After this many blocked messages a batch ends with what it has."""
MAX_OUTDATED_EXPIRIES = 2_000
"""The heap of expiries is rebuilt when it has more outdated entries than this."""


class Source(Protocol):
    """The unacknowledged messages of one subscription."""

    def after(self, message: int) -> Generator[Pending]:
        """Later messages, in order of publication."""

    def one(self, message: int) -> Pending | None:
        """None if it is acknowledged."""


class Backlog:
    """The deliveries of one subscription. A lease ends by acknowledgement, by nack, or by its deadline."""

    def __init__(self, source: Source, numbers: Iterator[int], *, is_ordered: bool, since: int = 0) -> None:
        """`numbers` must always increase, across processes too; deliveries numbered below `since` are ignored."""
        self._source = source
        self._numbers = numbers
        self._is_ordered = is_ordered
        self._since = since
        self._seen = 0  # every message up to this one was leased or blocked at least once
        self._leases: dict[int, Lease] = {}
        self._expiries: list[tuple[float, int, int]] = []  # a heap; may have outdated entries
        self._nacked: list[int] = []  # a heap of messages without a lane
        self._lanes: dict[str, Lane] = {}
        self._free: dict[str, None] = {}  # the keys of lanes with blocked messages and no leases
        self._blocked = 0

    @property
    def next_expiry(self) -> float | None:
        """No lease expires earlier."""
        return self._expiries[0][0] if self._expiries else None

    def take(self, consumer: Consumer, limit: int, max_bytes: int, deadline: float) -> list[Delivery]:
        """Leases the next messages to the consumer, until `deadline`."""
        batch = Batch(consumer, limit, max_bytes, deadline)
        self._take_nacked(batch)
        for key in [*consumer.resumable, *self._free]:
            if batch.room <= 0:
                break
            self._take_blocked(key, batch)
        self._take_new(batch)
        return batch.deliveries

    def acknowledge(self, message: int, number: int) -> list[int]:
        """The messages that are now acknowledged: none while an earlier one of the key is not, else one or several.

        Also works after the lease has ended, unless the order of its key requires that the message comes again.
        """
        if number < self._since:
            return []
        lease = self._leases.get(message)
        if lease is None:
            must_come_again = self._is_ordered and message <= self._seen
            return [] if must_come_again else [message]
        self._release(lease)
        lane = self._lanes.get(lease.ordering_key)
        if lane is None:
            return [message]
        lease.is_acknowledged = True
        acknowledged = []
        while lane.leases and lane.leases[0].is_acknowledged:
            acknowledged.append(lane.leases.popleft().message)
        self._update_lane(lease.ordering_key, lane, lease.consumer)
        return acknowledged

    def extend(self, message: int, number: int, deadline: float) -> None:
        """Sets the lease's deadline, later or earlier."""
        lease = self._leases.get(message)
        if lease is not None and lease.number == number:
            if deadline < lease.deadline:
                self._schedule_expiry(deadline, lease)
            lease.deadline = deadline

    def nack(self, message: int, number: int) -> None:
        """Ends the lease. The message comes again, and so do the later ones of its key, acknowledged or not."""
        lease = self._leases.get(message)
        if lease is None or lease.number != number:
            return
        lane = self._lanes.get(lease.ordering_key)
        if lane is None:
            self._release(lease)
            heapq.heappush(self._nacked, message)
            return
        while True:
            last = lane.leases.pop()
            if not last.is_acknowledged:
                self._release(last)
            lane.blocked.appendleft(last.message)
            self._blocked += 1
            if last is lease:
                break
        self._update_lane(lease.ordering_key, lane, lease.consumer)

    def expire(self, now: float) -> None:
        """Ends the leases whose deadline has passed."""
        while self._expiries and self._expiries[0][0] <= now:
            _, message, number = heapq.heappop(self._expiries)
            lease = self._leases.get(message)
            if lease is None or lease.number != number:
                continue
            if lease.deadline > now:
                self._schedule_expiry(lease.deadline, lease)
            else:
                self.nack(message, number)

    def _take_nacked(self, batch: Batch) -> None:
        while self._nacked and batch.room > 0:
            self._redeliver(heapq.heappop(self._nacked), batch, None)

    def _take_blocked(self, key: str, batch: Batch) -> None:
        lane = self._lanes[key]
        while lane.blocked and batch.room > 0 and lane.is_open_to(batch.consumer):
            self._blocked -= 1
            self._redeliver(lane.blocked.popleft(), batch, lane)
        self._update_lane(key, lane, batch.consumer)

    def _take_new(self, batch: Batch) -> None:
        if batch.room <= 0 or self._blocked >= MAX_BLOCKED:
            return
        blocked = self._blocked
        with closing(self._source.after(self._seen)) as later:
            for pending in later:
                self._seen = pending.message
                if self._is_ordered and pending.ordering_key:
                    self._deliver_or_block(pending, batch)
                else:
                    self._deliver(pending, batch, None)
                if batch.room <= 0 or self._blocked >= MAX_BLOCKED:
                    return
                if self._blocked - blocked >= BLOCKED_PER_BATCH and batch.deliveries:
                    return

    def _deliver_or_block(self, pending: Pending, batch: Batch) -> None:
        lane = self._lanes.setdefault(pending.ordering_key, Lane())
        if lane.blocked or not lane.is_open_to(batch.consumer):
            lane.blocked.append(pending.message)
            self._blocked += 1
            self._update_lane(pending.ordering_key, lane, lane.leases[0].consumer)
        else:
            self._deliver(pending, batch, lane)

    def _redeliver(self, message: int, batch: Batch, lane: Lane | None) -> None:
        """Delivers the message again unless it is acknowledged."""
        pending = self._source.one(message)
        if pending is not None:
            self._deliver(pending, batch, lane)

    def _deliver(self, pending: Pending, batch: Batch, lane: Lane | None) -> None:
        size, consumer = len(pending.content), batch.consumer
        number = next(self._numbers)
        lease = Lease(pending.message, pending.ordering_key, size, consumer, number, batch.deadline)
        self._leases[pending.message] = lease
        self._schedule_expiry(batch.deadline, lease)
        if lane is not None:
            lane.leases.append(lease)
        consumer.messages += 1
        consumer.bytes += size
        batch.bytes += size
        batch.deliveries.append(Delivery(number, pending))

    def _schedule_expiry(self, deadline: float, lease: Lease) -> None:
        if len(self._expiries) > 2 * len(self._leases) + MAX_OUTDATED_EXPIRIES:
            leases = self._leases.values()
            self._expiries = [(held.deadline, held.message, held.number) for held in leases]
            heapq.heapify(self._expiries)
        heapq.heappush(self._expiries, (deadline, lease.message, lease.number))

    def _release(self, lease: Lease) -> None:
        del self._leases[lease.message]
        lease.consumer.messages -= 1
        lease.consumer.bytes -= lease.size

    def _update_lane(self, key: str, lane: Lane, consumer: Consumer) -> None:
        """Records who may have the lane's next message. `consumer` holds the lane, or did until now."""
        consumer.resumable.pop(key, None)
        self._free.pop(key, None)
        if not lane.leases and not lane.blocked:
            del self._lanes[key]
        elif lane.blocked and not lane.leases:
            self._free[key] = None
        elif lane.blocked and lane.is_open_to(consumer):
            consumer.resumable[key] = None
