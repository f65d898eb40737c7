"""An upper bound on the SLO attainment that any placement can reach for given arrivals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.problem.caps import with_cheapest_batches
from alpaplan.problem.feasibility import shapes_with_room
from alpaplan.problem.service import device_seconds, idle_latency_s, time_for_stages_s, with_slack
from alpaplan.search.bounds.pooled_capacity import least_lost_weight
from alpaplan.search.bounds.replica_memory import most_weight_in_memory
from alpaplan.specs.choices import BoundLimit, Dispatch
from alpaplan.workload.trace import Trace

RELATIVE_SLACK = 1e-6
"""By how much stages are shortened and objectives lengthened before bounding (a fraction).
Simulations may round stage latencies to single precision, which changes them by at most 2**-24,
6e-8."""


@dataclass(frozen=True)
class AttainmentBound:
    """Upper bounds on any placement's SLO attainment: fractions of all requests, weighted by model.

    Parameters
    ----------
    bound
        The smallest of the three limits below; all are NaN if no request counts.
    limit
        Which limit that is, the first of several equal ones; None if the bound is 1.
    objective
        Requests of models whose objective some idle group meets.
    memory
        Requests that can be attained by replicas that fit into memory together.
    capacity
        Requests that all devices together have time for.
    """

    bound: float
    limit: BoundLimit | None
    objective: float
    memory: float
    capacity: float


def attainment_bound(problem: PlacementProblem, trace: Trace) -> AttainmentBound:
    """Bound the weighted SLO attainment of every placement of a problem on given arrivals.

    The bound holds for every group partition, all caps on batch sizes and both dispatch rules of
    the simulation (DESIGN.md section 4), even if a scheduler knew all arrivals beforehand and
    rejected requests at will. Batches are relaxed to single requests, each served as fast as in the
    batch size of the highest throughput (`alpaplan.problem.caps.with_cheapest_batches`). The bound
    is the smallest of three relaxations:

    - Objective. A request fails if its model's latency on an idle group exceeds ``slo_s``. This
      holds with batching too: the first request of a model to be accepted has none to share with.
    - Memory. A replica attains at most what it would on a group of its own, and all replicas have
      to fit into the cluster together: `alpaplan.search.bounds.replica_memory`.
    - Capacity. An attained request keeps ``intra_op`` devices busy for the latency of each stage,
      between its arrival and its deadline minus the overhead. It needs at least the device-seconds
      of its cheapest shape, and the cluster has only so many in that time:
      `alpaplan.search.bounds.pooled_capacity`.

    With LLMs there is no bound: what an engine spends on a request depends on all others that it
    serves, and no smallest share of an iteration is known that holds for every mix.

    Times get a margin for the rounding in simulations. If all requested models have the same
    weight, the number of attained requests is rounded down.

    Parameters
    ----------
    problem
        The problem.
    trace
        The arrivals, of the problem's models as ``trace.for_models`` makes them.

    Raises
    ------
    ValueError
        If the trace has other models, or its times are not in order.
    """
    if trace.model_names != problem.model_names:
        raise ValueError("the trace must index the problem's models: use trace.for_models")
    value = trace.requests_per_model() * problem.model_weight
    total = float(value.sum())
    if not total > 0 or problem.engines is not None:
        return AttainmentBound(math.nan, None, math.nan, math.nan, math.nan)
    relaxed = _relaxed(problem, trace)
    in_time = _in_time(relaxed)
    servable = in_time & shapes_with_room(problem)[:, problem.profile_of_model]
    served = float(value[servable.any(axis=0)].sum())
    relaxed = with_cheapest_batches(relaxed)
    lost = least_lost_weight(
        relaxed,
        trace,
        np.where(servable, device_seconds(relaxed)[:, relaxed.profile_of_model], np.inf),
        time_for_stages_s(relaxed),
    )
    # In this order a model without room counts towards memory, not towards capacity.
    limits = {
        BoundLimit.OBJECTIVE: float(value[in_time.any(axis=0)].sum()),
        BoundLimit.MEMORY: most_weight_in_memory(relaxed, trace, servable),
        BoundLimit.CAPACITY: served - lost,
    }
    parts = {
        limit: min(1.0, _whole_requests(problem, trace, most) / total)
        for limit, most in limits.items()
    }
    limit, bound = min(parts.items(), key=lambda item: item[1])
    return AttainmentBound(
        bound=bound,
        limit=limit if bound < 1 else None,
        objective=parts[BoundLimit.OBJECTIVE],
        memory=parts[BoundLimit.MEMORY],
        capacity=parts[BoundLimit.CAPACITY],
    )


def _relaxed(problem: PlacementProblem, trace: Trace) -> PlacementProblem:
    """Shorten stages and lengthen objectives by more than simulations round.

    Dispatch becomes the rule that is cheaper to simulate; with one replica both are the same.
    """
    latest_s = float(np.abs(trace.arrival_s).max()) + float(problem.slo_s.max())
    num_additions = int(problem.num_stages.max(initial=1)) + 2
    relaxed = with_slack(problem, RELATIVE_SLACK, num_additions * math.ulp(latest_s))
    return replace(relaxed, dispatch=Dispatch.EARLIEST_FINISH)


def _in_time(problem: PlacementProblem) -> NDArray[np.bool_]:
    """Whether an idle group of each shape meets each model's objective, ``bool[H, M]``."""
    latency_s = np.where(problem.supported, idle_latency_s(problem), np.inf)
    return np.asarray(latency_s[:, problem.profile_of_model] <= problem.slo_s)


def _whole_requests(problem: PlacementProblem, trace: Trace, value: float) -> float:
    """Round a weight down to that of whole requests, if all requests have the same weight."""
    weights = np.unique(problem.model_weight[trace.model])
    value *= 1 + 1e-9  # far more than a sum over all requests rounds, and no whole request
    if weights.size > 1:
        return value
    return math.floor(value / float(weights[0]) + 1e-6) * float(weights[0])
