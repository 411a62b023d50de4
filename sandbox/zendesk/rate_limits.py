"""Rate limits: requests per window of real seconds, reported in the headers of each response."""

from __future__ import annotations

import dataclasses
import math
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

UNLIMITED = 1_000_000
ACCESS_LOGS = "access-logs"
"""Has its own headers, with the end of the window as a date, and no Retry-After."""
HELP_CENTER = "help-center"
"""Has a limit of its own in `x-rate-limit*`, and no header with the end of the window."""


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
        self.account = Bucket()
        self.buckets: dict[str, Bucket] = {
            "incremental-exports": Bucket(),
            "incremental-exports-cursor": Bucket(),
            "deleted-tickets-index": Bucket(),
            ACCESS_LOGS: Bucket(),
            HELP_CENTER: Bucket(),
            "tickets-index": Bucket(),
        }

    def configure(self, settings: dict[str, dict[str, float]]) -> None:
        for name, setting in settings.items():
            bucket = Bucket(
                total=int(setting["total"]),
                window=float(setting.get("window", 60)),
                others=int(setting.get("others", 0)),
            )
            if name == "account":
                self.account = bucket
            else:
                self.buckets[name] = bucket

    def counts(self) -> dict[str, Counter[str]]:
        """By bucket: requests of the tap and of others, served and refused."""
        return {name: bucket.counts for name, bucket in {"account": self.account, **self.buckets}.items()}

    def take(self, path: str) -> tuple[dict[str, str], str | None]:
        """The response's headers, and an error message if a limit is exceeded."""
        name = _bucket_of(path)
        if name == ACCESS_LOGS:
            return self._take_access_logs()
        if name == HELP_CENTER:
            return self._take_help_center()
        allowed = self.account.take()
        headers = {
            "x-rate-limit": str(self.account.total),
            "x-rate-limit-remaining": str(self.account.remaining),
            "ratelimit-limit": str(self.account.total),
            "ratelimit-remaining": str(self.account.remaining),
            "ratelimit-reset": str(self.account.resets),
        }
        if not allowed:
            headers["Retry-After"] = str(self.account.resets)
            return headers, "Number of allowed API requests per minute exceeded"
        if name is not None:
            bucket = self.buckets[name]
            allowed = bucket.take()
            headers[f"zendesk-ratelimit-{name}"] = (
                f"total={bucket.total}; remaining={bucket.remaining}; resets={bucket.resets}"
            )
            if not allowed:
                headers["Retry-After"] = str(bucket.resets)
                return headers, f"Number of allowed {name} API requests per minute exceeded"
        return headers, None

    def _take_access_logs(self) -> tuple[dict[str, str], str | None]:
        bucket = self.buckets[ACCESS_LOGS]
        allowed = bucket.take()
        ends = datetime.now(UTC) + timedelta(seconds=bucket.resets)
        headers = {
            "ratelimit-limit": str(bucket.total),
            "ratelimit-remaining": str(bucket.remaining),
            "ratelimit-reset": ends.isoformat(timespec="milliseconds"),
        }
        return headers, None if allowed else "Number of allowed API requests per minute exceeded"

    def _take_help_center(self) -> tuple[dict[str, str], str | None]:
        bucket = self.buckets[HELP_CENTER]
        allowed = bucket.take()
        headers = {"x-rate-limit": str(bucket.total), "x-rate-limit-remaining": str(bucket.remaining)}
        if allowed:
            return headers, None
        headers["Retry-After"] = str(bucket.resets)
        return headers, "Number of allowed API requests per minute exceeded"


def _bucket_of(path: str) -> str | None:
    if path.startswith("/api/v2/help_center/"):
        return HELP_CENTER
    if path.startswith("/api/v2/access_logs"):
        return ACCESS_LOGS
    if path.startswith("/api/v2/deleted_tickets"):
        return "deleted-tickets-index"
    if path.removesuffix(".json") == "/api/v2/tickets":
        return "tickets-index"
    if "/incremental/users/cursor" in path:
        return "incremental-exports-cursor"
    return "incremental-exports" if "/incremental/" in path else None
