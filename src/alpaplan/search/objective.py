"""What searches prefer: attainment, and on clusters with room what is left to spare.

Where the stated traffic is served without misses, nearly all placements attain the same, and the
few requests that they differ by say nothing. There requests come faster, until the best placement
misses some, and placements are told apart by what they miss then, by how fast they answer, and by
what is left when a node is lost.
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
"""How many times as fast requests come at most (a factor; 1.5 to 4). Far more than what is stated
is another workload: room for it is not worth answering later now. The nearer to it a cluster's
room ends, the more counts what is not attainment."""

LATENCY_WEIGHT = 6.0
"""How many times as much a part of the mean latency counts as the same part of the misses under
`LARGEST_STRAIN` (a number; 3 to 8). Below, long pipelines win, which pool best and answer late;
above, few large groups, which answer fast and queue soon."""

STATED_WEIGHT = 1_000.0
"""How much misses of the stated traffic count beside the logarithm of those under strain (a number;
300 to 3,000): room is not bought with them."""

LOSS_WEIGHT = 30.0
"""How much misses after the worst loss of a node count (a number; 5 to 50) beside the logarithm of
those under `LARGEST_STRAIN`: with 30, a point less after a loss is worth three tenths of them."""

WATCHED_NODES = 4
"""Nodes whose loss is simulated for each placement (a count; 2 to 16): the busiest."""

LOSS_REQUESTS = 10_000
LLM_LOSS_REQUESTS = 2_000
"""Requests that a loss is simulated on (a count; 5,000 to 40,000), and fewer where LLMs are served
(a count; 1,000 to 10,000), whose requests are dear."""


@dataclass(frozen=True)
class Objective:
    """What placements are compared by.

    Parameters
    ----------
    strain
        How many times as fast as stated requests come; 1 where attainment as stated decides.
    stated
        Simulator of some requests as they come as stated, for what is attained of them, whole and
        after a loss; None if that decides nothing.
    """

    strain: float = 1.0
    stated: Simulator | None = None

    @property
    def is_strained(self) -> bool:
        """Whether what is left to spare decides."""
        return self.strain > 1

    @property
    def _room(self) -> float:
        """How much room there is, as a part of the most that is looked for."""
        return (self.strain - 1) / (LARGEST_STRAIN - 1)

    def merit(self, problem: PlacementProblem, evaluation: Evaluation) -> float:
        """Return what is compared, but for penalties: larger is better.

        It is the attainment, or under strain minus the logarithms of misses and mean latency.
        """
        attainment = evaluation.weighted_attainment(problem.model_weight)
        return merit_of(attainment, evaluation.mean_latency_s, self.latency_weight)

    @property
    def latency_weight(self) -> float:
        """How much latency counts in merits; see `alpaplan.search.kernels.merit.merit_of`."""
        return LATENCY_WEIGHT * self._room if self.is_strained else ATTAINMENT_ALONE

    def worth(self, attainment: float) -> float:
        """Return how much merit a small part of all requests is worth where so many attain."""
        return 1 / (1 - attainment + UNCOUNTED_MISSES) if self.is_strained else 1.0

    def penalty(
        self, problem: PlacementProblem, placement: Placement, evaluation: Evaluation
    ) -> float:
        """Return how much merit misses take that there are without strain, and after a loss."""
        if self.stated is None:
            return 0.0
        whole = self.stated.evaluate(placement).weighted_attainment(problem.model_weight)
        left = worst_loss(problem, self.stated, placement, evaluation)
        return STATED_WEIGHT * (1 - whole) + self.loss_of(left)

    def loss_of(self, left: float) -> float:
        """Return how much merit a loss takes that leaves such an attainment."""
        return LOSS_WEIGHT * self._room * (1 - left)

    def penalty_work(self, problem: PlacementProblem) -> int:
        """Return the work that `penalty` takes, about, in simulated requests."""
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
        The placement, and how it did; of its nodes the busiest are looked at.
    """
    nodes = np.array(first_nodes(problem, placement.shapes.tolist()), dtype=np.int64)
    busiest = np.argsort(-np.bincount(nodes, evaluation.group_busy_s), kind="stable")
    weight = problem.model_weight
    left = (placement.take(nodes != node) for node in busiest[:WATCHED_NODES].tolist())
    return min((stated.evaluate(each).weighted_attainment(weight) for each in left), default=1.0)


def requests_for_losses(problem: PlacementProblem) -> int:
    """Return how many requests a loss is simulated on."""
    return LOSS_REQUESTS if problem.engines is None else LLM_LOSS_REQUESTS
