"""Rate limits, learned from Zendesk's headers and kept before they are crossed.

By the document "Rate limits": `x-rate-limit*` tell of the account, `ratelimit-reset` (seconds) when its window ends,
`zendesk-ratelimit-<bucket>` of an endpoint's own bucket as `total=10; remaining=9; resets=38` (seconds).
Each of Zendesk's services counts `x-rate-limit*` by itself: in the same second of 8 February 2024, Support answered with
583 left and Help Center with 697, without a reset (recordings of zenpy, read 27 November 2026).
Knows no threads and no clock: moments are handed in, as seconds of a clock that only goes forward.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict, deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "account"
"""Support's bucket, which Zendesk's documents call the account's."""
SERVICES = (("/api/v2/help_center/", "help-center"), ("/api/v2/channels/voice/", "talk"))
"""Beginning of a path, and the bucket of the service that answers there; Support answers elsewhere."""
HEADER = "zendesk-ratelimit-"
WINDOW = 60.0
"""Seconds of a window whose end Zendesk does not tell."""
HELD_BACK = 10
"""One request in so many is held back, and so is the last part of a window in so many when it is let go."""
DOCUMENTED = (
    ("/deleted_tickets", "deleted-tickets-index", 10),
    ("/access_logs", "access-logs", 50),
    ("/chat/", "chat", 200),
    ("/search/export", "search-export", 100),
    ("/side_conversations/events", "side-conversation-events", 60),  # 600 in ten minutes
    ("/incremental/users/cursor", "incremental-exports-cursor", 10),
    ("/incremental/", "incremental-exports", 10),
)
"""Part of a path, its bucket, and the requests a minute that the documents allow it."""
BUCKETS = (
    ACCOUNT,
    *sorted({bucket for _, bucket, _ in DOCUMENTED} | {bucket for _, bucket in SERVICES}),
)


@dataclasses.dataclass(frozen=True)
class Told:
    """Requests that a bucket has in a window, those it still has, and the seconds until the window ends."""

    total: int
    remaining: int
    resets: float | None


@dataclasses.dataclass
class Bucket:
    """A window of requests, the next one after it, and so on.

    `remaining` is the least that Zendesk told in this window; `under_way` are requests without an answer, of which it
    may know already. The window ends between `ends_after` and `ends_before`: Zendesk tells whole seconds, rounded up.
    `ours` and `others` are requests of this window, by who sent them. `is_told`: Zendesk tells of the bucket in answers;
    `is_known`: it has answered well once.
    """

    total: int | None = None
    remaining: int = 0
    ended: float = -inf
    ends_after: float = -inf
    ends_before: float = inf
    length: float = 0
    closed_until: float = -inf
    slack: float = 0
    is_known: bool = False
    is_told: bool = False
    under_way: int = 0
    ours: int = 0
    others: int = 0
    others_before: int = 0

    def seconds_to_wait(self, now: float) -> float:
        """Until the next request can be sent; infinite where an answer is what has to come first."""
        if now >= self.ends_before:
            self._open()
        if now < self.closed_until:
            return self.closed_until - now
        if self.total is None:
            return inf if self.under_way and not self.is_known else 0
        let_go = self.ends_after - self.length / HELD_BACK if self.ends_after > -inf else self.ends_before
        held = self._held() if now < let_go else 0
        free = self.remaining - self.under_way - self._kept()
        if free > held:
            return 0
        return (let_go if free > 0 else self.ends_before) - now

    def answered(self, sent: float, now: float, told: Told, *, is_refused: bool) -> None:
        self.under_way -= 1
        if is_refused and told.remaining == 0:
            self.slack = 1.0 if told.resets == 0 else self.slack  # seconds are rounded down
            self.closed_until = now + (told.resets or 0) + self.slack
        if not self.is_told:
            self.ends_before = inf
        if told.resets is None:
            upper = lower = min(self.ends_before, now + WINDOW)
        else:
            upper, lower = now + told.resets + self.slack, sent + told.resets - 1
        if lower <= self.ended:
            return  # told of the window before
        if lower > self.ends_before:
            self._open()
        is_new = self.ends_before == inf
        self.total, self.length = told.total, max(self.length, told.resets or WINDOW)
        self.remaining = told.remaining if is_new else min(self.remaining, told.remaining)
        self.ends_before, self.ends_after = min(self.ends_before, upper), max(self.ends_after, lower)
        self.ours += not is_refused
        unaccounted = told.total - told.remaining - self.ours - self.under_way
        if self.is_told:
            self.others = max(self.others, unaccounted)
        else:
            self.ours += max(0, unaccounted)  # from before this run
        self.is_known = self.is_told = True

    def unanswered(self, now: float) -> None:
        """No answer came, or one that tells nothing of this bucket: what was asked may count all the same."""
        self.under_way -= 1
        self.ours += 1
        self.remaining -= 1
        self.ends_before = min(self.ends_before, now + WINDOW)

    def _kept(self) -> int:
        """For all of a window: what others took in the last one and a tenth of all, less what they took in this one.

        The tenth is for those who came after the last answer. Half of all at most.
        """
        return max(0, self._room() - self.others)

    def _held(self) -> int:
        """Until the window is about to end: as many again, so that who wants more finds it; a tenth at least."""
        if not self.is_told:
            return 0
        return max(self._tenth(), min(self.others_before, self._half() - self._room()))

    def _room(self) -> int:
        return min(self.others_before + self._tenth(), self._half()) if self.others_before else 0

    def _tenth(self) -> int:
        return (self.total or 0) // HELD_BACK

    def _half(self) -> int:
        return (self.total or 0) // 2

    def _open(self) -> None:
        self.ended, self.ends_after, self.ends_before = self.ends_before, -inf, inf
        self.others_before, self.others, self.ours = self.others, 0, 0
        self.remaining = self.total or 0


