"""The default method: quick starts on many partitions, then local improvement of the best."""

from __future__ import annotations

from alpaplan.search.candidate import Candidate, best_of
from alpaplan.search.context import SearchContext
from alpaplan.search.improve import improve
from alpaplan.search.partition import combine, pool_partitions
from alpaplan.search.quick import select_quickly

STARTS = 6
"""Placements that the improvement starts from (a count; 2 to 16): the best start is often not
the one that ends best, but each costs a share of the budget."""


def auto(context: SearchContext) -> list[Candidate]:
    """Select replicas quickly on every partition, then improve the best of them."""
    problem = context.problem
    choices = [pool_partitions(problem, pool) for pool in range(len(problem.pools))]
    partitions = combine(problem, [choice for choice in choices if choice])
    tried = context.map_attempts(select_quickly, partitions, 0.25)
    context.log(f"quick selection on {len(partitions)} partitions", best_of(tried).score)
    ranked = sorted(tried, key=lambda candidate: candidate.score, reverse=True)
    return tried + improve(context, ranked[:STARTS])
