"""The Markov-modulated Poisson process of two states, by maximum likelihood.

With generator Q of the states, their rates R on a diagonal and their long-run shares p, the
likelihood of gaps x in a span is ``p exp((Q-R) x) R exp((Q-R) x) R ... exp((Q-R) x) 1``: exact,
edges included (Meier-Hellstern, A fitting algorithm for Markov-modulated Poisson processes having
two arrival rates, European Journal of Operational Research 29(3), 1987). It is maximized directly,
which takes fewer steps than the EM algorithm of Ryden (Computational Statistics and Data Analysis
21(4), 1996) and ends in the same place. The rate is kept at the observed one, so that three numbers
are left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.arrivals import MmppArrivals, MmppState
from alpaplan.workload.fitting.law import Fit, FittedArrivals, Law, six_digits
from alpaplan.workload.fitting.observation import SHORT_GAP, Observation

Matrices = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Entries 11, 12, 21, 22 of many two-by-two matrices."""

MIN_REQUESTS_MMPP = 50
"""Fewest requests that four numbers are fitted to (a count; 30 to 200)."""

_STARTS = tuple(product((0.1, 0.3, 0.6), (4.0, 30.0), (10.0, 100.0, 1000.0)))
"""Shares of time, ratios of rates, and cycles in mean gaps, of which the likeliest is refined."""

_MAX_STEPS = 200
"""Steps of refinement (a count; 100 to 1,000): only where there are no two states to be found,
as in Poisson arrivals, do they not suffice."""

_LEAST = 1e-300
"""Least likelihood of an observation, apart from norms, so that it has a logarithm."""

_MAX_RATIO = 1e6
_MAX_CYCLE = 1e6
"""Limits of the ratio of rates, and of a cycle of both states in mean gaps."""


@dataclass(frozen=True)
class TwoStates:
    """Parameters in units of the mean gap, so that the mean rate is one.

    Parameters
    ----------
    share
        Part of the time in the fast state.
    ratio
        Rate in the fast state over that in the slow one.
    cycle
        Mean time from one beginning of the fast state to the next.
    """

    share: float
    ratio: float
    cycle: float

    @property
    def rates(self) -> tuple[float, float]:
        """Rates of the fast and the slow state."""
        slow = 1 / (self.share * self.ratio + 1 - self.share)
        return self.ratio * slow, slow

    @property
    def stays(self) -> tuple[float, float]:
        """Mean stays in the fast and the slow state."""
        return self.share * self.cycle, (1 - self.share) * self.cycle


def _fit(observation: Observation) -> Fit:
    from scipy.optimize import minimize

    def loss(point: NDArray[np.float64]) -> float:
        return -log_likelihood(_from_point(point), observation)

    start = min((_to_point(TwoStates(*start)) for start in _STARTS), key=loss)
    limits = ((-9.0, 9.0), (0.0, math.log(_MAX_RATIO)), (0.0, math.log(_MAX_CYCLE)))
    options = {"xatol": 1e-3, "fatol": 1e-3, "maxiter": _MAX_STEPS}
    found = minimize(loss, start, method="Nelder-Mead", bounds=limits, options=options)
    states = _states(_from_point(found.x), observation.rate_rps)
    return Fit(
        MmppArrivals(process="mmpp", states=states), -float(found.fun), 4, observation.num_requests
    )


def _to_point(states: TwoStates) -> NDArray[np.float64]:
    logit = math.log(states.share / (1 - states.share))
    return np.array([logit, math.log(states.ratio), math.log(states.cycle)])


def _from_point(point: NDArray[np.float64]) -> TwoStates:
    logit, log_ratio, log_cycle = point.tolist()
    return TwoStates(1 / (1 + math.exp(-logit)), math.exp(log_ratio), math.exp(log_cycle))


def _states(states: TwoStates, rate_rps: float) -> tuple[MmppState, ...]:
    return tuple(
        MmppState(rate_rps=six_digits(rate * rate_rps), mean_duration_s=six_digits(stay / rate_rps))
        for rate, stay in zip(states.rates, states.stays, strict=True)
    )


def log_likelihood(states: TwoStates, observation: Observation) -> float:
    """Return the logarithm of the likelihood of an observation."""
    first, last = observation.edges
    waits = np.concatenate([[first], observation.gaps, [last]])
    passages, exponent = _passages(states, waits)
    is_short = np.concatenate([[False], observation.is_short, [False]])
    if observation.num_short:
        short = _short_passage(states)
        passages = tuple(  # type: ignore[assignment]
            np.where(is_short, entry, entries)
            for entry, entries in zip(short, passages, strict=True)
        )
    # An arrival at the end of each wait but the last.
    fast, slow = (np.append(np.full(waits.size - 1, rate), 1.0) for rate in states.rates)
    m11, m12, m21, m22 = passages
    (p11, p12, p21, p22), log_norm = _product((m11 * fast, m12 * slow, m21 * fast, m22 * slow))
    whole = states.share * (p11 + p12) + (1 - states.share) * (p21 + p22)
    unit = (observation.long_gaps.size + 1) * math.log(observation.rate_rps)
    watched = float(waits[~is_short].sum())
    return unit + exponent * watched + log_norm + math.log(max(whole, _LEAST))


