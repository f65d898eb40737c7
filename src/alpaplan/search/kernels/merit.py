"""The merit that placements are compared by: a formula that compiled loops use too."""

from __future__ import annotations

import math

from alpaplan.simulator.kernels.compiling import in_kernel

UNCOUNTED_MISSES = 0.001
"""Misses that are as good as none (a fraction; 0.0001 to 0.01)."""

ATTAINMENT_ALONE = -1.0
"""Weight of latency that says that the merit is the attainment."""


@in_kernel
def merit_of(attainment: float, latency_s: float, latency_weight: float) -> float:
    """Return the merit before penalties: larger is better.

    Parameters
    ----------
    attainment, latency_s
        Weighted attainment, and the mean latency of attained requests.
    latency_weight
        How much the logarithm of the latency counts beside that of the misses; negative if the
        attainment alone is compared.
    """
    if latency_weight < 0:
        return attainment
    if not latency_s > 0:
        return -math.inf
    return -math.log(1 - attainment + UNCOUNTED_MISSES) - latency_weight * math.log(latency_s)
