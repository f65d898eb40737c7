"""Fast greedy model selection for given groups.

The most unserved model goes onto the least used group that has room: the fast form of
AlpaServe's Algorithm 1 (section 4.2).
"""

from __future__ import annotations

import numpy as np

from alpaplan.search.candidate import Candidate
from alpaplan.search.context import SearchContext
from alpaplan.search.partition import GroupPartition
from alpaplan.search.selection.replicas import ReplicaSelection
from alpaplan.simulator import Evaluation


def select_greedily(context: SearchContext, partition: GroupPartition) -> Candidate:
    """Add replicas one by one, each onto the least used group with room for the neediest model.

    After each, the placement is simulated; the best one on the way is returned, which is not
    always the fullest.
    """
    problem = context.problem
    selection = ReplicaSelection(problem, partition.shapes)
    placement = selection.placement()
    score, evaluation = context.evaluate(placement)
    best = (score, placement, evaluation)
    while not context.exhausted():
        choice = neediest_onto_least_used(context, selection, evaluation)
        if choice is None:
            break
        selection.add(*choice)
        placement = selection.placement()
        score, evaluation = context.evaluate(placement)
        if score > best[0]:
            best = (score, placement, evaluation)
    return Candidate.of("greedy", partition.label, best, context.num_evaluations)


def neediest_onto_least_used(
    context: SearchContext, selection: ReplicaSelection, evaluation: Evaluation
) -> tuple[int, int] | None:
    """Return (group, model) of the next replica, or None if nothing unserved can be added."""
    unserved = (evaluation.requests - evaluation.attained) * context.problem.model_weight
    wanted = selection.addable.any(axis=0) & (unserved > 0)
    if not wanted.any():
        return None
    model = int(np.argmax(np.where(wanted, unserved, -1.0)))
    usable = selection.addable[:, model]
    group = int(np.argmin(np.where(usable, evaluation.group_busy_s, np.inf)))
    return group, model
