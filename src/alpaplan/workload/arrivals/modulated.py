"""The Markov-modulated Poisson process: the rate follows states that change at random."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.workload.arrivals.base import before, check_sample_size, running_sums


@dataclass(frozen=True)
class Mmpp:
    """Poisson arrivals whose rate is that of the present state.

    States are visited in listed order, over and over, each for an exponential time. The
    first is drawn with the long-run shares of time, so sampling starts stationary.

    Parameters
    ----------
    state_rates_rps
        Rate in each state; at least one is above 0.
    mean_durations_s
        Mean length of a stay in each state.
    """

    state_rates_rps: tuple[float, ...]
    mean_durations_s: tuple[float, ...]

    @property
    def rate_rps(self) -> float:
        """Mean of the states' rates, weighted with their shares of time."""
        pairs = zip(self.state_rates_rps, self.mean_durations_s, strict=True)
        return math.fsum(rate * stay for rate, stay in pairs) / math.fsum(self.mean_durations_s)

    @property
    def cv(self) -> float:
        """Standard deviation over mean of the gap between two arrivals, exact.

        With Q the generator of the states, R the diagonal matrix of their rates and p the
        states as arrivals find them, a gap is of phase type: its moments are
        ``E[X] = p (R - Q)**-1 1`` and ``E[X**2] = 2 p (R - Q)**-2 1`` (Fischer and
        Meier-Hellstern, The Markov-modulated Poisson process (MMPP) cookbook, Performance
        Evaluation 18, 1993).
        """
        rates = np.array(self.state_rates_rps)
        stays_s = np.array(self.mean_durations_s)
        seen = stays_s * rates / (stays_s @ rates)
        phases = np.diag(rates) - self._generator()
        first = np.linalg.solve(phases, np.ones_like(rates))
        second = np.linalg.solve(phases, first)
        return math.sqrt(max(2 * float(seen @ second) / float(seen @ first) ** 2 - 1, 0.0))

    @property
    def dispersion_limit(self) -> float:
        """Limit of the index of dispersion of counts in ever longer windows, exact.

        With p the states as time finds them, 1 a column of ones and the rest as for `cv`, it is
        ``1 + 2 (p R (1 p - Q)**-1 R 1 - rate**2) / rate`` (Fischer and Meier-Hellstern, 1993).
        """
        rates = np.array(self.state_rates_rps)
        share = np.array(self.mean_durations_s) / math.fsum(self.mean_durations_s)
        mean = float(share @ rates)
        potential = np.linalg.solve(share[None, :] - self._generator(), rates)
        return 1 + 2 * (float((share * rates) @ potential) - mean**2) / mean

    def _generator(self) -> NDArray[np.float64]:
        """Return the generator of the states, ``[num_states, num_states]``."""
        stays_s = np.array(self.mean_durations_s)
        generator = np.zeros((stays_s.size, stays_s.size))
        here = np.arange(stays_s.size)
        generator[here, here] = -1 / stays_s
        generator[here, (here + 1) % stays_s.size] += 1 / stays_s
        return generator

    def sample(
        self, duration_s: float, rng: np.random.Generator, *, cold_start: bool = False
    ) -> NDArray[np.float64]:
        """Draw the arrivals in ``[0, duration_s)``; see `ArrivalProcess.sample`.

        Draws a Poisson process of rate one and stretches it so that time passes at the
        present state's rate. States and arrivals have generators of their own, spawned from
        `rng`, so that neither depends on how far ahead the other was drawn.
        """
        check_sample_size(self.rate_rps, duration_s)
        state_rng, arrival_rng = rng.spawn(2)
        change_s, rates = self._states(duration_s, state_rng)
        load = np.zeros(change_s.size)
        np.cumsum((change_s[1:] - change_s[:-1]) * rates, out=load[1:])
        present = int(change_s.searchsorted(duration_s, side="right")) - 1
        end = float(load[present] + rates[present] * (duration_s - change_s[present]))
        first = float(arrival_rng.standard_exponential())
        sums = before(running_sums(first, arrival_rng.standard_exponential, 1.0, end), end)
        times: NDArray[np.float64] = np.interp(sums, load, change_s)
        np.maximum.accumulate(times, out=times)  # rounding may step back where the state changes
        return before(times, duration_s)

    def _states(
        self, duration_s: float, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Draw the times at which the state changes, from 0 on, and the rates between them."""
        num_states = len(self.mean_durations_s)
        ends = np.array(self.mean_durations_s).cumsum()
        first = int(ends[:-1].searchsorted(rng.random() * ends[-1], side="right"))
        stays_s = np.array(self.mean_durations_s[first:] + self.mean_durations_s[:first])

        def draw(num_stays: int) -> NDArray[np.float64]:
            num_rounds = -(-num_stays // num_states)
            stays = rng.standard_exponential((num_rounds, num_states))
            stays *= stays_s
            return stays.ravel()

        # A little longer than asked for, so that there is a state at duration_s = 0 too.
        end_s = math.nextafter(duration_s, math.inf)
        change_s = running_sums(0.0, draw, float(ends[-1]) / num_states, end_s)
        visited = (first + np.arange(change_s.size - 1)) % num_states
        return change_s, np.array(self.state_rates_rps)[visited]
