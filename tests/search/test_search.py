"""Searches: how they divide budgets and random numbers, and what they add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alpaplan.search.attempt import Attempt, Watch
from alpaplan.search.budget import Budget, Usage
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.search import Search
from alpaplan.search.stopping import Interrupt
from alpaplan.search.workers import threads
from alpaplan.specs.choices import StopReason

SCORE = Score(0.5, -1.0)


@pytest.fixture
def search(search: Search) -> Search:
    """Return a search without a budget."""
    return replace(search, budget=Budget())


def draw(attempt: Attempt, _: int) -> float:
    """Return a random number."""
    return float(attempt.rng.random())


def count(attempt: Attempt, item: int) -> int | None:
    """Count as many evaluations as the item says, and one; return what was allowed."""
    for _ in range(item):
        attempt.count(1000, SCORE)
    attempt.count(10)
    return attempt.budget.max_evaluations


def seeded(search: Search, seed: int) -> Search:
    return replace(search, rng=np.random.default_rng(seed))


def test_attempts_draw_independently_and_the_same_every_time(search: Search) -> None:
    first, again = (seeded(search, 4).map_attempts(draw, range(5)) for _ in range(2))
    assert first == again
    assert len(set(first)) == 5
    assert seeded(search, 5).map_attempts(draw, range(5)) != first
    # More of one step's attempts do not change those before them.
    assert seeded(search, 4).map_attempts(draw, range(7))[:5] == first
    # Attempts of a later step draw other numbers.
    both = seeded(search, 4)
    assert set(both.map_attempts(draw, range(5))).isdisjoint(both.map_attempts(draw, range(5)))


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_attempts_use_counts_for_the_whole(search: Search, jobs: int) -> None:
    with threads(jobs) as workers:
        whole = replace(search, budget=Budget(max_evaluations=100), workers=workers)
        assert whole.map_attempts(count, [1, 2, 3], fraction=0.6) == [20, 20, 20]
        used = Usage(6, 6 * Usage.of_one(1000).work) + Usage(3, 3 * Usage.of_one(10).work)
        assert whole.used == used
        assert whole.map_attempts(count, []) == []
        assert whole.used == used
        # Shares are of what is left.
        assert whole.map_attempts(count, [0]) == [91]


def test_a_search_is_exhausted_once_its_attempts_used_the_budget(search: Search) -> None:
    limited = replace(search, budget=Budget(max_evaluations=7))
    limited.map_attempts(count, [2])
    assert not limited.exhausted()
    limited.map_attempts(count, [3])
    assert limited.exhausted()
    assert limited.stop_reason is None


def test_a_stop_in_an_attempt_stops_the_search(search: Search) -> None:
    interrupt = Interrupt()

    def attempt(own: Attempt, item: int) -> bool:
        if item:
            interrupt.ask()
        return own.exhausted()

    whole = replace(search, watch=Watch(interrupt))
    assert whole.map_attempts(attempt, [0, 1]) == [False, True]
    assert whole.stop_reason is StopReason.INTERRUPT
    assert whole.exhausted()


def test_another_method_gets_a_part_of_the_budget(search: Search) -> None:
    parts: list[Search] = []

    def find(part: Search) -> list[Candidate]:
        parts.append(part)
        part.map_attempts(count, [4])
        part.stop_reason = StopReason.TIME_LIMIT
        return []

    whole = replace(search, budget=Budget(max_evaluations=100))
    whole.map_attempts(count, [9])
    assert whole.delegate(find, 0.5) == []
    (part,) = parts
    assert part.budget == Budget(max_evaluations=45)
    assert part.rng is not whole.rng
    assert whole.used.num_evaluations == 15
    assert whole.stop_reason is StopReason.TIME_LIMIT


def test_steps_log_what_was_simulated_since_the_last_one(search: Search) -> None:
    search.map_attempts(count, [0])
    search.log("first", SCORE, "a note")
    search.map_attempts(count, [1])
    search.log("second", Score(0.7, -1.0))
    assert [(step.name, step.num_evaluations, step.notes) for step in search.steps] == [
        ("first", 1, ("a note",)),
        ("second", 2, ()),
    ]
    assert search.steps[1].best.attainment == 0.7
