"""Attempts: what they count, whom they tell, and what becomes of them."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.problem import Placement
from alpaplan.search.attempt import Attempt, Outcome, Task, Watch
from alpaplan.search.budget import Budget, Usage
from alpaplan.search.candidate import Score
from alpaplan.search.space import SearchSpace
from alpaplan.search.stopping import Interrupt
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import StopReason
from alpaplan.workload.trace import Trace
from tests import builders as make

SCORE = Score(0.5, -1.0)


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    """Return one model with ten requests."""
    problem = make.problem()
    trace = Trace(np.arange(10.0), np.zeros(10, np.int32), problem.model_names, 10.0)
    simulator = Simulator(problem, trace)
    return SearchSpace(problem, simulator, simulator)


def test_every_simulation_is_counted_and_told(space: SearchSpace) -> None:
    told: list[tuple[Usage, Score | None]] = []
    watch = Watch(on_evaluation=lambda used, score: told.append((used, score)))
    attempt = Attempt(space, Budget(), np.random.default_rng(0), watch)
    placement = Placement(np.zeros(1, np.int64), np.ones((1, 1), np.bool_))
    scored = attempt.evaluate(placement)
    assert scored.placement is placement
    assert scored.score == Score(1.0, pytest.approx(-0.1))  # type: ignore[arg-type]
    assert scored.evaluation.attained.tolist() == [10]
    assert attempt.used == Usage.of_one(10)
    attempt.count(3)
    assert told == [(Usage.of_one(10), scored.score), (Usage.of_one(3), None)]
    assert attempt.used == told[0][0] + told[1][0]


def test_an_attempt_is_exhausted_once_its_budget_is_used(space: SearchSpace) -> None:
    budget = Budget(max_evaluations=10, max_work=4 * Usage.of_one(1000).work)
    attempt = Attempt(space, budget, np.random.default_rng(0))
    for _ in range(4):
        assert not attempt.exhausted()
        attempt.count(1000, SCORE)
    assert attempt.used_part == 1.0
    assert attempt.exhausted()
    assert attempt.stop_reason is None


def test_a_stop_is_remembered(space: SearchSpace) -> None:
    reasons = iter([None, StopReason.TIME_LIMIT])
    attempt = Attempt(space, Budget(), np.random.default_rng(0), Watch(lambda: next(reasons)))
    assert [attempt.exhausted() for _ in range(3)] == [False, True, True]
    assert attempt.stop_reason is StopReason.TIME_LIMIT


def draw_and_count(attempt: Attempt, item: int) -> tuple[float, bool]:
    """Simulate nothing, but count so many evaluations."""
    for _ in range(item):
        attempt.count(1000, SCORE)
    return float(attempt.rng.random()), attempt.exhausted()


def test_an_outcome_says_what_was_used_and_what_ended_it(space: SearchSpace) -> None:
    interrupt = Interrupt()
    drawn = float(np.random.default_rng(3).random())

    def task() -> Task[tuple[float, bool]]:
        return Task(draw_and_count, 2, space, Budget(), np.random.default_rng(3))

    used = Usage.of_one(1000) + Usage.of_one(1000)
    assert task().run(Watch(interrupt)) == Outcome((drawn, False), used, None)
    interrupt.ask()
    assert task().run(Watch(interrupt)) == Outcome((drawn, True), used, StopReason.INTERRUPT)
