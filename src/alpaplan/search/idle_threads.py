"""Threads that no attempt needs right now, and that running attempts may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, wait
from contextlib import contextmanager
from threading import Semaphore


class IdleThreads:
    """Counts the threads that work, so that attempts use those that would be idle.

    Parameters
    ----------
    count
        Threads that may work at a time, those of attempts included.
    helpers
        Runs what attempts do in other threads than their own, in at least ``count - 1`` threads;
        None if there are no others.
    """

    def __init__(self, count: int, helpers: Executor | None = None) -> None:
        self._idle = Semaphore(count)
        self._helpers = helpers

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Count the thread of an attempt as working, once fewer than all threads are."""
        with self._idle:
            yield

    def share(self, most: int, work: Callable[[int, int], None]) -> int:
        """Do a part of some work here and one in each of some idle threads; return how many parts.

        Parameters
        ----------
        most
            Most parts.
        work
            Called with the number of a part and how many there are.
        """
        num_parts = 1
        while num_parts < most and self._helpers is not None and self._idle.acquire(blocking=False):
            num_parts += 1
        if num_parts == 1 or self._helpers is None:
            work(0, 1)
            return 1
        futures = [self._helpers.submit(work, part, num_parts) for part in range(1, num_parts)]
        try:
            work(0, num_parts)
        finally:
            wait(futures)
            self._idle.release(num_parts - 1)
        for future in futures:
            future.result()
        return num_parts


NO_THREADS = IdleThreads(1)
"""No threads but that of the attempt."""