def _passages(states: TwoStates, waits: NDArray[np.float64]) -> tuple[Matrices, float]:
    """Return ``exp((Q-R) x)`` of each wait without the factor ``exp(c x)``, and ``c``.

    For a matrix M with the mean ``a`` of its diagonal, half its difference ``d`` and
    ``b**2 = d**2 + m12 m21``, the exponential of M x is
    ``exp(a x) (cosh(b x) + sinh(b x) / b (M - a))``; ``c = a + b`` is the larger eigenvalue.
    Differences of nearly equal numbers are written as quotients.
    """
    fast, slow = states.rates
    leave_fast, leave_slow = (1 / stay for stay in states.stays)
    a = -(leave_fast + fast + leave_slow + slow) / 2
    d = -(leave_fast + fast - leave_slow - slow) / 2
    b = math.sqrt(d * d + leave_fast * leave_slow)
    large = b + abs(d)
    small = leave_fast * leave_slow / large
    plus, minus = (large, small) if d > 0 else (small, large)  # b + d, b - d
    fall = np.exp(-2 * b * waits)
    rise = -np.expm1(-2 * b * waits) / (2 * b)
    m11 = (plus + minus * fall) / (2 * b)
    m22 = (minus + plus * fall) / (2 * b)
    c = -_determinant(states) / (b - a)
    return (m11, leave_fast * rise, leave_slow * rise, m22), c


def _short_passage(states: TwoStates) -> tuple[float, float, float, float]:
    """Return the integral of ``exp((Q-R) x)`` over short gaps: ``(Q-R)**-1 (exp(...) - 1)``."""
    fast, slow = states.rates
    leave_fast, leave_slow = (1 / stay for stay in states.stays)
    entries, exponent = _passages(states, np.array([SHORT_GAP]))
    factor = math.exp(exponent * SHORT_GAP)
    m11, m12, m21, m22 = (float(entry[0]) * factor for entry in entries)
    m11, m22 = m11 - 1, m22 - 1
    scale = -1 / _determinant(states)
    return (
        scale * ((leave_slow + slow) * m11 + leave_fast * m21),
        scale * ((leave_slow + slow) * m12 + leave_fast * m22),
        scale * (leave_slow * m11 + (leave_fast + fast) * m21),
        scale * (leave_slow * m12 + (leave_fast + fast) * m22),
    )


def _determinant(states: TwoStates) -> float:
    """Return the determinant of Q - R."""
    fast, slow = states.rates
    leave_fast, leave_slow = (1 / stay for stay in states.stays)
    return leave_fast * slow + fast * leave_slow + fast * slow


def _product(matrices: Matrices) -> tuple[tuple[float, float, float, float], float]:
    """Multiply matrices in order, pair by pair; return the product over a norm, and log(norm)."""
    a, b, c, d = matrices
    log_norm = 0.0
    while a.size > 1:
        if a.size % 2:
            a, b, c, d = (
                np.append(x, one) for x, one in zip((a, b, c, d), (1, 0, 0, 1), strict=True)
            )
        a, b, c, d = (
            a[::2] * a[1::2] + b[::2] * c[1::2],
            a[::2] * b[1::2] + b[::2] * d[1::2],
            c[::2] * a[1::2] + d[::2] * c[1::2],
            c[::2] * b[1::2] + d[::2] * d[1::2],
        )
        norm = np.maximum(a + b + c + d, np.finfo(float).tiny)
        log_norm += float(np.log(norm).sum())
        a, b, c, d = a / norm, b / norm, c / norm, d / norm
    return (float(a[0]), float(b[0]), float(c[0]), float(d[0])), log_norm


def _gap_probabilities(observation: Observation, arrivals: FittedArrivals) -> NDArray[np.float64]:
    if not isinstance(arrivals, MmppArrivals):
        raise TypeError(f"must be mmpp arrivals, found {arrivals.process}")
    states = _from_states(arrivals, observation.rate_rps)
    waits = np.concatenate([observation.edges[:1], observation.gaps])
    passages, exponent = _passages(states, waits)
    fast_rate, slow_rate = states.rates
    fast, slow = states.share, 1 - states.share
    survival = np.empty(waits.size)
    columns = (column.tolist() for column in passages)
    for i, (a, b, c, d) in enumerate(zip(*columns, strict=True)):
        fast, slow = fast * a + slow * c, fast * b + slow * d
        survival[i] = fast + slow
        fast, slow = fast * fast_rate, slow * slow_rate
        total = fast + slow
        fast, slow = fast / total, slow / total
    return np.asarray(1 - (survival * np.exp(exponent * waits))[1:], dtype=np.float64)


def _from_states(arrivals: MmppArrivals, rate_rps: float) -> TwoStates:
    fast, slow = arrivals.states
    cycle_s = fast.mean_duration_s + slow.mean_duration_s
    share = fast.mean_duration_s / cycle_s
    return TwoStates(share, fast.rate_rps / slow.rate_rps, cycle_s * rate_rps)


MMPP = Law(MIN_REQUESTS_MMPP, _fit, _gap_probabilities)
