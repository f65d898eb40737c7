"""Open-loop load: each request is sent at its time, whatever is still open."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from alpaplan.verification.client import Client

Result = TypeVar("Result")

START_S = 0.2
"""Seconds before the first request, in which everything gets ready."""


@dataclass(frozen=True)
class Load(Generic[Result]):
    """What came of sending requests.

    Parameters
    ----------
    results
        By request; None where it was still open when the load was interrupted, or never sent.
    late_s
        How much later than meant each was sent, of those that were.
    was_interrupted
        Whether not all were sent and waited for.
    """

    results: list[Result | None]
    late_s: list[float]
    was_interrupted: bool

    @property
    def num_open(self) -> int:
        """Requests that were sent and have no result."""
        return len(self.late_s) - sum(result is not None for result in self.results)


def send_all(
    times_s: NDArray[np.float64],
    client: Client,
    send: Callable[[int], Awaitable[Result]],
    on_result: Callable[[], None] = lambda: None,
) -> Load[Result]:
    """Send requests at their times, and wait for all answers.

    The signal of Ctrl-C ends it early, with what has come by then.

    Parameters
    ----------
    times_s : float64[num_requests]
        When each request is sent, not decreasing; the first one is sent at once.
    client
        What sends them; its connections are closed at the end.
    send
        Sends a request by its number, and returns what comes of it.
    on_result
        Called at each result.
    """
    results: list[Result | None] = [None] * times_s.size
    late_s: list[float] = []

    async def send_one(number: int, planned_s: float) -> None:
        late_s.append(max(0.0, asyncio.get_running_loop().time() - planned_s))
        results[number] = await send(number)
        on_result()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        begin_s = loop.time() + START_S
        async with client, asyncio.TaskGroup() as tasks:
            for number, time_s in enumerate((times_s - times_s[:1]).tolist()):
                planned_s = begin_s + time_s
                await asyncio.sleep(max(0.0, planned_s - loop.time()))
                tasks.create_task(send_one(number, planned_s))

    was_interrupted = False
    with _many_connections(), _short_pauses():
        try:
            asyncio.run(run())
        except KeyboardInterrupt:
            was_interrupted = True
    return Load(results, late_s, was_interrupted)


@contextmanager
def _many_connections() -> Iterator[None]:
    """Let the block have as many open connections as the system allows a process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # such as a limit that macOS does not mean
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def _short_pauses() -> Iterator[None]:
    """Let collections of garbage look at nothing that was there before the block."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
