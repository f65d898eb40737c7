"""The default method: quick starts on many partitions, then local improvement of the best."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.search.attempt import Attempt
from alpaplan.search.budget import BATCHING_WORK
from alpaplan.search.candidate import Candidate, best_first, best_of
from alpaplan.search.caps import find_with_caps, guess_caps, with_room
from alpaplan.search.improve import improve, is_raced
from alpaplan.search.methods.method import Method
from alpaplan.search.partition import uniform_partitions
from alpaplan.search.proposals.demand import measure_demand
from alpaplan.search.proposals.proposal import propose_partitions
from alpaplan.search.room import ENOUGH, find_headroom, has_room
from alpaplan.search.search import Search
from alpaplan.search.selection.quick import select_quickly

PROPOSALS = 12
"""Partitions proposed by the queueing estimate (a count; 0 to 50)."""

STARTS = 8
"""Placements that the improvement starts from (a count; 2 to 16): the best start is often not
the one that ends best, but each costs a share of the budget. A power of two stays one when it is
halved from round to round, so that two or four workers never wait for each other for long."""

DEAR_STARTS = 6
"""The same where changes are not raced (a count; 2 to 16), as each placement costs more there."""

QUICK_FRACTION = 0.2
"""Most of the budget that the starts may take (a fraction; 0.05 to 0.5); large clusters need it."""


SINGLE_FRACTION = 1 / BATCHING_WORK
"""Part of the budget for placements without batching, where it is on (a fraction): as much as the
search has where it is not, so that the best of them is what it would find then."""

REBATCHED = 3
"""Best placements without batching that get batches, and are improved further (a count; 1 to
`DEAR_STARTS`)."""


def auto(search: Search) -> list[Candidate]:
    """Select replicas quickly on equal groups and on proposed groups, then improve the best.

    Where batching is on, this is first done without it. Then the best placements and those that
    quick selection finds with first guesses of all caps are improved, and with them the caps.

    Once hardly anything is missed, the search goes on under strain: see `alpaplan.search.room`.
    """
    found: list[Candidate] = []
    starts: Callable[[Search], list[Candidate]] = _starts
    if search.problem.batches is not None:
        no_batches = np.ones_like(search.problem.supported, dtype=np.int64)
        found = find_with_caps(search, no_batches, _without_batching, SINGLE_FRACTION)
        starts = partial(_batching_starts, single=best_first(found)[:REBATCHED])
    if not has_room(search, found):
        started = starts(search)
        found += started
        if not has_room(search, started):
            found += _improved(search, started)
    if not has_room(search, found):
        return found
    return find_headroom(search, found, starts, _num_starts(search.problem))


AUTO = Method(auto, is_endless=True, chooses_caps=True, follows_workload=False)


def _without_batching(search: Search) -> list[Candidate]:
    starts = _starts(search)
    return starts + _improved(search, starts)


def _batching_starts(search: Search, single: list[Candidate]) -> list[Candidate]:
    """Select replicas quickly with guessed caps; and let placements without batching batch."""
    starts = find_with_caps(search, guess_caps(search.problem), _starts)
    for found in search.map_attempts(_rebatch, single, QUICK_FRACTION / 2):
        starts += found
    return starts


def _starts(search: Search) -> list[Candidate]:
    problem = search.problem
    demand = measure_demand(problem, search.space.traffic)
    proposed = propose_partitions(problem, demand, PROPOSALS)
    starts: list[Candidate] = []
    for name, partitions in (("equal", uniform_partitions(problem)), ("proposed", proposed)):
        starts += search.map_attempts(select_quickly, partitions, QUICK_FRACTION / 2)
        step = f"quick selection on {len(partitions)} {name} partitions"
        search.log(step, best_of(starts).score)
    return starts


def _improved(search: Search, starts: list[Candidate]) -> list[Candidate]:
    return improve(search, best_first(starts)[: _num_starts(search.problem)], ENOUGH)


def _num_starts(problem: PlacementProblem) -> int:
    return STARTS if is_raced(problem) else DEAR_STARTS


def _rebatch(attempt: Attempt, found: Candidate) -> list[Candidate]:
    """Return a placement, and the same with replicas that batch as far as is guessed."""
    problem, placement = attempt.problem, found.placement
    caps = guess_caps(problem)[placement.shapes][:, problem.profile_of_model]
    both = [placement, with_room(problem, placement, caps)]
    return [Candidate.of("rebatch", found.partition, attempt.evaluate(each), 1) for each in both]
