"""Moves of the local improvement: small random changes to a placement. This list is the registry.

A move looks at a placement and how it did, and proposes a change, or finds nothing to change this
time. Whatever it proposes keeps the memory rule. Moves are compiled, so that they take no longer
than what they save: `alpaplan.search.kernels.propose` calls them by their numbers here.
"""

from __future__ import annotations

from alpaplan.problem import PlacementProblem
from alpaplan.search.kernels import propose

MOVES: dict[str, tuple[int, float]] = {
    "add": (propose.ADD, 0.32),
    "drop": (propose.DROP, 0.12),
    "swap": (propose.SWAP, 0.12),
    "relocate": (propose.RELOCATE, 0.08),
    "reshape": (propose.RESHAPE, 0.10),
    "split": (propose.SPLIT, 0.06),
    "merge": (propose.MERGE, 0.06),
    "exchange": (propose.EXCHANGE, 0.06),
    "separate": (propose.SEPARATE, 0.08),
}
"""Each move, its number, and how often it is tried, as a share (fractions that add up to 1). The
shares follow how often each was accepted in runs on mixed workloads; halving any changes little."""

RECAP = len(MOVES)
RECAP_SHARE = 0.25
"""Number of the move that changes caps (`alpaplan.search.moves.caps`), and its share where there
are batches; the others share what it leaves."""


def names_of_moves(problem: PlacementProblem) -> list[str]:
    """Return the names of the moves that can change placements of a problem, by their numbers."""
    return [*MOVES, "recap"] if problem.batches is not None else list(MOVES)


def shares_of_moves() -> list[float]:
    """Return the shares of compiled moves, by their numbers."""
    shares = dict(MOVES.values())
    return [shares[number] for number in range(len(shares))]
