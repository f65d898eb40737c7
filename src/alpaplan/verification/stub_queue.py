"""What the stub of a group decides: who is accepted, and when each batch starts and ends.

The rules are those of a simulation, `design/BATCHING.md` B1 to B6, which without batching are
those of DESIGN section 4. All times are of one clock that the caller chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class StubReplica:
    """One model on the group.

    Parameters
    ----------
    slo_s
        Its latency objective.
    stages_s
        Stage latencies of batches of 1, 2, ... requests, as many as a batch may have.
    overhead_s
        Added once to every request.
    """

    slo_s: float
    stages_s: Sequence[Sequence[float]]
    overhead_s: float


@dataclass(frozen=True)
class Waiting:
    """A request that was accepted and that no batch has taken yet."""

    number: int
    model: str
    arrival_s: float


@dataclass(frozen=True)
class Batch:
    """Requests that run together; `finish_s` is when they are answered."""

    members: tuple[Waiting, ...]
    finish_s: float


class StubQueue:
    """The queue and the stages of one group.

    Parameters
    ----------
    replicas
        Model -> what it takes.
    """

    def __init__(self, replicas: Mapping[str, StubReplica]) -> None:
        self._replicas = replicas
        first = next(iter(replicas.values()))
        self._free_s = [0.0] * len(first.stages_s[0])
        self._queue: list[Waiting] = []

    def arrive(self, request: Waiting) -> bool:
        """Accept a request if it, and all that wait before it, are going to be in time.

        `started` has to be asked up to its arrival before.
        """
        free_s, queue = list(self._free_s), [*self._queue, request]
        while queue:
            batch, queue = self._next_batch(free_s, queue, request.arrival_s)
            if batch is None:
                return False
        self._queue.append(request)
        return True

    def started(self, now_s: float, *, before: bool = False) -> Iterable[Batch]:
        """Start all batches that are due up to a time, or before it, and return them."""
        batches = []
        while self._queue:
            start_s = self.next_start_s()
            if start_s is None or start_s > now_s or (before and start_s == now_s):
                break
            batch, self._queue = self._next_batch(self._free_s, self._queue, start_s)
            if batch is None:  # cannot be: all that wait were accepted
                raise RuntimeError("an accepted request cannot be in time")
            batches.append(batch)
        return batches

    def next_start_s(self) -> float | None:
        """Return when the next batch starts if nothing else comes; None if nothing waits."""
        if not self._queue:
            return None
        return max(self._free_s[0], self._queue[0].arrival_s)

    def _next_batch(
        self, free_s: list[float], queue: list[Waiting], now_s: float
    ) -> tuple[Batch | None, list[Waiting]]:
        """Start the batch of the head of a queue: change `free_s`, return it and who is left."""
        head = queue[0]
        replica = self._replicas[head.model]
        alike = [request for request in queue if request.model == head.model]
        start_s = max(now_s, free_s[0])
        for size in range(min(len(alike), len(replica.stages_s)), 0, -1):
            ends_s = _ends(start_s, free_s, replica.stages_s[size - 1])
            finish_s = ends_s[-1] + replica.overhead_s
            if finish_s - head.arrival_s <= replica.slo_s:
                free_s[:] = ends_s
                members = tuple(alike[:size])
                taken = {request.number for request in members}
                left = [request for request in queue if request.number not in taken]
                return Batch(members, finish_s), left
        return None, queue


def _ends(start_s: float, free_s: Sequence[float], stages_s: Sequence[float]) -> list[float]:
    """Return when each stage ends."""
    ends, x = [], start_s
    for stage_free_s, stage_s in zip(free_s, stages_s, strict=True):
        x = max(x, stage_free_s) + stage_s
        ends.append(x)
    return ends
