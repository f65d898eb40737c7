"""Clusters with headroom: the search goes on under strain, until the best placements miss some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate, best_of
from alpaplan.search.improve import improve
from alpaplan.search.objective import LARGEST_STRAIN
from alpaplan.search.search import Search
from alpaplan.search.space import SearchSpace
from alpaplan.search.work import requests_work

FEW_MISSES = 0.001
"""Misses of the best placement below which the stated traffic no longer tells placements apart (a
fraction; 0 to 0.005)."""

STRAINS = (1.2, 1.4, 1.6, 1.8, 2.0, 2.25, LARGEST_STRAIN)
"""Strains to try: how many times as fast requests come (factors; 1.1 to `LARGEST_STRAIN`)."""

SOME_MISSES = 0.005
"""Misses of the best placement under the strain that is searched (a fraction; 0.002 to 0.02):
enough to tell placements apart, while nearly all requests are still attained."""

PROBED = 3
"""Best placements whose misses decide about the strain (a count; 1 to 6)."""

Find = Callable[[Search], list[Candidate]]


def find_with_room(search: Search, found: list[Candidate], starts: Find, num_starts: int) -> bool:
    """Search under strain if the stated traffic is served without misses, and replace `found`.

    Parameters
    ----------
    search
        The search for the stated traffic. Its `strain` becomes the one that placements were
        compared under.
    found
        What it found. Replaced by what is found under strain, with attainments of the stated
        traffic and merits under strain.
    starts
        Finds placements to improve, under any traffic.
    num_starts
        How many of these are improved.

    Returns
    -------
    bool
        Whether there is headroom; if not, nothing is changed.
    """
    if search.exhausted() or not found or 1 - best_of(found).score.attainment >= FEW_MISSES:
        return False
    strain, space, under_strain = 1.0, search.space, found
    while strain < STRAINS[-1] and not search.exhausted():
        strain = _next_strain(search, under_strain, strain)
        space = search.space.strained(strain)
        under_strain = search.delegate(starts, 1.0, space)
        if 1 - best_of(under_strain).score.attainment >= SOME_MISSES:
            break
    ranked = sorted(under_strain, key=lambda candidate: candidate.score, reverse=True)[:num_starts]
    improved = search.delegate(partial(improve, starts=ranked), 1.0, space)
    search.strain = strain
    found[:] = search.map_attempts(_as_stated, [*ranked, *improved])
    return True


def _next_strain(search: Search, found: Sequence[Candidate], strain: float) -> float:
    """Return the smallest strain above `strain` at which all of the best placements miss some.

    If there is none, return the largest.
    """
    best = sorted(found, key=lambda candidate: candidate.score, reverse=True)[:PROBED]
    for larger in STRAINS:
        if larger > strain:
            space = search.space.strained(larger)
            if min(search.map_attempts(partial(_misses, space=space), best)) >= SOME_MISSES:
                return larger
    return STRAINS[-1]


def _misses(attempt: Attempt, candidate: Candidate, space: SearchSpace) -> float:
    """Return the fraction that a placement misses of the first arrivals of a space."""
    evaluation = space.screening.evaluate(candidate.placement)
    attempt.count(requests_work(space.problem, candidate.placement, evaluation))
    return 1 - evaluation.weighted_attainment(space.problem.model_weight)


def _as_stated(attempt: Attempt, found: Candidate) -> Candidate:
    """Return a candidate with its attainment of the stated traffic, and its merit as it is."""
    stated = attempt.evaluate(found.placement)
    score = replace(stated.score, merit=found.score.merit)
    return replace(found, score=score, evaluation=stated.evaluation)
