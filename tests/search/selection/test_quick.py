"""Quick selection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import PlacementProblem
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory import placement_fits
from alpaplan.search.attempt import Attempt
from alpaplan.search.budget import Budget
from alpaplan.search.candidate import best_of
from alpaplan.search.methods.round_robin import round_robin
from alpaplan.search.partition import GroupPartition, make_partition, uniform_partitions
from alpaplan.search.search import Search
from alpaplan.search.selection.quick import ROUNDS, select_quickly
from alpaplan.simulator import Simulator
from alpaplan.workload.sampling import sample_trace
from tests import builders as make
from tests.builders import GB
from tests.search.conftest import UNLIMITED, attempt_in, search_on


def small_attempt(
    problem: PlacementProblem, rates_rps: list[float], budget: Budget = UNLIMITED
) -> Attempt:
    """Return an attempt on Poisson arrivals."""
    entries = [make.model(f"m{i}", rate_rps=rate) for i, rate in enumerate(rates_rps)]
    served = make.workload(*entries).served_models()
    simulator = Simulator(problem, sample_trace(served, 50.0, np.random.default_rng(2)))
    return attempt_in(search_on(simulator), budget)


def test_every_servable_model_gets_a_replica_where_there_is_room(search: Search) -> None:
    problem = search.problem
    servable = servable_replicas(problem)
    # One evaluation: the placement is that of the first round alone.
    for partition in uniform_partitions(problem):
        found = select_quickly(attempt_in(search, Budget(max_evaluations=1)), partition)
        assert found.num_evaluations == 1
        assert placement_fits(problem, found.placement)
        placed = found.placement.replicas.any(axis=0)
        absent = np.flatnonzero(servable[list(partition.shapes)].any(axis=0) & ~placed)
        for model in absent:
            larger = found.placement.replicas.copy()
            for group in np.flatnonzero(servable[list(partition.shapes), model]):
                larger[group, model] = True
                assert not placement_fits(problem, replace(found.placement, replicas=larger.copy()))
                larger[group, model] = False


def test_there_are_some_ten_simulations_at_most(search: Search) -> None:
    for partition in uniform_partitions(search.problem)[:3]:
        assert select_quickly(attempt_in(search), partition).num_evaluations <= ROUNDS + 1


def test_groups_hold_only_what_they_are_meant_for(search: Search) -> None:
    problem = search.problem
    whole = uniform_partitions(problem)[0]
    rng = np.random.default_rng(1)
    eligible = rng.random((len(whole.shapes), problem.num_models)) < 0.4
    found = select_quickly(attempt_in(search), GroupPartition(whole.shapes, "some", eligible))
    assert found.placement.replicas.any()
    assert not (found.placement.replicas & ~eligible).any()


def test_it_is_better_than_round_robin(search: Search) -> None:
    quick = best_of(search.map_attempts(select_quickly, uniform_partitions(search.problem)))
    assert quick.score > best_of(round_robin(search)).score
    assert quick.method == "quick"


def test_the_first_round_spreads_the_load() -> None:
    # The busiest model takes one device for itself, and the other three share the other.
    profile = make.profile(latency_s=0.1, weight_bytes=3 * GB, shapes=[(1, 1)])
    on = make.cluster(make.pool(devices_per_node=2))
    problem = make.problem([make.model(f"m{i}") for i in range(4)], [profile], on)
    attempt = small_attempt(problem, [1.0, 6.0, 1.5, 2.0], Budget(max_evaluations=1))
    found = select_quickly(attempt, make_partition(problem, [0, 0]))
    assert found.placement.replicas.tolist() == [
        [False, True, False, False],
        [True, False, True, True],
    ]


@pytest.mark.parametrize("slo_s", [1e-6, 1.0])
def test_models_that_no_group_can_serve_are_left_out(slo_s: float) -> None:
    entries = [make.model("m0", slo_s=slo_s), make.model("m1", "huge")]
    profiles = [make.profile(), make.profile("huge", weight_bytes=99 * GB)]
    problem = make.problem(entries, profiles)
    attempt = small_attempt(problem, [2.0, 2.0])
    found = select_quickly(attempt, make_partition(problem, [0, 0]))
    assert found.placement.replicas.any(axis=0).tolist() == [slo_s == 1.0, False]
