"""Proposes changes one at a time, for problems whose changes are not raced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.caps import without_batching
from alpaplan.problem.devices import assign_devices
from alpaplan.search.incremental import Change
from alpaplan.search.kernels import arrays, propose
from alpaplan.search.moves import RECAP, RECAP_SHARE, shares_of_moves
from alpaplan.search.moves.caps import recap
from alpaplan.search.moves.state import MoveState
from alpaplan.search.packing import (
    allocate_change,
    allocate_draws,
    allocate_groups,
    pack_options,
    pack_placement,
    refill,
)
from alpaplan.simulator.kernels.compiling import compiled

WORTH_COMPILING = 4_000
"""Models times groups above which moves are compiled (a count; 1,000 to 20,000). Below, they take
less than a millisecond as plain Python, and compiling takes seconds after an installation."""


class Proposer:
    """Draws changes to placements of a problem.

    Parameters
    ----------
    problem
        The problem. Replicas are placed as if there were no batching; batches get what memory is
        left.
    placement
        Where the search begins.
    rng
        Source of its choices.
    shares
        How often each move is tried, by its number; None for `shares_of_moves`.
    """

    def __init__(
        self,
        problem: PlacementProblem,
        placement: Placement,
        rng: np.random.Generator,
        shares: Sequence[float] | None = None,
    ) -> None:
        self._problem = problem
        self._rng = rng
        self._options = pack_options(without_batching(problem), shares or shares_of_moves())
        self._groups = allocate_groups(problem, placement)
        self._change = allocate_change(self._options)
        self._draws = allocate_draws(problem.num_models)
        is_large = self._groups.held.size > WORTH_COMPILING
        self._propose = compiled(propose.propose) if is_large else propose.propose

    def propose(self, state: MoveState, needs: NDArray[np.float64]) -> tuple[int, Change | None]:
        """Return the number of a move, and the change that it proposes, if it finds one.

        Parameters
        ----------
        state
            The placement as it is.
        needs : float64[M]
            See `alpaplan.search.moves.state.needs_of`.
        """
        if self._problem.batches is not None and self._rng.random() < RECAP_SHARE:
            return RECAP, recap(state, self._rng)
        refill(self._draws, self._rng, self._problem.num_models)
        pack_placement(state.placement, self._groups)
        self._propose(self._options, self._groups, needs, self._change, self._draws)
        going, coming, kind = self._change.counts.tolist()
        if not coming:
            return kind, None
        removed = tuple(self._change.removed[:going].tolist())
        held = self._change.held.reshape(arrays.MOST_GROUPS, -1)[:coming].astype(np.bool_)
        change = state.change(removed, Placement(self._change.shape[:coming].copy(), held))
        shapes = change.applied_to(state.placement).shapes
        changes_sizes = kind in propose.CHANGING_SIZES
        if changes_sizes and assign_devices(self._problem, shapes.tolist()) is None:
            return kind, None
        return kind, change
