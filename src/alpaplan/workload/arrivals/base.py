"""What every arrival process offers, and the running sums that all of them sample with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import TooManyArrivalsError
from alpaplan.units import format_seconds

MAX_ARRIVALS = 22_000_000
"""Most arrivals of one sample (a count; 20 to 30 million), so that a slip in a rate does not fill
the memory: they take 1.4 GB with their token counts, and become a trace file in 9 s of one core.
The 20 million of one run of planning for 100,000 models are within it."""

_CHUNK_SIZE = 1 << 16
"""Numbers drawn in one go: few enough to stay in a core's cache, enough to hide Python."""


class ArrivalProcess(Protocol):
    """A random process that generates the requests of one model."""

    @property
    def rate_rps(self) -> float:
        """Mean number of arrivals a second, over the long run."""

    @property
    def cv(self) -> float:
        """Standard deviation over mean of the gaps between arrivals; NaN if not defined."""

    @property
    def dispersion(self) -> float:
        """Variance over mean of the number of arrivals in ever longer windows.

        The asymptotic index of dispersion of counts: 1 for Poisson arrivals, infinite if gaps
        have no variance, NaN if not defined. Queues in heavy traffic are as long as it says,
        also where gaps depend on each other, so that their `cv` does not tell.
        """

    def sample(
        self, duration_s: float, rng: np.random.Generator, *, cold_start: bool = False
    ) -> NDArray[np.float64]:
        """Draw the arrivals in ``[0, duration_s)``.

        With a generator in the same state, a longer time gives the same arrivals and more
        after them, bit for bit.

        Parameters
        ----------
        duration_s
            Length of the sample.
        rng
            Source of randomness.
        cold_start
            Start a renewal process at time 0 with a whole gap, as if an arrival had just
            been, in place of its stationary state. Other processes know no such start.

        Returns
        -------
        float64[num_arrivals]
            In seconds, non-decreasing.

        Raises
        ------
        TooManyArrivalsError
            If there are more than `MAX_ARRIVALS`.
        ValueError
            If `duration_s` is negative or not finite.
        """


def check_sample_size(rate_rps: float, duration_s: float) -> None:
    """Refuse a sample that cannot be meant, before memory is spent on it.

    Raises
    ------
    TooManyArrivalsError
        If more than `MAX_ARRIVALS` are expected.
    ValueError
        If `duration_s` is negative or not finite.
    """
    if not 0 <= duration_s < np.inf:
        raise ValueError(f"duration_s must be finite and not negative, found {duration_s}")
    if rate_rps * duration_s > MAX_ARRIVALS:
        raise TooManyArrivalsError(
            f"must be at most {MAX_ARRIVALS:,} arrivals, found about {rate_rps * duration_s:.3g} "
            f"({rate_rps:g} requests/s for {format_seconds(duration_s)})"
        )


def running_sums(
    first: float, draw: Callable[[int], NDArray[np.float64]], mean: float, end: float
) -> NDArray[np.float64]:
    """Add up draws one after another until the sum reaches `end`.

    Sums are carried from chunk to chunk in the order of the draws, so the result does not
    depend on how the draws were cut into chunks.

    Parameters
    ----------
    first
        The first sum.
    draw
        Returns at least as many new numbers as asked for, none negative.
    mean
        Mean of the numbers, to guess how many are needed.
    end
        Where to stop.

    Returns
    -------
    float64[num_sums]
        Non-decreasing; the last one is at least `end`.

    Raises
    ------
    TooManyArrivalsError
        If `MAX_ARRIVALS` draws do not suffice.
    """
    parts = [np.array([first])]
    last, num_sums = first, 1
    while last < end:
        if num_sums > MAX_ARRIVALS:
            raise TooManyArrivalsError(
                f"must be at most {MAX_ARRIVALS:,} arrivals or changes of state, found more"
            )
        part = draw(int(min(1.1 * (end - last) / mean + 64, _CHUNK_SIZE)))
        part[0] += last
        np.cumsum(part, out=part)
        parts.append(part)
        last, num_sums = float(part[-1]), num_sums + part.size
    return np.concatenate(parts)


def before(times: NDArray[np.float64], end: float) -> NDArray[np.float64]:
    """Keep the numbers below `end`; `times` is sorted."""
    return times[: int(times.searchsorted(end))]
