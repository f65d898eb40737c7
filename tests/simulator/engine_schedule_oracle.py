"""A slow, obvious simulator of schedules of LLM engines: `design/SCHEDULE.md` with engines.

Engines serve as in the oracle of plans; an engine is a replica of S1 to S11, and one with another
cache is another engine. At each instant it does what S9 says, in that order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from tests.simulator.engines_oracle import (
    BEFORE_ALL_NS,
    Engine,
    Group,
    Model,
    Oracle,
    Request,
    Settings,
    whole_ns,
)


@dataclass(frozen=True)
class ListedGroup:
    """A group of a placement: idle, with idle engines."""

    name: str
    devices: frozenset[int]
    group: Group
    load_s: Mapping[int, Sequence[float]]
    """Model -> bytes over bandwidth of every stage."""


@dataclass(eq=False)
class LiveGroup(Group):
    """A group from where it is new on, also when it has ended; `engines` has those gone too."""

    name: str = ""
    devices: frozenset[int] = frozenset()
    load_s: Mapping[int, Sequence[float]] = field(default_factory=dict)
    listed: list[Engine] = field(default_factory=list)
    to_load: list[Engine] = field(default_factory=list)
    load_end_ns: list[int] = field(default_factory=list)
    ready_ns: dict[Engine, int] = field(default_factory=dict)

    def has_requests(self, *, of_gone: bool) -> bool:
        return any(
            engine.waiting or engine.running
            for engine in self.engines
            if not (of_gone and engine in self.listed)
        )


class ScheduleOracle(Oracle):
    """All that there is; placements are given with their starts."""

    def __init__(
        self,
        settings: Settings,
        models: Sequence[Model],
        placements: Sequence[tuple[float, Sequence[ListedGroup]]],
        requests: list[Request],
        load_overhead_s: float,
    ) -> None:
        self.live: list[LiveGroup] = []
        super().__init__(settings, models, list[Group](), requests, {})
        self.groups = cast("list[Group]", self.live)
        self.changes = [(whole_ns(start_s), groups) for start_s, groups in placements]
        self.load_overhead_ns = whole_ns(load_overhead_s)
        self.current: list[LiveGroup] = []
        self.has_begun = False

    def run(self) -> None:
        self.unsent, self.due = list(self.requests), []
        self.change(self.changes.pop(0)[1])
        self.has_begun = True
        now_ns = BEFORE_ALL_NS
        while True:
            later = [time_ns for time_ns in self.instants() if time_ns > now_ns]
            later += [time_ns for time_ns, _ in self.changes]
            if not later:
                return
            now_ns = min(later)
            for group in self.live:
                for engine in group.engines:
                    self.end(engine, now_ns)
            while self.changes and self.changes[0][0] <= now_ns:
                self.change(self.changes.pop(0)[1])
            for live in self.current:
                self.begin_loads(live, now_ns)
            self.arrive(now_ns)
            for group in self.live:
                if group.clock_ns[0] <= now_ns:
                    self.turn(group, now_ns)

    def change(self, placement: Sequence[ListedGroup]) -> None:
        before = {group.name: group for group in self.current}
        self.current = []
        for listed in placement:
            live = before.get(listed.name)
            if live is None:
                live = LiveGroup(
                    listed.group.num_stages,
                    listed.group.slowdown,
                    [],
                    name=listed.name,
                    devices=listed.devices,
                    load_end_ns=[BEFORE_ALL_NS] * listed.group.num_stages,
                )
                self.live.append(live)
            live.load_s = {**live.load_s, **listed.load_s}
            known = {(engine.model, engine.kv_tokens): engine for engine in live.listed}
            now = [known.get((e.model, e.kv_tokens), e) for e in listed.group.engines]
            added = [engine for engine in now if engine not in live.listed]
            live.listed = now
            live.engines += added
            live.to_load = [engine for engine in live.to_load if engine in now]
            if self.has_begun:
                live.to_load += added
            else:
                live.ready_ns |= dict.fromkeys(added, BEFORE_ALL_NS)
            self.current.append(live)
        for live in before.values():
            if live not in self.current:
                live.listed = []

    def begin_loads(self, live: LiveGroup, now_ns: int) -> None:
        ended = [other for other in self.live if other not in self.current]
        if live.has_requests(of_gone=True) or any(
            other.devices & live.devices and other.has_requests(of_gone=False) for other in ended
        ):
            return
        for engine in live.to_load:
            for k, seconds in enumerate(live.load_s[engine.model]):
                from_ns = max(live.load_end_ns[k], now_ns + self.load_overhead_ns)
                live.load_end_ns[k] = from_ns + whole_ns(seconds)
            live.ready_ns[engine] = max(live.load_end_ns)
        live.to_load = []

    def dispatch(self, request: Request, now_ns: int) -> bool:
        tokens = request.input_tokens + request.output_tokens
        ready = {
            self.live.index(live): engine
            for live in self.current
            for engine in live.listed
            if engine.model == request.model and engine in live.ready_ns
            if live.ready_ns[engine] <= now_ns
        }
        if tokens > self.models[request.model].max_context_tokens or not ready:
            return False

        def unfinished(g: int) -> int:
            sent = [other for other in self.requests if other.group == g]
            return sum(1 for r in sent if r.finish_ns is None or r.finish_ns > now_ns)

        request.group = min(ready, key=unfinished)
        ready[request.group].wait(request)
        return True
