"""Whose request goes next: first come, first served, so many at once, and none that would cross a limit."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING

from tap_zendesk_cityblock.errors import GaveUpError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_zendesk_cityblock.http.rate_limits import Limits, Request


class Turn:
    """One request. `waited`: the seconds that took; `looks_at`: when it is to be looked at again."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.waited = 0.0
        self.looks_at = inf
        self.woken = threading.Event()
        self.request: Request | None = None


class Turns:
    """May be asked by any number of threads. Who waits for a limit holds up nobody whom it does not concern."""

    def __init__(self, limits: Limits, at_once: int, give_up_after: float) -> None:
        """`give_up_after`: seconds without any answer for which a request waits for those before it."""
        self._limits, self._at_once, self._give_up_after = limits, at_once, give_up_after
        self._answered = -inf
        self._lock = threading.Lock()
        self._waiting: list[Turn] = []
        self._under_way = 0

    @contextmanager
    def taken(self, path: str) -> Iterator[Turn]:
        """Blocks until it is the request's turn. Without a call of `answered` inside, no answer came.

        Raises GaveUpError where it waits for the answer to another one and none comes at all. A wait for a limit has no
        end but the limit's.
        """
        turn, asked = Turn(path), time.monotonic()
        with self._lock:
            self._waiting.append(turn)
        while (seconds := self._seconds_to_wait(turn)) > 0:
            if seconds == inf:
                seconds = max(asked, self._answered) + self._give_up_after - time.monotonic()
            if not turn.woken.wait(max(0, seconds)) and self._is_forgotten(turn, asked):
                raise GaveUpError(
                    f"{path}: Zendesk has not answered the requests before it for {self._give_up_after:.0f} s"
                )
        turn.waited = time.monotonic() - asked
        try:
            yield turn
        finally:
            with self._lock:
                if turn.request is not None:
                    self._limits.lost(turn.request, time.monotonic())
                self._under_way -= 1
                self._grant()

    def answered(self, turn: Turn, status: int, headers: Mapping[str, str]) -> None:
        """To be called when the headers have come: the body need not hold others up."""
        with self._lock:
            if turn.request is not None:
                self._answered = time.monotonic()
                self._limits.answered(turn.request, status, headers, self._answered)
                turn.request = None
                self._grant()

    def left(self, path: str) -> tuple[int, int] | None:
        """Requests that the rate limit still allows, and of how many; None before the first answer."""
        with self._lock:
            return self._limits.left(path)

    def _is_forgotten(self, turn: Turn, asked: float) -> bool:
        """Whether its turn cannot come because nothing is answered; it then waits no longer."""
        with self._lock:
            silent_since = max(asked, self._answered)
            if turn.request is not None or turn.looks_at < inf:
                return False
            if time.monotonic() < silent_since + self._give_up_after:
                return False
            self._waiting.remove(turn)
            return True

    def _seconds_to_wait(self, turn: Turn) -> float:
        """Zero when the turn has come."""
        with self._lock:
            turn.looks_at = inf
            self._grant()
            turn.woken.clear()
            return 0 if turn.request is not None else max(0.001, turn.looks_at - time.monotonic())

    def _grant(self) -> None:
        """Lets go who may, and wakes those who have to be looked at sooner than they thought."""
        for turn in list(self._waiting):
            if self._under_way >= self._at_once:
                return
            now = time.monotonic()
            seconds = self._limits.seconds_to_wait(turn.path, now)
            if seconds <= 0:
                self._waiting.remove(turn)
                self._under_way += 1
                turn.request = self._limits.sent(turn.path, now)
                turn.woken.set()
            elif now + seconds < turn.looks_at:
                turn.looks_at = now + seconds
                turn.woken.set()
