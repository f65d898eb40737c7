"""How far replicas batch: a first guess for each profile, and searches under given caps.

Larger batches serve more requests a second, but each takes longer, and what comes meanwhile waits
for it: batches as large as objectives allow can lose far more than they gain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.caps import batches_in_time, caps_with_room, own_limits, with_caps
from alpaplan.problem.service import batch_caps
from alpaplan.search.candidate import Candidate
from alpaplan.search.search import Search

GOOD_ENOUGH = 0.95
"""Part of the largest burst with which a smaller batch is preferred (a fraction; 0.8 to 1): it
keeps others waiting for less time."""


def guess_caps(problem: PlacementProblem) -> NDArray[np.int64]:
    """Guess the best cap on each shape for each profile, ``int64[H, P]``.

    It is the batch size with which an idle group serves the largest burst in time: batches of n
    that leave every B(n) seconds, the slowest stage, the last of them after all its stages, L(n),
    and within the objective d; together n * (d - L(n) + B(n)) / B(n) requests. Size counts as
    throughput, n / B(n), and against it as what it takes off the time to wait in. Of the sizes
    within `GOOD_ENOUGH` of that the smallest; d is the shortest objective of the profile's models.

    Given to plans for single requests, it attains as much as these or more on all 15 workloads of
    ``tests/benchmarks/batching.py``, while the same plans lose up to 24 points where replicas batch
    up to the cluster's limit.
    """
    caps = np.ones_like(problem.supported, dtype=np.int64)
    for shape, profile, objective_s, latency_s in batches_in_time(problem, longest=False):
        sizes = np.arange(1, len(latency_s) + 1)
        slowest_s = latency_s.max(axis=1)
        burst = sizes * (objective_s - latency_s.sum(axis=1) + slowest_s) / slowest_s
        good = burst >= GOOD_ENOUGH * np.nanmax(burst)
        caps[shape, profile] = int(sizes[good][0])
    return caps


def with_room(
    problem: PlacementProblem, placement: Placement, caps: NDArray[np.int64]
) -> Placement:
    """Return a placement whose replicas have given caps, lower ones where memory lacks.

    Parameters
    ----------
    problem
        The problem, with batching.
    placement
        Groups whose replicas have room for single requests.
    caps : int64[G, M]
        At least 1 where there is a replica.
    """
    fitting = np.zeros_like(caps)
    for group, shape in enumerate(placement.shapes.tolist()):
        models = np.flatnonzero(placement.replicas[group])
        fitting[group, models] = caps_with_room(problem, shape, models, caps[group, models])
    limits = own_limits(problem, placement.shapes, fitting)
    return replace(placement, max_batch_size=limits if limits.any() else None)


def find_with_caps(
    search: Search,
    caps: NDArray[np.int64],
    find: Callable[[Search], list[Candidate]],
    fraction: float = 1.0,
) -> list[Candidate]:
    """Search as if caps that replicas get were all that is allowed.

    Parameters
    ----------
    search
        Of the problem with batching.
    caps : int64[H, P]
        What every replica gets.
    find
        Searches the problem that has no larger batches.
    fraction
        The part of what is left of the budget that it may use.
    """
    problem = search.problem
    capped = with_caps(problem, caps)
    found = search.delegate(find, fraction, search.space.of(capped))
    return [_with_limits(problem, capped, candidate) for candidate in found]


def _with_limits(
    problem: PlacementProblem, capped: PlacementProblem, found: Candidate
) -> Candidate:
    """Return a candidate of a problem with lower caps as one of the problem itself."""
    placement = found.placement
    limits = own_limits(problem, placement.shapes, batch_caps(capped, placement))
    limited = replace(placement, max_batch_size=limits if limits.any() else None)
    return replace(found, placement=limited)
