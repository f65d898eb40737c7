"""Local improvement: never worse, repeatable, and done when its budget is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search import improve as improvement
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.context import SearchContext
from alpaplan.search.improve import improve
from alpaplan.search.stopping import StopReason
from alpaplan.simulator import Simulator

Draw = Callable[[np.random.Generator], Placement]


@pytest.fixture
def starts(context: SearchContext, random_placement: Draw) -> list[Candidate]:
    """Return some random placements."""
    rng = np.random.default_rng(8)
    made = []
    for _ in range(5):
        placement = random_placement(rng)
        score, evaluation = replace(context).evaluate(placement)
        made.append(Candidate("random", "", placement, score, evaluation, 1))
    return made


def with_executor(context: SearchContext, executor: ThreadPoolExecutor | None) -> SearchContext:
    """Return a fresh context of the same seed and budget."""
    return replace(context, rng=np.random.default_rng(5), executor=executor)


def test_it_is_clearly_better_than_its_starts_and_its_scores_are_true(
    problem: PlacementProblem,
    simulator: Simulator,
    context: SearchContext,
    starts: list[Candidate],
) -> None:
    found = improve(context, starts)
    assert len(found) == improvement.FINAL_ATTEMPTS
    assert found[0].score >= found[1].score
    missed = 1 - max(start.score.attainment for start in starts)
    assert 1 - found[0].score.attainment < 0.7 * missed
    for candidate in found:
        assert candidate.score == Score.of(problem, simulator.evaluate(candidate.placement))


def test_the_number_of_workers_changes_nothing(
    context: SearchContext, starts: list[Candidate]
) -> None:
    alone = improve(with_executor(context, None), starts)
    with ThreadPoolExecutor(3) as executor:
        together = improve(with_executor(context, executor), starts)
    for one, other in zip(alone, together, strict=True):
        assert one.score == other.score
        np.testing.assert_array_equal(one.placement.replicas, other.placement.replicas)
        np.testing.assert_array_equal(one.placement.shapes, other.placement.shapes)


def test_the_budget_is_used_and_hardly_exceeded(
    context: SearchContext, starts: list[Candidate]
) -> None:
    improve(context, starts)
    assert context.max_work is not None
    most = context.simulator.trace.num_requests + 8_000
    assert 0.5 * context.max_work < context.work < context.max_work + 12 * most


def test_a_stopped_search_returns_the_best_so_far(
    context: SearchContext, starts: list[Candidate]
) -> None:
    asked = 0

    def stop() -> StopReason | None:
        nonlocal asked
        asked += 1
        return StopReason.INTERRUPT if asked > 40 else None

    context.stop = stop
    found = improve(context, starts)
    assert context.stop_reason is StopReason.INTERRUPT
    assert context.num_evaluations <= 40
    assert found[0].score >= max(start.score for start in starts)


def test_without_a_budget_it_does_nothing(context: SearchContext, starts: list[Candidate]) -> None:
    context.max_work = None
    assert improve(context, starts) == []
