"""The default method: its starts, its steps, its budget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alpaplan.search.budget import Budget
from alpaplan.search.candidate import Candidate, best_of
from alpaplan.search.improve import FINAL_ATTEMPTS
from alpaplan.search.methods import auto as module
from alpaplan.search.methods.auto import QUICK_FRACTION, STARTS, auto
from alpaplan.search.partition import uniform_partitions
from alpaplan.search.proposals.demand import measure_demand
from alpaplan.search.proposals.proposal import propose_partitions
from alpaplan.search.search import Search
from alpaplan.search.space import SearchSpace
from alpaplan.simulator import Simulator


@pytest.fixture
def search(search: Search) -> Search:
    """Return a search of traffic that no placement serves without misses."""
    traffic = search.space.training.trace.faster(1.5)
    simulator = Simulator(search.problem, traffic)
    return replace(search, space=SearchSpace(search.problem, simulator, simulator))


@pytest.mark.slow
def test_it_starts_from_equal_and_from_proposed_partitions(search: Search) -> None:
    problem = search.problem
    demand = measure_demand(problem, search.space.training.trace)
    equal = [partition.label for partition in uniform_partitions(problem)]
    proposed = [p.label for p in propose_partitions(problem, demand, module.PROPOSALS)]
    assert proposed
    tried = auto(search)
    starts = [item.partition for item in tried if item.method == "quick"]
    assert starts == equal + proposed
    assert [item.method for item in tried[len(starts) :]] == ["improve"] * FINAL_ATTEMPTS


def test_its_steps_are_logged_and_gain_more_and_more(search: Search) -> None:
    best = best_of(auto(search))
    first, second, *rounds = search.steps
    assert first.name.startswith("quick selection on ")
    assert first.name.endswith("equal partitions")
    assert second.name.endswith("proposed partitions")
    assert [step.name.split(",")[0] for step in rounds] == ["improvement"] * len(rounds)
    attainment = [step.best.attainment for step in search.steps]
    assert attainment == sorted(attainment)
    assert search.steps[-1].best == best.score
    assert sum(step.num_evaluations for step in search.steps) == search.used.num_evaluations
    assert search.steps[-1].notes


def test_starts_leave_most_of_the_budget_to_the_improvement(
    search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[tuple[float, int]] = []

    def improve(own: Search, starts: list[Candidate], _enough: float) -> list[Candidate]:
        used.append((own.budget.used_part(own.used), len(starts)))
        scores = [start.score for start in starts]
        assert scores == sorted(scores, reverse=True)
        return []

    monkeypatch.setattr(module, "improve", improve)
    ample = replace(search, budget=Budget(max_work=60_000_000))
    tried = auto(ample)
    part = ample.budget.used_part(ample.used)
    assert used == [(part, STARTS)]
    assert part < QUICK_FRACTION
    assert {item.method for item in tried} == {"quick"}


def test_several_pools_work_side_by_side(search: Search) -> None:
    problem = search.problem
    best = best_of(auto(search))
    busy = best.placement.replicas.any(axis=1)
    pools = {problem.shapes[h].pool for h in best.placement.shapes[busy]}
    assert pools == {0, 1}


def test_it_is_better_than_each_of_its_starts(search: Search) -> None:
    tried = auto(search)
    starts = [item for item in tried if item.method == "quick"]
    assert best_of(tried).score > best_of(starts).score
