"""Mean and percentiles of latencies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.units import finite_or_none


@dataclass(frozen=True)
class LatencyStatistics:
    """Mean and percentiles of latencies in seconds; all NaN if there are no latencies."""

    mean_s: float
    p50_s: float
    p90_s: float
    p99_s: float

    @classmethod
    def of(cls, latency_s: NDArray[np.float64]) -> LatencyStatistics:
        """Sum up latencies; percentiles interpolate linearly.

        Parameters
        ----------
        latency_s : float64[num_attained]
            Latencies of attained requests, without NaN.
        """
        if not latency_s.size:
            return cls(math.nan, math.nan, math.nan, math.nan)
        ordered = np.sort(latency_s)
        quantiles_s = (_quantile(ordered, fraction) for fraction in (0.5, 0.9, 0.99))
        return cls(float(latency_s.mean()), *quantiles_s)

    def to_json_dict(self) -> dict[str, float | None]:
        """Return the data for JSON; NaN becomes None."""
        return {
            "mean": finite_or_none(self.mean_s),
            "p50": finite_or_none(self.p50_s),
            "p90": finite_or_none(self.p90_s),
            "p99": finite_or_none(self.p99_s),
        }


def _quantile(ordered: NDArray[np.float64], fraction: float) -> float:
    """Return a quantile of sorted values, equal to that of `numpy.quantile` to the last bit.

    `numpy.quantile` takes twice as long for a few quantiles of a large array, and imports modules
    that nothing else needs.
    """
    place = (ordered.size - 1) * fraction
    below = int(place)
    low, high = float(ordered[below]), float(ordered[min(below + 1, ordered.size - 1)])
    part, gap = place - below, high - low
    return low + gap * part if part < 0.5 else high - gap * (1 - part)
