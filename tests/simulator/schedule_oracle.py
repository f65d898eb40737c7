"""A slow, obvious simulator of schedules, written from `design/SCHEDULE.md` alone, rule by rule.

It walks through all instants at which anything can happen, and does what S9 says in that order.
Groups serve as in the oracle of batching.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.simulator.batching_oracle import Group, Latencies, Request

Fate = tuple[str | None, float | None, int]
"""Name of the group that got the request (None: no replica was ready), latency (None: not
attained), and size of its batch (0: not attained)."""


@dataclass(frozen=True)
class GroupInput:
    """A group of a placement as the document lists it."""

    name: str
    devices: frozenset[int]
    models: list[int]
    latencies: Latencies
    load_s: dict[int, list[float]]
    """Model -> bytes over bandwidth of every stage."""


@dataclass(eq=False)
class Replica:
    model: int
    ready_s: float = math.inf


@dataclass(eq=False)
class LiveGroup(Group):
    """A group from where it is new on, also when it has ended."""

    name: str = ""
    devices: frozenset[int] = frozenset()
    replicas: list[Replica] = field(default_factory=list)
    to_load: list[Replica] = field(default_factory=list)
    load_end_s: list[float] = field(default_factory=list)
    accepted_by: dict[int, Replica] = field(default_factory=dict)
    stages_end_s: dict[int, float] = field(default_factory=dict)

    def start_batch(self, start_s: float) -> bool:
        before = list(self.queue)
        started = super().start_batch(start_s)
        for request in before:
            if request not in self.queue:
                self.stages_end_s[request.number] = self.clock[-1]
        return started

    def unfinished(self, now_s: float) -> Iterator[int]:
        """Yield the requests that wait or run; the overhead does not count (S5)."""
        yield from (request.number for request in self.queue)
        yield from (n for n, end_s in self.stages_end_s.items() if end_s > now_s)

    def is_held_up(self, ended: list[LiveGroup], now_s: float) -> bool:
        """Whether loads have to wait (S5)."""
        gone = [self.accepted_by[number] for number in self.unfinished(now_s)]
        if any(replica not in self.replicas for replica in gone):
            return True
        return any(
            other.devices & self.devices and list(other.unfinished(now_s)) for other in ended
        )


class Simulation:
    def __init__(
        self,
        placements: list[tuple[float, list[GroupInput]]],
        arrivals: list[tuple[float, int]],
        slo_s: list[float],
        rule: str,
        overhead_s: float,
        load_overhead_s: float,
    ) -> None:
        self.changes = list(placements)
        self.arrivals = list(enumerate(arrivals))
        self.slo_s, self.rule = slo_s, rule
        self.overhead_s, self.load_overhead_s = overhead_s, load_overhead_s
        self.inputs: dict[str, GroupInput] = {}
        self.current: list[LiveGroup] = []
        self.ended: list[LiveGroup] = []
        self.sent: dict[int, LiveGroup] = {}
        self.instants_s = [start_s for start_s, _ in placements]
        self.instants_s += [at_s for at_s, _ in arrivals]

    def run(self) -> list[Fate]:
        arrivals = [arrival for _, arrival in self.arrivals]
        heapq.heapify(self.instants_s)
        while self.instants_s:
            now_s = heapq.heappop(self.instants_s)
            while self.changes and self.changes[0][0] == now_s:
                self.change(*self.changes.pop(0))
            for group in self.current:
                self.begin_loads(group, now_s)
            while self.arrivals and self.arrivals[0][1][0] == now_s:
                number, (_, model) = self.arrivals.pop(0)
                self.arrive(Request(number, now_s, model))
            for group in self.current + self.ended:
                while group.queue and group.clock[0] <= now_s:
                    assert group.start_batch(now_s), "an accepted request is lost"
                    heapq.heappush(self.instants_s, group.clock[0])
                    heapq.heappush(self.instants_s, group.clock[-1])
        return [self.fate(number, at_s) for number, (at_s, _) in enumerate(arrivals)]

    def change(self, start_s: float, placement: list[GroupInput]) -> None:
        before = {group.name: group for group in self.current}
        is_first = not self.inputs
        self.current = []
        for listed in placement:
            self.inputs[listed.name] = listed
            group = before.pop(listed.name, None) or self.new_group(listed)
            self.current.append(group)
            group.latencies = {**group.latencies, **listed.latencies}
            kept = {replica.model: replica for replica in group.replicas}
            group.replicas = [kept.get(model) or Replica(model) for model in listed.models]
            group.to_load = [replica for replica in group.to_load if replica in group.replicas]
            added = [replica for replica in group.replicas if replica.model not in kept]
            if is_first:
                for replica in added:
                    replica.ready_s = -math.inf
            else:
                group.to_load += added
        self.ended += before.values()

    def new_group(self, listed: GroupInput) -> LiveGroup:
        num_stages = len(next(iter(listed.load_s.values())))
        never = [-math.inf] * num_stages
        return LiveGroup(
            {},
            self.slo_s,
            self.overhead_s,
            clock=list(never),
            name=listed.name,
            devices=listed.devices,
            load_end_s=list(never),
        )

    def begin_loads(self, group: LiveGroup, now_s: float) -> None:
        if not group.to_load or group.is_held_up(self.ended, now_s):
            return
        for replica in group.to_load:
            for k, seconds in enumerate(self.inputs[group.name].load_s[replica.model]):
                from_s = max(group.load_end_s[k], now_s + self.load_overhead_s)
                group.load_end_s[k] = from_s + seconds
            replica.ready_s = max(group.load_end_s)
        group.to_load = []

    def arrive(self, request: Request) -> None:
        now_s = request.arrival_s
        candidates = [
            (group, replica)
            for group in self.current
            for replica in group.replicas
            if replica.model == request.model and replica.ready_s <= now_s
        ]
        if not candidates:
            return
        if self.rule == "shortest-queue":
            chosen, replica = min(candidates, key=lambda each: each[0].length(now_s))
        else:
            chosen, replica = min(candidates, key=lambda each: each[0].last_free_s(now_s))
        self.sent[request.number] = chosen
        if chosen.accepts(request):
            chosen.accepted_by[request.number] = replica

    def fate(self, number: int, at_s: float) -> Fate:
        group = self.sent.get(number)
        if group is None:
            return None, None, 0
        if number not in group.finish_s:
            return group.name, None, 0
        return group.name, group.finish_s[number] - at_s, group.batch_size[number]


def counts_by_name(fates: list[Fate]) -> dict[str, tuple[int, int]]:
    """Return requests and attained ones of each group that got any (S11)."""
    sent = sorted((name, latency_s is not None) for name, latency_s, _ in fates if name)
    grouped = {
        name: [attained for _, attained in found]
        for name, found in itertools.groupby(sent, key=lambda each: each[0])
    }
    return {name: (len(attained), sum(attained)) for name, attained in grouped.items()}
