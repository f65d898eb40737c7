"""The edges of the simulator: nothing to simulate, wrong input, long queues, threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import Dispatch
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.simulator.cases import COMPILED, RULES, make_case, one_server, random_case


@pytest.mark.parametrize("rule", RULES)
def test_no_requests(rule: Dispatch) -> None:
    replay = one_server([0.25], 1.0, []).ruled_by(rule).replay()
    assert replay.latency_s.size == replay.group.size == 0
    assert replay.evaluation.requests.tolist() == [0]
    assert np.isnan(replay.evaluation.slo_attainment)
    assert np.isnan(replay.evaluation.mean_latency_s)


@pytest.mark.parametrize("rule", RULES)
def test_no_groups(rule: Dispatch) -> None:
    case = make_case([[[0.25]]], [], [], [1.0], [(0.0, 0), (1.0, 0)]).ruled_by(rule)
    replay = case.replay()
    assert replay.group.tolist() == [-1, -1]
    assert replay.evaluation.requests.tolist() == [2]
    assert replay.evaluation.attained.tolist() == [0]
    assert replay.evaluation.group_requests.size == 0
    assert replay.evaluation.slo_attainment == 0.0


def test_ties_go_to_the_first_group() -> None:
    arrivals = [(0.0, 0)] * 4
    for rule in RULES:
        case = make_case([[[0.25]]], [0, 0], [[True], [True]], [9.0], arrivals).ruled_by(rule)
        assert case.replay().group.tolist() == [0, 1, 0, 1]


def test_the_rules_differ() -> None:
    # Group 0 is busy with one long request, group 1 with two short ones.
    arrivals = [(0.0, 0), (0.0, 1), (0.0, 1), (0.125, 2)]
    replicas = [[True, False, True], [False, True, True]]
    latency_s = [[[2.0], [0.25], [0.25]]]
    case = make_case(latency_s, [0, 0], replicas, [9.0, 9.0, 9.0], arrivals)
    assert case.ruled_by(Dispatch.EARLIEST_FINISH).replay().group.tolist() == [0, 1, 1, 1]
    assert case.ruled_by(Dispatch.SHORTEST_QUEUE).replay().group.tolist() == [0, 1, 1, 0]


def test_a_request_that_finishes_on_arrival_is_not_in_the_queue() -> None:
    arrivals = [(0.0, 0), (0.25, 0), (0.25, 0)]
    case = make_case([[[0.25]]], [0, 0], [[True], [True]], [9.0], arrivals)
    assert case.ruled_by(Dispatch.SHORTEST_QUEUE).replay().group.tolist() == [0, 0, 1]


def test_a_rejected_request_changes_no_state_and_counts_for_its_group() -> None:
    for rule in RULES:
        arrivals = [(0.0, 0), (0.0, 1), (0.0, 0)]
        case = make_case(
            [[[0.25]]], [0], [[True, True]], [1.0, 0.375], arrivals, profile_of_model=[0, 0]
        ).ruled_by(rule)
        replay = case.replay()
        assert replay.latency_s[[0, 2]].tolist() == [0.25, 0.5]
        assert np.isnan(replay.latency_s[1])
        assert replay.evaluation.group_requests.tolist() == [3]
        assert replay.evaluation.group_attained.tolist() == [2]


@pytest.mark.parametrize("latency_s", [0.0, 1e-12, 1e-3])
def test_queues_as_long_as_the_trace(latency_s: float) -> None:
    # All at once far from time 0, where small latencies round to nothing.
    count = 3_000 if COMPILED else 300
    case = one_server([latency_s], 1e6, [1e6] * count, overhead_s=0.5)
    replay = case.ruled_by(Dispatch.SHORTEST_QUEUE).replay()
    assert replay.evaluation.attained.tolist() == [count]


def test_threads_share_a_simulator() -> None:
    case = random_case(np.random.default_rng(0), 5_000 if COMPILED else 200)
    for rule in RULES:
        simulator = Simulator(case.ruled_by(rule).problem, case.trace)
        alone = simulator.evaluate(case.placement)
        with ThreadPoolExecutor(4) as threads:
            side_by_side = list(threads.map(simulator.evaluate, [case.placement] * 8))
        for evaluation in side_by_side:
            np.testing.assert_array_equal(evaluation.attained, alone.attained)
            np.testing.assert_array_equal(evaluation.latency_sum_s, alone.latency_sum_s)


def test_weights_count_models() -> None:
    arrivals = [(0.0, 0), (1.0, 0), (2.0, 1)]
    case = make_case(
        [[[0.25]]], [0], [[True, False]], [1.0, 1.0], arrivals, profile_of_model=[0, 0]
    )
    evaluation = case.replay().evaluation
    assert evaluation.slo_attainment == 2 / 3
    assert evaluation.weighted_attainment(np.array([1.0, 2.0])) == 0.5
    assert np.isnan(evaluation.weighted_attainment(np.zeros(2)))


def test_a_trace_of_other_models_is_refused() -> None:
    case = one_server([0.25], 1.0, [0.0])
    trace = Trace(case.trace.arrival_s, case.trace.model, ("other",), 1.0)
    with pytest.raises(ValueError, match="for_models"):
        Simulator(case.problem, trace)


@pytest.mark.parametrize("times_s", [[1.0, 0.5], [0.0, np.nan]])
def test_a_trace_out_of_order_is_refused(times_s: list[float]) -> None:
    with pytest.raises(ValueError, match="must not decrease"):
        one_server([0.25], 1.0, times_s, duration_s=1.0).replay()


@pytest.mark.parametrize("model", [-1, 1])
def test_a_trace_with_models_that_are_not_named_is_refused(model: int) -> None:
    case = one_server([0.25], 1.0, [0.0])
    trace = replace(case.trace, model=np.array([model], dtype=np.int32))
    with pytest.raises(ValueError, match="not in its model_names"):
        Simulator(case.problem, trace)


def test_a_placement_of_another_problem_is_refused() -> None:
    case = one_server([0.25], 1.0, [0.0])
    simulator = Simulator(case.problem, case.trace)
    with pytest.raises(ValueError, match="1 models"):
        simulator.evaluate(Placement(np.zeros(1, np.int64), np.ones((1, 2), np.bool_)))
    unsupported = replace(case.problem, supported=np.zeros((1, 1), np.bool_))
    with pytest.raises(ValueError, match="does not list"):
        Simulator(unsupported, case.trace).evaluate(case.placement)


def test_llms_and_fixed_service_models_are_simulated_apart() -> None:
    llm, fixed = make.llm_model(), make.model()
    problem = make.problem([llm, fixed], [make.llm_profile(), make.profile()])
    shape = next(h for h in range(len(problem.shapes)) if problem.supported[h].all())
    placement = Placement(np.array([shape, shape]), np.eye(2, dtype=np.bool_))
    model = np.array([0, 1, 0, 1, 1], dtype=np.int32)
    tokens = np.array([100, 0, 50, 0, 0], dtype=np.int32)
    trace = Trace(np.arange(5.0), model, problem.model_names, 5.0, tokens, tokens)
    whole = Simulator(problem, trace).replay(placement)
    for kind in (0, 1):
        rows = np.flatnonzero(model == kind)
        alone = Simulator(problem, trace.take(rows)).replay(placement)
        assert np.array_equal(whole.latency_s[rows], alone.latency_s, equal_nan=True)
        assert whole.group[rows].tolist() == [kind] * rows.size
        assert whole.evaluation.attained[kind] == alone.evaluation.attained[kind] > 0
        assert whole.evaluation.group_busy_s[kind] == alone.evaluation.group_busy_s[kind] > 0
    assert whole.engines is not None
    assert np.isnan(whole.engines.ttft_s).tolist() == [False, True, False, True, True]
    with pytest.raises(ValueError, match="no state"):
        _ = whole.state
