"""Moves of the local improvement: small random changes to a placement. This list is the registry.

A move looks at a placement and how it did, and proposes a change, or None if it finds nothing
to change this time. Whatever it proposes keeps the memory rule and can be put onto the devices.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from alpaplan.problem import PlacementProblem
from alpaplan.search.incremental import Change
from alpaplan.search.moves.caps import recap
from alpaplan.search.moves.groups import exchange, merge, reshape, split
from alpaplan.search.moves.replicas import add, drop, relocate, swap
from alpaplan.search.moves.state import MoveState

Move = Callable[[MoveState, np.random.Generator], Change | None]

MOVES: list[tuple[Move, float]] = [
    (add, 0.40),
    (drop, 0.12),
    (swap, 0.12),
    (relocate, 0.08),
    (reshape, 0.10),
    (split, 0.06),
    (merge, 0.06),
    (exchange, 0.06),
]
"""Each move and how often it is tried, as a share (fractions that add up to 1). The shares follow
how often each was accepted in runs on mixed workloads; halving any changes little."""

BATCHING_MOVES: list[tuple[Move, float]] = [(recap, 0.25)]
"""Moves that there are besides where batching is on; the others share what these leave."""


def moves_for(problem: PlacementProblem) -> list[tuple[Move, float]]:
    """Return the moves that can change placements of a problem, and the share of each."""
    if problem.batches is None:
        return MOVES
    left = 1.0 - sum(share for _, share in BATCHING_MOVES)
    return [(move, share * left) for move, share in MOVES] + BATCHING_MOVES


__all__ = ["BATCHING_MOVES", "MOVES", "Move", "MoveState", "moves_for"]
