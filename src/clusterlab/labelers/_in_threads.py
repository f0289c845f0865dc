"""Work that waits for others, done in threads that nobody has to wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Condition, Event, Lock, Thread
from typing import Generic, TypeVar

P = TypeVar("P")
T = TypeVar("T")
_SECOND = 1.0
_LONGEST_PREPARATION = 30.0


class InThreads(Generic[P, T]):
    """`wait(prepare(item))` of every item, in so many threads.

    Iterating gives (item, result or the exception that it raised) as they come, in this thread. A
    request that hangs must not hold up Ctrl-C, nor the end of the process as a ThreadPoolExecutor
    does: after `stop` nothing new begins, and who is in `wait` is left to himself. `prepare`, which
    may be in a library that does not survive the end of the process, is waited for.
    """

    def __init__(
        self,
        items: Sequence[int],
        prepare: Callable[[int], P],
        wait: Callable[[P], T],
        *,
        threads: int,
    ) -> None:
        self._prepare = prepare
        self._wait = wait
        self._left = iter(items)
        self._n = len(items)
        self._lock = Lock()
        self._stopped = Event()
        self._preparing = 0
        self._quiet = Condition()
        self._done: SimpleQueue[tuple[int, T | Exception]] = SimpleQueue()
        for _ in range(min(threads, self._n)):
            Thread(target=self._go_on, daemon=True).start()

    def __iter__(self) -> Iterator[tuple[int, T | Exception]]:
        while self._n:
            try:
                # Not for ever: on Windows nothing could interrupt that.
                done = self._done.get(timeout=_SECOND)
            except Empty:
                continue
            self._n -= 1
            yield done

    def stop(self) -> list[tuple[int, T | Exception]]:
        """Begin nothing new. Returns what was finished and not yet given."""
        self._stopped.set()
        with self._quiet:
            self._quiet.wait_for(lambda: not self._preparing, timeout=_LONGEST_PREPARATION)
        found = []
        while not self._done.empty():
            found.append(self._done.get())
        return found

    def _go_on(self) -> None:
        while True:
            with self._lock:
                item = next(self._left, None)
            if item is None:
                return
            try:
                with self._prepares():
                    if self._stopped.is_set():
                        return
                    prepared = self._prepare(item)
                result: T | Exception = self._wait(prepared)
            except Exception as error:
                result = error
            except SystemExit as error:
                # A library that gives up on one image must not take the thread's others along.
                result = RuntimeError(str(error))
            self._done.put((item, result))

    @contextmanager
    def _prepares(self) -> Iterator[None]:
        with self._quiet:
            self._preparing += 1
        try:
            yield
        finally:
            with self._quiet:
                self._preparing -= 1
                self._quiet.notify_all()
