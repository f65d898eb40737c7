"""Fast greedy model selection over enumerated partitions.

The most unserved model goes onto the least used group that has room: the fast form of
AlpaServe's Algorithm 1 (section 4.2).
"""

from __future__ import annotations

import math

import numpy as np

from alpaplan.problem import Placement
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.context import SearchContext
from alpaplan.search.partition import GroupPartition, combine, pool_partitions
from alpaplan.search.selection import ReplicaSelection
from alpaplan.simulator import Evaluation

MAX_COMBINATIONS = 64
"""Most combinations of the pools' partitions that are tried (a count; 16 to 1,000 is sensible:
each costs one greedy selection). With one pool there are as many as shapes, and all are tried."""


def greedy(context: SearchContext) -> list[Candidate]:
    """Try every partition into equal groups with fast greedy model selection.

    With several pools, every pool's partitions are ranked with that pool alone, and the best of
    each are tried together: at most `MAX_COMBINATIONS`.
    """
    problem = context.problem
    choices = [pool_partitions(problem, pool) for pool in range(len(problem.pools))]
    choices = [partitions for partitions in choices if partitions]
    tried: list[Candidate] = []
    if math.prod(map(len, choices)) > MAX_COMBINATIONS and len(choices) > 1:
        keep = max(1, int(MAX_COMBINATIONS ** (1 / len(choices))))
        alone = [(pool, part) for pool, parts in enumerate(choices) for part in parts]
        found = context.map_attempts(lambda c, item: select_greedily(c, item[1]), alone, 0.5)
        tried += found
        for pool in range(len(choices)):
            ranked = sorted(
                (pair for pair in zip(alone, found, strict=True) if pair[0][0] == pool),
                key=lambda pair: pair[1].score,
                reverse=True,
            )
            choices[pool] = [part for (_, part), _ in ranked[:keep]]
    return tried + context.map_attempts(select_greedily, combine(problem, choices))


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
    return as_candidate("greedy", partition, best, context)


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


def as_candidate(
    method: str,
    partition: GroupPartition,
    best: tuple[Score, Placement, Evaluation],
    context: SearchContext,
) -> Candidate:
    """Wrap the best placement of an attempt."""
    score, placement, evaluation = best
    return Candidate(
        method=method,
        partition=partition.label,
        placement=placement,
        score=score,
        evaluation=evaluation,
        num_evaluations=context.num_evaluations,
    )
