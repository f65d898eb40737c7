"""Every method by its name: plans that fit, the same ones every time, within the budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import PlacementProblem
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.memory import placement_fits
from alpaplan.search.budget import Budget
from alpaplan.search.candidate import Candidate, Score, best_of
from alpaplan.search.methods import METHODS
from alpaplan.search.search import Search
from alpaplan.search.workers import threads
from alpaplan.simulator import Simulator


def run(method: str, search: Search, jobs: int = 1) -> list[Candidate]:
    """Run a method with a fresh generator."""
    with threads(jobs) as workers:
        fresh = replace(search, rng=np.random.default_rng(5), workers=workers)
        return METHODS[method].find(fresh)


@pytest.mark.parametrize("method", METHODS)
def test_all_that_a_method_tries_fits_and_is_scored_truly(
    method: str, search: Search, problem: PlacementProblem, simulator: Simulator
) -> None:
    tried = run(method, search)
    assert tried
    for candidate in tried:
        assert placement_fits(problem, candidate.placement)
        assert assign_devices(problem, candidate.placement.shapes.tolist()) is not None
        assert candidate.score == Score.of(problem, simulator.evaluate(candidate.placement))
    assert best_of(tried).score.attainment > 0.3


@pytest.mark.parametrize("method", METHODS)
def test_the_number_of_workers_changes_nothing(method: str, search: Search) -> None:
    alone, together = run(method, search), run(method, search, jobs=3)
    assert [candidate.score for candidate in alone] == [item.score for item in together]
    for one, other in zip(alone, together, strict=True):
        assert one.partition == other.partition
        np.testing.assert_array_equal(one.placement.replicas, other.placement.replicas)


@pytest.mark.parametrize("method", METHODS)
def test_a_budget_in_evaluations_is_kept(method: str, search: Search) -> None:
    limited = replace(search, budget=Budget(max_evaluations=150))
    METHODS[method].find(limited)
    # Each of the side-by-side attempts simulates at least once, whatever its share.
    assert limited.used.num_evaluations <= 150 + 60


def test_auto_is_not_worse_than_the_others(search: Search) -> None:
    scores = {method: best_of(run(method, search)).score for method in METHODS}
    assert scores["auto"] == max(scores.values())


def test_model_parallelism_beats_replication_for_bursty_models(search: Search) -> None:
    replication = best_of(run("selective-replication", search)).score
    assert best_of(run("greedy", search)).score.attainment > replication.attainment + 0.02


def test_selective_replication_uses_single_devices(
    search: Search, problem: PlacementProblem
) -> None:
    (found,) = run("selective-replication", search)
    assert {problem.shapes[h].num_devices for h in found.placement.shapes} == {1}


def test_round_robin_deals_evenly(search: Search, problem: PlacementProblem) -> None:
    (found,) = run("round-robin", search)
    copies = found.placement.replicas.sum(axis=0)
    assert copies.min() >= 1
    assert copies.max() - copies.min() <= 2
