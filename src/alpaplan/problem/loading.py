"""How long weights take to load (design/SCHEDULE.md, S6 and S10)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.problem import PlacementProblem
from alpaplan.units import format_bytes, format_seconds


def stage_load_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return how long each stage of a replica takes to load, ``float64[H, P, S]``.

    The weights of each device over what it gets while all load at once; no time where the pool
    does not say how much that is. The start of an engine process is not in it.
    """
    bandwidths = [problem.pool_of(h).load_bandwidth_bytes_per_s for h in range(len(problem.shapes))]
    per_s = np.array(bandwidths, dtype=np.float64).reshape(-1, 1, 1)
    return np.asarray(problem.stage_weight_bytes / per_s)


def with_free_loads(problem: PlacementProblem) -> PlacementProblem:
    """Return the problem in which loading takes no time."""
    pools = tuple(replace(pool, load_bandwidth_bytes_per_s=math.inf) for pool in problem.pools)
    return replace(problem, pools=pools, load_overhead_s=0.0)


def describe_loads(problem: PlacementProblem) -> str | None:
    """Return how long loading takes, in a few words; None if it takes no time."""
    known = dict.fromkeys(pool.load_bandwidth_bytes_per_s for pool in problem.pools)
    rates = ", ".join(f"{format_bytes(per_s)}/s" for per_s in known if per_s < math.inf)
    start = format_seconds(problem.load_overhead_s) if problem.load_overhead_s else ""
    return " + ".join(part for part in (rates, start) if part) or None
