"""What simulating placements costs, as budgets count it."""

from __future__ import annotations

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.service import batch_caps
from alpaplan.simulator import Evaluation

BATCHED_WORK = 4
"""Requests served by themselves that take as long to simulate as one that may share a batch (a
count; 2 to 10): 36 against 9 million a second, in three mixes with caps of 2 to 16."""

ITERATION_WORK = 4
"""Requests served by themselves that take as long to simulate as one iteration of an LLM engine,
its part of arrivals and finishes included (a count; 2 to 10)."""


def requests_work(problem: PlacementProblem, placement: Placement, evaluation: Evaluation) -> int:
    """Return the work of a simulation's requests, in requests served by themselves.

    An LLM's request costs as many iterations as it takes part in, shared with those beside it. So
    what engines do is counted, and not how many requests they get.
    """
    each = BATCHED_WORK if is_batched(problem, placement) else 1
    return int(evaluation.requests.sum()) * each + evaluation.iterations * ITERATION_WORK


def is_batched(problem: PlacementProblem, placement: Placement) -> bool:
    """Return whether any replica may form batches of more than one request."""
    return problem.batches is not None and bool(batch_caps(problem, placement).max(initial=0) > 1)
