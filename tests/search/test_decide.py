"""The choice between finalists."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.budget import Usage
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.caps import with_room
from alpaplan.search.decide import FINALISTS, decide
from alpaplan.search.search import Search
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import StopReason
from alpaplan.workload.sampling import sample_trace
from alpaplan.workload.trace import Trace
from tests.search.conftest import search_on, served_models

Draw = Callable[[np.random.Generator], Placement]


@pytest.fixture
def tried(search: Search, random_placement: Draw) -> list[Candidate]:
    """Return random candidates whose scores promise the opposite of what they do."""
    rng = np.random.default_rng(8)
    made = []
    for number in range(4):
        placement = random_placement(rng)
        scored = search.space.score(placement)
        wrong = Score(1 - scored.score.attainment, scored.score.negative_latency_s)
        made.append(Candidate("random", f"{number}", placement, wrong, scored.evaluation, 1))
    return made


@pytest.fixture
def deciding() -> list[Trace]:
    """Return fresh arrivals."""
    rngs = np.random.default_rng(9).spawn(3)
    return [sample_trace(served_models(), 150.0, rng) for rng in rngs]


def test_fresh_arrivals_outvote_the_training(
    search: Search,
    problem: PlacementProblem,
    tried: list[Candidate],
    deciding: list[Trace],
) -> None:
    best = decide(search, tried, deciding)
    assert best is not max(tried, key=lambda candidate: candidate.score)

    def mean(candidate: Candidate) -> float:
        simulators = [Simulator(problem, trace) for trace in deciding]
        fresh = [s.evaluate(candidate.placement).slo_attainment for s in simulators]
        return float(np.mean([candidate.score.attainment, *fresh]))

    assert mean(best) == max(mean(candidate) for candidate in tried)


def test_a_stopped_search_decides_by_the_training(
    search: Search, tried: list[Candidate], deciding: list[Trace]
) -> None:
    search.stop_reason = StopReason.TIME_LIMIT
    assert decide(search, tried, deciding) is max(tried, key=lambda item: item.score)
    assert search.used == Usage()


def test_where_nothing_is_missed_the_placement_with_more_to_spare_wins(
    search: Search, problem: PlacementProblem, simulator: Simulator
) -> None:
    # A request of 80 ms every 90 ms: one device suffices, but not at 1.25 times the rate.
    single = next(h for h, s in enumerate(problem.shapes) if s.num_devices == 1)
    row = np.zeros((1, problem.num_models), dtype=np.bool_)
    row[0, 0] = True
    names = problem.model_names
    times_s = np.arange(0, 60, 0.09)
    calm = Trace(times_s, np.zeros(times_s.size, dtype=np.int32), names, 60.0)
    made = []
    for copies in (1, 2):
        placement = Placement(np.full(copies, single), np.repeat(row, copies, axis=0))
        evaluation = Simulator(problem, calm).evaluate(placement)
        score = Score.of(problem, evaluation)
        made.append(Candidate("m", f"{copies}", placement, score, evaluation, 1))
    assert made[0].score.attainment == made[1].score.attainment == 1.0
    assert decide(search, made, [calm]) is made[1]


def test_a_candidate_without_batches_is_always_among_those_compared(
    batching: PlacementProblem,
    batching_simulator: Simulator,
    deciding: list[Trace],
    random_placement: Draw,
) -> None:
    search = search_on(batching_simulator)
    rng = np.random.default_rng(8)
    tried = []
    for number in range(10):
        placement = random_placement(rng)
        caps = np.full(placement.replicas.shape, 1 if number == 9 else 2)
        limited = with_room(batching, placement, caps)
        evaluation = search.space.score(limited).evaluation
        # The one without batches seems to be the worst.
        score = Score(0.9 - number / 100, -1.0)
        tried.append(Candidate("m", f"{number}", limited, score, evaluation, 1))
    decide(search, tried, deciding)
    (step,) = search.steps
    compared = [note.split(":")[0] for note in step.notes]
    assert compared == [*(str(number) for number in range(FINALISTS)), "9"]
