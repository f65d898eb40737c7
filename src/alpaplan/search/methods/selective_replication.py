"""AlpaServe's selective replication (section 6.2, "SR"): no model parallelism."""

from __future__ import annotations

from dataclasses import replace

from alpaplan.problem import PlacementProblem
from alpaplan.search.candidate import Candidate
from alpaplan.search.methods.method import Method
from alpaplan.search.partition import GroupPartition, combine, pool_partitions
from alpaplan.search.search import Search
from alpaplan.search.selection.greedy import select_greedily


def selective_replication(search: Search) -> list[Candidate]:
    """Place replicas on single devices by fast greedy selection (AlpaServe section 6.2, "SR").

    A pool whose single devices can serve no model stays empty.
    """
    problem = search.problem
    singles = [
        [part for part in pool_partitions(problem, pool) if _largest(problem, part) == 1]
        for pool in range(len(problem.pools))
    ]
    partitions = combine(problem, [parts for parts in singles if parts])
    found = search.map_attempts(select_greedily, [part for part in partitions if part.shapes])
    return [replace(candidate, method="selective-replication") for candidate in found]


REPLICATION = Method(selective_replication)


def _largest(problem: PlacementProblem, partition: GroupPartition) -> int:
    return max((problem.shapes[h].num_devices for h in partition.shapes), default=0)
