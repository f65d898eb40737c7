"""What a search tried: its attempts from the winner on, and what each of its steps gained."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import Enum

from alpaplan.search.candidate import Candidate, best_first
from alpaplan.search.planner import PlanResult
from alpaplan.search.search import SearchStep


class Verdict(Enum):
    """Why an attempt won or lost."""

    CHOSEN = "chosen"
    NOT_REACHED = "not reached"
    WORSE_ON_FRESH_ARRIVALS = "worse on fresh arrivals"
    MISSES_MORE = "misses more"
    LESS_TO_SPARE = "less to spare"
    SLOWER = "slower"
    LATER = "as good, tried later"


@dataclass(frozen=True)
class AttemptSummary:
    """One attempt beside the winner, on the training arrivals.

    Parameters
    ----------
    candidate
        What it found.
    verdict
        Why it won or lost.
    missed_more
        Attainment that it lacks, a fraction; below 0 if it was better in training.
    slower_s
        Mean latency on top of the winner's; below 0 if it was faster.
    """

    candidate: Candidate
    verdict: Verdict
    missed_more: float
    slower_s: float


@dataclass(frozen=True)
class StepGain:
    """What a step of the search added to the attainment of the steps before it, a fraction."""

    step: SearchStep
    gained: float


def ranked_attempts(result: PlanResult) -> tuple[AttemptSummary, ...]:
    """Return all attempts: the winner, then the others from the best in training on."""
    winner = result.tried[result.chosen]
    others = best_first([candidate for candidate in result.tried if candidate is not winner])
    return tuple(
        AttemptSummary(
            candidate,
            _verdict(candidate, winner),
            winner.score.attainment - candidate.score.attainment,
            winner.score.negative_latency_s - candidate.score.negative_latency_s,
        )
        for candidate in (winner, *others)
    )


def leading_attempts(result: PlanResult, most: int) -> tuple[AttemptSummary, ...]:
    """Return the winner and the best others, one for each other division into groups.

    Parameters
    ----------
    result
        What the search found.
    most
        Most attempts beside the winner.
    """
    winner, *others = ranked_attempts(result)
    best: dict[tuple[int, ...], AttemptSummary] = {}
    for attempt in others:
        if attempt.verdict is not Verdict.NOT_REACHED:
            best.setdefault(_division(attempt.candidate), attempt)
    best.pop(_division(winner.candidate), None)
    return (winner, *itertools.islice(best.values(), most))


def step_gains(result: PlanResult) -> tuple[StepGain, ...]:
    """Return what each step gained; the first one from nothing."""
    before = 0.0
    gains = []
    for step in result.steps:
        gains.append(StepGain(step, step.best.attainment - before))
        before = step.best.attainment
    return tuple(gains)


def _division(candidate: Candidate) -> tuple[int, ...]:
    """Return how the devices are divided into groups, whatever the order of these."""
    return tuple(sorted(candidate.placement.shapes.tolist()))


def _verdict(candidate: Candidate, winner: Candidate) -> Verdict:
    if candidate is winner:
        return Verdict.CHOSEN
    if not candidate.placement.replicas.any():
        return Verdict.NOT_REACHED
    if candidate.score > winner.score:
        return Verdict.WORSE_ON_FRESH_ARRIVALS
    if candidate.score.merit is not None and candidate.score.compared < winner.score.compared:
        return Verdict.LESS_TO_SPARE
    if candidate.score.attainment < winner.score.attainment:
        return Verdict.MISSES_MORE
    if candidate.score.negative_latency_s < winner.score.negative_latency_s:
        return Verdict.SLOWER
    return Verdict.LATER
