"""What the devices' time alone limits: the cluster as one preemptive machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.simulator.kernels.pooled import Requests, dropped_work_s
from alpaplan.workload.trace import Trace

MAX_LEVELS = 64
"""Most distinct values, weight per second of work, that are told apart (a count, at least 2). Where
there are more, some are merged, which loosens the bound a little."""

MAX_PRICE_ROUNDS = 20
"""Most passes over the pools in which their prices are improved (a count); a few suffice."""


def least_lost_weight(
    problem: PlacementProblem,
    trace: Trace,
    device_s: NDArray[np.float64],
    window_s: NDArray[np.float64],
) -> float:
    """Return the least weight of requests that must be missed, however the devices are used.

    The relaxation is one machine, as fast as all devices together, on which a request of weight w
    and work p may be attained in part: a fraction x counts w * x if x * p of its work is done
    within its window. The linear program that maximizes the sum of w * x bounds every placement.
    The amounts of work that can be done in time are the independent vectors of a polymatroid (a
    transversal one: units of work matched with units of time), so that the greedy algorithm, by
    falling value w / p, is optimal (Edmonds, "Submodular functions, matroids, and certain
    polyhedra", 1970). For values v_1 > ... > v_K, v_(K+1) = 0 and d_k the work that must be dropped
    if only requests of value v_k and above came, the loss is the sum over k of
    ``(v_k - v_(k+1)) * d_k``. As d_k never falls with k, leaving out values still gives a bound,
    though a looser one.

    Prices make devices of different pools comparable: a request costs its smallest price *
    device-seconds over the pools, and the machine's speed is the sum of all devices' prices. Every
    choice of prices gives a bound. The better of two is returned: equal prices, and those under
    which the load is highest.

    Parameters
    ----------
    problem, trace
        The problem and arrivals of its models.
    device_s : float64[H, M]
        Device-seconds of a request of each model on each shape; infinite where it cannot be
        served. Requests of models without any finite entry are not counted as lost here.
    window_s : float64[M]
        Time from a request's arrival until its last stage has to end.
    """
    pool_of_shape = np.array([shape.pool for shape in problem.shapes], dtype=np.int64)
    cost_s = np.full((len(problem.pools), problem.num_models), np.inf)
    np.minimum.at(cost_s, pool_of_shape, device_s)
    num_devices = np.array([pool.num_devices for pool in problem.pools], dtype=np.float64)
    useful = np.isfinite(cost_s).any(axis=1)
    if not useful.any():
        return 0.0
    cost_s, num_devices = cost_s[useful], num_devices[useful]
    equal = np.ones(num_devices.size)
    prices = [equal]
    if num_devices.size > 1:
        prices.append(_prices_of_highest_load(cost_s, num_devices, trace.requests_per_model()))
    return max(
        _lost_at(
            trace,
            problem.model_weight,
            np.min(cost_s * price[:, np.newaxis], axis=0),
            window_s,
            float(price @ num_devices),
        )
        for price in prices
    )


def _lost_at(
    trace: Trace,
    weight: NDArray[np.float64],
    work_s: NDArray[np.float64],
    window_s: NDArray[np.float64],
    speed: float,
) -> float:
    """Return the weight lost on one machine of a speed, given each model's work and window."""
    requested = trace.requests_per_model() > 0
    counts = requested & np.isfinite(work_s) & (work_s > 0) & (weight > 0)
    if not counts.any():
        return 0.0
    value = np.divide(weight, work_s, out=np.zeros_like(work_s), where=counts)
    values = -np.unique(-value[counts])
    if values.size > MAX_LEVELS:  # the lowest stays, so that every request has a level
        values = values[np.linspace(0, values.size - 1, MAX_LEVELS).round().astype(np.int64)]
    level = np.searchsorted(-values, -value)
    kept = counts[trace.model]
    arrival_s, model = trace.arrival_s[kept], trace.model[kept]
    dropped_s = dropped_work_s(
        Requests(arrival_s, arrival_s + window_s[model], work_s[model], level[model], speed)
    )
    steps = values - np.append(values[1:], 0.0)
    return float(steps @ dropped_s)


def _prices_of_highest_load(
    cost_s: NDArray[np.float64], num_devices: NDArray[np.float64], requests: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the pools' prices under which the load, work over speed, is highest.

    By linear programming duality, that load is the one that the best division of the requests
    between the pools leaves. It is concave in each price, with breaks where the pool becomes the
    cheapest for a model, and is maximized price by price.

    Parameters
    ----------
    cost_s : float64[Q, M]
        Device-seconds of a request of each model in each pool, or infinite.
    num_devices, requests : float64[Q], int64[M]
        Devices of each pool and requests of each model.

    Returns
    -------
    float64[Q]
        Prices, above 0.
    """
    columns, column_of_model = np.unique(cost_s, axis=1, return_inverse=True)
    demand = np.bincount(column_of_model.ravel(), requests, columns.shape[1])
    usable = np.isfinite(columns).any(axis=0) & (demand > 0)
    columns, demand = columns[:, usable], demand[usable]
    prices = np.ones(num_devices.size)

    def load(candidates: NDArray[np.float64]) -> NDArray[np.float64]:
        cheapest = np.min(candidates[:, :, np.newaxis] * columns, axis=1)
        return np.asarray(cheapest @ demand / (candidates @ num_devices))

    best = float(load(prices[np.newaxis])[0])
    for _ in range(MAX_PRICE_ROUNDS):
        before = best
        for pool in range(prices.size):
            others = np.delete(prices[:, np.newaxis] * columns, pool, axis=0).min(axis=0)
            both = np.isfinite(others) & np.isfinite(columns[pool])
            breaks = np.unique(others[both] / columns[pool, both])
            candidates = np.tile(prices, (breaks.size, 1))
            candidates[:, pool] = breaks
            loads = load(candidates)
            if loads.size and loads.max() > best:
                best, prices = float(loads.max()), candidates[int(loads.argmax())]
        if best <= before * (1 + 1e-9):
            break
    return prices
