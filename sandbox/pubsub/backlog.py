"""Who may have which message next: the leases of one subscription, its redeliveries, its ordering keys.

Pure bookkeeping: time is given, messages are looked up in a `Source`. Nothing here has to survive the process; a new
backlog hands out again whatever the source still owes.
"""

from __future__ import annotations

import heapq
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from sandbox.pubsub.leases import Batch, Delivery, Lane, Lease

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from sandbox.pubsub.leases import Consumer
    from sandbox.pubsub.store import Pending

MOST_PARKED = 100_000
"""Behind so many messages that wait for an earlier one of their key, none is looked at."""
PARKED_AT_ONCE = 2_000
"""So many are parked before what was found among them is handed out."""
OUTDATED_EXPIRIES = 2_000
"""So many ends of leases that are over are put up with."""


class Source(Protocol):
    """What is owed to one subscription."""

    def after(self, message: int) -> Generator[Pending]:
        """What was published behind that message, in that order."""

    def one(self, message: int) -> Pending | None:
        """That message, if it is still owed."""


class Backlog:
    """The deliveries of one subscription. A lease ends by acknowledgement, by return, or by time."""

    def __init__(self, source: Source, numbers: Iterator[int], *, is_ordered: bool, since: int = 0) -> None:
        """`numbers` must only grow, also from one process to the next; numbers below `since` mean nothing here."""
        self._source = source
        self._numbers = numbers
        self._is_ordered = is_ordered
        self._since = since
        self._met = 0  # every message up to this one was leased or parked at least once
        self._leases: dict[int, Lease] = {}
        self._expiries: list[tuple[float, int, int]] = []  # a heap; some are out of date, none is missing
        self._returned: list[int] = []  # a heap of messages without a lane
        self._lanes: dict[str, Lane] = {}
        self._free: dict[str, None] = {}  # the keys of lanes with parked messages and no leases
        self._parked = 0

    @property
    def next_expiry(self) -> float | None:
        """No lease ends by itself before."""
        return self._expiries[0][0] if self._expiries else None

    def take(self, consumer: Consumer, limit: int, max_bytes: int, deadline: float) -> list[Delivery]:
        """Leases to the consumer, until `deadline`, what it may have next."""
        batch = Batch(consumer, limit, max_bytes, deadline)
        self._take_returned(batch)
        for key in [*consumer.resumable, *self._free]:
            if batch.room <= 0:
                break
            self._take_parked(key, batch)
        self._take_new(batch)
        return batch.deliveries

    def acknowledge(self, message: int, number: int) -> list[int]:
        """The messages that are settled by this: that one, several, or none as long as an earlier one is not.

        One whose lease has ended is settled too, unless it must come again for the sake of its key's order.
        """
        if number < self._since:
            return []
        lease = self._leases.get(message)
        if lease is None:
            must_come_again = self._is_ordered and message <= self._met
            return [] if must_come_again else [message]
        self._end(lease)
        lane = self._lanes.get(lease.ordering_key)
        if lane is None:
            return [message]
        lease.is_acknowledged = True
        settled = []
        while lane.leases and lane.leases[0].is_acknowledged:
            settled.append(lane.leases.popleft().message)
        self._sort(lease.ordering_key, lane, lease.consumer)
        return settled

    def extend(self, message: int, number: int, deadline: float) -> None:
        """Moves the lease's end, to a later or an earlier time."""
        lease = self._leases.get(message)
        if lease is not None and lease.number == number:
            if deadline < lease.deadline:
                self._expect(deadline, lease)
            lease.deadline = deadline

    def give_back(self, message: int, number: int) -> None:
        """Ends the lease: the message, and those of its key behind it, acknowledged or not, will come again."""
        lease = self._leases.get(message)
        if lease is None or lease.number != number:
            return
        lane = self._lanes.get(lease.ordering_key)
        if lane is None:
            self._end(lease)
            heapq.heappush(self._returned, message)
            return
        while True:
            last = lane.leases.pop()
            if not last.is_acknowledged:
                self._end(last)
            lane.parked.appendleft(last.message)
            self._parked += 1
            if last is lease:
                break
        self._sort(lease.ordering_key, lane, lease.consumer)

    def expire(self, now: float) -> None:
        """Gives back what was leased until now."""
        while self._expiries and self._expiries[0][0] <= now:
            _, message, number = heapq.heappop(self._expiries)
            lease = self._leases.get(message)
            if lease is None or lease.number != number:
                continue
            if lease.deadline > now:
                self._expect(lease.deadline, lease)
            else:
                self.give_back(message, number)

    def _take_returned(self, batch: Batch) -> None:
        while self._returned and batch.room > 0:
            self._lease(heapq.heappop(self._returned), batch, None)

    def _take_parked(self, key: str, batch: Batch) -> None:
        lane = self._lanes[key]
        while lane.parked and batch.room > 0 and lane.is_open_to(batch.consumer):
            self._parked -= 1
            self._lease(lane.parked.popleft(), batch, lane)
        self._sort(key, lane, batch.consumer)

    def _take_new(self, batch: Batch) -> None:
        if batch.room <= 0 or self._parked >= MOST_PARKED:
            return
        parked = self._parked
        with closing(self._source.after(self._met)) as owed:
            for pending in owed:
                self._met = pending.message
                if self._is_ordered and pending.ordering_key:
                    self._give_or_park(pending, batch)
                else:
                    self._give(pending, batch, None)
                if batch.room <= 0 or self._parked >= MOST_PARKED:
                    return
                if self._parked - parked >= PARKED_AT_ONCE and batch.deliveries:
                    return

    def _give_or_park(self, pending: Pending, batch: Batch) -> None:
        lane = self._lanes.setdefault(pending.ordering_key, Lane())
        if lane.parked or not lane.is_open_to(batch.consumer):
            lane.parked.append(pending.message)
            self._parked += 1
            self._sort(pending.ordering_key, lane, lane.leases[0].consumer)
        else:
            self._give(pending, batch, lane)

    def _lease(self, message: int, batch: Batch, lane: Lane | None) -> None:
        """Gives the message again, if it is still owed."""
        pending = self._source.one(message)
        if pending is not None:
            self._give(pending, batch, lane)

    def _give(self, pending: Pending, batch: Batch, lane: Lane | None) -> None:
        size, consumer = len(pending.content), batch.consumer
        number = next(self._numbers)
        lease = Lease(pending.message, pending.ordering_key, size, consumer, number, batch.deadline)
        self._leases[pending.message] = lease
        self._expect(batch.deadline, lease)
        if lane is not None:
            lane.leases.append(lease)
        consumer.messages += 1
        consumer.bytes += size
        batch.bytes += size
        batch.deliveries.append(Delivery(number, pending))

    def _expect(self, deadline: float, lease: Lease) -> None:
        if len(self._expiries) > 2 * len(self._leases) + OUTDATED_EXPIRIES:
            leases = self._leases.values()
            self._expiries = [(held.deadline, held.message, held.number) for held in leases]
            heapq.heapify(self._expiries)
        heapq.heappush(self._expiries, (deadline, lease.message, lease.number))

    def _end(self, lease: Lease) -> None:
        del self._leases[lease.message]
        lease.consumer.messages -= 1
        lease.consumer.bytes -= lease.size

    def _sort(self, key: str, lane: Lane, consumer: Consumer) -> None:
        """Puts the lane, which is the consumer's or was until now, where its next messages will be looked for."""
        consumer.resumable.pop(key, None)
        self._free.pop(key, None)
        if not lane.leases and not lane.parked:
            del self._lanes[key]
        elif lane.parked and not lane.leases:
            self._free[key] = None
        elif lane.parked and lane.is_open_to(consumer):
            consumer.resumable[key] = None
