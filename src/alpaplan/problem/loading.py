"""How long weights take to load (design/SCHEDULE.md, S6 and S10)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.problem import PlacementProblem


def stage_load_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return how long each stage of a replica takes to load, ``float64[H, P, S]``.

    The weights of each device over what it gets while all load at once; no time where the pool
    does not say how much that is. The start of an engine process is not in it.
    """
    bandwidths = [problem.pool_of(h).load_bandwidth_bytes_per_s for h in range(len(problem.shapes))]
    per_s = np.array(bandwidths, dtype=np.float64).reshape(-1, 1, 1)
    return np.asarray(problem.stage_weight_bytes / per_s)
