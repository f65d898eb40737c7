"""What searches prefer on clusters with room: misses and latency under strain, and losses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.objective import (
    AS_STATED,
    LARGEST_STRAIN,
    LOSS_WEIGHT,
    STATED_WEIGHT,
    Objective,
    worst_loss,
)
from alpaplan.simulator import Evaluation, Simulator
from alpaplan.workload.trace import Trace
from tests import builders as make

STRAINED = Objective(LARGEST_STRAIN)


@pytest.fixture
def problem() -> PlacementProblem:
    """Return two models on two nodes of one device."""
    on = make.cluster(make.pool(count=2, devices_per_node=1))
    models = [make.model("a"), make.model("b")]
    return make.problem(models, [make.profile(shapes=[(1, 1)])], on)


def counts(attained: int, latency_s: float) -> Evaluation:
    """Return an evaluation of a thousand requests of two models."""
    of_models = np.array([500, 500]), np.array([500, attained - 500])
    sums_s = of_models[1] * latency_s
    return Evaluation(*of_models, sums_s, np.array([1000]), np.array([attained]), np.ones(1))


def test_attainment_decides_as_stated(problem: PlacementProblem) -> None:
    assert AS_STATED.merit(problem, counts(900, 0.1)) == 0.9
    assert AS_STATED.merit(problem, counts(900, 9.0)) == 0.9
    assert AS_STATED.worth(0.9) == 1.0
    assert AS_STATED.penalty(problem, Placement(np.zeros(1, np.int64), np.ones((1, 2), bool)),
                          counts(900, 0.1)) == 0.0  # fmt: skip


def test_misses_and_latency_count_in_proportion_under_strain(problem: PlacementProblem) -> None:
    def merit(attained: int, latency_s: float) -> float:
        return STRAINED.merit(problem, counts(attained, latency_s))

    assert merit(990, 0.1) > merit(980, 0.1)
    assert merit(980, 0.1) > merit(980, 0.11)
    # The same part of the latency is worth the same, whatever the latency is.
    assert merit(980, 0.1) - merit(980, 0.2) == pytest.approx(merit(980, 1.0) - merit(980, 2.0))
    # Where nothing is missed, fewer misses are no gain, and answers count.
    assert merit(999, 0.1) > merit(1000, 0.12)
    assert merit(900, 0.1) < merit(980, 0.12)


def test_the_worth_of_a_request_is_the_slope_of_merit(problem: PlacementProblem) -> None:
    more, less = (STRAINED.merit(problem, counts(attained, 0.1)) for attained in (981, 980))
    assert more - less == pytest.approx(STRAINED.worth(0.9805) / 1000, rel=0.01)


def test_nothing_attained_has_the_least_merit(problem: PlacementProblem) -> None:
    nothing = replace(counts(500, 0.1), attained=np.zeros(2, np.int64), latency_sum_s=np.zeros(2))
    assert STRAINED.merit(problem, nothing) == -math.inf


def test_the_loss_is_that_of_the_node_that_hurts_most(problem: PlacementProblem) -> None:
    # b is on one node alone, and a third of the requests are for it.
    replicas = np.array([[True, True], [True, False]])
    placement = Placement(np.zeros(2, dtype=np.int64), replicas)
    model = np.tile(np.array([0, 0, 1], dtype=np.int32), 20)
    trace = Trace(np.arange(60.0), model, problem.model_names, 60.0)
    stated = Simulator(problem, trace)
    evaluation = stated.evaluate(placement)
    assert worst_loss(problem, stated, placement, evaluation) == pytest.approx(2 / 3)
    penalty = Objective(LARGEST_STRAIN, stated).penalty(problem, placement, evaluation)
    assert penalty == pytest.approx(LOSS_WEIGHT / 3)
    both = Placement(placement.shapes, np.ones((2, 2), dtype=np.bool_))
    assert worst_loss(problem, stated, both, stated.evaluate(both)) == 1.0


def test_room_is_not_bought_with_misses_of_the_stated_traffic(problem: PlacementProblem) -> None:
    trace = Trace(np.arange(60.0), np.zeros(60, np.int32), problem.model_names, 60.0)
    stated = Simulator(problem, trace)
    nothing = Placement(np.zeros(1, dtype=np.int64), np.array([[False, True]]))
    penalty = Objective(1.5, stated).penalty(problem, nothing, stated.evaluate(nothing))
    assert penalty > STATED_WEIGHT


def test_without_groups_nothing_can_be_lost(problem: PlacementProblem) -> None:
    empty = Placement(np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.bool_))
    trace = Trace(np.zeros(1), np.zeros(1, np.int32), problem.model_names, 1.0)
    stated = Simulator(problem, trace)
    assert worst_loss(problem, stated, empty, stated.evaluate(empty)) == 1.0
