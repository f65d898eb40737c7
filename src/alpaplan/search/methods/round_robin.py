"""AlpaServe's round robin (section 6.6): models dealt out to equal groups in turn."""

from __future__ import annotations

import itertools

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate, best_of
from alpaplan.search.methods.method import Method
from alpaplan.search.partition import GroupPartition, combine, pool_partitions
from alpaplan.search.search import Search
from alpaplan.search.selection.replicas import ReplicaSelection

ROUND_ROBIN_PIPELINE = (1, 4)
"""(intra_op, inter_op) of round robin's groups: the four-stage pipelines of AlpaServe's
evaluation (section 6.6). Without that shape the nearest size that exists is taken."""


def round_robin(search: Search) -> list[Candidate]:
    """Deal the models out to equal groups in turn, round after round, until nothing fits."""
    problem = search.problem
    choices = []
    for pool in range(len(problem.pools)):
        partitions = pool_partitions(problem, pool)
        if partitions:
            choices.append([min(partitions, key=lambda part: _distance(problem, part))])
    found = search.map_attempts(_deal, combine(problem, choices))
    return [best_of(found)] if found else []


ROUND_ROBIN = Method(round_robin)


def _deal(attempt: Attempt, partition: GroupPartition) -> Candidate:
    selection = ReplicaSelection(attempt.problem, partition.shapes)
    turns = itertools.cycle(range(len(partition.shapes)))
    dealt = True
    while dealt:
        dealt = False
        for model in range(attempt.problem.num_models):
            # A full group passes its turn on to the next one.
            for group in itertools.islice(turns, len(partition.shapes)):
                if selection.addable[group, model]:
                    selection.add(group, model)
                    dealt = True
                    break
    only = attempt.evaluate(selection.placement())
    return Candidate.of("round-robin", partition.label, only, attempt.used.num_evaluations)


def _distance(problem: PlacementProblem, partition: GroupPartition) -> tuple[float, int]:
    """Order shapes by how far they are from round robin's: in size, then in intra_op."""
    intra_op, inter_op = ROUND_ROBIN_PIPELINE
    shape = max((problem.shapes[h] for h in partition.shapes), key=lambda s: s.num_devices)
    size_ratio = float(np.log2(shape.num_devices / (intra_op * inter_op)))
    return abs(size_ratio), shape.intra_op
