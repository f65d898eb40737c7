"""The placements of a schedule, each with the requests that arrived while it was current."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.evaluation import Replay, ratio
from alpaplan.simulator.latency_statistics import LatencyStatistics
from alpaplan.units import finite_or_none
from alpaplan.workload.trace import Trace


@dataclass(frozen=True)
class PlacementStatistics:
    """Requests that arrived while a placement was current, whenever and wherever they finished."""

    start_s: float
    requests: int
    attained: int
    latency: LatencyStatistics

    @property
    def slo_attainment(self) -> float:
        """Fraction of the requests that was attained; NaN if there were none."""
        return ratio(self.attained, self.requests)

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON; NaN becomes None."""
        return {
            "start_s": self.start_s,
            "requests": self.requests,
            "attained": self.attained,
            "slo_attainment": finite_or_none(self.slo_attainment),
            "latency_s": self.latency.to_json_dict(),
        }


def placement_statistics(
    start_s: NDArray[np.float64], trace: Trace, replay: Replay
) -> tuple[PlacementStatistics, ...]:
    """Sum up one simulation of a schedule by its placements.

    Parameters
    ----------
    start_s : float64[P]
        When each placement begins.
    trace, replay
        What was simulated, and what came out.
    """
    bounds = [0, *trace.arrival_s.searchsorted(start_s[1:]).tolist(), trace.num_requests]
    found = []
    for each_s, (first, end) in zip(start_s.tolist(), pairwise(bounds), strict=True):
        latency_s = replay.latency_s[first:end]
        attained_s = latency_s[~np.isnan(latency_s)]
        latency = LatencyStatistics.of(attained_s)
        found.append(PlacementStatistics(each_s, latency_s.size, attained_s.size, latency))
    return tuple(found)
