"""Threads of which one runs at a time: another one runs only while that one waits for Zendesk.

So records, messages, state and the SDK need no locks, and waiting for Zendesk still overlaps.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class CooperativeThreads:
    """The thread that runs holds the run lock."""

    def __init__(self) -> None:
        self._run_lock = threading.Lock()
        self._running: threading.Thread | None = None

    def run(self, tasks: Sequence[Callable[[], object]]) -> None:
        """Returns when all tasks are done. The first exception stops all others, and is raised here.

        Daemon threads: the process can exit while a request is unanswered.
        """
        results: SimpleQueue[BaseException | None] = SimpleQueue()
        for task in tasks:
            threading.Thread(target=self._run, args=(task, results), daemon=True).start()
        for _ in tasks:
            error = results.get()
            if error is not None:
                raise error

    def _run(self, task: Callable[[], object], results: SimpleQueue[BaseException | None]) -> None:
        # If another thread gets the signal, Python's handler runs only once the main thread wakes up.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        self._acquire()
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - raised by `run`
            results.put(error)  # the run lock stays held
        else:
            self._release()
            results.put(None)

    @contextmanager
    def unlocked(self) -> Iterator[None]:
        """Other threads run during the block. Has no effect in a thread that `run` did not start."""
        if self._running is not threading.current_thread():
            yield
            return
        self._release()
        try:
            yield
        finally:
            self._acquire()

    def stop(self, seconds: float) -> bool:
        """Stops all threads by taking the run lock for good; False if the one that runs does not wait by then."""
        return self._run_lock.acquire(timeout=seconds)

    def _acquire(self) -> None:
        self._run_lock.acquire()
        self._running = threading.current_thread()

    def _release(self) -> None:
        self._running = None
        self._run_lock.release()
