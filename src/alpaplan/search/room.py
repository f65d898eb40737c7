"""Clusters with headroom: the search goes on under strain, until the best placements miss some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate, best_first, best_of
from alpaplan.search.improve import improve, scored
from alpaplan.search.objective import LARGEST_STRAIN
from alpaplan.search.search import Search
from alpaplan.search.space import SearchSpace
from alpaplan.search.work import requests_work

ENOUGH = 0.999
"""Attainment of the best placement above which the stated traffic no longer tells placements apart
(a fraction; 0.995 to 1)."""

STRAINS = (1.2, 1.4, 1.6, 1.8, 2.0, 2.25, LARGEST_STRAIN)
"""Strains to try: how many times as fast requests come (factors; 1.1 to `LARGEST_STRAIN`)."""

SOME_MISSES = 0.005
"""Misses of the best placement under the strain that is searched (a fraction; 0.002 to 0.02):
enough to tell placements apart, while nearly all requests are still attained."""

PROBED = 3
"""Best placements whose misses decide about the strain (a count; 1 to 6)."""

Find = Callable[[Search], list[Candidate]]


def has_room(search: Search, found: Sequence[Candidate]) -> bool:
    """Whether the stated traffic is served nearly without misses, and there is budget left."""
    if not found or search.exhausted():
        return False
    return best_of(found).score.attainment > ENOUGH


def find_headroom(
    search: Search, found: Sequence[Candidate], starts: Find, num_starts: int
) -> list[Candidate]:
    """Search under strain, where the stated traffic is served without misses.

    Parameters
    ----------
    search
        The search for the stated traffic. Its `strain` becomes the one that placements are
        compared under.
    found
        What it found, at least one. The best of them go on under strain.
    starts
        Finds placements to improve, under any traffic.
    num_starts
        How many of all these are improved.

    Returns
    -------
    list[Candidate]
        What is found under strain, with attainments of the stated traffic and merits under strain.
    """
    strain, space = 1.0, search.space
    served = best_first(found)[:PROBED]
    under_strain: Sequence[Candidate] = served
    while strain < STRAINS[-1] and not search.exhausted():
        strain = _next_strain(search, under_strain, strain)
        space = search.space.strained(strain)
        under_strain = search.delegate(starts, 1.0, space)
        under_strain += search.map_attempts(scored, served, space=space)
        if 1 - best_of(under_strain).score.attainment >= SOME_MISSES:
            break
    ranked = best_first(under_strain)[:num_starts]
    improved = search.delegate(partial(improve, starts=ranked), 1.0, space)
    search.strain = strain
    return search.map_attempts(_as_stated, [*ranked, *improved])


def _next_strain(search: Search, found: Sequence[Candidate], strain: float) -> float:
    """Return the smallest strain above `strain` at which all of the best placements miss some.

    If there is none, return the largest.
    """
    best = best_first(found)[:PROBED]
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
