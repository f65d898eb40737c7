"""Problems, placements and traces of LLM engines, and the same for the oracle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.problem.engines import EngineTable
from alpaplan.simulator import Replay, Simulator
from alpaplan.simulator.engine_service import EngineService
from alpaplan.specs.choices import Dispatch
from tests.simulator import engines_oracle as oracle
from tests.simulator.cases import Case, make_case
from tests.simulator.strategies import listed

INF = math.inf
MS = 1e-3


@dataclass(frozen=True)
class Costs:
    """What an LLM costs on a shape, all of it for each stage."""

    steps: dict[int, list[float]]
    kv_read_s: list[float]
    attention_s: list[float]
    kv_bytes_per_token: list[int]
    working_bytes: list[int]


def costs(
    steps: Mapping[int, float],
    kv_read_s: float = 0.0,
    attention_s: float = 0.0,
    num_stages: int = 1,
) -> Costs:
    """Return the costs of equal stages, on which each KV token takes one byte."""
    times_s = {tokens: [seconds] * num_stages for tokens, seconds in steps.items()}
    kv_reads_s, attentions_s = [kv_read_s] * num_stages, [attention_s] * num_stages
    return Costs(times_s, kv_reads_s, attentions_s, [1] * num_stages, [0] * num_stages)


@dataclass(frozen=True)
class EngineCase:
    """A case, and how many clients of closed loops the models have."""

    case: Case
    clients: Mapping[int, int]

    @property
    def table(self) -> EngineTable:
        assert self.case.problem.engines is not None
        return self.case.problem.engines

    def replay(self) -> tuple[NDArray[np.float64], Replay]:
        """Return when each request was sent, and the replay."""
        problem, placement, trace = self.case.problem, self.case.placement, self.case.trace
        if self.clients:
            service = EngineService(problem, trace, self.table)
            return service.replay_closed_loop(placement, self.clients)
        return trace.arrival_s, Simulator(problem, trace).replay(placement)

    def ask(self) -> oracle.Oracle:
        """Ask the oracle."""
        problem, table, trace = self.case.problem, self.table, self.case.trace
        assert trace.input_tokens is not None
        assert trace.output_tokens is not None
        columns = (trace.arrival_s, trace.model, trace.input_tokens, trace.output_tokens)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        objectives = (table.max_context_tokens, table.ttft_s, table.tpot_s, table.slo_s)
        asked = oracle.Oracle(
            oracle.Settings(
                table.max_num_batched_tokens,
                table.max_num_seqs,
                table.iteration_overhead_s,
                problem.request_overhead_s,
            ),
            [
                oracle.Model(*model)
                for model in zip(*(column.tolist() for column in objectives), strict=True)
            ],
            [self.group(group) for group in range(self.case.placement.num_groups)],
            [oracle.Request(row, *values) for row, values in enumerate(rows)],
            self.clients,
        )
        asked.run()
        return asked

    def group(self, group: int) -> oracle.Group:
        problem, placement, table = self.case.problem, self.case.placement, self.table
        shape = int(placement.shapes[group])
        stages = int(problem.num_stages[shape])
        models = [int(m) for m in np.flatnonzero(placement.replicas[group])]
        if placement.order is not None:
            models.sort(key=placement.order[group].tolist().__getitem__)
        profile = {m: int(problem.profile_of_model[m]) for m in models}
        free = [problem.pool_of(shape).usable_memory_bytes] * stages
        for m in models:
            for k in range(stages):
                free[k] -= int(problem.stage_weight_bytes[shape, profile[m], k])
                free[k] -= int(table.stage_working_bytes[shape, profile[m], k])
                free[k] -= problem.process_overhead_bytes
        engines = []
        for m in models:
            share = [max(0, left) // len(models) for left in free]
            if placement.kv_fraction is not None and placement.kv_fraction[group].any():
                own = float(placement.kv_fraction[group, m])
                share = [math.floor(own * max(0, left)) for left in free]
            per_token = table.stage_kv_bytes_per_token[shape, profile[m]].tolist()
            first = int(table.first_step[shape, profile[m]])
            engines.append(
                oracle.Engine(
                    m,
                    min(share[k] // per_token[k] for k in range(stages)),
                    [
                        (int(table.step_tokens[row]), table.stage_step_s[row].tolist())
                        for row in range(first, first + int(table.num_steps[shape, profile[m]]))
                    ],
                    table.stage_attention_s[shape, profile[m]].tolist(),
                    table.stage_kv_read_s[shape, profile[m]].tolist(),
                )
            )
        return oracle.Group(stages, float(table.slowdown[shape]), engines)


def make_engine_case(
    costs: Sequence[Sequence[Costs]],
    shapes: Sequence[int],
    replicas: Sequence[Sequence[bool]],
    models: Sequence[tuple[int, float, float, float]],
    requests: Sequence[tuple[float, int, int, int]],
    *,
    usable_bytes: int = 10**9,
    weight_bytes: int = 0,
    process_bytes: int = 0,
    slowdown: Sequence[float] | None = None,
    profile_of_model: Sequence[int] | None = None,
    max_num_batched_tokens: int = 2048,
    max_num_seqs: int = 256,
    iteration_overhead_s: float = 0.0,
    request_overhead_s: float = 0.0,
    kv_fraction: Sequence[Sequence[float]] | None = None,
    order: Sequence[Sequence[int]] | None = None,
    clients: Mapping[int, int] | None = None,
) -> EngineCase:
    """Make a case from `costs[shape][profile]`.

    Parameters
    ----------
    models
        Context, and objectives for the first token, each further one, and from end to end.
    requests
        Time, model, input and output tokens.
    """
    case = make_case(
        [[[0.0] * len(one.kv_read_s) for one in profiles] for profiles in costs],
        shapes,
        replicas,
        [1.0] * len(models),
        [(time_s, model) for time_s, model, _, _ in requests],
        profile_of_model=profile_of_model,
        dispatch=Dispatch.SHORTEST_QUEUE,
        overhead_s=request_overhead_s,
    )
    problem = case.problem
    is_stage = np.arange(problem.stage_latency_s.shape[2]) < problem.num_stages[:, None, None]
    problem = replace(
        problem,
        pools=(replace(problem.pools[0], usable_memory_bytes=usable_bytes),),
        stage_weight_bytes=np.zeros_like(problem.stage_weight_bytes) + weight_bytes * is_stage,
        process_overhead_bytes=process_bytes,
    )
    slowdowns = np.array([1.0] * len(costs) if slowdown is None else slowdown)
    table = _table(problem, costs, models, slowdowns)
    table = replace(
        table,
        max_num_batched_tokens=max_num_batched_tokens,
        max_num_seqs=max_num_seqs,
        iteration_overhead_s=iteration_overhead_s,
    )
    tokens = np.array([request[2:] for request in requests], dtype=np.int32).reshape(-1, 2)
    trace = replace(case.trace, input_tokens=tokens[:, 0].copy(), output_tokens=tokens[:, 1].copy())
    placement = replace(
        case.placement,
        kv_fraction=None if kv_fraction is None else np.array(kv_fraction),
        order=None if order is None else np.array(order, dtype=np.int64),
    )
    return EngineCase(Case(replace(problem, engines=table), placement, trace), clients or {})


def _table(
    problem: PlacementProblem,
    costs: Sequence[Sequence[Costs]],
    models: Sequence[tuple[int, float, float, float]],
    slowdown: NDArray[np.float64],
) -> EngineTable:
    num_shapes, num_profiles, most_stages = problem.stage_latency_s.shape
    by_profile = (num_shapes, num_profiles)
    first_step, num_steps = np.zeros(by_profile, np.int64), np.zeros(by_profile, np.int64)
    kv_read_s, attention_s = np.zeros((2, *by_profile, most_stages))
    kv_bytes, working_bytes = np.zeros((2, *by_profile, most_stages), np.int64)
    tokens: list[int] = []
    rows: list[list[float]] = []
    for at in np.ndindex(by_profile):
        one = costs[at[0]][at[1]]
        stages = len(one.kv_read_s)
        first_step[at], num_steps[at] = len(tokens), len(one.steps)
        tokens += one.steps
        rows += [[*times_s, *[0.0] * (most_stages - stages)] for times_s in one.steps.values()]
        kv_read_s[at][:stages], attention_s[at][:stages] = one.kv_read_s, one.attention_s
        kv_bytes[at][:stages] = one.kv_bytes_per_token
        working_bytes[at][:stages] = one.working_bytes
    context, ttft_s, tpot_s, slo_s = zip(*models, strict=True)
    return EngineTable(
        is_llm=np.ones(num_profiles, dtype=np.bool_),
        max_context_tokens=np.array(context, dtype=np.int64),
        ttft_s=np.array(ttft_s),
        tpot_s=np.array(tpot_s),
        slo_s=np.array(slo_s),
        mean_input_tokens=np.ones(len(models)),
        mean_output_tokens=np.ones(len(models)),
        first_step=first_step,
        num_steps=num_steps,
        step_tokens=np.array(tokens, dtype=np.int64),
        stage_step_s=np.array(rows),
        stage_kv_read_s=kv_read_s,
        stage_attention_s=attention_s,
        stage_kv_bytes_per_token=kv_bytes,
        stage_working_bytes=working_bytes,
        context_kv_bytes=kv_bytes,
        shortest_ttft_s=np.zeros(by_profile),
        shortest_tpot_s=np.zeros(by_profile),
        max_num_batched_tokens=1,
        max_num_seqs=1,
        iteration_overhead_s=0.0,
        slowdown=slowdown,
    )


def one_engine(
    cost: Costs, requests: Sequence[tuple[float, int, int]], **more: object
) -> EngineCase:
    """Make a case of one engine, all of whose requests are attained, from (time, n, o)."""
    rows = [(time_s, 0, n, o) for time_s, n, o in requests]
    return make_engine_case([[cost]], [0], [[True]], [(10**6, INF, INF, INF)], rows, **more)  # type: ignore[arg-type]


@st.composite
def engine_cases(draw: st.DrawFn, *, closed: bool = False) -> EngineCase:
    """Draw small problems with ties, caches that hardly hold a request, and some that do not."""
    on_grid = draw(st.booleans())
    grid = st.integers(1, 4).map(lambda n: n * MS) if on_grid else st.floats(0.0, 4 * MS)
    small = st.sampled_from([0.0, 0.0, MS, 0.25 * MS, 0.0001 * MS] if on_grid else [0.0, 1.1e-4])
    num_models, num_profiles = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    num_stages = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))
    num_groups = draw(st.integers(1, 3))

    def cost(stages: int) -> Costs:
        at = sorted(draw(st.sets(st.sampled_from([1, 2, 3, 5, 8, 13]), min_size=1, max_size=3)))
        return Costs(
            {tokens: draw(listed(grid, stages)) for tokens in at},
            draw(listed(small, stages)),
            draw(listed(small, stages)),
            draw(listed(st.sampled_from([1, 1, 2]), stages)),
            draw(listed(st.integers(0, 2), stages)),
        )

    costs = [[cost(stages) for _ in range(num_profiles)] for stages in num_stages]
    contexts = draw(listed(st.integers(2, 24), num_models))
    objectives = st.sampled_from([INF, 5 * MS, 20 * MS, 60 * MS])
    models = [(most, draw(objectives), draw(objectives), draw(objectives)) for most in contexts]
    gaps = st.sampled_from([0.0, 0.0, MS, 2 * MS, 7 * MS]) if on_grid else st.floats(0, 9 * MS)
    num_requests = draw(st.sampled_from([0, 2, 8, 16, 24, 40]))
    requests = []
    for time_s in np.cumsum(draw(listed(gaps, num_requests))).tolist():
        model = draw(st.integers(0, num_models - 1))
        most = contexts[model]
        n = draw(st.integers(1, most - 1))
        # One out of ten is too long.
        o = draw(st.integers(1, most - n) if draw(st.integers(0, 9)) else st.just(25))
        requests.append((time_s, model, n, o))
    seqs = draw(st.integers(1, 6))
    order = [draw(st.permutations(range(num_models))) for _ in range(num_groups)]
    fractions = listed(listed(st.sampled_from([0.1, 0.2, 0.33]), num_models), num_groups)
    clients = {
        m: draw(st.integers(1, 5)) for m in range(num_models) if closed and draw(st.booleans())
    }
    if closed and not clients:
        clients = {0: draw(st.integers(1, 5))}
    return make_engine_case(
        costs,
        draw(listed(st.integers(0, len(num_stages) - 1), num_groups)),
        draw(listed(listed(st.sampled_from([True] * 4 + [False]), num_models), num_groups)),
        models,
        requests,
        usable_bytes=draw(st.sampled_from([20, 40, 60, 60, 90, 130, 200, 400])),
        weight_bytes=draw(st.integers(0, 2)),
        process_bytes=draw(st.integers(0, 1)),
        slowdown=draw(listed(st.sampled_from([1.0, 1.0, 1.5, 1.03]), len(num_stages))),
        profile_of_model=draw(listed(st.integers(0, num_profiles - 1), num_models)),
        max_num_batched_tokens=seqs + draw(st.integers(0, 12)),
        max_num_seqs=seqs,
        iteration_overhead_s=draw(st.sampled_from([0.0, 0.0, MS, 1e-7])),
        request_overhead_s=draw(st.sampled_from([0.0, 0.0, MS, 3 * MS, 0.0011])),
        kv_fraction=draw(fractions) if draw(st.booleans()) else None,
        order=order if draw(st.booleans()) else None,
        clients=clients,
    )
