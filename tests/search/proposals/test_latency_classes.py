"""Latency classes and their parts."""

from __future__ import annotations

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.search.proposals.demand import Demand
from alpaplan.search.proposals.latency_classes import MAX_CLASSES, MIN_PARTS, latency_classes
from tests import builders as make


def even_demand(problem: PlacementProblem) -> Demand:
    """Return the same Poisson demand for every model."""
    ones = np.ones(problem.num_models)
    return Demand(ones, ones, ones)


def test_classes_are_in_order_of_latency_and_cut_into_a_part_for_each_pool() -> None:
    problem = make.problem(
        [make.model(f"s{i}", "slow", slo_s=2.0) for i in range(4)]
        + [make.model(f"f{i}", "fast", slo_s=0.5) for i in range(2)],
        [make.profile("slow", latency_s=0.4), make.profile("fast")],
        make.cluster(make.pool("x"), make.pool("y"), make.pool("z")),
    )
    classes = latency_classes(problem, even_demand(problem))
    assert classes.class_of_model.tolist() == [1, 1, 1, 1, 0, 0]
    assert classes.part_of_model.tolist() == [1, 2, 2, 1, 0, 0]
    assert classes.models_of_parts(1, 1).tolist() == [True, False, False, True, False, False]
    assert classes.models_of_classes(1, 1).tolist() == [True] * 4 + [False] * 2


def test_a_single_class_is_cut_so_that_different_shapes_can_share_it() -> None:
    problem = make.problem([make.model(f"m{i}") for i in range(5)])
    classes = latency_classes(problem, even_demand(problem))
    assert set(classes.class_of_model.tolist()) == {0}
    assert classes.num_parts == MIN_PARTS


def test_many_objectives_are_joined_to_few_classes_of_like_load() -> None:
    problem = make.problem([make.model(f"m{i}", slo_s=0.5 + i / 100) for i in range(80)])
    classes = latency_classes(problem, even_demand(problem))
    sizes = np.bincount(classes.class_of_model)
    assert sizes.size == MAX_CLASSES
    assert sizes.tolist() == [10] * MAX_CLASSES
    assert (np.diff(classes.class_of_model) >= 0).all()


def test_models_that_fit_nowhere_or_get_nothing_have_a_class_too() -> None:
    problem = make.problem(
        [make.model("a"), make.model("huge", "huge")],
        [make.profile(), make.profile("huge", weight_bytes=10**13)],
    )
    demand = Demand(np.zeros(2), np.ones(2), np.ones(2))
    classes = latency_classes(problem, demand)
    assert sorted(classes.class_of_model.tolist()) == [0, 1]
