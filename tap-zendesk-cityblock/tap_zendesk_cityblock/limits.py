"""Rate limits, learned from Zendesk's headers and kept before they are crossed.

By the document "Rate limits": `x-rate-limit*` and `ratelimit-*` tell of the account, `zendesk-ratelimit-<bucket>` of
an endpoint's own bucket as `total=10; remaining=9; resets=38` (seconds).
"""

from __future__ import annotations

import re
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT = "account"
BUCKET = "zendesk-ratelimit-"
WINDOW = 60.0
DEFAULT_RESET = 60.0


class Limits:
    """Shared by all streams. `ceilings` are requests a minute by bucket, below what Zendesk allows."""

    def __init__(
        self,
        ceilings: Mapping[str, int],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ceilings = ceilings
        self._clock, self._sleep = clock, sleep
        self._closed_until: dict[str, float] = {}
        self._buckets_of: dict[str, set[str]] = defaultdict(lambda: {ACCOUNT})
        self._sent: dict[str, deque[float]] = defaultdict(deque)
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, path: str) -> float:
        """Blocks until a request to `path` crosses no limit; the seconds that took."""
        waited = 0.0
        while (seconds := self._seconds_to_wait(path)) > 0:
            self._sleep(seconds)
            waited += seconds
        for bucket in self._buckets_of[path]:
            self._sent[bucket].append(self._clock())
        return waited

    def learn(self, path: str, headers: Mapping[str, str]) -> None:
        """Takes in what an answer tells. Header names are compared without case."""
        told = {name.lower(): value for name, value in headers.items()}
        remaining = _number(told.get("x-rate-limit-remaining", told.get("ratelimit-remaining")))
        total = _number(told.get("x-rate-limit", told.get("ratelimit-limit")))
        if remaining is not None and total is not None:
            self._left[ACCOUNT] = remaining, total
        if remaining == 0:
            self._close(ACCOUNT, _number(told.get("ratelimit-reset")))
        for name, value in told.items():
            if name.startswith(BUCKET):
                bucket = name.removeprefix(BUCKET)
                self._buckets_of[path].add(bucket)
                fields = dict(re.findall(r"(\w+)=(\d+)", value))
                if "remaining" in fields and "total" in fields:
                    self._left[bucket] = float(fields["remaining"]), float(fields["total"])
                if fields.get("remaining") == "0":
                    self._close(bucket, _number(fields.get("resets")))

    def left(self, path: str) -> tuple[int, int] | None:
        """Requests that the scarcest bucket of the path still had at its last answer, and its total."""
        told = [self._left[bucket] for bucket in self._buckets_of[path] if bucket in self._left]
        if not told:
            return None
        left, total = min(told, key=lambda bucket: bucket[0] / max(1.0, bucket[1]))
        return int(left), int(total)

    def _close(self, bucket: str, seconds: float | None) -> None:
        self._closed_until[bucket] = self._clock() + (DEFAULT_RESET if seconds is None else seconds)

    def _seconds_to_wait(self, path: str) -> float:
        now = self._clock()
        return max(
            max(self._closed_until.get(b, now), self._below_ceiling(b, now)) - now
            for b in self._buckets_of[path]
        )

    def _below_ceiling(self, bucket: str, now: float) -> float:
        ceiling, sent = self._ceilings.get(bucket), self._sent[bucket]
        while sent and sent[0] <= now - WINDOW:
            sent.popleft()
        return now if ceiling is None or len(sent) < ceiling else sent[-ceiling] + WINDOW


def _number(text: str | None) -> float | None:
    """The seconds or requests a header tells; None where it is absent or something else, such as a date."""
    return float(text) if text is not None and re.fullmatch(r"\d+(\.\d+)?", text.strip()) else None
