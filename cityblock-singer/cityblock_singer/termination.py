"""SIGINT and SIGTERM: they end a run between two sections of work, never inside one."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator
    from types import FrameType


def on_termination(handler: Callable[[int, FrameType | None], object]) -> None:
    """In place of the SDK's handler. No effect outside the main thread, where Python allows no handlers."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handler)
        signal.signal(signal.SIGTERM, handler)


class Termination:
    """Exit code 128 + the signal's number. `section`: what a signal waits for, in words.

    The SDK's handler would drain again from inside a section, and lose its records.
    """

    def __init__(self, section: str, logger: logging.Logger) -> None:
        self._section, self._logger = section, logger
        self._depth = 0
        self._signal = 0
        on_termination(self._handle)

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """A section, which may hold others: a signal takes effect when the outermost one is left."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._signal and not self._depth:
            sys.exit(128 + self._signal)

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of handlers
        self._signal = number
        if not self._depth:
            sys.exit(128 + number)
        self._logger.warning("Signal %d: exiting once %s is done", number, self._section)
