"""What moves see of a placement: which models need replicas, and the caps on batches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.service import batch_caps
from alpaplan.search.caps import guess_caps, with_room
from alpaplan.search.incremental import Change
from alpaplan.simulator import Evaluation


def needs_of(
    problem: PlacementProblem, placement: Placement, evaluation: Evaluation, *, has_room: bool
) -> NDArray[np.float64]:
    """Return how much each model needs replicas, by its weighted misses.

    Parameters
    ----------
    problem, placement, evaluation
        The placement, and how it did on the training arrivals.
    has_room
        Whether models that miss nothing need replicas too, and more so if they have few.

    Returns
    -------
    float64[M]
        Cumulative sums over the models.
    """
    missed = evaluation.requests - evaluation.attained
    # Models without misses stay possible: a replica of theirs relieves the others' groups.
    need = missed * problem.model_weight + 1e-9
    if has_room:
        few = 1.0 / (1 + placement.replicas.sum(axis=0)) ** 2
        need = need / need.sum() + few / few.sum()
    return np.cumsum(need)


@dataclass(frozen=True)
class MoveState:
    """A placement, and how it did on the training arrivals.

    Parameters
    ----------
    problem
        The problem.
    first_caps : int64[H, M]
        Caps of models that have no replica yet, by shape.
    placement, evaluation
        Where the search is.
    """

    problem: PlacementProblem
    first_caps: NDArray[np.int64]
    placement: Placement
    evaluation: Evaluation

    @classmethod
    def of(
        cls, problem: PlacementProblem, placement: Placement, evaluation: Evaluation
    ) -> MoveState:
        """Return the state that a search begins with."""
        first_caps = guess_caps(problem)[:, problem.profile_of_model]
        return cls(problem, first_caps, placement, evaluation)

    def at(self, placement: Placement, evaluation: Evaluation) -> MoveState:
        """Return the state after a change."""
        return replace(self, placement=placement, evaluation=evaluation)

    @cached_property
    def caps(self) -> NDArray[np.int64]:
        """Largest batch of each replica, ``int64[G, M]``; 0 where there is none."""
        return batch_caps(self.problem, self.placement)

    def change(self, removed: tuple[int, ...], added: Placement) -> Change:
        """Return a change whose added groups have caps, given groups without any.

        A replica keeps a cap of its model: the one on the group that its group replaces, else on
        another removed group, else on the first group with the model. Caps are lowered where
        memory does not suffice.
        """
        if self.problem.batches is None:
            return Change(removed, added)
        caps = np.zeros(added.replicas.shape, dtype=np.int64)
        for place, shape in enumerate(added.shapes.tolist()):
            first = removed[min(place, len(removed) - 1)]
            known = self.caps[[first, *removed, *range(self.placement.num_groups)]]
            known = np.vstack([known, self.first_caps[shape]])
            caps[place] = np.take_along_axis(known, (known > 0).argmax(axis=0)[np.newaxis], 0)
        return Change(removed, with_room(self.problem, added, caps))