@dataclasses.dataclass(frozen=True)
class Request:
    """One that was sent, and the buckets that it was counted in."""

    kind: str
    sent: float
    buckets: frozenset[str]


class Limits:
    """Shared by all streams. `ceilings` are requests a minute by bucket, below what Zendesk allows."""

    def __init__(self, ceilings: Mapping[str, int]) -> None:
        self._ceilings = ceilings
        self._buckets: dict[str, Bucket] = defaultdict(Bucket)
        self._names: dict[str, frozenset[str]] = {}
        self._sent: dict[str, deque[float]] = defaultdict(deque)

    def seconds_to_wait(self, path: str, now: float) -> float:
        """Until a request to `path` crosses no limit; infinite where an answer to another has to come first."""
        kind = _kind(path)
        return max(
            *(self._buckets[name].seconds_to_wait(now) for name in self._names_of(kind)),
            *(self._below_ceiling(name, now) - now for name in self._under_ceilings(kind)),
        )

    def sent(self, path: str, now: float) -> Request:
        """To be called for each request, before it leaves."""
        kind = _kind(path)
        request = Request(kind, now, self._names_of(kind))
        for name in request.buckets:
            self._buckets[name].under_way += 1
        for name in self._under_ceilings(kind):
            self._sent[name].append(now)
        return request

    def answered(self, request: Request, status: int, headers: Mapping[str, str], now: float) -> None:
        """Takes in what an answer tells. Header names are compared without case."""
        known = {name.lower(): value for name, value in headers.items()}
        told = _told(known, service_of(request.kind), documented(request.kind))
        is_refused = status == 429
        if status == 200:
            self._learn_names(request, told)
        for name in request.buckets - told.keys():
            if name in self._names[request.kind]:
                self._buckets[name].unanswered(now)
                self._buckets[name].is_known |= status == 200
            else:
                self._buckets[name].under_way -= 1
        for name in told:
            self._buckets[name].under_way += name not in request.buckets
            self._buckets[name].answered(request.sent, now, told[name], is_refused=is_refused)
        if is_refused and all(bucket.remaining for bucket in told.values()):
            self._close(request.kind, known, now)

    def lost(self, request: Request, now: float) -> None:
        """No answer came to it."""
        for name in request.buckets:
            self._buckets[name].unanswered(now)

    def left(self, path: str) -> tuple[int, int] | None:
        """Requests that the scarcest bucket of the path still had at its last answer, and its total."""
        buckets = [self._buckets[name] for name in self._names_of(_kind(path))]
        told = [(bucket.remaining, bucket.total) for bucket in buckets if bucket.total and bucket.is_known]
        return min(told, key=lambda bucket: bucket[0] / bucket[1]) if told else None

    def _names_of(self, kind: str) -> frozenset[str]:
        if kind not in self._names:
            bucket, service = documented(kind), service_of(kind)
            self._names[kind] = frozenset({service} if bucket is None else {service, bucket[0]})
        return self._names[kind]

    def _under_ceilings(self, kind: str) -> frozenset[str]:
        """Buckets of whose own ceilings a request takes: its documented one as well, whatever answers tell."""
        bucket = documented(kind)
        return self._names_of(kind) | frozenset(() if bucket is None else (bucket[0],))

    def _learn_names(self, request: Request, told: Mapping[str, Told]) -> None:
        """Where a path's documented bucket is not told, the path is held to the document in a bucket of its own."""
        kind, service, bucket = request.kind, service_of(request.kind), documented(request.kind)
        own = told.keys() - {service}
        if own:
            self._names[kind] = frozenset({service, *own})
        elif bucket is not None and bucket[0] in self._names[kind]:
            self._names[kind] = frozenset({service, kind})
            self._buckets[kind] = Bucket(bucket[1], bucket[1] - 1, ends_before=request.sent + WINDOW)

    def _close(self, kind: str, known: Mapping[str, str], now: float) -> None:
        """After a refusal for which no bucket accounts: the path's own, else the service's."""
        seconds, service = wait_told(429, known), service_of(kind)
        if seconds is not None:
            for name in self._names_of(kind) - {service} or {service}:
                self._buckets[name].closed_until = now + seconds

    def _below_ceiling(self, name: str, now: float) -> float:
        ceiling, sent = self._ceilings.get(name), self._sent[name]
        while sent and sent[0] <= now - WINDOW:
            sent.popleft()
        return now if ceiling is None or len(sent) < ceiling else sent[-ceiling] + WINDOW


