"""Devices of one's own or a pipeline over all: AlpaServe's comparison by queueing theory.

AlpaServe (Li et al., OSDI 2023, arXiv 2302.11665), section 3.4: two models with Poisson arrivals,
lambda in all, that take a time D on one device, have two devices. With a device each, and equally
often asked for, their mean latency is ``W_simple = D + lambda * D**2 / (4 - 2 * lambda * D)``. In
a pipeline of both devices that serves both models it is
``W_pipeline = D_s + lambda * D_m**2 / (2 * (1 - lambda * D_m))``, with D_s the latency of a
request alone and D_m that of the slowest stage. Communication makes all stages slower,
``D_s = 2 * D_m = alpha * D``; uneven stages leave ``D_s = D`` and make ``D_m = beta * D / 2``. The
paper's figure shows the largest alpha and the largest beta with which ``W_pipeline <= W_simple``
(experiments/motivation/queueing_theory_plot.py of https://github.com/alpa-projects/mms).

Here there are n models on n devices, which are utilized to rho = lambda * D / n; a pipeline has
``D_s = alpha * D`` and ``D_m = beta * D / n`` at the same time; and arrivals have an index of
dispersion v, by which the waits of both sides are multiplied (v = 1: Poisson), as merged streams
have that of the streams they are made of. In units of D the pipeline pays where

    alpha + v * rho * beta**2 / (2 * n * (1 - rho * beta)) <= 1 + v * rho / (2 * (1 - rho)).
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from alpaplan.analysis.queueing.waits import Floats, Numbers, allen_cunneen_wait_s


def separate_latency(utilization: Numbers, dispersion: Numbers = 1.0) -> Floats:
    """Return the mean latency on a device of one's own, in units of the latency D alone there."""
    return 1 + allen_cunneen_wait_s(utilization, 1.0, dispersion, 0.0)


def pipeline_latency(
    utilization: Numbers,
    num_devices: Numbers,
    alpha: Numbers,
    beta: Numbers,
    dispersion: Numbers = 1.0,
) -> Floats:
    """Return the mean latency in a pipeline that models share, in units of D.

    Only the slowest stage makes requests wait that all take the same time (Avi-Itzhak, A sequence
    of service stations with arbitrary input and regular service times, Management Science 11(5),
    1965).

    Parameters
    ----------
    utilization
        Of a device, if each model had one: arrivals of one model times D.
    num_devices
        Stages of the pipeline, and models that share it.
    alpha
        Sum of the stage latencies over D: what communication costs.
    beta
        Slowest stage's latency times stages over D: what uneven stages cost on top.
    dispersion
        Index of dispersion of the arrivals.
    """
    slowest = np.asarray(beta, dtype=np.float64) / num_devices
    return alpha + allen_cunneen_wait_s(
        np.asarray(utilization, dtype=np.float64) * beta, slowest, dispersion, 0.0
    )


def pipeline_pays(
    utilization: Numbers,
    num_devices: Numbers,
    alpha: Numbers,
    beta: Numbers,
    dispersion: Numbers = 1.0,
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether requests are served no later in the pipeline; parameters of `pipeline_latency`."""
    own = separate_latency(utilization, dispersion)
    shared = pipeline_latency(utilization, num_devices, alpha, beta, dispersion)
    return np.asarray((shared <= own) & np.isfinite(shared))


def largest_alpha(utilization: Numbers, num_devices: Numbers, dispersion: Numbers = 1.0) -> Floats:
    """Return the largest overhead of communication that pooling repays (``beta = alpha``).

    The smallest positive root of
    ``rho * (2 * n - v) * a**2 - 2 * n * (1 + K * rho) * a + 2 * n * K = 0`` with K the latency on a
    device of one's own. It is 1 for no load and for full load; for two devices and Poisson arrivals
    it is the paper's curve.

    Parameters
    ----------
    utilization
        From 0 up to, not including, 1.
    num_devices, dispersion
        As for `pipeline_latency`.
    """
    rho = np.asarray(utilization, dtype=np.float64)
    own = separate_latency(rho, dispersion)
    twice = 2 * np.asarray(num_devices, dtype=np.float64)
    linear = twice * (1 + own * rho)
    root = np.sqrt(linear**2 - 4 * rho * (twice - dispersion) * twice * own)
    return np.asarray(2 * twice * own / (linear + root))


def largest_beta(utilization: Numbers, num_devices: Numbers) -> Floats:
    """Return the most uneven stages that pooling repays (``alpha = 1``).

    The positive root of ``(1 - rho) * b**2 + n * rho * b - n = 0``; how bursty arrivals are makes
    no difference. It falls from the square root of n for no load to 1 for full load; for two
    devices it is the paper's curve. Parameters of `largest_alpha`.
    """
    rho = np.asarray(utilization, dtype=np.float64)
    n = np.asarray(num_devices, dtype=np.float64)
    return np.asarray(2 * n / (n * rho + np.sqrt((n * rho) ** 2 + 4 * n * (1 - rho))))


def paying_utilizations(
    num_devices: int, alpha: float, beta: float, dispersion: float = 1.0
) -> tuple[float, float] | None:
    """Return between which utilizations a pipeline pays; None if it never does.

    Without load there are no waits to save that would repay ``alpha > 1``; near full load a
    slowest stage with ``beta > 1`` is overloaded before a device of one's own is. In between it
    pays, if it does at all: multiplied by both denominators, the condition is quadratic in the
    utilization.

    Parameters
    ----------
    num_devices, alpha, beta, dispersion
        As for `pipeline_latency`; a slowest stage is no shorter than the mean, ``beta >= alpha``.
    """
    n, v = num_devices, dispersion
    end = min(1.0, 1 / beta)
    constant = 1 - alpha
    linear = (alpha - 1) * (1 + beta) + v / 2 * (1 - beta**2 / n)
    square = (1 - alpha) * beta + v / 2 * (beta**2 / n - beta)
    inside = sorted(x for x in _roots(square, linear, constant) if 0 < x < end)
    limits = [0.0, *inside, end]
    paying = [
        (low, high)
        for low, high in pairwise(limits)
        if pipeline_pays((low + high) / 2, n, alpha, beta, v)
    ]
    # One interval; a second one, next to a limit, is rounding.
    return max(paying, key=lambda ends: ends[1] - ends[0], default=None)


def _roots(square: float, linear: float, constant: float) -> list[float]:
    """Return the real roots of a quadratic without losing digits where one of them is small."""
    if square == 0:
        return [] if linear == 0 else [-constant / linear]
    discriminant = linear**2 - 4 * square * constant
    if discriminant < 0:
        return []
    larger = -(linear + math.copysign(math.sqrt(discriminant), linear)) / 2
    return [larger / square, *([constant / larger] if larger else [])]
