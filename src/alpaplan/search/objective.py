"""What searches maximize: SLO attainment or, on clusters with headroom, what is left to spare.

Where the stated traffic is served without misses, nearly all placements attain the same, and the
few requests by which they differ say nothing. There the search is put under *strain*: requests come
faster, until the best placement misses some. Placements are then compared by these misses, by how
fast they answer, and by what they attain after the loss of a node.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.devices import first_nodes
from alpaplan.search.budget import EVALUATION_WORK
from alpaplan.search.kernels.merit import ATTAINMENT_ALONE, UNCOUNTED_MISSES, merit_of
from alpaplan.simulator import Evaluation, Simulator

LARGEST_STRAIN = 2.5
"""Largest strain: how many times as fast requests may come (a factor; 1.5 to 4). Far more than the
stated traffic is another workload, and headroom for it is not worth slower answers now. The closer
a cluster's headroom is to this, the more latency and lost nodes count."""

LATENCY_WEIGHT = 6.0
"""Weight of the logarithm of mean latency beside that of the misses, under `LARGEST_STRAIN` (a
number; 3 to 8). With less, long pipelines win, which pool best and answer slowly; with more, few
large groups, which answer fast and queue early."""

STATED_WEIGHT = 1_000.0
"""Weight of misses of the stated traffic beside the logarithm of those under strain (a number; 300
to 3,000): headroom is not bought with them."""

LOSS_WEIGHT = 30.0
"""Weight of misses after the worst loss of a node (a number; 5 to 50) beside the logarithm of those
under `LARGEST_STRAIN`: with 30, one percentage point after a loss is worth 0.3 of the logarithm."""

WATCHED_NODES = 4
"""Nodes whose loss is simulated for each placement, the busiest (a count; 2 to 16)."""

LOSS_REQUESTS = 10_000
LLM_LOSS_REQUESTS = 2_000
"""Requests on which the loss of a node is simulated (a count; 5,000 to 40,000), and fewer where
LLMs are served (a count; 1,000 to 10,000), as simulating these is expensive."""


@dataclass(frozen=True)
class Objective:
    """What placements are compared by.

    Parameters
    ----------
    strain
        How many times as fast as stated requests come; 1 if attainment of the stated traffic is
        what is compared.
    stated
        Simulator of some requests of the stated traffic, for penalties; None for no penalties.
    """

    strain: float = 1.0
    stated: Simulator | None = None

    @property
    def is_strained(self) -> bool:
        """Whether headroom is compared."""
        return self.strain > 1

    @property
    def _room(self) -> float:
        """The strain, from 0 if there is none to 1 for `LARGEST_STRAIN`."""
        return (self.strain - 1) / (LARGEST_STRAIN - 1)

    def merit(self, problem: PlacementProblem, evaluation: Evaluation) -> float:
        """Return the merit before penalties: larger is better.

        It is the attainment or, under strain, the negative weighted sum of the logarithms of misses
        and mean latency.
        """
        attainment = evaluation.weighted_attainment(problem.model_weight)
        return merit_of(attainment, evaluation.mean_latency_s, self.latency_weight)

    @property
    def latency_weight(self) -> float:
        """Weight of latency in merits; see `alpaplan.search.kernels.merit.merit_of`."""
        return LATENCY_WEIGHT * self._room if self.is_strained else ATTAINMENT_ALONE

    def worth(self, attainment: float) -> float:
        """Return the slope of the merit over the attainment."""
        return 1 / (1 - attainment + UNCOUNTED_MISSES) if self.is_strained else 1.0

    def penalty(
        self, problem: PlacementProblem, placement: Placement, evaluation: Evaluation
    ) -> float:
        """Return what is taken off a merit for misses without strain, and after a loss."""
        if self.stated is None:
            return 0.0
        whole = self.stated.evaluate(placement).weighted_attainment(problem.model_weight)
        left = worst_loss(problem, self.stated, placement, evaluation)
        return STATED_WEIGHT * (1 - whole) + self.loss_of(left)

    def loss_of(self, left: float) -> float:
        """Return the penalty for the attainment that is left after the loss of a node."""
        return LOSS_WEIGHT * self._room * (1 - left)

    def penalty_work(self, problem: PlacementProblem) -> int:
        """Return roughly the work of `penalty`, in simulated requests."""
        if self.stated is None:
            return 0
        watched = min(WATCHED_NODES, sum(pool.num_nodes for pool in problem.pools))
        return (1 + watched) * (self.stated.trace.num_requests + EVALUATION_WORK)


AS_STATED = Objective()
"""Attainment of the stated traffic."""


def worst_loss(
    problem: PlacementProblem, stated: Simulator, placement: Placement, evaluation: Evaluation
) -> float:
    """Return the weighted attainment without the node whose loss hurts most; 1 without groups.

    Parameters
    ----------
    problem
        The problem.
    stated
        Simulates the arrivals.
    placement, evaluation
        The placement, and how it did, which says which nodes are busiest.
    """
    nodes = np.array(first_nodes(problem, placement.shapes.tolist()), dtype=np.int64)
    busiest = np.argsort(-np.bincount(nodes, evaluation.group_busy_s), kind="stable")
    weight = problem.model_weight
    left = (placement.take(nodes != node) for node in busiest[:WATCHED_NODES].tolist())
    return min((stated.evaluate(each).weighted_attainment(weight) for each in left), default=1.0)


def requests_for_losses(problem: PlacementProblem) -> int:
    """Return the number of requests on which the loss of a node is simulated."""
    return LOSS_REQUESTS if problem.engines is None else LLM_LOSS_REQUESTS
