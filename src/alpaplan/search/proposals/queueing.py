"""How many requests equal groups attain, estimated without a simulation.

A group that serves bursts of random length and rejects what would finish late is a finite dam:
work flows in by jumps, flows out at rate 1, and overflows at a limit. With exponential jumps, the
distribution of its content has a closed form (Cohen, The Single Server Queue, on finite dams;
Asmussen, Applied Probability and Queues, on dams). Here every latency class has a limit of its own,
its patience. The form stays closed, as the density is still exponential between two limits. Bursts
have the second moment that the measured dispersion implies, so that one formula covers light load,
heavy traffic (as Kingman's and Allen and Cunneen's formulas do) and overload.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.problem.caps import (
    busy_slowest_stage_s,
    full_batch_latency_s,
    full_batch_slowest_stage_s,
)
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory_rule import linear_memory_bytes
from alpaplan.search.proposals.demand import Demand

POOLING_EXPONENT = 0.7
"""How many groups share a burst, as a power of the model's replicas (an exponent; 0.5 to 1). With
1, bursts would find all groups equally free, but they meet bursts of other models there. Estimates
of single buckets err by 0.033 to 0.036 of attainment with any value from 0.5 to 1, measured against
simulated greedy selections on nine quality cases."""

_FLAT = 1e-9
"""Exponents below this are taken as 0, where ``(1 - exp(-x)) / x`` is lost to rounding."""

_MEMORY_SLACK = 1e-9
"""Part by which models may exceed memory in sums of bytes, which are rounded (a fraction)."""


@dataclass(frozen=True)
class ClassLoad:
    """What latency classes ask of equal groups: `N` alternatives, `J` classes.

    Parameters
    ----------
    rate_rps : float64[N, J]
        Arrivals per second at all groups together.
    service_s : float64[N, J]
        How long a request keeps a group from starting others: its share of the time of the slowest
        stage for a full batch.
    limit_s : float64[J]
        Most work that a group may hold right after it accepts a request: what the objective leaves
        for waiting, plus the time of the slowest stage for the request's own batch.
    burst_s : float64[N, J]
        Mean length of exponential bursts with the measured variance: half the dispersion times the
        service time, for one group.
    """

    rate_rps: NDArray[np.float64]
    service_s: NDArray[np.float64]
    limit_s: NDArray[np.float64]
    burst_s: NDArray[np.float64]


def lost_fraction(
    load: ClassLoad, num_groups: NDArray[np.float64], pooled_groups: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the fraction of each class that is turned away, ``float64[N, J]``.

    With content x of a group (seconds of work), rho(x) the load of classes whose limit is above
    x and b(x) their mean burst, the density is ``rho / b * G`` with
    ``G(x) = exp(integral of (rho - 1) / b)`` and an atom of weight 1 at 0. A class loses what
    arrives above its limit, and of bursts from below the part that overflows, which is G there.

    Parameters
    ----------
    load
        The classes.
    num_groups, pooled_groups : float64[N]
        Groups that share the load, and how many of them share one burst.
    """
    order = np.argsort(load.limit_s, kind="stable")
    limit_s = load.limit_s[order]
    work = (load.rate_rps * load.service_s)[:, order]
    bursts = work * load.burst_s[:, order]
    # Classes with a limit above each segment are the rest of the order.
    work_above = np.cumsum(work[:, ::-1], axis=1)[:, ::-1]
    bursts_above = np.cumsum(bursts[:, ::-1], axis=1)[:, ::-1]
    present = work_above > 0
    rho = work_above / num_groups[:, np.newaxis]
    burst_s = np.where(present, bursts_above, 1) / np.where(present, work_above, 1)
    burst_s = burst_s / pooled_groups[:, np.newaxis]
    length_s = np.diff(limit_s, prepend=0.0)
    growth = (rho - 1) / burst_s * length_s
    log_g = np.cumsum(np.pad(growth, ((0, 0), (1, 0))), axis=1)
    log_g -= log_g.max(axis=1, keepdims=True)
    g = np.exp(log_g)
    size = np.abs(growth)
    # Mean of G over the segment: the larger end times (1 - exp(-size)) / size.
    mean = np.where(size < _FLAT, 1, -np.expm1(-size) / np.where(size < _FLAT, 1, size))
    mass = rho / burst_s * length_s * mean * np.maximum(g[:, :-1], g[:, 1:])
    total = g[:, 0] + mass.sum(axis=1)
    beyond = np.cumsum(mass[:, ::-1], axis=1)[:, ::-1] - mass
    lost = np.empty_like(mass)
    lost[:, order] = (beyond + g[:, 1:]) / total[:, np.newaxis]
    return np.clip(lost, 0.0, 1.0)


