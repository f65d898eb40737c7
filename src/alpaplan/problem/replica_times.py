"""What one replica takes for its batches: for whoever acts as a group and simulates nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import PlacementProblem
from alpaplan.problem.service import batch_caps, simulated_batch_stages_s, simulated_stages_s


@dataclass(frozen=True)
class ReplicaTimes:
    """Times of a replica of a fixed-service model.

    Parameters
    ----------
    slo_s
        The model's latency objective.
    stages_s : float64[num_sizes, num_stages]
        Stage latencies of batches of 1, 2, ... requests, as many as a batch may have.
    overhead_s
        Added once to every request.
    """

    slo_s: float
    stages_s: NDArray[np.float64]
    overhead_s: float


def replica_times(problem: PlacementProblem, placement: Placement) -> list[dict[str, ReplicaTimes]]:
    """Return model -> times of the replicas of each group, in replica order.

    Parameters
    ----------
    problem
        No replica of the placement may be of an LLM.
    placement
        The groups.
    """
    caps = batch_caps(problem, placement)
    alone_s = simulated_stages_s(problem)
    found: list[dict[str, ReplicaTimes]] = [{} for _ in range(placement.num_groups)]
    for g, m in zip(*placement.in_replica_order(), strict=True):
        shape, profile = placement.shapes[g], problem.profile_of_model[m]
        rows = alone_s[shape, profile][np.newaxis]
        if problem.batches is not None:
            first = problem.batches.first_row[shape, profile]
            rows = simulated_batch_stages_s(problem)[first : first + caps[g, m]]
        found[g][problem.model_names[m]] = ReplicaTimes(
            float(problem.slo_s[m]),
            rows[:, : problem.num_stages[shape]],
            problem.request_overhead_s,
        )
    return found
