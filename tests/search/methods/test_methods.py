"""Every method by its name: plans that fit, the same ones every time, within the budget."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import PlacementProblem
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.memory import placement_fits
from alpaplan.search import room
from alpaplan.search.budget import BATCHING_WORK, Budget
from alpaplan.search.candidate import Candidate, Score, best_of
from alpaplan.search.methods import METHODS, auto
from alpaplan.search.search import Search
from alpaplan.search.work import is_batched
from alpaplan.search.workers import threads
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import Effort


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
        as_stated = replace(candidate.score, merit=None)
        assert as_stated == Score.of(problem, simulator.evaluate(candidate.placement))
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


@pytest.fixture
def batching_search(search: Search, batching: PlacementProblem) -> Search:
    """Return the search where batching is on."""
    return replace(search, space=search.space.of(batching))


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_with_batching_all_fits_and_is_scored_truly(
    method: str, batching_search: Search, batching_simulator: Simulator
) -> None:
    problem = batching_search.problem
    batched = 0
    for candidate in METHODS[method].run(replace(batching_search, rng=np.random.default_rng(5))):
        assert placement_fits(problem, candidate.placement)
        assert assign_devices(problem, candidate.placement.shapes.tolist()) is not None
        as_stated = replace(candidate.score, merit=None)
        assert as_stated == Score.of(problem, batching_simulator.evaluate(candidate.placement))
        batched += is_batched(problem, candidate.placement)
    assert batched


def test_a_part_of_the_budget_with_batching_is_for_placements_without(
    search: Search, batching_search: Search
) -> None:
    for effort in Effort:
        with_batching = METHODS["auto"].max_work(effort, batching_search.problem)
        assert with_batching == BATCHING_WORK * (
            METHODS["auto"].max_work(effort, search.problem) or 0
        )
    for method in METHODS:
        if not METHODS[method].is_endless:
            assert METHODS[method].max_work(Effort.LOW, batching_search.problem) is None


def test_auto_finds_with_batching_what_it_finds_without_and_more(
    search: Search, batching_search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Batches serve nearly all: a search for headroom would begin again from its own starts.
    for module in (room, auto):
        monkeypatch.setattr(module, "ENOUGH", math.inf)
    alone = run("auto", search)
    more_work = Budget(max_work=BATCHING_WORK * (search.budget.max_work or 0))
    tried = run("auto", replace(batching_search, budget=more_work))
    problem = batching_search.problem
    for one, other in zip(alone, tried, strict=False):
        assert one.score == other.score
        assert one.partition == other.partition
        assert not is_batched(problem, other.placement)
        np.testing.assert_array_equal(one.placement.replicas, other.placement.replicas)
    more = tried[len(alone) :]
    assert best_of(more).score >= best_of(alone).score
    assert any(is_batched(problem, candidate.placement) for candidate in more)
