"""Local improvement: never worse, repeatable, and done when its budget is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search import improve as improvement
from alpaplan.search import raced_walk
from alpaplan.search.attempt import Watch
from alpaplan.search.budget import Usage
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.improve import improve
from alpaplan.search.search import Search
from alpaplan.search.workers import threads
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import StopReason
from tests.search.conftest import UNLIMITED

Draw = Callable[[np.random.Generator], Placement]


@pytest.fixture
def starts(search: Search, random_placement: Draw) -> list[Candidate]:
    """Return some random placements."""
    rng = np.random.default_rng(8)
    made = []
    for _ in range(5):
        placement = random_placement(rng)
        made.append(Candidate.of("random", "", search.space.score(placement), 1))
    return made


def test_it_is_clearly_better_than_its_starts_and_its_scores_are_true(
    problem: PlacementProblem,
    simulator: Simulator,
    search: Search,
    starts: list[Candidate],
) -> None:
    found = improve(search, starts)
    assert len(found) == improvement.FINAL_ATTEMPTS
    assert found[0].score >= found[1].score
    missed = 1 - max(start.score.attainment for start in starts)
    assert 1 - found[0].score.attainment < 0.7 * missed
    for candidate in found:
        assert candidate.score == Score.of(problem, simulator.evaluate(candidate.placement))


def test_the_number_of_workers_changes_nothing(search: Search, starts: list[Candidate]) -> None:
    with threads(3) as workers:
        several = replace(search, rng=np.random.default_rng(5), workers=workers)
        together = improve(several, starts)
    alone = improve(search, starts)
    for one, other in zip(alone, together, strict=True):
        assert one.score == other.score
        np.testing.assert_array_equal(one.placement.replicas, other.placement.replicas)
        np.testing.assert_array_equal(one.placement.shapes, other.placement.shapes)


def test_the_budget_is_used_and_hardly_exceeded(
    search: Search, starts: list[Candidate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raced_walk, "WORK_AT_ONCE", 20_000)
    improve(search, starts)
    max_work = search.budget.max_work
    assert max_work is not None
    # Each of five, three and two attempts looks at two placements, and ends with a last loop, of
    # which what comes beside the requests is no more than these where all lose at the first point.
    num_requests = search.space.training.trace.num_requests
    most = 2 * num_requests + 2 * (20_000 + num_requests)
    assert 0.5 * max_work < search.used.work < max_work + 10 * most


def test_a_stopped_search_returns_the_best_so_far(search: Search, starts: list[Candidate]) -> None:
    asked = after_stop = 0

    def stop() -> StopReason | None:
        nonlocal asked
        asked += 1
        return StopReason.INTERRUPT if asked > 40 else None

    def on_evaluation(used: Usage, _score: Score | None) -> None:
        nonlocal after_stop
        after_stop += used.num_evaluations if asked > 40 else 0

    search.watch = Watch(stop, on_evaluation)
    found = improve(search, starts)
    assert search.stop_reason is StopReason.INTERRUPT
    assert search.used.num_evaluations > 0
    assert after_stop == 0
    assert found[0].score >= max(start.score for start in starts)


def test_without_a_budget_it_does_nothing(search: Search, starts: list[Candidate]) -> None:
    search.budget = UNLIMITED
    assert improve(search, starts) == []


def test_it_ends_after_the_first_round_that_is_good_enough(
    search: Search, starts: list[Candidate]
) -> None:
    enough = max(start.score.attainment for start in starts)
    found = improve(search, starts, enough)
    assert len(found) == len(starts)
    assert found[0].score.attainment > enough
    assert found[0].score == search.space.score(found[0].placement).score
    assert not search.exhausted()
    assert len(improve(search, starts, enough=1.0)) == improvement.FINAL_ATTEMPTS
