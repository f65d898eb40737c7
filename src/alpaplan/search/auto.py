"""The default method: every method that is cheap, then the best one from what they found."""

from __future__ import annotations

from alpaplan.search.baselines import round_robin, selective_replication
from alpaplan.search.beam import beam_from
from alpaplan.search.candidate import Candidate
from alpaplan.search.context import SearchContext
from alpaplan.search.greedy import greedy


def auto(context: SearchContext) -> list[Candidate]:
    """Run the baselines and the fast greedy form, then beam search on the best partitions."""
    first = context.share(2)
    tried = [*round_robin(first), *selective_replication(first), *greedy(first)]
    context.absorb(first)
    return tried + beam_from(context, tried)
