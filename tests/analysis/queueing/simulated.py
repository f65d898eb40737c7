"""Waits to compare formulas with: by the project's simulator, and by a recursion that is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alpaplan.analysis.queueing.waits import Floats
from tests.simulator.cases import COMPILED, make_case

NO_LIMIT_S = 1e9
"""An objective that admits everything."""

NUM_REQUESTS = 40_000 if COMPILED else 2_000
NUM_WARM_UP = NUM_REQUESTS // 20
"""Requests that are left out, as a replication starts with an empty queue."""


def lindley_waits_s(gaps_s: Sequence[float], services_s: Sequence[float]) -> list[float]:
    """Return the wait of each request: Lindley, The theory of queues with a single server (1952).

    ``gaps_s[i]`` is the time between request i and the one before it.
    """
    waits_s = [0.0]
    for gap_s, service_s in zip(gaps_s[1:], services_s, strict=False):
        waits_s.append(max(0.0, waits_s[-1] + service_s - gap_s))
    return waits_s


def simulated_latencies_s(
    stages_s: Sequence[Sequence[float]], times_s: Floats, model: Sequence[int]
) -> Floats:
    """Return latencies on one group that serves all models, with admission off."""
    num_models = len(stages_s)
    case = make_case(
        [stages_s],
        [0],
        [[True] * num_models],
        [NO_LIMIT_S] * num_models,
        list(zip(times_s.tolist(), model, strict=True)),
    )
    return case.replay().latency_s


def poisson_times_s(rng: np.random.Generator, rate_rps: float) -> Floats:
    """Return the arrivals of one replication."""
    return np.cumsum(rng.exponential(1 / rate_rps, NUM_REQUESTS))
