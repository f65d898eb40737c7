"""Attempts of a search from the winner on, and what its steps gained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alpaplan.analysis.attempts import Verdict, ranked_attempts, step_gains
from alpaplan.problem import Placement
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.planner import PlanResult
from alpaplan.search.search import SearchStep
from tests import builders as make
from tests.solved import solved


@pytest.fixture(scope="module")
def result() -> PlanResult:
    return solved([make.model("m")], max_evaluations=20).result


def candidate(result: PlanResult, attainment: float, latency_s: float) -> Candidate:
    return replace(result.best, score=Score(attainment, -latency_s))


def test_attempts_are_ranked_behind_the_winner(result: PlanResult) -> None:
    nothing = Placement(np.zeros(0, dtype=np.int64), np.zeros((0, 1), dtype=np.bool_))
    tried = (
        replace(candidate(result, 0.0, np.inf), placement=nothing),
        candidate(result, 0.90, 0.1),
        candidate(result, 0.95, 0.3),
        candidate(result, 0.95, 0.2),
        candidate(result, 0.95, 0.2),
        candidate(result, 0.96, 0.5),
    )
    attempts = ranked_attempts(replace(result, tried=tried, chosen=3))
    assert [attempt.verdict for attempt in attempts] == [
        Verdict.CHOSEN,
        Verdict.WORSE_ON_FRESH_ARRIVALS,
        Verdict.LATER,
        Verdict.SLOWER,
        Verdict.MISSES_MORE,
        Verdict.NOT_REACHED,
    ]
    assert attempts[0].candidate is tried[3]
    assert attempts[3].slower_s == pytest.approx(0.1)
    assert attempts[4].missed_more == pytest.approx(0.05)


def test_a_step_gains_over_the_one_before(result: PlanResult) -> None:
    steps = tuple(SearchStep(name, Score(at, -0.1), 9) for name, at in (("a", 0.9), ("b", 0.85)))
    gains = step_gains(replace(result, steps=steps))
    assert [gain.step.name for gain in gains] == ["a", "b"]
    assert [gain.gained for gain in gains] == pytest.approx([0.9, -0.05])
    assert step_gains(replace(result, steps=())) == ()
