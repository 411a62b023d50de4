"""A first-in, first-out queue of requests, bounded by concurrency and rate limits."""

from __future__ import annotations

import dataclasses
import threading
import time
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.errors import GaveUpError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_zendesk_cityblock.http.rate_limits import RateLimits, SentRequest

RECHECK_SECONDS = 1.0
"""A request that is due goes before later ones and notifies them; they wait no longer than this for it."""


@dataclasses.dataclass(eq=False)
class QueuedRequest:
    """`waited`: seconds in the queue; `in_flight`: what the limits know of it until the response arrives."""

    path: str
    waited: float = 0
    in_flight: SentRequest | None = None


class RequestQueue:
    """Thread-safe. A request that waits for its rate limit does not block requests under other limits."""

    def __init__(self, limits: RateLimits, max_concurrent: int, give_up_after: float) -> None:
        """`give_up_after`: seconds without a response to any request."""
        self._limits, self._max_concurrent, self._give_up_after = limits, max_concurrent, give_up_after
        self._last_response = -inf
        self._changed = threading.Condition()
        self._queue: list[QueuedRequest] = []
        self._concurrent = 0

    @contextmanager
    def slot(self, path: str) -> Iterator[QueuedRequest]:
        """Blocks until the request may be sent. It counts as lost unless `answered` is called in the block. Raises
        GaveUpError if it waits for responses to other requests and Zendesk does not respond to any of them. A wait for
        a rate limit needs no deadline, because the limit's window ends.
        """
        request, started = QueuedRequest(path), time.monotonic()
        with self._changed:
            self._queue.append(request)
            try:
                self._wait_for_turn(request, started)
            finally:
                self._queue.remove(request)
            self._concurrent += 1
            request.in_flight = self._limits.sent(path, time.monotonic())
            self._changed.notify_all()
        request.waited = time.monotonic() - started
        try:
            yield request
        finally:
            with self._changed:
                if request.in_flight is not None:
                    self._limits.lost(request.in_flight, time.monotonic())
                self._concurrent -= 1
                self._changed.notify_all()

    def answered(self, request: QueuedRequest, status: int, headers: Mapping[str, str]) -> None:
        """Call it when the headers have arrived: other requests need not wait for the body."""
        with self._changed:
            if request.in_flight is not None:
                self._last_response = time.monotonic()
                self._limits.answered(request.in_flight, status, headers, self._last_response)
                request.in_flight = None
                self._changed.notify_all()

    def left(self, path: str) -> tuple[int, int] | None:
        """Requests that the rate limit still allows, and of how many; None before the first response."""
        with self._changed:
            return self._limits.left(path)

    def per_minute(self, path: str) -> int | None:
        """As `RateLimits.per_minute`."""
        with self._changed:
            return self._limits.per_minute(path)

    def quota_used(self) -> float | None:
        """As `RateLimits.quota_used`."""
        with self._changed:
            return self._limits.quota_used()

    def _wait_for_turn(self, request: QueuedRequest, started: float) -> None:
        silent_since = started
        while (seconds := self._seconds_to_wait(request)) > 0:
            if seconds == inf:
                silent_since = max(silent_since, self._last_response)
                seconds = silent_since + self._give_up_after - time.monotonic()
                if seconds <= 0:
                    raise GaveUpError(
                        f"{request.path}: Zendesk has not responded to any earlier request for {self._give_up_after:.0f} s"
                    )
                self._changed.wait(seconds)
            else:
                self._changed.wait(seconds)
                silent_since = time.monotonic()

    def _seconds_to_wait(self, request: QueuedRequest) -> float:
        """Infinite until another request is answered."""
        if self._concurrent >= self._max_concurrent:
            return inf
        for queued in self._queue:
            seconds = self._limits.seconds_to_wait(queued.path, time.monotonic())
            if queued is request:
                return seconds
            if seconds <= 0:
                break
        return RECHECK_SECONDS
