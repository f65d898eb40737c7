"""Local improvement: random moves under one acceptance rule (simulated annealing)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from alpaplan.problem import PlacementProblem
from alpaplan.search.attempt import Attempt
from alpaplan.search.budget import BASE_MODELS
from alpaplan.search.candidate import Candidate, best_first
from alpaplan.search.moves import names_of_moves
from alpaplan.search.raced_walk import RacedWalk
from alpaplan.search.search import Search
from alpaplan.search.simulated_walk import SimulatedWalk
from alpaplan.search.walk import MoveCounts, Walk

FIRST_TEMPERATURE = 0.01
LAST_TEMPERATURE = 0.0005
"""Temperature at the start and at the end, as parts of what is missed now, with up to `BASE_MODELS`
models (fractions; 0.002 to 0.05 and 0 to 0.005). A move that costs this part of the misses is taken
every third time."""

IDLE_MOVES = 200
"""Moves in a row that find nothing to change before an attempt ends (a count; 50 to 1,000)."""

PATIENCE = 3
"""Simulated moves without a new best after which an attempt ends, as a multiple of the number of
changes there are: about ``G * M`` additions, ``R**2 / 4`` swaps of R replicas, and 20 changes of
shape (a factor; 2 to 10). Small problems are done long before their budget is."""

FINAL_ATTEMPTS = 2
"""Attempts that run to the end side by side (a count; 1 to 8), whatever the number of workers."""


@dataclass(frozen=True)
class Improvement:
    """How far an improvement has come; the next attempt takes it up again.

    Parameters
    ----------
    current, best
        Where it is, and the best placement it has seen.
    counts
        How moves did.
    """

    current: Candidate
    best: Candidate
    counts: MoveCounts


def improve(
    search: Search, starts: Sequence[Candidate], enough: float = math.inf
) -> list[Candidate]:
    """Improve several starts, give up the worse half again and again, and finish the best.

    Each round has an equal part of the budget; without a budget nothing is done. Where changes are
    raced, the last round looks at the longer arrivals.

    Parameters
    ----------
    search
        Its budget is used up, unless a stopping criterion ends it before.
    starts
        Where to start, at least one.
    enough
        Attainment above which it ends after a round: the arrivals no longer tell placements apart.

    Returns
    -------
    list[Candidate]
        The best placement of every attempt of the last round, best first.
    """
    if not search.budget.is_limited:
        return []
    names = names_of_moves(search.problem)
    improvements = [Improvement(start, start, MoveCounts.of(len(names))) for start in starts]
    num_rounds = max(1, math.ceil(math.log2(max(1, len(improvements) / FINAL_ATTEMPTS))) + 1)
    for number in range(num_rounds):
        span = (number / num_rounds, (number + 1) / num_rounds)
        to_come = num_rounds - 1 - number
        is_longer = not to_come and is_raced(search.problem)
        space = search.space.lengthened() if is_longer else search.space
        improvements = search.map_attempts(
            partial(_anneal, span=span), improvements, fraction=1 / (to_come + 1), space=space
        )
        improvements.sort(key=lambda each: each.best.score, reverse=True)
        found = [each.best for each in improvements]
        if space is not search.space:
            found = best_first(search.map_attempts(scored, found))
        search.log(
            f"improvement, round {number + 1} of {num_rounds} ({len(found)} placements, "
            f"{space.training.trace.num_requests:,} requests)",
            found[0].score,
            *(() if to_come else _notes(names, improvements)),
        )
        if found[0].score.attainment > enough:
            break
        improvements = improvements[: max(FINAL_ATTEMPTS, (len(improvements) + 1) // 2)]
    return found


def scored(attempt: Attempt, found: Candidate) -> Candidate:
    """Return a placement with what it attains where the attempt searches."""
    anew = attempt.evaluate(found.placement)
    return replace(found, score=anew.score, evaluation=anew.evaluation)


def _anneal(attempt: Attempt, start: Improvement, span: tuple[float, float]) -> Improvement:
    """Go on over a span of the whole schedule, from 0 to 1, until the attempt's budget is used."""
    walk = _walk_from(attempt, start.current)
    at_best = walk if start.best is start.current else _walk_from(attempt, start.best)
    best = replace(start.best, score=at_best.score, evaluation=at_best.evaluation)
    simulated_at_best = 0
    while walk.idle < IDLE_MOVES and not attempt.exhausted():
        left = _patience(walk) - (walk.num_simulated - simulated_at_best)
        if left <= 0:
            break
        progress = span[0] + (span[1] - span[0]) * attempt.used_part
        if walk.step(_temperature(walk, progress), left) and walk.score > best.score:
            simulated_at_best = walk.num_simulated
            best = walk.candidate()
    return Improvement(walk.candidate(), best, start.counts + walk.counts)


def _walk_from(attempt: Attempt, start: Candidate) -> Walk:
    kind = RacedWalk if is_raced(attempt.problem) else SimulatedWalk
    return kind(attempt, start)


def is_raced(problem: PlacementProblem) -> bool:
    """Whether changes to placements are raced, by compiled loops."""
    return problem.batches is None and problem.engines is None


def _temperature(walk: Walk, progress: float) -> float:
    """Return how much merit a change may lose on average.

    The temperature falls in proportion with what is missed, which spans orders of magnitude
    between problems. A move changes what a few models miss, a smaller part of it the more models
    there are: with 480, a temperature that suits 60 accepts every third addition, and the walk
    gains nothing.
    """
    attainment = walk.score.attainment
    part = FIRST_TEMPERATURE + (LAST_TEMPERATURE - FIRST_TEMPERATURE) * min(1.0, progress)
    part *= min(1.0, BASE_MODELS / walk.attempt.problem.num_models)
    return part * (1.0 - attainment) * walk.attempt.space.objective.worth(attainment)


def _patience(walk: Walk) -> int:
    replicas = walk.placement.replicas
    num_replicas = int(replicas.sum())
    return PATIENCE * (replicas.size + num_replicas**2 // 4 + 20)


def _notes(names: Sequence[str], improvements: Sequence[Improvement]) -> list[str]:
    """Describe how each move did in the improvements that ran to the end, a line each."""
    counts = sum((each.counts for each in improvements), MoveCounts.of(len(names)))
    return [
        f"{name}: {simulated} simulated, {accepted} accepted, {improved} better"
        for name, simulated, accepted, improved in zip(
            names,
            counts.simulated.tolist(),
            counts.accepted.tolist(),
            counts.improved.tolist(),
            strict=True,
        )
    ]
