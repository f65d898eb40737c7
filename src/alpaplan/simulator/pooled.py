"""All devices as one preemptive machine: what no division of them into groups can surpass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator._jit import compiled_pooled_kernel


def dropped_work_s(
    arrival_s: NDArray[np.float64],
    deadline_s: NDArray[np.float64],
    work_s: NDArray[np.float64],
    level: NDArray[np.int64],
    speed: float,
) -> NDArray[np.float64]:
    """Return the least work of the first levels' requests that must be left undone in time.

    Preemptive earliest-deadline-first does as much work within the deadlines as any schedule
    on one machine can: work is a set of equal unit jobs, and exchanging a unit for one with an
    earlier deadline never makes a schedule infeasible (Horn, "Some simple scheduling
    algorithms", Naval Research Logistics Quarterly 21, 1974).

    Parameters
    ----------
    arrival_s, deadline_s, work_s : float64[N]
        The requests in order of arrival, and the machine-seconds at speed 1 of each.
    level : int64[N]
        Level of each request, from 0.
    speed
        Work that the machine does in a second, above 0.

    Returns
    -------
    float64[L]
        Entry `k` is for the requests of levels up to `k`; `L` is the highest level plus 1.
    """
    # Times near 0 are the finest: a clock that counts since 1970 would round each step.
    start_s = arrival_s[0] if arrival_s.size else 0.0
    dropped_s = np.zeros(int(level.max(initial=-1)) + 1, dtype=np.float64)
    compiled_pooled_kernel()(
        np.ascontiguousarray(arrival_s - start_s),
        np.ascontiguousarray(deadline_s - start_s),
        np.array(work_s, dtype=np.float64),
        np.array(level, dtype=np.int64),
        float(speed),
        np.empty(arrival_s.size, dtype=np.float64),
        np.empty(arrival_s.size, dtype=np.int64),
        dropped_s,
    )
    return dropped_s
