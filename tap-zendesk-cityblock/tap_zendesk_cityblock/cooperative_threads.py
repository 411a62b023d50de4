"""Many threads, of which one runs at a time: another goes on only while that one waits for Zendesk.

So whatever is not the waiting itself (records, messages, state, the SDK) knows no threads.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class SideBySide:
    """`baton` is held by the thread that runs."""

    def __init__(self) -> None:
        self._baton = threading.Lock()
        self._holder: threading.Thread | None = None

    def run(self, works: Sequence[Callable[[], object]]) -> None:
        """Returns when all are done. The first that raises ends all: none of the others runs on, and this raises the same.

        Daemon threads: an answer that somebody still waits for does not keep the process from leaving.
        """
        ended: SimpleQueue[BaseException | None] = SimpleQueue()
        for work in works:
            threading.Thread(target=self._run, args=(work, ended), daemon=True).start()
        for _ in works:
            error = ended.get()
            if error is not None:
                raise error

    def _run(self, work: Callable[[], object], ended: SimpleQueue[BaseException | None]) -> None:
        # Where another thread gets the signal, Python's handler waits for the main one to wake up by itself.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        self._take()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised by `run`
            ended.put(error)  # and the baton is kept
        else:
            self._pass_on()
            ended.put(None)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Others run while the block waits; nothing where the thread is none of `run`'s."""
        if self._holder is not threading.current_thread():
            yield
            return
        self._pass_on()
        try:
            yield
        finally:
            self._take()

    def stop(self, seconds: float) -> bool:
        """Nobody runs any more, if the one that runs comes to wait in so many seconds; whether it has."""
        return self._baton.acquire(timeout=seconds)

    def _take(self) -> None:
        self._baton.acquire()
        self._holder = threading.current_thread()

    def _pass_on(self) -> None:
        self._holder = None
        self._baton.release()
