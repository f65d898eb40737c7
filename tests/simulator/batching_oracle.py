"""A slow, obvious simulator with batching, written from `design/BATCHING.md` alone, rule by rule.

At each arrival every group is brought up to date. Whether a request is accepted is tried on a copy
of the group, which runs until nothing waits.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field

Fate = tuple[int | None, float | None, int]
"""Group that got the request (None: no group holds its model), latency (None: not attained), and
size of its batch (0: not attained)."""

Latencies = dict[int, list[tuple[float, ...]]]
"""Model -> for each batch size from 1 to the cap, the latency of every stage."""


@dataclass(frozen=True)
class Request:
    number: int
    arrival_s: float
    model: int


@dataclass
class Group:
    latencies: Latencies
    slo_s: list[float]
    overhead_s: float
    clock: list[float]
    queue: list[Request] = field(default_factory=list)
    finish_s: dict[int, float] = field(default_factory=dict)
    batch_size: dict[int, int] = field(default_factory=dict)

    def run(self, latency_s: tuple[float, ...], start_s: float) -> tuple[list[float], float]:
        """Return the clocks and the finish of a batch that starts then (B4)."""
        clock = list(self.clock)
        x = start_s
        for stage, stage_s in enumerate(latency_s):
            x = max(x, clock[stage]) + stage_s
            clock[stage] = x
        return clock, x + self.overhead_s

    def members(self, start_s: float) -> list[Request]:
        """Return the batch that starts now (B5); nobody if it cannot be in time at any size."""
        head = self.queue[0]
        same = [request for request in self.queue if request.model == head.model]
        best: list[Request] = []
        for size, latency_s in enumerate(self.latencies[head.model], start=1):
            if size > len(same):
                break
            _, finish_s = self.run(latency_s, start_s)
            slo_s = self.slo_s[head.model]
            if all(finish_s - request.arrival_s <= slo_s for request in same[:size]):
                best = same[:size]
        return best

    def start_batch(self, start_s: float) -> bool:
        members = self.members(start_s)
        if not members:
            return False
        latency_s = self.latencies[members[0].model][len(members) - 1]
        self.clock, finish_s = self.run(latency_s, start_s)
        for request in members:
            self.queue.remove(request)
            self.finish_s[request.number] = finish_s
            self.batch_size[request.number] = len(members)
        return True

    def start_before(self, now_s: float) -> None:
        """Start the batches that start before now (B3)."""
        while self.queue:
            start_s = max(self.clock[0], self.queue[0].arrival_s)
            if start_s >= now_s:
                return
            assert self.start_batch(start_s), "an accepted request is lost"

    def worked_off(self, now_s: float) -> Group | None:
        """Return a copy after all that waits, if nothing else comes; None if some cannot (B6)."""
        trial = copy.deepcopy(self)
        while trial.queue:
            if not trial.start_batch(max(now_s, trial.clock[0])):
                return None
        return trial

    def accepts(self, request: Request) -> bool:
        trial = copy.deepcopy(self)
        trial.queue.append(request)
        if trial.worked_off(request.arrival_s) is None:
            return False
        self.queue.append(request)
        return True

    def length(self, now_s: float) -> int:
        running = sum(1 for finish_s in self.finish_s.values() if finish_s > now_s)
        return len(self.queue) + running

    def last_free_s(self, now_s: float) -> float:
        trial = self.worked_off(now_s)
        assert trial is not None, "an accepted request is lost"
        return trial.clock[-1]


def simulate(
    groups: list[tuple[int, Latencies]],
    arrivals: list[tuple[float, int]],
    slo_s: list[float],
    rule: str,
    overhead_s: float,
) -> list[Fate]:
    """Return the fate of every arrival `(time, model)` on groups `(stages, latencies)`."""
    state = [
        Group(latencies, slo_s, overhead_s, [-math.inf] * stages) for stages, latencies in groups
    ]
    sent: list[int | None] = []
    for number, (now_s, model) in enumerate(arrivals):
        for group in state:
            group.start_before(now_s)
        candidates = [g for g, group in enumerate(state) if model in group.latencies]
        if not candidates:
            sent.append(None)
            continue
        if rule == "shortest-queue":
            chosen = min(candidates, key=lambda g: state[g].length(now_s))
        else:
            chosen = min(candidates, key=lambda g: state[g].last_free_s(now_s))
        sent.append(chosen)
        state[chosen].accepts(Request(number, now_s, model))
    for group in state:
        group.start_before(math.inf)
    fates: list[Fate] = []
    for number, to in enumerate(sent):
        finish_s = None if to is None else state[to].finish_s.get(number)
        if to is None or finish_s is None:
            fates.append((to, None, 0))
        else:
            latency_s = finish_s - arrivals[number][0]
            fates.append((to, latency_s, state[to].batch_size[number]))
    return fates
