"""Schedules against a slow oracle and against the plans that they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.problem import Placement, Schedule
from alpaplan.simulator import ScheduleSimulator, Simulator
from alpaplan.specs.choices import Dispatch
from tests.simulator.batched_cases import batched_fates, random_batched_case
from tests.simulator.cases import COMPILED, RULES, Case, fates, one_server, random_case
from tests.simulator.schedule_cases import ScheduleCase, schedule_cases, schedule_fates
from tests.simulator.schedule_oracle import counts_by_name

EXAMPLES = 100 if COMPILED else 20


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@given(case=schedule_cases())
@settings(max_examples=EXAMPLES)
def test_fates_and_counts_are_those_of_the_oracle(rule: Dispatch, case: ScheduleCase) -> None:
    case = replace(case, problem=replace(case.problem, dispatch=rule))
    found, expected = case.replay(), case.fates()
    assert schedule_fates(found) == expected
    names, replay = found.by_name()
    counts = replay.evaluation
    rows = zip(names, counts.group_requests.tolist(), counts.group_attained.tolist(), strict=True)
    assert {name: own for name, *own in rows if own[0]} == {
        name: list(own) for name, own in counts_by_name(expected).items()
    }


def repeated(placement: Placement, start_s: list[float]) -> Schedule:
    """Return a schedule of the same placement over and over."""
    times = len(start_s)
    names = tuple(f"g{group}" for group in range(placement.num_groups))
    devices = tuple(frozenset({group}) for group in range(placement.num_groups))
    return Schedule(np.array(start_s), (placement,) * times, (names,) * times, (devices,) * times)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("batched", [False, True])
@given(seed=st.integers(0, 2**32 - 1), changes=st.lists(st.floats(0.01, 9.0), max_size=3))
@settings(max_examples=10)
def test_a_schedule_that_changes_nothing_is_the_plan_to_the_last_bit(
    rule: Dispatch, batched: bool, seed: int, changes: list[float]
) -> None:
    rng = np.random.default_rng(seed)
    case = random_batched_case(rng, 300) if batched else random_case(rng, 300)
    case = case.ruled_by(rule)
    start_s = [0.0, *sorted(set(changes))]
    schedule = repeated(case.placement, start_s)
    found = ScheduleSimulator(case.problem, case.trace).replay(schedule).replay
    plan = Simulator(case.problem, case.trace).replay(case.placement)
    if batched:
        assert batched_fates(found) == batched_fates(plan)
    else:
        assert fates(found) == fates(plan)
        assert found.batch_size is None
    assert found.evaluation.group_busy_s == pytest.approx(plan.evaluation.group_busy_s, rel=1e-12)


def with_loads(case: Case, load_s: float, overhead_s: float = 0.0) -> Case:
    """Let the one model of a case take so long to load."""
    pool = replace(case.problem.pools[0], load_bandwidth_bytes_per_s=1.0)
    weights = np.full(case.problem.stage_weight_bytes.shape, load_s).astype(np.int64)
    problem = replace(
        case.problem, pools=(pool,), stage_weight_bytes=weights, load_overhead_s=overhead_s
    )
    return replace(case, problem=problem)


def attained(case: Case, schedule: Schedule) -> list[bool]:
    replay = ScheduleSimulator(case.problem, case.trace).replay(schedule).replay
    in_time: list[bool] = (~np.isnan(replay.latency_s)).tolist()
    return in_time


def test_a_renamed_group_waits_for_what_runs_and_then_loads() -> None:
    # The request at 9 runs until 12 on the group that ends at 10; the new one has loaded at 17.
    case = with_loads(one_server([3.0], 10.0, [9.0, 10.0, 16.5, 17.0]), 4.0, overhead_s=1.0)
    schedule = replace(repeated(case.placement, [0.0, 10.0]), names=(("a",), ("b",)))
    assert attained(case, schedule) == [True, False, False, True]


def test_groups_on_other_devices_wait_for_nobody() -> None:
    case = with_loads(one_server([3.0], 10.0, [9.0, 13.5, 14.0]), 4.0)
    schedule = replace(
        repeated(case.placement, [0.0, 10.0]),
        names=(("a",), ("b",)),
        devices=((frozenset({0}),), (frozenset({1}),)),
    )
    assert attained(case, schedule) == [True, False, True]


def test_without_a_bandwidth_bytes_take_no_time() -> None:
    case = one_server([3.0], 10.0, [9.0, 10.0, 12.0])
    schedule = replace(repeated(case.placement, [0.0, 10.0]), names=(("a",), ("b",)))
    # What runs until 12 still has to end.
    assert attained(case, schedule) == [True, False, True]


def test_what_cannot_be_simulated_is_refused() -> None:
    case = one_server([1.0], 1.0, [1.0])
    other = replace(case.trace, model_names=("other",))
    with pytest.raises(ValueError, match=r"for_models"):
        ScheduleSimulator(case.problem, other)
    backwards = replace(
        case.trace, arrival_s=np.array([2.0, 1.0]), model=np.zeros(2, dtype=np.int32)
    )
    with pytest.raises(ValueError, match="must not decrease"):
        ScheduleSimulator(case.problem, backwards)
    schedule = repeated(case.placement, [0.0, 1.0])
    with pytest.raises(ValueError, match="a name, not so in placement 1"):
        replace(schedule, names=(("g0",), ("g0", "g1")))
    more = Placement(case.placement.shapes, np.ones((1, 2), dtype=np.bool_))
    with pytest.raises(ValueError, match="placement 1 must be of this problem's models"):
        ScheduleSimulator(case.problem, case.trace).replay(
            replace(schedule, placements=(case.placement, more))
        )
