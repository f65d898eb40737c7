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
"""How much shorter stages and longer objectives are taken than in the problem. Simulations
may round stage latencies to single precision, which changes them by at most 2**-24, 6e-8."""


@dataclass(frozen=True)
class AttainmentBound:
    """What no placement surpasses: fractions of all requests, weighted by their models.

    Parameters
    ----------
    bound
        The smallest of the three limits. NaN, as they are, if no request counts.
    limit
        Which of them that is, the first if several; None if all requests may be attained.
    objective
        Requests of models whose objective an idle group meets.
    memory
        Requests that those replicas can attain which fit into memory at the same time.
    capacity
        Requests that the time of all devices suffices for.
    """

    bound: float
    limit: BoundLimit | None
    objective: float
    memory: float
    capacity: float


def attainment_bound(problem: PlacementProblem, trace: Trace) -> AttainmentBound:
    """Bound the weighted SLO attainment of every placement of a problem on given arrivals.

    It holds for every group partition, all caps on batches and both dispatch rules under the
    simulation of DESIGN.md section 4, also if requests could be rejected at will and all arrivals
    were known beforehand. Batches are taken for single requests, each of which is served as fast as
    in the batch of the largest throughput: `alpaplan.problem.caps.with_cheapest_batches`. It is the
    least of three relaxations:

    - Objective. A request fails if its model's latency on an idle group exceeds ``slo_s``. With
      batching too: the first request of a model that is accepted has no other to share a batch.
    - Memory. A model's replicas attain no more than each would with a group of its own, and
      all of them fit into the cluster: `alpaplan.search.bounds.replica_memory`.
    - Capacity. An attained request keeps ``intra_op`` devices busy for the latency of each
      stage, all between its arrival and its deadline less the overhead. So it needs at least
      its cheapest shape's device-seconds there, and the cluster has only so many at a time:
      `alpaplan.search.bounds.pooled_capacity`.

    With LLMs there is no bound: what an engine does for a request depends on all others in it, and
    no least share of an iteration is known that would hold for every mix.

    Times have a slack for the rounding in simulations. If all requested models weigh the same,
    the number of attained requests is rounded down.

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
    """Shorten stages and lengthen objectives by more than what simulations round.

    The rule is the one whose simulation is cheaper; with one replica they are the same.
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
    """Round a value down to what whole requests can be worth, if all are worth the same."""
    weights = np.unique(problem.model_weight[trace.model])
    value *= 1 + 1e-9  # far more than a sum over all requests rounds, and no whole request
    if weights.size > 1:
        return value
    return math.floor(value / float(weights[0]) + 1e-6) * float(weights[0])
