"""The memory rule, at its edges."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.memory import (
    fits,
    keep_what_fits,
    memory_fill,
    placement_fits,
    room_for_profiles,
)
from tests import builders as make
from tests.builders import GB


def test_exactly_full_fits_and_one_byte_more_does_not() -> None:
    profiles = [make.profile(weight_bytes=5 * GB, shapes=[(1, 1)])]
    problem = make.problem(profiles=profiles)
    assert fits(problem, 0, np.array([2]))
    one_less = make.cluster(make.pool(memory=10 * GB - 1))
    assert not fits(make.problem(profiles=profiles, on=one_less), 0, np.array([2]))


def test_a_configuration_that_is_not_profiled_does_not_fit() -> None:
    profiles = [make.profile("a", shapes=[(1, 1)]), make.profile("b", shapes=[(1, 2)])]
    problem = make.problem([make.model("m0", "a"), make.model("m1", "b")], profiles=profiles)
    assert room_for_profiles(problem, 0, np.array([0, 0])).tolist() == [True, False]
    assert room_for_profiles(problem, 1, np.array([0, 0])).tolist() == [False, True]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=4), st.data())
def test_room_says_what_fits_says_of_one_more(weights_gb: list[int], data: st.DataObject) -> None:
    profiles = [
        make.profile(f"p{i}", weight_bytes=w * GB, activation_bytes=(w % 3) * GB)
        for i, w in enumerate(weights_gb)
    ]
    models = [make.model(f"m{i}", f"p{i}") for i in range(len(weights_gb))]
    problem = make.problem(models, profiles=profiles)
    counts = np.array(
        data.draw(st.lists(st.integers(0, 3), min_size=len(models), max_size=len(models)))
    )
    shape = data.draw(st.integers(0, len(problem.shapes) - 1))
    room = room_for_profiles(problem, shape, counts)
    for p in range(len(models)):
        more = counts.copy()
        more[p] += 1
        assert room[p] == fits(problem, shape, more)


def test_placements_are_judged_group_by_group() -> None:
    problem = make.problem([make.model(f"m{i}") for i in range(3)])
    replicas = np.array([[True, True, False], [False, False, True]])
    placement = Placement(np.array([0, 0]), replicas)
    assert placement_fits(problem, placement)
    assert memory_fill(problem, placement).tolist() == [0.8, 0.4]
    assert not placement_fits(problem, Placement(np.array([0, 0]), np.ones((2, 3), dtype=np.bool_)))


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.integers(0, 4), st.randoms())
def test_what_fits_one_after_another_is_what_the_rule_says_step_by_step(
    weights_gb: list[int], shape: int, random: Random
) -> None:
    profiles = [
        make.profile(f"p{i}", weight_bytes=w * GB, activation_bytes=(w % 3) * GB)
        for i, w in enumerate(weights_gb)
    ]
    models = [make.model(f"m{i}", f"p{i}") for i in range(len(weights_gb))]
    problem = make.problem(models, profiles=profiles)
    order = list(range(len(models)))
    random.shuffle(order)
    counts = np.zeros(len(models), dtype=np.int64)
    expected = []
    for m in order:
        counts[m] += 1
        if fits(problem, shape, counts):
            expected.append(m)
        else:
            counts[m] -= 1
    assert keep_what_fits(problem, shape, np.array(order)).tolist() == expected


def batching(memory: int) -> PlacementProblem:
    """Return three models of 2 GB and 1 GB for each request, one of which never batches."""
    profiles = [
        make.profile("p", weight_bytes=2 * GB, activation_bytes=GB, batch_sizes=(1, 4)),
        make.profile("q", weight_bytes=2 * GB, activation_bytes=GB),
    ]
    models = [make.model("m0", "p"), make.model("m1", "p"), make.model("m2", "q")]
    return make.problem(models, profiles, make.cluster(make.pool(memory=memory), max_batch_size=8))


def test_smaller_batches_of_replicas_make_room_for_others() -> None:
    on, everything = np.array([0]), np.ones((1, 3), dtype=np.bool_)

    def placement(*caps: int) -> Placement:
        return Placement(on, everything, np.array([caps]) if caps else None)

    problem = batching(8 * GB)
    assert not placement_fits(problem, placement())
    assert not placement_fits(problem, placement(2, 3, 0))
    assert not placement_fits(problem, placement(2, 0, 1))
    assert placement_fits(problem, placement(2, 2, 0))
    assert placement_fits(problem, placement(1, 2, 9))
    assert memory_fill(problem, placement()).tolist() == [10 / 8]
    assert memory_fill(problem, placement(1, 3, 0)).tolist() == [9 / 8]


def test_replicas_that_are_put_on_a_group_may_have_caps() -> None:
    problem = batching(8 * GB)
    order = np.array([2, 0, 1])
    assert keep_what_fits(problem, 0, order).tolist() == [2, 0]
    assert keep_what_fits(problem, 0, order, np.array([2, 2, 0])).tolist() == [2, 0, 1]
    assert keep_what_fits(problem, 0, order, np.array([2, 3, 0])).tolist() == [2, 0]
    assert keep_what_fits(problem, 0, order[1:], np.array([5, 0, 1])).tolist() == [0, 1]


def test_a_replica_on_a_shape_that_its_profile_does_not_list_does_not_fit() -> None:
    profiles = [make.profile("a", shapes=[(1, 1)]), make.profile("b", shapes=[(1, 2)])]
    problem = make.problem([make.model("m0", "a"), make.model("m1", "b")], profiles=profiles)
    for replicas, fine in (([True, False], True), ([False, True], False)):
        assert placement_fits(problem, Placement(np.array([0]), np.array([replicas]))) == fine
