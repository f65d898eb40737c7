"""What simulating placements costs, as budgets count it."""

from __future__ import annotations

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.service import batch_caps
from alpaplan.simulator import Evaluation

BATCHED_WORK = 4
"""Work of a request that may share a batch, in requests served by themselves (a factor; 2 to 10): 9
against 36 million were simulated a second, in three mixes with caps of 2 to 16."""

ITERATION_WORK = 4
"""Work of an iteration of an LLM engine, in requests served by themselves (a factor; 2 to 10). This
includes its share of the work for arrivals and finishes."""


def requests_work(problem: PlacementProblem, placement: Placement, evaluation: Evaluation) -> int:
    """Return the work of a simulation's requests, in requests served by themselves.

    For LLMs, iterations are counted and not requests: a request takes part in many, each of which
    it shares with others.
    """
    each = BATCHED_WORK if is_batched(problem, placement) else 1
    return int(evaluation.requests.sum()) * each + evaluation.iterations * ITERATION_WORK


def is_batched(problem: PlacementProblem, placement: Placement) -> bool:
    """Return whether any replica may form batches of more than one request."""
    return problem.batches is not None and bool(batch_caps(problem, placement).max(initial=0) > 1)
