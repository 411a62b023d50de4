"""Rate limits: requests per window of real seconds, reported in the headers of each response."""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

UNLIMITED = 1_000_000
ACCESS_LOGS = "access-logs"
"""Has its own headers, with the end of the window as a date, and no Retry-After."""
HELP_CENTER = "help-center"
"""Has a limit of its own in `x-rate-limit*`, and no header with the end of the window."""
SEARCH_EXPORT = "search-export"
"""Has a documented limit, and no header that reports it."""

BUCKETS = (
    ("/api/v2/help_center/", HELP_CENTER),
    ("/api/v2/access_logs", ACCESS_LOGS),
    ("/api/v2/search/export", SEARCH_EXPORT),
    ("/api/v2/deleted_tickets", "deleted-tickets-index"),
    (r"/api/v2/tickets(\.json)?$", "tickets-index"),
    (".*/incremental/users/cursor", "incremental-exports-cursor"),
    (".*/incremental/", "incremental-exports"),
)
"""The first pattern that matches the path decides; all other requests count for the account only."""


@dataclasses.dataclass
class Bucket:
    """`total` requests in each window of `window` seconds. Windows are aligned with the clock, as was seen live.

    `others` are the requests per window that other clients of the account make, evenly, whatever the response.
    """

    total: int = UNLIMITED
    window: float = 60
    others: int = 0
    used: int = 0
    ends: float = 0
    """Epoch seconds."""
    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    _next_other: float = dataclasses.field(default_factory=time.time)

    def take(self) -> bool:
        now = time.time()
        while self.others and self._next_other <= now:
            self._take("others", self._next_other)
            self._next_other += self.window / self.others
        return self._take("tap", now)

    def _take(self, who: str, now: float) -> bool:
        if now >= self.ends:
            self.ends, self.used = now - now % self.window + self.window, 0
        self.used += 1
        allowed = self.used <= self.total
        self.counts[f"{who}_{'served' if allowed else 'refused'}"] += 1
        return allowed

    @property
    def remaining(self) -> int:
        return max(0, self.total - self.used)

    @property
    def resets(self) -> int:
        return max(0, math.ceil(self.ends - time.time()))


class RateLimits:
    """The buckets of the account and of some endpoints."""

    def __init__(self) -> None:
        names = ("account", *dict.fromkeys(name for _, name in BUCKETS))
        self._buckets = {name: Bucket() for name in names}

    def configure(self, settings: dict[str, dict[str, float]]) -> None:
        for name, setting in settings.items():
            total, others = int(setting["total"]), int(setting.get("others", 0))
            self._buckets[name] = Bucket(total, float(setting.get("window", 60)), others)

    def counts(self) -> dict[str, Counter[str]]:
        """By bucket: requests of the tap and of others, served and refused."""
        return {name: bucket.counts for name, bucket in self._buckets.items()}

    def take(self, path: str) -> tuple[dict[str, str], str | None]:
        """The response's headers, and an error message if a limit is exceeded."""
        name = next((name for pattern, name in BUCKETS if re.match(pattern, path)), None)
        shared = name if name in (ACCESS_LOGS, HELP_CENTER) else "account"
        bucket = self._buckets[shared]
        allowed = bucket.take()
        headers: dict[str, str] = {}
        if shared != ACCESS_LOGS:
            headers |= {"x-rate-limit": str(bucket.total), "x-rate-limit-remaining": str(bucket.remaining)}
        if shared != HELP_CENTER:
            headers |= {"ratelimit-limit": str(bucket.total), "ratelimit-remaining": str(bucket.remaining)}
            headers["ratelimit-reset"] = str(bucket.resets)
        if shared == ACCESS_LOGS:
            ends = datetime.now(UTC) + timedelta(seconds=bucket.resets)
            headers["ratelimit-reset"] = ends.isoformat(timespec="milliseconds")
        elif not allowed:
            headers["Retry-After"] = str(bucket.resets)
        if not allowed:
            return headers, "Number of allowed API requests per minute exceeded"
        if name not in (None, shared):
            bucket = self._buckets[name]
            allowed = bucket.take()
            if name != SEARCH_EXPORT:
                headers[f"zendesk-ratelimit-{name}"] = (
                    f"total={bucket.total}; remaining={bucket.remaining}; resets={bucket.resets}"
                )
            if not allowed:
                headers["Retry-After"] = str(bucket.resets)
                return headers, f"Number of allowed {name} API requests per minute exceeded"
        return headers, None
