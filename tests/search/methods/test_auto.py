"""The default method: its starts, its steps, its budget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alpaplan.search.candidate import Candidate, best_of
from alpaplan.search.context import SearchContext
from alpaplan.search.improve import FINAL_ATTEMPTS
from alpaplan.search.methods import auto as module
from alpaplan.search.methods.auto import QUICK_FRACTION, STARTS, auto
from alpaplan.search.partition import uniform_partitions
from alpaplan.search.proposals.demand import measure_demand
from alpaplan.search.proposals.proposal import propose_partitions


def test_it_starts_from_equal_and_from_proposed_partitions(context: SearchContext) -> None:
    problem = context.problem
    demand = measure_demand(problem, context.simulator.trace)
    equal = [partition.label for partition in uniform_partitions(problem)]
    proposed = [p.label for p in propose_partitions(problem, demand, module.PROPOSALS)]
    assert proposed
    tried = auto(context)
    starts = [item.partition for item in tried if item.method == "quick"]
    assert starts == equal + proposed
    assert [item.method for item in tried[len(starts) :]] == ["improve"] * FINAL_ATTEMPTS


def test_its_steps_are_logged_and_gain_more_and_more(context: SearchContext) -> None:
    best = best_of(auto(context))
    first, second, *rounds = context.steps
    assert first.name.startswith("quick selection on ")
    assert first.name.endswith("equal partitions")
    assert second.name.endswith("proposed partitions")
    assert [step.name.split(",")[0] for step in rounds] == ["improvement"] * len(rounds)
    attainment = [step.best.attainment for step in context.steps]
    assert attainment == sorted(attainment)
    assert context.steps[-1].best == best.score
    assert sum(step.num_evaluations for step in context.steps) == context.num_evaluations
    assert context.steps[-1].notes


def test_starts_leave_most_of_the_budget_to_the_improvement(
    context: SearchContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[tuple[float, int]] = []

    def improve(own: SearchContext, starts: list[Candidate]) -> list[Candidate]:
        used.append((own.used(), len(starts)))
        scores = [start.score for start in starts]
        assert scores == sorted(scores, reverse=True)
        return []

    monkeypatch.setattr(module, "improve", improve)
    ample = replace(context, max_work=60_000_000)
    tried = auto(ample)
    assert used == [(ample.used(), STARTS)]
    assert ample.used() < QUICK_FRACTION
    assert {item.method for item in tried} == {"quick"}


def test_several_pools_work_side_by_side(context: SearchContext) -> None:
    problem = context.problem
    best = best_of(auto(context))
    busy = best.placement.replicas.any(axis=1)
    pools = {problem.shapes[h].pool for h in best.placement.shapes[busy]}
    assert pools == {0, 1}


def test_it_is_better_than_each_of_its_starts(context: SearchContext) -> None:
    tried = auto(context)
    starts = [item for item in tried if item.method == "quick"]
    assert best_of(tried).score > best_of(starts).score
