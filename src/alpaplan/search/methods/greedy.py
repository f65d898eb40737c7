"""Fast greedy model selection on every partition into equal groups (AlpaServe section 4.2)."""

from __future__ import annotations

import math

from alpaplan.search.candidate import Candidate
from alpaplan.search.methods.method import Method
from alpaplan.search.partition import combine, pool_partitions
from alpaplan.search.search import Search
from alpaplan.search.selection.greedy import select_greedily

MAX_COMBINATIONS = 64
"""Most combinations of the pools' partitions that are tried (a count; 16 to 1,000 is sensible:
each costs one greedy selection). With one pool there are as many as shapes, and all are tried."""


def greedy(search: Search) -> list[Candidate]:
    """Try every partition into equal groups with fast greedy model selection.

    With several pools, every pool's partitions are ranked with that pool alone, and the best of
    each are tried together: at most `MAX_COMBINATIONS`.
    """
    problem = search.problem
    choices = [pool_partitions(problem, pool) for pool in range(len(problem.pools))]
    choices = [partitions for partitions in choices if partitions]
    tried: list[Candidate] = []
    if math.prod(map(len, choices)) > MAX_COMBINATIONS and len(choices) > 1:
        keep = max(1, int(MAX_COMBINATIONS ** (1 / len(choices))))
        alone = [(pool, part) for pool, parts in enumerate(choices) for part in parts]
        found = search.map_attempts(select_greedily, [part for _, part in alone], 0.5)
        tried += found
        for pool in range(len(choices)):
            ranked = sorted(
                (pair for pair in zip(alone, found, strict=True) if pair[0][0] == pool),
                key=lambda pair: pair[1].score,
                reverse=True,
            )
            choices[pool] = [part for (_, part), _ in ranked[:keep]]
    return tried + search.map_attempts(select_greedily, combine(problem, choices))


GREEDY = Method(greedy)
