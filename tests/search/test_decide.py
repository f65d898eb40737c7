"""The choice between finalists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.context import SearchContext
from alpaplan.search.decide import decide
from alpaplan.search.stopping import StopReason
from alpaplan.simulator import Simulator
from alpaplan.workload.sampling import sample_trace
from tests.search.conftest import served_models

Draw = Callable[[np.random.Generator], Placement]


@pytest.fixture
def tried(context: SearchContext, random_placement: Draw) -> list[Candidate]:
    """Return random candidates whose scores promise the opposite of what they do."""
    rng = np.random.default_rng(8)
    made = []
    for _ in range(4):
        placement = random_placement(rng)
        score, evaluation = replace(context).evaluate(placement)
        wrong = Score(1 - score.attainment, score.negative_latency_s)
        made.append(Candidate("random", "", placement, wrong, evaluation, 1))
    return made


@pytest.fixture
def deciding(problem: PlacementProblem) -> list[Simulator]:
    """Return fresh arrivals."""
    rngs = np.random.default_rng(9).spawn(3)
    return [Simulator(problem, sample_trace(served_models(), 150.0, rng)) for rng in rngs]


def test_fresh_arrivals_outvote_the_training(
    context: SearchContext,
    problem: PlacementProblem,
    tried: list[Candidate],
    deciding: list[Simulator],
) -> None:
    best = decide(context, tried, deciding)
    assert best is not max(tried, key=lambda candidate: candidate.score)

    def mean(candidate: Candidate) -> float:
        fresh = [s.evaluate(candidate.placement).slo_attainment for s in deciding]
        return float(np.mean([candidate.score.attainment, *fresh]))

    assert mean(best) == max(mean(candidate) for candidate in tried)


def test_a_stopped_search_decides_by_the_training(
    context: SearchContext, tried: list[Candidate], deciding: list[Simulator]
) -> None:
    context.stop_reason = StopReason.TIME_LIMIT
    assert decide(context, tried, deciding) is max(tried, key=lambda item: item.score)
    assert context.num_evaluations == 0
