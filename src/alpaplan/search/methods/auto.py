"""The default method: quick starts on many partitions, then local improvement of the best."""

from __future__ import annotations

from alpaplan.search.candidate import Candidate, best_of
from alpaplan.search.improve import improve
from alpaplan.search.methods.method import Method
from alpaplan.search.partition import uniform_partitions
from alpaplan.search.proposals.demand import measure_demand
from alpaplan.search.proposals.proposal import propose_partitions
from alpaplan.search.search import Search
from alpaplan.search.selection.quick import select_quickly

PROPOSALS = 12
"""Partitions proposed by the queueing estimate (a count; 0 to 50)."""

STARTS = 6
"""Placements that the improvement starts from (a count; 2 to 16): the best start is often not
the one that ends best, but each costs a share of the budget."""

QUICK_FRACTION = 0.2
"""Most of the budget that the starts may take (a fraction; 0.05 to 0.5); large clusters need it."""


def auto(search: Search) -> list[Candidate]:
    """Select replicas quickly on equal groups and on proposed groups, then improve the best."""
    problem = search.problem
    demand = measure_demand(problem, search.space.training.trace)
    proposed = propose_partitions(problem, demand, PROPOSALS)
    starts: list[Candidate] = []
    for name, partitions in (("equal", uniform_partitions(problem)), ("proposed", proposed)):
        starts += search.map_attempts(select_quickly, partitions, QUICK_FRACTION / 2)
        step = f"quick selection on {len(partitions)} {name} partitions"
        search.log(step, best_of(starts).score)
    ranked = sorted(starts, key=lambda candidate: candidate.score, reverse=True)
    return starts + improve(search, ranked[:STARTS])


AUTO = Method(auto, is_endless=True)
