"""When a request is retried, after how long, and until when.

| what | rule |
|---|---|
| retried | broken connections, incomplete bodies, and the responses of TRANSIENT_STATUSES |
| wait | what Zendesk asks for (`Retry-After`), at least 1 second; else 1, 2, 4 … 120 seconds; both with jitter |
| timeout of one try | a third of the retry deadline, 2 to 120 seconds, so that a server that recovers is asked again |
| retry deadline | `give_up_after` seconds after the first try is sent; time in the request queue does not count |
"""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from tap_zendesk_cityblock.errors import TransientError

TRANSIENT_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
MAX_WAIT_SECONDS = 120.0
MAX_CONNECT_SECONDS = 10.0
MAX_SILENCE_SECONDS = 120.0
MIN_SECONDS = 2.0
TRIES_WITHIN_DEADLINE = 3


def seconds_before_retry(failure: TransientError, tries: int) -> float:
    """`tries`: so far, at least 1. Jitter keeps several clients from returning together."""
    if failure.wait is not None:
        return max(1.0, failure.wait) + random.uniform(0, 0.5)  # noqa: S311 - jitter
    return min(MAX_WAIT_SECONDS, 2.0 ** min(tries - 1, 8)) * random.uniform(0.5, 1)  # noqa: S311 - jitter


def timeout_per_try(give_up_after: float) -> tuple[float, float]:
    """Seconds to connect, and seconds without a byte of the response."""
    silence = min(MAX_SILENCE_SECONDS, max(MIN_SECONDS, give_up_after / TRIES_WITHIN_DEADLINE))
    return min(MAX_CONNECT_SECONDS, silence), silence


class RetryDeadline:
    """Of one request and its retries."""

    def __init__(self, give_up_after: float) -> None:
        self._give_up_after = give_up_after
        self._started: float | None = None

    def start(self) -> None:
        """Has no effect after the first call."""
        if self._started is None:
            self._started = time.monotonic()

    @property
    def seconds_left(self) -> float:
        elapsed = 0.0 if self._started is None else time.monotonic() - self._started
        return self._give_up_after - elapsed

    @property
    def timeout(self) -> tuple[float, float]:
        """As `timeout_per_try`, but within the deadline."""
        connect, silence = timeout_per_try(self._give_up_after)
        left = max(MIN_SECONDS, self.seconds_left)
        return min(connect, left), min(silence, left)

    @contextmanager
    def aborting(self, response: requests.Response) -> Iterator[threading.Event]:
        """Aborts the response at the deadline, and sets the event then.

        A timeout of requests limits the silence between two bytes, not the time of the whole body.
        """
        is_aborted = threading.Event()

        def abort() -> None:
            is_aborted.set()
            with suppress(ValueError, RuntimeError, OSError):  # the response is complete by now
                response.raw.shutdown()

        timer = threading.Timer(max(MIN_SECONDS, self.seconds_left), abort)
        timer.daemon = True
        timer.start()
        try:
            yield is_aborted
        finally:
            timer.cancel()
