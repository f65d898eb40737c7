"""Formulas of time: values worked out by hand, and what they have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem, service
from tests import builders as make


def uneven(**serving: Any) -> PlacementProblem:
    """Return a problem of two profiles; only the first runs on two stages of two devices."""
    profiles = [
        make.staged_profile("a", (1, [1.0], [6]), (2, [0.25, 0.5], [1, 2])),
        make.staged_profile("b", (1, [0.125], [1])),
    ]
    models = [make.model("m0", "a", slo_s=2.0), make.model("m1", "b", slo_s=0.5)]
    return make.problem(models, profiles=profiles, on=make.cluster(**serving))


def test_times_of_uneven_stages() -> None:
    problem = uneven(request_overhead_s=0.0625)
    assert [(shape.intra_op, shape.inter_op) for shape in problem.shapes] == [(1, 1), (2, 2)]
    assert service.pipeline_latency_s(problem).tolist() == [[1.0, 0.125], [0.75, 0.0]]
    assert service.idle_latency_s(problem)[:, 0].tolist() == [1.0625, 0.8125]
    assert service.slowest_stage_s(problem).tolist() == [[1.0, 0.125], [0.5, 0.0]]
    assert service.mean_stage_s(problem).tolist() == [[1.0, 0.125], [0.375, 0.0]]
    assert service.device_seconds(problem).tolist() == [[1.0, 0.125], [1.5, 0.0]]
    assert service.time_for_stages_s(problem).tolist() == [1.9375, 0.4375]


def test_stage_overhead_is_part_of_every_time() -> None:
    problem = uneven(stage_overhead=0.5)  # one stage takes 1.5 times, each of two twice as long
    assert service.pipeline_latency_s(problem).tolist() == [[1.5, 0.1875], [1.5, 0.0]]
    assert service.slowest_stage_s(problem).tolist() == [[1.5, 0.1875], [1.0, 0.0]]
    assert service.mean_stage_s(problem).tolist() == [[1.5, 0.1875], [0.75, 0.0]]
    assert service.device_seconds(problem).tolist() == [[1.5, 0.1875], [3.0, 0.0]]
    assert service.served_stages_s([0.25, 0.5], 2, 0.5) == [0.5, 1.0]


def test_only_earliest_finish_simulates_in_single_precision() -> None:
    profiles = [make.staged_profile("p", (1, [0.1], [1]))]
    for dispatch, expected in [
        ("shortest-queue", 0.1),
        ("earliest-finish", float(np.float32(0.1))),
    ]:
        problem = make.problem(profiles=profiles, on=make.cluster(dispatch=dispatch))
        assert service.simulated_stages_s(problem).tolist() == [[[expected]]]
        assert service.pipeline_latency_s(problem).tolist() == [[0.1]]


@pytest.mark.parametrize("num_stages", [1, 3, 8, 11, 16])
def test_a_sum_over_stages_does_not_depend_on_the_profiles_beside(num_stages: int) -> None:
    rng = np.random.default_rng(0)
    stages = [rng.random(num_stages).tolist() for _ in range(5)]
    alone = [
        make.problem(
            profiles=[make.staged_profile("p", (1, latencies, [1] * num_stages))],
            on=make.cluster(make.pool(devices_per_node=num_stages)),
        )
        for latencies in stages
    ]
    together = make.problem(
        [make.model(f"m{i}", f"p{i}") for i in range(5)],
        [make.staged_profile(f"p{i}", (1, x, [1] * num_stages)) for i, x in enumerate(stages)],
        make.cluster(make.pool(devices_per_node=num_stages)),
    )
    expected = [service.pipeline_latency_s(problem)[0, 0] for problem in alone]
    assert service.pipeline_latency_s(together)[0].tolist() == expected  # to the last bit


@given(st.lists(st.floats(1e-4, 10.0), min_size=1, max_size=4), st.floats(0, 0.1), st.floats(0, 1))
def test_times_bound_each_other(
    latencies: list[float], stage_overhead: float, request_overhead_s: float
) -> None:
    on = make.cluster(stage_overhead=stage_overhead, request_overhead_s=request_overhead_s)
    problem = make.problem(
        profiles=[make.staged_profile("p", (1, latencies, [1] * len(latencies)))], on=on
    )
    whole_s, mean_s = service.pipeline_latency_s(problem), service.mean_stage_s(problem)
    assert mean_s <= service.slowest_stage_s(problem) * (1 + 1e-12)
    assert service.slowest_stage_s(problem) <= whole_s <= service.idle_latency_s(problem)
    assert mean_s * len(latencies) == pytest.approx(whole_s)
    assert service.device_seconds(problem) == pytest.approx(whole_s)  # one device a stage
    assert service.idle_latency_s(problem) - whole_s == pytest.approx(request_overhead_s)


def test_slack_shortens_stages_and_lengthens_objectives() -> None:
    relaxed = service.with_slack(uneven(), 0.5, 0.125)
    assert service.slowest_stage_s(relaxed).tolist() == [[0.375, 0.0], [0.125, 0.0]]
    assert service.pipeline_latency_s(relaxed)[1, 0] == 0.125  # no stage falls below 0
    assert relaxed.slo_s.tolist() == [3.125, 0.875]


def test_the_cap_of_a_replica_is_the_smallest_limit() -> None:
    shapes = [(1, 1), (1, 2)]
    profiles = [
        make.profile("a", shapes=shapes, batch_sizes=(1, 4)),
        make.profile("b", shapes=shapes, batch_sizes=(1, 2, 16)),
    ]
    models = [make.model("m0", "a"), make.model("m1", "b"), make.model("m2", "b")]
    problem = make.problem(models, profiles, make.cluster(max_batch_size=8))
    on = np.array([1, 0])
    replicas = np.array([[True, True, True], [False, True, True]])
    plain = Placement(on, replicas)
    assert service.batch_caps(problem, plain).tolist() == [[4, 8, 8], [0, 8, 8]]
    own = np.array([[5, 3, 0], [7, 100, 1]])
    capped = Placement(on, replicas, max_batch_size=own)
    assert service.batch_caps(problem, capped).tolist() == [[4, 3, 8], [0, 8, 1]]
    without = make.problem(models, profiles)
    assert service.batch_caps(without, capped).tolist() == [[1, 1, 1], [0, 1, 1]]
