"""Fast greedy model selection for given groups.

The most unserved model goes onto the least used group that has room: the fast form of
AlpaServe's Algorithm 1 (section 4.2).
"""

from __future__ import annotations

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate
from alpaplan.search.partition import GroupPartition
from alpaplan.search.selection.replicas import ReplicaSelection
from alpaplan.simulator import Evaluation


def select_greedily(attempt: Attempt, partition: GroupPartition) -> Candidate:
    """Add replicas one by one, each onto the least used group with room for the neediest model.

    The placement is simulated after each; the best one is returned, which need not be the last.
    """
    problem = attempt.problem
    selection = ReplicaSelection(problem, partition.shapes)
    best = latest = attempt.evaluate(selection.placement())
    while not attempt.exhausted():
        choice = neediest_onto_least_used(problem, selection, latest.evaluation)
        if choice is None:
            break
        selection.add(*choice)
        latest = attempt.evaluate(selection.placement())
        if latest.score > best.score:
            best = latest
    return Candidate.of("greedy", partition.label, best, attempt.used.num_evaluations)


def neediest_onto_least_used(
    problem: PlacementProblem, selection: ReplicaSelection, evaluation: Evaluation
) -> tuple[int, int] | None:
    """Return (group, model) of the next replica, or None if nothing unserved can be added."""
    unserved = (evaluation.requests - evaluation.attained) * problem.model_weight
    wanted = selection.addable.any(axis=0) & (unserved > 0)
    if not wanted.any():
        return None
    model = int(np.argmax(np.where(wanted, unserved, -1.0)))
    usable = selection.addable[:, model]
    group = int(np.argmin(np.where(usable, evaluation.group_busy_s, np.inf)))
    return group, model
