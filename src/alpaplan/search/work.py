"""What simulating placements costs, as budgets count it."""

from __future__ import annotations

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.service import batch_caps

BATCHED_WORK = 4
"""Requests served by themselves that take as long to simulate as one that may share a batch (a
count; 2 to 10): 36 against 9 million a second, in three mixes with caps of 2 to 16."""


def requests_work(problem: PlacementProblem, placement: Placement, num_requests: int) -> int:
    """Return the work of simulating requests of a placement, in requests served by themselves."""
    return num_requests * (BATCHED_WORK if is_batched(problem, placement) else 1)


def is_batched(problem: PlacementProblem, placement: Placement) -> bool:
    """Return whether any replica may form batches of more than one request."""
    return problem.batches is not None and bool(batch_caps(problem, placement).max(initial=0) > 1)
