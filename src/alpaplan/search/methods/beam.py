"""Simulator-guided beam search for replicas (AlpaServe section 4.2, Algorithm 1)."""

from __future__ import annotations

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.search.attempt import Attempt
from alpaplan.search.candidate import Candidate, Scored, best_first
from alpaplan.search.methods.greedy import greedy
from alpaplan.search.methods.method import Method
from alpaplan.search.partition import GroupPartition, make_partition
from alpaplan.search.search import Search
from alpaplan.search.selection.replicas import ReplicaSelection
from alpaplan.simulator import Evaluation

BEAM_SIZE = 3
"""Placements kept from one round to the next (a count; 1 to 10: time grows with it)."""

BEAM_MODELS = 4
"""Neediest models whose replicas are tried in a round (a count; 1 to the number of models, which
is Algorithm 1 as published: replicas of models that miss little gain little, and cost as much)."""

BEAM_PARTITIONS = 3
"""Partitions that are searched, the best of the fast greedy form (a count; 1 to all)."""

State = tuple[ReplicaSelection, Scored]


def beam(search: Search) -> list[Candidate]:
    """Rank partitions by the fast greedy form, then search the best ones by beam."""
    tried = search.delegate(greedy, 0.5)
    return tried + beam_from(search, tried)


BEAM = Method(beam)


def beam_from(search: Search, tried: list[Candidate]) -> list[Candidate]:
    """Search the partitions of the best candidates, each partition once."""
    ranked = best_first(tried)
    shapes = dict.fromkeys(tuple(map(int, candidate.placement.shapes)) for candidate in ranked)
    partitions = [make_partition(search.problem, key) for key in list(shapes)[:BEAM_PARTITIONS]]
    return search.map_attempts(select_by_beam, partitions)


def select_by_beam(attempt: Attempt, partition: GroupPartition) -> Candidate:
    """Add replicas round by round, keeping the `BEAM_SIZE` best placements of each round."""
    selection = ReplicaSelection(attempt.problem, partition.shapes)
    best = attempt.evaluate(selection.placement())
    states: list[State] = [(selection, best)]
    while states:
        grown = _grow(attempt, states)
        states = sorted(grown, key=lambda state: state[1].score, reverse=True)[:BEAM_SIZE]
        if states and states[0][1].score > best.score:
            best = states[0][1]
    return Candidate.of("beam", partition.label, best, attempt.used.num_evaluations)


def _grow(attempt: Attempt, states: list[State]) -> list[State]:
    """Simulate every placement with one more replica of a needy model, each placement once."""
    seen: set[bytes] = set()
    grown: list[State] = []
    for selection, scored in states:
        for group, model in _next_replicas(attempt.problem, selection, scored.evaluation):
            if attempt.exhausted():
                return []
            larger = selection.copy()
            larger.add(group, model)
            key = np.packbits(larger.replicas).tobytes()
            if key in seen:
                continue
            seen.add(key)
            grown.append((larger, attempt.evaluate(larger.placement())))
    return grown


def _next_replicas(
    problem: PlacementProblem, selection: ReplicaSelection, evaluation: Evaluation
) -> list[tuple[int, int]]:
    unserved = (evaluation.requests - evaluation.attained) * problem.model_weight
    wanted = selection.addable.any(axis=0) & (unserved > 0)
    neediest = np.argsort(np.where(wanted, -unserved, np.inf), kind="stable")
    models = [int(m) for m in neediest[: min(BEAM_MODELS, int(wanted.sum()))]]
    return [(int(g), m) for m in models for g in np.flatnonzero(selection.addable[:, m])]
