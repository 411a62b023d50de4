"""The tap's rule for rate limits beside other clients of the account, in simulated time: half a minute for all rows.

    .venv/bin/python -m benchmarks.rate_limits --unseen 0.2 --seen 0.5

Each row: random phases of the window and of the other clients, which send evenly, whatever the responses. A response
takes 200 ms. Limits of 10 and 30 are those of exports, whose pages are requested one after another; of others, ten
requests run at a time.
"""

from __future__ import annotations

import argparse
import dataclasses
import heapq
import math
import random
from statistics import mean
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.http.rate_limits import RateLimits, Reserve

from sandbox.text_table import text_table

if TYPE_CHECKING:
    from tap_zendesk_cityblock.http.rate_limits import SentRequest

WINDOW = 60
EXPORT_LIMIT = 30
LATENCY = 0.2
PHASES = {True: 60, False: 8}
"""Runs of a row, by whether the limit is one of exports."""
EXPORTS = "/api/v2/incremental/tickets/cursor"
LISTS = "/api/v2/groups"
CASES = (
    *((10, 0, count) for count in (5, 8, 10, 51)),
    *((30, 0, 20), (30, 0, 151), (100, 0, 74), (200, 0, 150), (700, 0, 400), (700, 0, 660), (700, 0, 1400)),
    *((10, others, 51) for others in (1, 2, 4, 5, 10)),
    *((30, others, 151) for others in (3, 15, 30)),
    *((200, others, 600) for others in (20, 100, 200)),
    *((700, others, 1400) for others in (70, 350, 700)),
)
"""Requests per minute that Zendesk allows, that other clients send, and the requests of the tap's run."""


@dataclasses.dataclass
class Run:
    """One run of the tap. `events`: time, number, what happens, and the request that it concerns."""

    limit: int
    others: int
    left: int
    phase: float
    limits: RateLimits
    events: list[tuple[float, int, str, SentRequest | None]] = dataclasses.field(default_factory=list)
    in_flight: int = 0
    refused: int = 0
    others_served: int = 0
    others_refused: int = 0
    window: int = 0
    used: int = 0

    def seconds(self) -> float:
        """Until the last response. The other clients have begun a window earlier; they count from the run's start."""
        if self.others:
            self._add(random.uniform(0, WINDOW / self.others) - WINDOW, "other")
        self._add(0, "send")
        now = 0.0
        while self.left or self.in_flight:
            now, _, kind, request = heapq.heappop(self.events)
            if kind == "other":
                served = self._take(now)
                self.others_served += served and now >= 0
                self.others_refused += not served and now >= 0
                self._add(now + WINDOW / self.others, "other")
            elif kind == "arrive" and request:
                self._respond(request, now)
            elif kind == "send":
                self._send(now)
        return now

    def _add(self, time: float, kind: str, request: SentRequest | None = None) -> None:
        heapq.heappush(self.events, (time, random.getrandbits(32), kind, request))

    def _take(self, now: float) -> bool:
        window = math.floor((now + self.phase) / WINDOW)
        if window != self.window:
            self.window, self.used = window, 0
        self.used += 1
        return self.used <= self.limit

    def _send(self, now: float) -> None:
        path, most = (EXPORTS, 1) if self.limit <= EXPORT_LIMIT else (LISTS, 10)
        while self.left and self.in_flight < most:
            wait = self.limits.seconds_to_wait(path, now)
            if wait > 0:
                if wait < math.inf:
                    self._add(now + wait, "send")
                return
            self.in_flight += 1
            self.left -= 1
            self._add(now + LATENCY / 2, "arrive", self.limits.sent(path, now))

    def _respond(self, request: SentRequest, now: float) -> None:
        status = 200 if self._take(now) else 429
        remaining = max(0, self.limit - self.used)
        resets = math.ceil((self.window + 1) * WINDOW - self.phase - now)
        if request.endpoint == EXPORTS:
            bucket = f"total={self.limit}; remaining={remaining}; resets={resets}"
            headers = {"zendesk-ratelimit-incremental-exports": bucket}
        else:
            headers = {"x-rate-limit": str(self.limit), "x-rate-limit-remaining": str(remaining)}
            headers["ratelimit-reset"] = str(resets)
        if status == 429:
            headers["retry-after"] = str(resets)
            self.refused += 1
            self.left += 1
        self.in_flight -= 1
        self.limits.answered(request, status, headers, now + LATENCY / 2)
        self._add(now + LATENCY / 2, "send")


def row(reserve: Reserve, limit: int, others: int, count: int) -> list[object]:
    random.seed(1)
    runs = [
        Run(limit, others, count, random.uniform(0, WINDOW), RateLimits({}, reserve))
        for _ in range(PHASES[limit <= EXPORT_LIMIT])
    ]
    seconds = mean(run.seconds() for run in runs)
    served = sum(run.others_served for run in runs)
    asked = served + sum(run.others_refused for run in runs)
    share = f"{served / asked:.1%}" if asked else ""
    return [limit, others, count, f"{seconds:.1f}", f"{mean(run.refused for run in runs):.1f}", share]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rate_limits", description=__doc__)
    parser.add_argument("--unseen", type=float, default=Reserve().unseen)
    parser.add_argument("--seen", type=float, default=Reserve().seen)
    options = parser.parse_args()
    header = ["limit", "others per minute", "requests", "s", "429", "others served"]
    rows = [row(Reserve(options.unseen, options.seen), *case) for case in CASES]
    print(text_table(header, rows))
