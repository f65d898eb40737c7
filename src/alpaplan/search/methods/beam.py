"""Simulator-guided beam search for replicas (AlpaServe section 4.2, Algorithm 1)."""

from __future__ import annotations

import numpy as np

from alpaplan.problem import Placement
from alpaplan.search.candidate import Candidate, Score
from alpaplan.search.context import SearchContext
from alpaplan.search.methods.greedy import greedy
from alpaplan.search.methods.method import Method
from alpaplan.search.partition import GroupPartition, make_partition
from alpaplan.search.selection.replicas import ReplicaSelection
from alpaplan.simulator import Evaluation

BEAM_SIZE = 3
"""Placements kept from one round to the next (a count; 1 to 10: time grows with it)."""

BEAM_MODELS = 4
"""Neediest models whose replicas are tried in a round (a count; 1 to the number of models, which
is Algorithm 1 as published: replicas of models that miss little gain little, and cost as much)."""

BEAM_PARTITIONS = 3
"""Partitions that are searched, the best of the fast greedy form (a count; 1 to all)."""

State = tuple[Score, ReplicaSelection, Evaluation]


def beam(context: SearchContext) -> list[Candidate]:
    """Rank partitions by the fast greedy form, then search the best ones by beam."""
    ranking = context.share(1, 0.5)
    tried = greedy(ranking)
    context.absorb(ranking)
    return tried + beam_from(context, tried)


BEAM = Method(beam)


def beam_from(context: SearchContext, tried: list[Candidate]) -> list[Candidate]:
    """Search the partitions of the best candidates, each partition once."""
    ranked = sorted(tried, key=lambda candidate: candidate.score, reverse=True)
    shapes = dict.fromkeys(tuple(map(int, candidate.placement.shapes)) for candidate in ranked)
    partitions = [make_partition(context.problem, key) for key in list(shapes)[:BEAM_PARTITIONS]]
    return context.map_attempts(select_by_beam, partitions)


def select_by_beam(context: SearchContext, partition: GroupPartition) -> Candidate:
    """Add replicas round by round, keeping the `BEAM_SIZE` best placements of each round."""
    selection = ReplicaSelection(context.problem, partition.shapes)
    placement = selection.placement()
    score, evaluation = context.evaluate(placement)
    best = (score, placement, evaluation)
    states: list[State] = [(score, selection, evaluation)]
    while states:
        grown = _grow(context, states)
        states = sorted(grown, key=lambda state: state[0], reverse=True)[:BEAM_SIZE]
        if states and states[0][0] > best[0]:
            best = (states[0][0], states[0][1].placement(), states[0][2])
    return Candidate.of("beam", partition.label, best, context.num_evaluations)


def _grow(context: SearchContext, states: list[State]) -> list[State]:
    """Simulate every placement with one more replica of a needy model, each placement once."""
    seen: set[bytes] = set()
    grown: list[State] = []
    for _, selection, evaluation in states:
        for group, model in _next_replicas(context, selection, evaluation):
            if context.exhausted():
                return []
            larger = selection.copy()
            larger.add(group, model)
            key = np.packbits(larger.replicas).tobytes()
            if key in seen:
                continue
            seen.add(key)
            placement: Placement = larger.placement()
            score, result = context.evaluate(placement)
            grown.append((score, larger, result))
    return grown


def _next_replicas(
    context: SearchContext, selection: ReplicaSelection, evaluation: Evaluation
) -> list[tuple[int, int]]:
    unserved = (evaluation.requests - evaluation.attained) * context.problem.model_weight
    wanted = selection.addable.any(axis=0) & (unserved > 0)
    neediest = np.argsort(np.where(wanted, -unserved, np.inf), kind="stable")
    models = [int(m) for m in neediest[: min(BEAM_MODELS, int(wanted.sum()))]]
    return [(int(g), m) for m in models for g in np.flatnonzero(selection.addable[:, m])]