class QueueingEstimate:
    """Estimates what equal groups attain for sets of latency classes.

    Parameters
    ----------
    problem
        The problem. Batches are assumed to be full, so its caps should be good ones.
    demand
        Its measured arrivals.
    class_of_model : int64[M]
        Latency class of each model, or part of one, from 0. There should be few.
    """

    def __init__(
        self, problem: PlacementProblem, demand: Demand, class_of_model: NDArray[np.int64]
    ) -> None:
        self._problem = problem
        self._demand = demand
        self._class_of_model = class_of_model
        self._servable = servable_replicas(problem)
        self._service_s = busy_slowest_stage_s(problem)
        self._slowest_s = full_batch_slowest_stage_s(problem)
        self._latency_s = full_batch_latency_s(problem)

    def attained_rps(
        self, shape: int, models: NDArray[np.bool_], num_groups: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the attained requests per second, weighted by model, ``float64[N]``.

        If not all models fit, those with the most weighted requests per byte are served. If all fit
        several times, that many groups share a burst.

        Parameters
        ----------
        shape
            Index of the groups' shape.
        models : bool[M]
            The models they serve.
        num_groups : int64[N]
            Numbers of groups, each an alternative of its own.
        """
        members = np.flatnonzero(models & self._servable[shape] & (self._demand.rate_rps > 0))
        if not members.size:
            return np.zeros(num_groups.size)
        replica_bytes, usable_bytes = self._replica_bytes(shape, members)
        value = self._demand.rate_rps[members] * self._problem.model_weight[members]
        densest = np.argsort(-value / replica_bytes, kind="stable")
        members, taken = members[densest], np.cumsum(replica_bytes[densest])
        groups = num_groups.astype(np.float64)
        num_held = np.searchsorted(taken, groups * usable_bytes * (1 + _MEMORY_SLACK), side="right")
        copies = np.clip(groups * usable_bytes / taken[-1], 1.0, groups)
        load, weight_rps = self._load(shape, members, num_held)
        lost = lost_fraction(load, groups, copies**POOLING_EXPONENT)
        attained: NDArray[np.float64] = ((1 - lost) * weight_rps).sum(axis=1)
        return attained

    def _replica_bytes(
        self, shape: int, members: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], float]:
        """Return the bytes of each member's replica on its fullest device, and the usable bytes.

        Each replica also counts its share of what is left over on a device that holds only its
        kind: one that needs 0.6 of a device takes all of it, as no second one fits beside it.
        """
        profiles = self._problem.profile_of_model[members]
        weights, limits = linear_memory_bytes(self._problem, shape, profiles)
        usable = int(limits.min())
        needed = np.maximum(weights.max(axis=1).astype(np.float64), 1.0)
        held = np.maximum(np.floor(usable / needed), 1.0)
        return usable / held, float(usable)

    def _load(
        self, shape: int, members: NDArray[np.int64], num_held: NDArray[np.int64]
    ) -> tuple[ClassLoad, NDArray[np.float64]]:
        """Return the load by class of the first `num_held` members, and their weighted rate."""
        problem, demand = self._problem, self._demand
        profile = problem.profile_of_model[members]
        service_s = self._service_s[shape, profile]
        to_wait_s = np.maximum(problem.slo_s[members] - self._latency_s[shape, profile], 0.0)
        limit_s = to_wait_s + self._slowest_s[shape, profile]
        rate_rps = demand.rate_rps[members]
        half_burst = service_s**2 * demand.dispersion[members] / 2
        summed = np.stack(
            [
                rate_rps,
                rate_rps * service_s,
                rate_rps * half_burst,
                rate_rps * problem.model_weight[members],
                rate_rps * limit_s,
            ]
        )
        present, own = np.unique(self._class_of_model[members], return_inverse=True)
        by_class = np.zeros((members.size + 1, len(summed), present.size))
        by_class[np.arange(1, members.size + 1), :, own] = summed.T
        by_class = np.cumsum(by_class, axis=0)
        rate, work, burst, weight, _ = np.moveaxis(by_class[num_held], 1, 0)
        everything = by_class[-1]
        load = ClassLoad(
            rate_rps=rate,
            service_s=work / np.where(rate > 0, rate, 1),
            limit_s=everything[4] / everything[0],
            burst_s=burst / np.where(work > 0, work, 1),
        )
        return load, weight
