"""Caps on batches: problems with lower ones, their memory, and what full batches take."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem, caps, service
from alpaplan.problem.memory import placement_fits
from alpaplan.specs.profile import ModelProfileSpec
from tests import builders as make
from tests.builders import GB

SHAPES = ((1, 1), (1, 2))


def batching(
    max_batch_size: int, memory: int = 100 * GB, slo_s: tuple[float, ...] = (1.0, 1.0, 1.0)
) -> PlacementProblem:
    """Return two models of a profile with batches of 1 to 8, and one of a profile without."""
    profiles = [
        make.profile(
            "p",
            weight_bytes=2 * GB,
            activation_bytes=GB,
            batch_sizes=(1, 2, 8),
            shapes=SHAPES,
        ),
        make.profile("q", weight_bytes=2 * GB, activation_bytes=3 * GB, shapes=SHAPES),
    ]
    models = [
        make.model(f"m{i}", name, slo_s=slo)
        for i, (name, slo) in enumerate(zip("ppq", slo_s, strict=True))
    ]
    on = make.cluster(make.pool(memory=memory), max_batch_size=max_batch_size)
    return make.problem(models, profiles, on)


def assert_equal(found: PlacementProblem, expected: PlacementProblem) -> None:
    """Compare what differs between problems with and without large batches."""
    assert (found.batches is None) == (expected.batches is None)
    assert found.stage_latency_s.tolist() == expected.stage_latency_s.tolist()
    assert found.stage_activation_bytes.tolist() == expected.stage_activation_bytes.tolist()


@pytest.mark.parametrize("cap", [1, 2, 3, 8, 99])
def test_a_cap_everywhere_is_what_a_cluster_with_that_limit_has(cap: int) -> None:
    problem = batching(8)
    found = caps.with_caps(problem, np.full((2, 2), cap))
    expected = batching(cap)
    assert_equal(found, expected)
    if found.batches is not None and expected.batches is not None:
        assert found.batches.largest.tolist() == expected.batches.largest.tolist()
    if cap == 1:
        assert_equal(caps.without_batching(problem), expected)


def test_caps_change_nothing_where_there_are_no_batches() -> None:
    problem = batching(1)
    assert caps.without_batching(problem) is problem
    assert caps.with_cheapest_batches(problem) is problem
    assert list(caps.batches_in_time(problem, longest=True)) == []
    everything = np.ones((1, 3), dtype=np.int64)
    assert not caps.own_limits(problem, np.array([0]), everything).any()
    wanted = caps.caps_with_room(problem, 0, np.arange(3), np.full(3, 4))
    assert wanted.tolist() == [1, 1, 1]


def test_replicas_get_limits_only_where_they_need_them() -> None:
    problem = batching(4)
    wanted = np.array([[4, 2, 1], [0, 9, 1]])
    shapes = np.array([0, 1])
    limits = caps.own_limits(problem, shapes, wanted)
    assert limits.tolist() == [[0, 2, 0], [0, 0, 0]]
    placement = Placement(shapes, wanted > 0, limits)
    assert service.batch_caps(problem, placement).tolist() == [[4, 2, 1], [0, 4, 1]]


@given(
    memory=st.integers(9, 20),
    wanted=st.lists(st.integers(1, 10), min_size=3, max_size=3),
    shape=st.sampled_from([0, 1]),
)
def test_caps_are_lowered_until_memory_suffices_and_no_further(
    memory: int, wanted: list[int], shape: int
) -> None:
    problem = batching(8, memory * GB)
    assert problem.batches is not None
    models, everything = np.arange(3), np.ones((1, 3), dtype=np.bool_)

    def fits(own: list[int]) -> bool:
        return placement_fits(problem, Placement(np.array([shape]), everything, np.array([own])))

    found = caps.caps_with_room(problem, shape, models, np.array(wanted)).tolist()
    assert fits(found)
    largest = problem.batches.largest[shape, problem.profile_of_model].tolist()
    limits = [min(pair) for pair in zip(wanted, largest, strict=True)]
    assert all(1 <= cap <= limit for cap, limit in zip(found, limits, strict=True))
    for model, (cap, limit) in enumerate(zip(found, limits, strict=True)):
        if cap < limit:
            assert not fits([*found[:model], cap + 1, *found[model + 1 :]])


def test_processes_keep_their_memory_so_that_caps_add_up() -> None:
    profiles = [make.profile(weight_bytes=2 * GB, activation_bytes=GB, batch_sizes=(1, 8))]
    on = make.cluster(make.pool(memory=12 * GB), max_batch_size=8, process_overhead_bytes=GB)
    problem = make.problem([make.model("a"), make.model("b")], profiles, on)
    shape = next(h for h, s in enumerate(problem.shapes) if s.num_devices == 1)
    models = np.arange(2)
    found = caps.caps_with_room(problem, shape, models, np.array([8, 1]))
    assert found.tolist() == [5, 1]  # 2 * (1 + 2) of overhead and weights, 6 for requests
    assert caps.caps_with_room(problem, shape, models, np.array([8, 8])).tolist() == [3, 3]


def test_a_request_of_a_full_batch_takes_its_share_of_the_batch() -> None:
    problem = batching(8)
    one, two = 0, 1
    assert problem.num_stages[[one, two]].tolist() == [1, 2]
    # A batch of 8 takes 4.5 times as long as a request.
    assert caps.full_batch_latency_s(problem)[:, 0] == pytest.approx([0.45, 0.45])
    assert caps.full_batch_slowest_stage_s(problem)[:, 0] == pytest.approx([0.45, 0.225])
    assert caps.busy_slowest_stage_s(problem)[:, 0] == pytest.approx([0.45 / 8, 0.225 / 8])
    assert caps.busy_mean_stage_s(problem)[:, 0] == pytest.approx([0.45 / 8, 0.225 / 8])
    for formula, single in (
        (caps.full_batch_latency_s, service.idle_latency_s),
        (caps.full_batch_slowest_stage_s, service.slowest_stage_s),
        (caps.busy_slowest_stage_s, service.slowest_stage_s),
        (caps.busy_mean_stage_s, service.mean_stage_s),
    ):
        assert formula(problem)[:, 1].tolist() == single(problem)[:, 1].tolist()
        assert formula(batching(1)).tolist() == single(batching(1)).tolist()


def test_batches_in_time_are_those_that_meet_the_objective_when_they_start_at_once() -> None:
    def in_time(*slo_s: float, longest: bool) -> list[int]:
        problem = batching(8, slo_s=(*slo_s, 1.0))
        found = caps.batches_in_time(problem, longest=longest)
        at_once = {(h, p): latency_s for h, p, _, latency_s in found}
        return [int(np.isfinite(at_once[0, 0]).all(axis=1).sum())] if (0, 0) in at_once else []

    # Sizes 1, 2, 3, 4 take 0.1, 0.15, 0.2, 0.25 s.
    assert in_time(0.21, 0.26, longest=False) == [3]
    assert in_time(0.21, 0.26, longest=True) == [4]
    # Where single requests are late there is nothing to choose for.
    assert in_time(0.05, 0.16, longest=False) == [2]
    assert in_time(0.05, 0.05, longest=True) == []


def test_the_cheapest_batch_of_each_stage_counts() -> None:
    data = make.profile(shapes=[(1, 2)], batch_sizes=(1, 2, 3)).model_dump()
    data["configs"][0]["stage_latency_s"] = {1: [0.2, 0.1], 2: [0.3, 0.3], 3: [0.6, 0.15]}
    profile = ModelProfileSpec.model_validate(data)

    def cheapest(slo_s: float) -> list[float]:
        on = make.cluster(max_batch_size=3)
        problem = make.problem([make.model(slo_s=slo_s)], [profile], on)
        found = caps.with_cheapest_batches(problem)
        assert found.batches is None
        stages_s: list[float] = found.stage_latency_s[0, 0].tolist()
        return stages_s

    assert cheapest(1.0) == pytest.approx([0.15, 0.05])
    assert cheapest(0.7) == pytest.approx([0.15, 0.1])
    assert cheapest(0.5) == pytest.approx([0.2, 0.1])
    assert cheapest(0.1) == pytest.approx([0.2, 0.1])
