"""A slow, obvious, event-driven simulator, written from DESIGN.md section 4 alone.

Every group is a pipeline of FIFO stages that runs on events. To find a request's fate, the
group is copied, given the request, and run until it is empty.
"""

from __future__ import annotations

import copy
import heapq
import math
from collections import deque
from dataclasses import dataclass, field

Rule = str
Fate = tuple[int | None, float | None]
"""Group that got the request (None: no group holds its model), latency (None: not attained)."""


@dataclass(frozen=True)
class Job:
    number: int
    stage_latency_s: tuple[float, ...]


@dataclass
class Pipeline:
    """One group: a queue and a server for each stage."""

    num_stages: int
    events: list[tuple[float, int]] = field(default_factory=list)
    waiting: list[deque[Job]] = field(init=False)
    serving: list[Job | None] = field(init=False)
    end_s: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.waiting = [deque() for _ in range(self.num_stages)]
        self.serving = [None] * self.num_stages

    def run_until(self, now_s: float) -> None:
        while self.events and self.events[0][0] <= now_s:
            time_s, stage = heapq.heappop(self.events)
            job = self.serving[stage]
            assert job is not None
            self.serving[stage] = None
            if stage + 1 < self.num_stages:
                self.enter(job, stage + 1, time_s)
            else:
                self.end_s[job.number] = time_s
            if self.waiting[stage]:
                self.start(self.waiting[stage].popleft(), stage, time_s)

    def enter(self, job: Job, stage: int, now_s: float) -> None:
        if self.serving[stage] is None and not self.waiting[stage]:
            self.start(job, stage, now_s)
        else:
            self.waiting[stage].append(job)

    def start(self, job: Job, stage: int, now_s: float) -> None:
        self.serving[stage] = job
        heapq.heappush(self.events, (now_s + job.stage_latency_s[stage], stage))

    def would_end_s(self, job: Job, now_s: float) -> float:
        trial = copy.deepcopy(self)
        trial.enter(job, 0, now_s)
        trial.run_until(math.inf)
        return trial.end_s[job.number]


@dataclass
class Group:
    """A pipeline, what each model costs on it, and what was promised to requests so far."""

    latency_s_of_model: dict[int, tuple[float, ...]]
    pipeline: Pipeline
    promised_end_s: dict[int, float] = field(default_factory=dict)

    def last_stage_free_s(self) -> float:
        return max(self.promised_end_s.values(), default=-math.inf)

    def queue_length(self, now_s: float, overhead_s: float) -> int:
        return sum(1 for end_s in self.promised_end_s.values() if end_s + overhead_s > now_s)


def simulate(
    groups: list[tuple[int, dict[int, tuple[float, ...]]]],
    arrivals: list[tuple[float, int]],
    slo_s: list[float],
    rule: Rule,
    overhead_s: float,
) -> list[Fate]:
    """Return the fate of every arrival `(time, model)` on groups `(stages, model -> latencies)`."""
    state = [Group(latencies, Pipeline(num_stages)) for num_stages, latencies in groups]
    fates: list[Fate] = []
    for number, (now_s, model) in enumerate(arrivals):
        for group in state:
            group.pipeline.run_until(now_s)
        candidates = [g for g, group in enumerate(state) if model in group.latency_s_of_model]
        if not candidates:
            fates.append((None, None))
            continue
        if rule == "shortest-queue":
            chosen = min(candidates, key=lambda g: state[g].queue_length(now_s, overhead_s))
        else:
            chosen = min(candidates, key=lambda g: state[g].last_stage_free_s())
        group = state[chosen]
        job = Job(number, group.latency_s_of_model[model])
        end_s = group.pipeline.would_end_s(job, now_s)
        latency_s = end_s + overhead_s - now_s
        if latency_s <= slo_s[model]:
            group.pipeline.enter(job, 0, now_s)
            group.promised_end_s[number] = end_s
            fates.append((chosen, latency_s))
        else:
            fates.append((chosen, None))
    for group in state:
        group.pipeline.run_until(math.inf)
        assert group.pipeline.end_s == group.promised_end_s, "later requests delayed earlier ones"
    return fates
