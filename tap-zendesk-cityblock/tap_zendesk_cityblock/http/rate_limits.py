"""Rate limits: learned from Zendesk's headers, never exceeded, and shared with other API clients of the account.

No threads and no clock here: callers pass the time, in seconds of a monotonic clock.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from math import inf
from typing import TYPE_CHECKING

import msgspec

from tap_zendesk_cityblock.http.rate_limit_headers import (
    WINDOW_SECONDS,
    RateLimitStatus,
    documented,
    reported,
    retry_after_seconds,
    service_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


UNREPORTED_MARGIN = 20
"""If no response reports a limit, one of this many requests per minute is not sent: the beginning of Zendesk's
minute is unknown, and a request arrives later than it is sent.
"""


class Reserve(msgspec.Struct, frozen=True):
    """Shares of a limit that the tap leaves to other clients when a window starts, before and after it has seen some.

    The tap sees other clients when Zendesk has counted more requests than the tap sent, or refuses one; half is
    then reserved until the end of the next window. Without the first share, a tap that uses up a limit of 10 at
    once would never see them. Either reserve shrinks with the time that is left, to nothing at the end of the
    window. Why these shares: docs/measurements/rate-limits.md.
    """

    unseen: float = 0.2
    seen: float = 0.5


class Bucket(msgspec.Struct):
    """One rate limit: a window of requests, then the next window.

    `remaining`: the lowest number that Zendesk reported in this window; it may or may not include requests in flight.
    `window_end`: at the latest. Zendesk rounds seconds up, so the window ends up to one second sooner.
    `answered`: the tap's own requests in this window, without those in flight.
    `quota_used`: the greatest share of the limit that Zendesk has reported as used, in any window.
    `others_until`: other clients have been seen, and half of the limit is reserved until then.
    """

    total: int | None = None
    remaining: int = 0
    in_flight: int = 0
    answered: int = 0
    quota_used: float | None = None
    others_until: float = -inf
    window_start: float = -inf
    window_end: float = inf
    window_seconds: float = 0
    blocked_until: float = -inf
    is_known: bool = False
    """A request has succeeded, so that its headers have shown whether there is a limit."""

    def seconds_to_wait(self, now: float, reserve: Reserve) -> float:
        """Until the next request may be sent; infinite if a response has to arrive first."""
        if now >= self.window_end:
            self._start_window()
        if now < self.blocked_until:
            return self.blocked_until - now
        if self.total is None:
            return inf if self.in_flight and not self.is_known else 0
        available = self.remaining - self.in_flight
        if available <= 0:
            return self.window_end - now
        reserved = int(self.total * (reserve.seen if now < self.others_until else reserve.unseen))
        if available > reserved:
            return 0
        # By then the reserve has shrunk to what this request leaves: `available - 1`.
        seconds_left_then = self.window_seconds * (available - 1) / reserved
        return max(0, self.window_end - 1 - seconds_left_then - now)

    def update(self, sent_at: float, now: float, status: RateLimitStatus, *, is_rate_limited: bool) -> None:
        """`status`: as the response reports it, which arrived `now`."""
        self.is_known = True
        if is_rate_limited and status.remaining == 0:
            self.block(now + max(1, status.resets_in or 0))
        if status.resets_in is None:
            resets_in, window_end = WINDOW_SECONDS, min(self.window_end, now + WINDOW_SECONDS)
        else:
            resets_in, window_end = status.resets_in, now + status.resets_in
            earliest_end = sent_at + status.resets_in - 1
            if earliest_end <= self.window_start:
                return  # a late response, which describes the previous window
            if earliest_end > self.window_end:
                self._start_window()  # the window ended sooner than reported
        self.remaining = status.remaining if self.total is None else min(self.remaining, status.remaining)
        self.total = status.total
        if status.total:
            self.quota_used = max(self.quota_used or 0, 1 - status.remaining / status.total)
        self.window_end = min(self.window_end, window_end)
        self.window_seconds = max(self.window_seconds, resets_in)
        self.answered += 1
        by_others = status.total - status.remaining - self.answered - self.in_flight
        if by_others > 0 and status.resets_in is not None:
            self.others_until = self.window_end + self.window_seconds

    def block(self, until: float) -> None:
        """After HTTP 429: the tap alone exceeds no limit."""
        self.blocked_until, self.others_until = until, until + WINDOW_SECONDS

    def count_unreported(self, now: float) -> None:
        """A request without a response, or with one that does not mention this bucket: it may count all the same."""
        self.remaining -= 1
        self.answered += 1
        self.window_end = min(self.window_end, now + WINDOW_SECONDS)

    def _start_window(self) -> None:
        self.window_start, self.window_end = self.window_end, inf
        self.remaining, self.answered = self.total or 0, 0


class SentRequest(msgspec.Struct, frozen=True):
    """`endpoint`: its path without ids; `buckets`: those that count it."""

    endpoint: str
    sent_at: float
    buckets: frozenset[str]


class RateLimits:
    """All buckets of the account. `ceilings`: requests per minute by bucket, below what Zendesk allows."""

    def __init__(self, ceilings: Mapping[str, int], reserve: Reserve | None = None) -> None:
        self._reserve = reserve or Reserve()
        self._buckets: dict[str, Bucket] = defaultdict(Bucket)
        self._learned: dict[str, frozenset[str]] = {}
        self._recent = {name: deque[float](maxlen=ceiling) for name, ceiling in ceilings.items()}
        """The times of the last requests under each ceiling."""

    def seconds_to_wait(self, path: str, now: float) -> float:
        """Until a request to `path` exceeds no limit; infinite if a response to another has to arrive first."""
        endpoint = _endpoint(path)
        return max(
            *(self._buckets[name].seconds_to_wait(now, self._reserve) for name in self._buckets_of(endpoint)),
            *(self._seconds_to_ceiling(name, now) for name in self._ceilings_of(endpoint)),
        )

    def sent(self, path: str, now: float) -> SentRequest:
        """To be called before each request; then either `answered` or `lost`."""
        endpoint = _endpoint(path)
        request = SentRequest(endpoint, now, self._buckets_of(endpoint))
        for name in request.buckets:
            self._buckets[name].in_flight += 1
        for name in self._ceilings_of(endpoint) & self._recent.keys():
            self._recent[name].append(now)
        return request

    def answered(self, request: SentRequest, status: int, headers: Mapping[str, str], now: float) -> None:
        """Learns from the headers of the response."""
        headers = {name.lower(): value for name, value in headers.items()}
        statuses = reported(request.endpoint, headers)
        is_rate_limited = status == 429
        if status == 200:
            self._learn_buckets(request, statuses)
        for name in request.buckets:
            self._buckets[name].in_flight -= 1
        for name, bucket_status in statuses.items():
            self._buckets[name].update(request.sent_at, now, bucket_status, is_rate_limited=is_rate_limited)
        for name in (request.buckets & self._buckets_of(request.endpoint)) - statuses.keys():
            self._buckets[name].count_unreported(now)
            self._buckets[name].is_known |= status == 200
        if is_rate_limited and all(bucket_status.remaining for bucket_status in statuses.values()):
            self._block(request.endpoint, headers, now)

    def lost(self, request: SentRequest, now: float) -> None:
        """No response arrived."""
        for name in request.buckets:
            self._buckets[name].in_flight -= 1
            self._buckets[name].count_unreported(now)

    def left(self, path: str) -> tuple[int, int] | None:
        """Requests left in the path's scarcest bucket as of its last response, and its total."""
        buckets = [self._buckets[name] for name in self._buckets_of(_endpoint(path))]
        known = [(bucket.remaining, bucket.total) for bucket in buckets if bucket.total and bucket.is_known]
        return min(known, key=lambda bucket: bucket[0] / bucket[1]) if known else None

    def per_minute(self, path: str) -> int | None:
        """Requests that the scarcest of the path's limits and ceilings allows; None until all its limits are known."""
        endpoint = _endpoint(path)
        buckets = [self._buckets[name] for name in self._buckets_of(endpoint)]
        totals = [bucket.total for bucket in buckets if bucket.total and bucket.is_known]
        ceilings = [self._recent[name].maxlen for name in self._ceilings_of(endpoint) & self._recent.keys()]
        return min([*totals, *filter(None, ceilings)]) if len(totals) == len(buckets) else None

    def quota_used(self) -> float | None:
        """The greatest of any bucket; None before the first response that reports a limit."""
        return max(
            (one.quota_used for one in self._buckets.values() if one.quota_used is not None), default=None
        )

    def _buckets_of(self, endpoint: str) -> frozenset[str]:
        if endpoint not in self._learned:
            own, service = documented(endpoint), service_of(endpoint)
            self._learned[endpoint] = frozenset({service} if own is None else {service, own[0]})
        return self._learned[endpoint]

    def _ceilings_of(self, endpoint: str) -> frozenset[str]:
        """The documented bucket always counts here, whatever responses report."""
        own = documented(endpoint)
        return self._buckets_of(endpoint) | frozenset(() if own is None else (own[0],))

    def _learn_buckets(self, request: SentRequest, statuses: Mapping[str, RateLimitStatus]) -> None:
        """An endpoint whose documented bucket is not reported gets a bucket of its own with the documented limit."""
        endpoint, service, own = request.endpoint, service_of(request.endpoint), documented(request.endpoint)
        if names := statuses.keys() - {service}:
            self._learned[endpoint] = frozenset({service, *names})
        elif own is not None and own[0] in self._buckets_of(endpoint):
            most = own[1] - own[1] // UNREPORTED_MARGIN
            self._recent[endpoint] = deque([request.sent_at], maxlen=most)
            self._learned[endpoint] = frozenset({service, endpoint})
            self._buckets[endpoint] = Bucket(
                own[1],
                own[1] - 1,
                window_end=request.sent_at + WINDOW_SECONDS,
                window_seconds=WINDOW_SECONDS,
            )

    def _block(self, endpoint: str, headers: Mapping[str, str], now: float) -> None:
        """After HTTP 429 that no reported bucket explains: blocks the endpoint's own bucket, else the service's."""
        seconds, service = retry_after_seconds(429, headers), service_of(endpoint)
        if seconds is not None:
            for name in self._buckets_of(endpoint) - {service} or {service}:
                self._buckets[name].block(now + seconds)

    def _seconds_to_ceiling(self, name: str, now: float) -> float:
        """Until one more request in any minute stays below the bucket's ceiling."""
        recent = self._recent.get(name)
        return 0 if recent is None or len(recent) != recent.maxlen else recent[0] + WINDOW_SECONDS - now


def _endpoint(path: str) -> str:
    return re.sub(r"/\d+(?=/|$)", "/{id}", path)
