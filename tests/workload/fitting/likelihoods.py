"""Likelihoods of observations, computed step by step and by quadrature: slow, and obvious."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from alpaplan.workload.fitting.observation import SHORT_GAP, Observation
from tests.workload.statistics import Floats

Density = Callable[[float], float]
"""Of gaps with mean one."""

FAR = 1e5
"""Longest gap that counts, in mean gaps."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(60)


def integral(function: Density, low: float, high: float) -> float:
    """Integrate by Gauss and Legendre on pieces that shrink towards 0, where densities may rise."""
    halves = [high * 0.5**power for power in range(400, -1, -1)]
    total = 0.0
    for start, end in pairwise([low, *(edge for edge in halves if edge > low)]):
        points = start + (end - start) * (_NODES + 1) / 2
        values = [
            weight * function(point)
            for weight, point in zip(_WEIGHTS.tolist(), points.tolist(), strict=True)
        ]
        total += (end - start) / 2 * math.fsum(values)
    return total


def renewal_reference(observation: Observation, density: Density) -> float:
    """Return the log-likelihood of a stationary renewal process, one gap after the other."""
    rate = observation.rate_rps
    times = observation.arrival_s.tolist()

    def log_survival(gap: float) -> float:
        return math.log(integral(density, gap, FAR)) if gap else 0.0

    total = math.log(rate) + log_survival(times[0] * rate)
    for before, after in pairwise(times):
        gap = (after - before) * rate
        if gap <= SHORT_GAP:
            total += math.log(integral(density, 0.0, SHORT_GAP))
        else:
            total += math.log(rate * density(gap))
    return total + log_survival((observation.duration_s - times[-1]) * rate)


def mmpp_reference(
    observation: Observation, rates_rps: tuple[float, float], stays_s: tuple[float, float]
) -> float:
    """Return the log-likelihood of a two-state MMPP by matrix exponentials, gap after gap."""
    rates = np.diag(rates_rps)
    leave = 1 / np.array(stays_s)
    generator = np.array([[-leave[0], leave[0]], [leave[1], -leave[1]]]) - rates
    state = np.array(stays_s) / sum(stays_s)
    total, previous = 0.0, 0.0
    for number, time in enumerate([*observation.arrival_s.tolist(), observation.duration_s]):
        wait = time - previous
        short_s = SHORT_GAP / observation.rate_rps
        if number == observation.num_requests:
            state = state @ exponential(generator * wait)
        elif number and wait <= short_s:
            points = short_s * (_NODES + 1) / 2
            state = state @ sum(
                short_s / 2 * weight * exponential(generator * point) @ rates
                for weight, point in zip(_WEIGHTS.tolist(), points.tolist(), strict=True)
            )
        else:
            state = state @ exponential(generator * wait) @ rates
        total += math.log(state.sum())
        state = state / state.sum()
        previous = time
    return total


def exponential(matrix: Floats) -> Floats:
    """Return a matrix's exponential by its series, after halving it often enough."""
    halvings = max(0, math.ceil(math.log2(np.abs(matrix).max() + 1e-300)) + 4)
    small = matrix / 2.0**halvings
    term, result = np.eye(len(matrix)), np.eye(len(matrix))
    for order in range(1, 20):
        term = term @ small / order
        result = result + term
    for _ in range(halvings):
        result = result @ result
    return result
