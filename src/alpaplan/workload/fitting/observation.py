"""What was seen of one model in one span of time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SHORT_GAP = 0.1
"""Gaps below this part of the mean gap are counted, not measured (a fraction; 0.001 to 0.3).
Densities of bursty laws have no limit at 0, so that the shortest gaps, which a clock's rounding
makes and which no queue can tell apart, would else decide the fit: with 0.001 the processes chosen
by BIC predict the attainment of recorded LLM traffic to 10 points, with 0.1 to 5
(``tests/benchmarks/fit_quality.py``)."""


@dataclass(frozen=True)
class Observation:
    """Requests of one model in a span of time that was watched from beginning to end.

    Times are in units of the mean gap, ``duration_s / num_requests``.

    Parameters
    ----------
    arrival_s : float64[num_requests]
        Non-decreasing, from 0 to `duration_s`; at least one.
    duration_s
        Length of the span; above 0.
    """

    arrival_s: NDArray[np.float64]
    duration_s: float

    @property
    def num_requests(self) -> int:
        """Number of requests."""
        return int(self.arrival_s.size)

    @property
    def rate_rps(self) -> float:
        """Requests over the length: what every fit keeps, and Poisson's likeliest rate."""
        return self.num_requests / self.duration_s

    @cached_property
    def gaps(self) -> NDArray[np.float64]:
        """All gaps between requests, shape ``[num_requests - 1]``; short ones are `SHORT_GAP`."""
        return np.maximum(np.diff(self.arrival_s) * self.rate_rps, SHORT_GAP)

    @cached_property
    def is_short(self) -> NDArray[np.bool_]:
        """Whether each gap is short."""
        return self.gaps <= SHORT_GAP

    @cached_property
    def long_gaps(self) -> NDArray[np.float64]:
        """The gaps that are not short, in their order."""
        return self.gaps[~self.is_short]

    @property
    def num_short(self) -> int:
        """Number of short gaps."""
        return self.gaps.size - self.long_gaps.size

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """What was seen of the gaps that reach beyond the span, shape ``[2]``.

        From the beginning to the first request, and from the last one to the end.
        """
        first, last = self.arrival_s[0], self.arrival_s[-1]
        return np.array([first, max(self.duration_s - last, 0.0)]) * self.rate_rps
