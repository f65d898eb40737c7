"""What a placement's nodes cost: who rents a node pays for all of it, however few devices work."""

from __future__ import annotations

import math
from collections.abc import Iterable

from alpaplan.problem.problem import PlacementProblem


def has_costs(problem: PlacementProblem) -> bool:
    """Whether any pool says what its nodes cost."""
    return any(pool.cost_per_hour is not None for pool in problem.pools)


def cost_per_hour(problem: PlacementProblem, nodes: Iterable[tuple[int, int]]) -> float:
    """Return what some nodes cost in an hour; those of pools that do not say cost nothing.

    Parameters
    ----------
    problem
        The pools.
    nodes
        Pool and number in the pool of each node; one that comes twice is paid once.
    """
    pools = sorted(pool for pool, _ in set(nodes))
    return math.fsum(problem.pools[pool].cost_per_hour or 0.0 for pool in pools)
