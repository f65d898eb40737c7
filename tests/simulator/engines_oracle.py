"""A slow, obvious simulator of LLM engines, written from `design/LLM.md` alone, rule by rule.

It goes from one instant at which something happens to the next one, and looks at everything anew
at each: nothing is kept that can be counted. Times are whole nanoseconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

BEFORE_ALL_NS = -(10**30)


@dataclass(frozen=True)
class Model:
    """Objectives are infinite where there is none."""

    max_context_tokens: int
    ttft_s: float
    tpot_s: float
    slo_s: float


@dataclass(frozen=True)
class Settings:
    max_num_batched_tokens: int
    max_num_seqs: int
    iteration_overhead_s: float
    request_overhead_s: float


@dataclass(eq=False)
class Request:
    row: int
    arrival_s: float
    model: int
    input_tokens: int
    output_tokens: int
    sent_ns: int | None = None
    group: int | None = None
    first_token_ns: int | None = None
    finish_ns: int | None = None
    emitted: int = 0
    kv_tokens: int = 0
    prompt_tokens: int = 0
    """Of its prompt as it was when it was admitted last."""
    put_tokens: int = 0
    """Those of them that have been put into iterations."""


@dataclass(eq=False)
class Iteration:
    end_ns: int
    decoding: list[Request]
    chunks: list[tuple[Request, int, int]]
    """Request, tokens, and those before them."""
    completing: list[Request]
    """Those whose last chunk is among these."""


@dataclass(eq=False)
class Engine:
    """One engine; `steps` has the times of all stages for each number of tokens, ascending."""

    model: int
    kv_tokens: int
    steps: list[tuple[int, list[float]]]
    attention_s: list[float]
    kv_read_s: list[float]
    waiting: list[Request] = field(default_factory=list)
    running: list[Request] = field(default_factory=list)
    flights: list[Iteration] = field(default_factory=list)
    last_begin_ns: int = BEFORE_ALL_NS
    iterations: int = 0
    preemptions: int = 0
    kv_peak_tokens: int = 0

    def free_tokens(self) -> int:
        return self.kv_tokens - sum(request.kv_tokens for request in self.running)

    def not_in_flight(self) -> list[Request]:
        flying = [
            request
            for flight in self.flights
            for request in [*flight.decoding, *(request for request, _, _ in flight.chunks)]
        ]
        return [request for request in self.running if request not in flying]

    def decoding(self) -> list[Request]:
        """Return the decoding requests that are not in flight."""
        return [r for r in self.not_in_flight() if r.put_tokens == r.prompt_tokens]

    def prompts_under_way(self) -> list[Request]:
        return [r for r in self.running if r.put_tokens < r.prompt_tokens]

    def can_admit(self, max_num_seqs: int) -> bool:
        if not self.waiting or len(self.running) >= max_num_seqs:
            return False
        head = self.waiting[0]
        return head.input_tokens + head.emitted <= self.free_tokens()

    def wait(self, request: Request) -> None:
        self.waiting.append(request)
        self.waiting.sort(key=lambda other: other.row)

    def step_s(self, stage: int, tokens: int) -> float:
        first_tokens, first_s = self.steps[0]
        if tokens <= first_tokens or len(self.steps) == 1:
            return first_s[stage]
        for (t0, y0), (t1, y1) in zip(self.steps, self.steps[1:], strict=False):
            if tokens <= t1 or t1 == self.steps[-1][0]:
                return y0[stage] + (y1[stage] - y0[stage]) * (tokens - t0) / (t1 - t0)
        raise AssertionError


@dataclass(eq=False)
class Group:
    num_stages: int
    slowdown: float
    """1 + `stage_overhead` * `inter_op`."""
    engines: list[Engine]
    clock_ns: list[int] = field(default_factory=list)
    busy_ns: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock_ns = [BEFORE_ALL_NS] * self.num_stages
        self.busy_ns = [0] * self.num_stages


def whole_ns(seconds: float) -> int:
    return math.floor(seconds * 1e9 + 0.5)


@dataclass
class Oracle:
    """All that there is; `clients` is model -> clients of a closed loop (rule 9)."""

    settings: Settings
    models: Sequence[Model]
    groups: list[Group]
    requests: list[Request]
    clients: Mapping[int, int]

    def run(self) -> None:
        self.unsent = list(self.requests)
        # When clients of closed loops send something.
        self.due = [(0, model) for model, count in self.clients.items() for _ in range(count)]
        now_ns = BEFORE_ALL_NS
        while True:
            later = [time_ns for time_ns in self.instants() if time_ns > now_ns]
            if not later:
                return
            now_ns = min(later)
            for group in self.groups:
                for engine in group.engines:
                    self.end(engine, now_ns)
            self.arrive(now_ns)
            for group in self.groups:
                if group.clock_ns[0] <= now_ns:
                    self.turn(group, now_ns)

    def instants(self) -> list[int]:
        """Return all times, past ones among them, at which something may happen."""
        times = [group.clock_ns[0] for group in self.groups]
        for group in self.groups:
            times += [flight.end_ns for engine in group.engines for flight in engine.flights]
        times += [whole_ns(r.arrival_s) for r in self.unsent if r.model not in self.clients]
        times += [time_ns for time_ns, model in self.due if self.next_of(model)]
        return times

    def next_of(self, model: int) -> Request | None:
        return next((request for request in self.unsent if request.model == model), None)

    def arrive(self, now_ns: int) -> None:
        """Send all requests of an instant in trace order."""
        while True:
            arriving = [
                request
                for request in self.unsent
                if request.model not in self.clients and whole_ns(request.arrival_s) == now_ns
            ]
            for time_ns, model in self.due:
                request = self.next_of(model)
                if time_ns <= now_ns and request:
                    arriving.append(request)
            if not arriving:
                return
            request = min(arriving, key=lambda other: other.row)
            self.unsent.remove(request)
            request.sent_ns = now_ns
            if request.model in self.clients:
                self.due.remove(min(due for due in self.due if due[1] == request.model))
            if not self.dispatch(request, now_ns) and request.model in self.clients:
                self.due.append((now_ns, request.model))

    def dispatch(self, request: Request, now_ns: int) -> bool:
        """Rule 1; False if the request fails."""
        tokens = request.input_tokens + request.output_tokens
        candidates = [
            g
            for g, group in enumerate(self.groups)
            if any(engine.model == request.model for engine in group.engines)
        ]
        if tokens > self.models[request.model].max_context_tokens or not candidates:
            return False

        def unfinished(g: int) -> int:
            sent = [other for other in self.requests if other.group == g]
            return sum(1 for r in sent if r.finish_ns is None or r.finish_ns > now_ns)

        request.group = min(candidates, key=unfinished)
        for engine in self.groups[request.group].engines:
            if engine.model == request.model:
                engine.wait(request)
        return True

    def turn(self, group: Group, now_ns: int) -> None:
        """Rule 2."""
        while True:
            ready = [
                engine
                for engine in group.engines
                if len(engine.flights) < group.num_stages
                and (
                    engine.decoding()
                    or engine.prompts_under_way()
                    or engine.can_admit(self.settings.max_num_seqs)
                )
            ]
            if not ready:
                return
            engine = min(ready, key=lambda other: other.last_begin_ns)
            iteration = self.form(engine)
            if iteration.decoding or iteration.chunks:
                break
        engine.last_begin_ns = now_ns
        engine.iterations += 1
        taken = engine.kv_tokens - engine.free_tokens()
        engine.kv_peak_tokens = max(engine.kv_peak_tokens, taken)
        self.step(group, engine, iteration, now_ns)
        engine.flights.append(iteration)

    def form(self, engine: Engine) -> Iteration:
        iteration = Iteration(0, [], [], [])
        # Rule 3.
        preempted = False
        while engine.free_tokens() < len(engine.decoding()):
            latest = max(engine.not_in_flight(), key=lambda request: request.row)
            latest.kv_tokens = latest.put_tokens = latest.prompt_tokens = 0
            engine.running.remove(latest)
            engine.wait(latest)
            engine.preemptions += 1
            preempted = True
        for request in engine.decoding():
            request.kv_tokens += 1
            iteration.decoding.append(request)
        budget = self.settings.max_num_batched_tokens - len(iteration.decoding)

        def put(request: Request) -> int:
            chunk = min(request.prompt_tokens - request.put_tokens, budget)
            if chunk > 0:
                iteration.chunks.append((request, chunk, request.put_tokens))
                request.put_tokens += chunk
                if request.put_tokens == request.prompt_tokens:
                    iteration.completing.append(request)
            return chunk

        # Rule 4.
        assert len(engine.prompts_under_way()) <= 1
        for request in engine.prompts_under_way():
            budget -= put(request)
        # Rule 5.
        while not preempted and budget > 0 and engine.can_admit(self.settings.max_num_seqs):
            head = engine.waiting.pop(0)
            engine.running.append(head)
            head.prompt_tokens = head.kv_tokens = head.input_tokens + head.emitted
            budget -= put(head)
        return iteration

    def step(self, group: Group, engine: Engine, iteration: Iteration, now_ns: int) -> None:
        """Rule 6."""
        tokens = len(iteration.decoding) + sum(c for _, c, _ in iteration.chunks)
        kv_read = sum(request.kv_tokens for request in iteration.decoding)
        pairs = sum(c * h + c * (c + 1) // 2 for _, c, h in iteration.chunks)
        x = now_ns
        for k in range(group.num_stages):
            of_tokens_s = engine.step_s(k, tokens)
            stage_s = of_tokens_s + engine.attention_s[k] * pairs + engine.kv_read_s[k] * kv_read
            time_ns = max(1, whole_ns(stage_s * group.slowdown))
            if k == 0:
                time_ns += whole_ns(self.settings.iteration_overhead_s)
            x = max(x, group.clock_ns[k]) + time_ns
            group.clock_ns[k] = x
            group.busy_ns[k] += time_ns
        iteration.end_ns = x

    def end(self, engine: Engine, now_ns: int) -> None:
        """Rule 7."""
        for iteration in [flight for flight in engine.flights if flight.end_ns == now_ns]:
            engine.flights.remove(iteration)
            seen_ns = now_ns + whole_ns(self.settings.request_overhead_s)
            for request in [*iteration.decoding, *iteration.completing]:
                request.emitted += 1
                if request.emitted == 1:
                    request.first_token_ns = seen_ns
                if request.emitted == request.output_tokens:
                    request.finish_ns = seen_ns
                    engine.running.remove(request)
                    if request.model in self.clients:
                        self.due.append((seen_ns, request.model))

    def attained(self, request: Request) -> bool:
        """Rule 8."""
        if request.finish_ns is None:
            return False
        assert request.first_token_ns is not None
        assert request.sent_ns is not None
        model, first_ns = self.models[request.model], request.first_token_ns
        took = (
            (first_ns - request.sent_ns, model.ttft_s, 1),
            (request.finish_ns - first_ns, model.tpot_s, request.output_tokens - 1),
            (request.finish_ns - request.sent_ns, model.slo_s, 1),
        )
        return all(s == math.inf or took_ns <= whole_ns(s) * times for took_ns, s, times in took)
