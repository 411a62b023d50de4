"""Threads, only one of which runs at a time: the next one runs while the others wait for Zendesk. So records, messages,
state and the SDK need no locks, but waits for Zendesk overlap.
"""

from __future__ import annotations

import dataclasses
import signal
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")


@dataclasses.dataclass(eq=False)
class _Feed(Generic[T]):
    """A source of `side_by_side`. `dealt_with` is released when the next item may be made."""

    source: Iterable[T]
    given: SimpleQueue[_Item[T]]
    dealt_with: threading.Semaphore = dataclasses.field(default_factory=lambda: threading.Semaphore(0))
    is_stopped: bool = False


@dataclasses.dataclass(frozen=True)
class _Item(Generic[T]):
    feed: _Feed[T]
    value: T | None = None
    is_end: bool = False
    error: BaseException | None = None


class CooperativeThreads:
    """The running thread holds the run lock."""

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

    def side_by_side(self, sources: Sequence[Iterable[T]]) -> Iterator[T]:
        """Yields their items as they arrive. Each source has its own thread, which continues once its item has been
        processed. The first exception of a source ends the others, and is raised here. Call it in a thread that `run`
        started.
        """
        given: SimpleQueue[_Item[T]] = SimpleQueue()
        feeds = [_Feed(source, given) for source in sources]
        for feed in feeds:
            threading.Thread(target=self._feed, args=(feed,), daemon=True).start()
        left = len(feeds)
        try:
            while left:
                with self.unlocked():
                    item = given.get()
                if item.error is not None:
                    raise item.error
                if item.is_end:
                    left -= 1
                    continue
                yield cast("T", item.value)
                feed = item.feed
                del item  # the next one needs the memory
                feed.dealt_with.release()
        finally:
            for feed in feeds:
                feed.is_stopped = True
                feed.dealt_with.release()

    def _feed(self, feed: _Feed[T]) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        self._acquire()
        try:
            for value in feed.source:
                feed.given.put(_Item(feed, value))
                del value  # the next one needs the memory
                with self.unlocked():
                    feed.dealt_with.acquire()
                if feed.is_stopped:
                    return
            feed.given.put(_Item(feed, is_end=True))
        except BaseException as error:  # noqa: BLE001 - raised by `side_by_side`
            feed.given.put(_Item(feed, error=error))
        finally:
            self._release()

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
