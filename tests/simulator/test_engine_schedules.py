"""Schedules of LLM engines: against a slow oracle, the plans that they are, and by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alpaplan.problem import Placement, Schedule
from alpaplan.search.schedules.judged import bytes_loaded
from alpaplan.simulator import ScheduleSimulator, Simulator
from alpaplan.workload.trace import Trace
from tests.simulator.cases import COMPILED
from tests.simulator.engine_cases import MS, EngineCase, costs, engine_cases, one_engine
from tests.simulator.engine_schedule_cases import EngineScheduleCase, engine_schedule_cases
from tests.simulator.engine_schedule_oracle import ScheduleOracle
from tests.simulator.test_schedules import repeated

NS = 1e9

many_examples = settings(
    max_examples=400 if COMPILED else 30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def oracle_counts(asked: ScheduleOracle) -> dict[tuple[str, int, int], list[int]]:
    """Return by name, model and cache how often was preempted, and the most tokens taken."""
    found: dict[tuple[str, int, int], list[int]] = {}
    for live in asked.live:
        for engine in live.engines:
            key = (live.name, engine.model, engine.kv_tokens)
            own = found.setdefault(key, [0, 0])
            own[0] += engine.preemptions
            own[1] = max(own[1], engine.kv_peak_tokens)
    return found


@pytest.mark.slow
@given(case=engine_schedule_cases())
@many_examples
def test_fates_and_counts_are_those_of_the_oracle(case: EngineScheduleCase) -> None:
    asked, found = case.ask(), case.replay()
    names, replay = found.by_name()
    engines = replay.engines
    assert engines is not None
    for row, request in enumerate(asked.requests):
        group = None if request.group is None else asked.live[request.group].name
        assert (None if replay.group[row] < 0 else names[replay.group[row]]) == group
        if request.finish_ns is None or request.sent_ns is None:
            # It failed, or waits forever for a cache that is too small.
            assert np.isnan(engines.end_to_end_s[row])
            continue
        assert engines.end_to_end_s[row] == (request.finish_ns - request.sent_ns) / NS
        assert request.first_token_ns is not None
        assert engines.ttft_s[row] == (request.first_token_ns - request.sent_ns) / NS
        assert np.isnan(replay.latency_s[row]) == (not asked.attained(request))
    sent = np.bincount(replay.group[replay.group >= 0], minlength=len(names))
    assert replay.evaluation.group_requests.tolist() == sent.tolist()
    columns = (engines.group, engines.model, engines.kv_tokens)
    keys = zip(*(column.tolist() for column in columns), strict=True)
    counted = zip(engines.preemptions.tolist(), engines.kv_peak_tokens.tolist(), strict=True)
    assert {
        (names[group], model, tokens): list(own)
        for (group, model, tokens), own in zip(keys, counted, strict=True)
    } == oracle_counts(asked)
    busy_ns = dict.fromkeys(names, 0)
    for live in asked.live:
        busy_ns[live.name] += sum(live.busy_ns)
    for name, stages_s in zip(names, engines.stage_busy_s.tolist(), strict=True):
        assert sum(stages_s) * NS == pytest.approx(busy_ns[name])


@given(case=engine_cases(), changes=st.lists(st.integers(1, 60), max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_schedule_that_changes_nothing_is_the_plan_to_the_last_bit(
    case: EngineCase, changes: list[int]
) -> None:
    problem, placement, trace = case.case.problem, case.case.placement, case.case.trace
    start_s = [0.0, *(each * MS for each in sorted(set(changes)))]
    found = ScheduleSimulator(problem, trace).replay(repeated(placement, start_s)).replay
    plan = Simulator(problem, trace).replay(placement)
    assert found.engines is not None
    assert plan.engines is not None
    for mine, other in (
        (found, plan),
        (found.evaluation, plan.evaluation),
        (found.engines, plan.engines),
    ):
        for name, value in vars(other).items():
            if isinstance(value, np.ndarray):
                assert np.array_equal(getattr(mine, name), value, equal_nan=True), name


STEADY = costs({1: MS, 2: 2 * MS})
"""A millisecond for each token."""


def with_loads(case: EngineCase, load_s: float, overhead_s: float = 0.0) -> EngineCase:
    """Let the one model of a case take so long to load."""
    problem = case.case.problem
    pool = replace(problem.pools[0], load_bandwidth_bytes_per_s=1 / MS)
    weights = np.full(problem.stage_weight_bytes.shape, load_s / MS).astype(np.int64)
    problem = replace(
        problem, pools=(pool,), stage_weight_bytes=weights, load_overhead_s=overhead_s
    )
    return replace(case, case=replace(case.case, problem=problem))


def finishes_ms(case: EngineCase, schedule: Schedule) -> list[float | None]:
    """Return when each request finishes; None if it failed."""
    trace = case.case.trace
    engines = ScheduleSimulator(case.case.problem, trace).replay(schedule).replay.engines
    assert engines is not None
    ends = trace.arrival_s + engines.end_to_end_s
    return [None if np.isnan(end_s) else round(end_s / MS, 6) for end_s in ends.tolist()]


def test_an_engine_that_is_taken_off_serves_what_it_has_and_the_next_one_loads() -> None:
    # 4 prompt tokens at 9 ms, then 5 more of the answer: until 18 ms. The new engine has loaded at
    # 18 + 1 + 4 = 23 ms; what comes between 10 and 23 ms fails.
    requests = [(9 * MS, 4, 6), (10 * MS, 1, 1), (22.5 * MS, 1, 1), (23 * MS, 1, 1)]
    case = with_loads(one_engine(STEADY, requests), 4 * MS, MS)
    schedule = replace(
        repeated(case.case.placement, [0.0, 10 * MS]),
        names=(("a",), ("b",)),
    )
    assert finishes_ms(case, schedule) == [18.0, None, None, 24.0]


def test_engines_that_stay_keep_their_caches_and_what_they_run() -> None:
    requests = [(9 * MS, 4, 6), (10 * MS, 1, 1)]
    case = with_loads(one_engine(STEADY, requests), 4 * MS, MS)
    schedule = repeated(case.case.placement, [0.0, 10 * MS, 12 * MS])
    plan = Simulator(case.case.problem, case.case.trace).replay(case.case.placement)
    assert plan.engines is not None
    ends_s = case.case.trace.arrival_s + plan.engines.end_to_end_s
    assert finishes_ms(case, schedule) == [round(end_s / MS, 6) for end_s in ends_s.tolist()]


def test_an_engine_with_another_cache_is_another_engine() -> None:
    requests = [(9 * MS, 4, 6), (10 * MS, 1, 1), (23 * MS, 1, 1)]
    case = with_loads(one_engine(STEADY, requests), 4 * MS, MS)
    half = replace(case.case.placement, kv_fraction=np.array([[0.5]]))
    schedule = repeated(case.case.placement, [0.0, 10 * MS])
    schedule = replace(schedule, placements=(case.case.placement, half))
    assert finishes_ms(case, schedule) == [18.0, None, 24.0]
    assert bytes_loaded(case.case.problem, schedule) == (0, 4)
    same = repeated(case.case.placement, [0.0, 10 * MS])
    assert bytes_loaded(case.case.problem, same) == (0, 0)


def beside(case: EngineCase, latency_s: float) -> EngineCase:
    """Add a fixed-service model of another profile, with a request at each time of the case."""
    problem, trace = case.case.problem, case.case.trace
    table = problem.engines
    assert table is not None

    def with_two(values: np.ndarray, axis: int) -> np.ndarray:
        return np.concatenate([values, values], axis=axis)

    of_profiles = (
        *("first_step", "num_steps", "stage_kv_read_s", "stage_attention_s"),
        *("stage_kv_bytes_per_token", "stage_working_bytes", "context_kv_bytes"),
        *("shortest_ttft_s", "shortest_tpot_s"),
    )
    of_models = ("max_context_tokens", "ttft_s", "tpot_s", "slo_s", "mean_input_tokens")
    doubled: dict[str, Any] = {name: with_two(getattr(table, name), 1) for name in of_profiles}
    doubled |= {name: with_two(getattr(table, name), 0) for name in of_models}
    table = replace(
        table,
        is_llm=np.array([True, False]),
        mean_output_tokens=with_two(table.mean_output_tokens, 0),
        **doubled,
    )
    latencies = with_two(problem.stage_latency_s, 1)
    latencies[:, 1] = latency_s
    names = ("m0", "fixed")
    problem = replace(
        problem,
        model_names=names,
        profile_names=("p0", "p1"),
        profile_of_model=np.array([0, 1]),
        slo_s=np.array([1.0, 1.0]),
        model_weight=np.ones(2),
        supported=with_two(problem.supported, 1),
        stage_latency_s=latencies,
        stage_weight_bytes=with_two(problem.stage_weight_bytes, 1),
        stage_activation_bytes=with_two(problem.stage_activation_bytes, 1),
        engines=table,
    )
    assert trace.input_tokens is not None
    assert trace.output_tokens is not None
    trace = Trace(
        np.repeat(trace.arrival_s, 2),
        np.tile(np.array([0, 1], dtype=np.int32), trace.num_requests),
        names,
        trace.duration_s,
        np.repeat(trace.input_tokens, 2),
        np.repeat(trace.output_tokens, 2),
    )
    return replace(case, case=replace(case.case, problem=problem, trace=trace))


def on_one_device(kinds: list[tuple[str, list[bool]]], start_s: list[float]) -> Schedule:
    """Return a schedule of one group of one device: its name, and which models it serves."""
    placements = tuple(Placement(np.array([0]), np.array([models])) for _, models in kinds)
    names = tuple((name,) for name, _ in kinds)
    return Schedule(np.array(start_s), placements, names, ((frozenset({0}),),) * len(kinds))


@pytest.mark.parametrize("names", [("a", "b", "c"), ("a", "a", "a")])
def test_loads_wait_for_groups_of_the_other_kind(names: tuple[str, str, str]) -> None:
    # The LLM's request of 9 ms runs until 18 ms, the fixed-service model then loads until 23 ms.
    # Its request of 24 ms runs until 31 ms, and the LLM, back at 30 ms, loads until 36 ms.
    times_ms = (9, 10, 22.5, 24, 30, 35.5, 36)
    case = with_loads(one_engine(STEADY, [(at * MS, 4, 6) for at in times_ms]), 4 * MS, MS)
    case = beside(case, 7 * MS)
    llm, fixed = [True, False], [False, True]
    kinds = list(zip(names, [llm, fixed, llm], strict=True))
    schedule = on_one_device(kinds, [0.0, 10 * MS, 30 * MS])
    found = ScheduleSimulator(case.case.problem, case.case.trace).replay(schedule)
    by_name, replay = found.by_name()
    assert by_name == tuple(dict.fromkeys(names))
    in_time = (~np.isnan(replay.latency_s)).tolist()
    assert in_time[::2] == [True, False, False, False, False, False, True]
    assert in_time[1::2] == [False, False, False, True, False, False, False]
    assert replay.evaluation.group_attained.sum() == 3
