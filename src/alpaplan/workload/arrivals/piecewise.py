"""Windows of time, each with an arrival process of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import TooManyArrivalsError
from alpaplan.units import format_seconds
from alpaplan.workload.arrivals.base import (
    MAX_ARRIVALS,
    ArrivalProcess,
    before,
    check_sample_size,
)

MAX_WINDOWS = 1_000_000
"""Most windows of one sample; each is drawn on its own."""


@dataclass(frozen=True)
class Piecewise:
    """Windows one after another; after the last the first comes again.

    Every window starts its process anew, with a generator of its own.

    Parameters
    ----------
    durations_s
        Length of each window.
    processes
        Process of each window; without one nothing arrives.
    """

    durations_s: tuple[float, ...]
    processes: tuple[ArrivalProcess | None, ...]

    @property
    def rate_rps(self) -> float:
        """Mean of the windows' rates, weighted with their lengths."""
        pairs = zip(self.durations_s, self.processes, strict=True)
        arrivals = math.fsum(length * process.rate_rps for length, process in pairs if process)
        return arrivals / math.fsum(self.durations_s)

    @property
    def cv(self) -> float:
        """NaN: the gaps follow no one distribution."""
        return math.nan

    @property
    def dispersion(self) -> float:
        """NaN: how much counts vary depends on which windows they are of."""
        return math.nan

    def sample(
        self, duration_s: float, rng: np.random.Generator, *, cold_start: bool = False
    ) -> NDArray[np.float64]:
        """Draw the arrivals in ``[0, duration_s)``; see `ArrivalProcess.sample`."""
        check_sample_size(0.0, duration_s)
        num_windows = len(self.durations_s) * duration_s / math.fsum(self.durations_s)
        if num_windows > MAX_WINDOWS:
            raise TooManyArrivalsError(
                f"must be at most {MAX_WINDOWS:,} windows, found about {num_windows:.3g} "
                f"within {format_seconds(duration_s)}"
            )
        parts, num_arrivals, start_s = [np.empty(0)], 0, 0.0
        for length_s, process in cycle(zip(self.durations_s, self.processes, strict=True)):
            if start_s >= duration_s:
                break
            if process is not None:
                (own_rng,) = rng.spawn(1)
                part = process.sample(min(length_s, duration_s - start_s), own_rng)
                parts.append(part + start_s)
                num_arrivals += part.size
            if num_arrivals > MAX_ARRIVALS:
                raise TooManyArrivalsError(f"must be at most {MAX_ARRIVALS:,} arrivals, found more")
            start_s += length_s
        return before(np.concatenate(parts), duration_s)
