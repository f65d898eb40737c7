"""Caps on batch sizes: a first guess for each profile, and searches under given caps.

Larger batches serve more requests per second, but each takes longer, and requests that arrive
meanwhile wait for it. Batches as large as the objectives allow can lose far more than they gain.
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
"""A smaller batch is preferred if it serves this part of the largest burst (a fraction; 0.8 to 1):
others wait for it for less time."""


def guess_caps(problem: PlacementProblem) -> NDArray[np.int64]:
    """Guess the best cap on each shape for each profile, ``int64[H, P]``.

    The guess is the batch size with which an idle group serves the largest burst in time. With
    B(n) the time of the slowest stage for a batch of n, L(n) that of all stages, and d the shortest
    objective of the profile's models, a batch leaves every B(n) seconds, and the last one has to
    start by d - L(n). That makes n * (d - L(n) + B(n)) / B(n) requests: large batches raise the
    throughput, n / B(n), and shorten the time in which requests may wait. The smallest size within
    `GOOD_ENOUGH` of the best one is returned.

    With these caps, plans made for single requests lose nothing on any of the 15 workloads of
    ``tests/benchmarks/batching.py``; with the cluster's limit as the cap they lose up to 24
    percentage points of attainment.
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
    """Return a placement with the given caps, lowered where memory does not suffice.

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
    """Search with the given caps on all replicas.

    Parameters
    ----------
    search
        A search of the problem with batching.
    caps : int64[H, P]
        Largest batch of every replica, by shape and profile.
    find
        Searches the problem in which no larger batches are possible.
    fraction
        Fraction of the remaining budget that it may use.
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