def wait_told(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds that Zendesk asks to wait, None where it does not; names of headers in lower case, or without case.

    /access_logs refuses without Retry-After, and tells the end of its window as a date.
    """
    told = headers.get("retry-after") or (headers.get("ratelimit-reset") if status == 429 else None)
    return _seconds(told)


def _kind(path: str) -> str:
    """Paths that differ in ids only are one."""
    return re.sub(r"/\d+(?=/|$)", "/{id}", path)


def service_of(path: str) -> str:
    """The bucket that `x-rate-limit*` of its answers describe."""
    return next((bucket for beginning, bucket in SERVICES if path.startswith(beginning)), ACCOUNT)


def documented(path: str) -> tuple[str, int] | None:
    """Its own bucket, beside the service's, and the requests a minute of that."""
    return next(((bucket, total) for part, bucket, total in DOCUMENTED if part in path), None)


def _told(headers: Mapping[str, str], service: str, own: tuple[str, int] | None) -> dict[str, Told]:
    """By bucket. `ratelimit-*` without `x-rate-limit*` describe a documented bucket, else of the service."""
    found: dict[str, Told] = {}
    of_service = "x-rate-limit-remaining" in headers or own is None
    total = _number(headers.get("x-rate-limit", headers.get("ratelimit-limit")))
    remaining = _number(headers.get("x-rate-limit-remaining", headers.get("ratelimit-remaining")))
    if remaining is not None and total is not None:
        name = service if of_service or own is None else own[0]
        found[name] = Told(total, remaining, _seconds(headers.get("ratelimit-reset")))
    for name, value in headers.items():
        if name.startswith(HEADER):
            fields = dict(re.findall(r"(\w+)=(\d+)", value))
            if "remaining" in fields and "total" in fields:
                told = Told(int(fields["total"]), int(fields["remaining"]), _seconds(fields.get("resets")))
                found[name.removeprefix(HEADER)] = told
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdigit() else None


def _seconds(text: str | None) -> float | None:
    """From seconds, an ISO or an HTTP date. None where the text is absent or none of these."""
    text = (text or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
        except (ValueError, TypeError):
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return None
