"""How long one request may take, all its tries together."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

LONGEST_CONNECT = 10.0
LONGEST_SILENCE = 120.0
SHORTEST = 2.0
TRIES = 3
"""A server that comes back is asked again while there is still time: one try takes a third of it at most."""


def timeout_of_a_try(give_up_after: float) -> tuple[float, float]:
    """Seconds to connect, and seconds without a byte of the answer."""
    silence = min(LONGEST_SILENCE, max(SHORTEST, give_up_after / TRIES))
    return min(LONGEST_CONNECT, silence), silence


class Patience:
    """Of one request. Begins when its turn has come: how long it waited for that is no matter."""

    def __init__(self, give_up_after: float) -> None:
        """`give_up_after`: seconds."""
        self._give_up_after = give_up_after
        self._began: float | None = None

    def begin(self) -> None:
        if self._began is None:
            self._began = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds; below zero once it has run out."""
        spent = 0.0 if self._began is None else time.monotonic() - self._began
        return self._give_up_after - spent

    @property
    def timeout(self) -> tuple[float, float]:
        """As `timeout_of_a_try`, and no longer than what is left."""
        connect, silence = timeout_of_a_try(self._give_up_after)
        left = max(SHORTEST, self.left)
        return min(connect, left), min(silence, left)

    @contextmanager
    def reading(self, response: requests.Response) -> Iterator[threading.Event]:
        """Cuts the answer off when nothing is left: timeouts bound the silence between two bytes, not the whole of it.

        The event is set once that has happened.
        """
        is_cut_off = threading.Event()

        def cut_off() -> None:
            is_cut_off.set()
            with suppress(ValueError, RuntimeError, OSError):  # it has come to its end meanwhile
                response.raw.shutdown()

        timer = threading.Timer(max(SHORTEST, self.left), cut_off)
        timer.daemon = True
        timer.start()
        try:
            yield is_cut_off
        finally:
            timer.cancel()
