"""Replicas chosen one by one for given groups, and which may still be added."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.caps import without_batching
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory import room_for_profiles
from alpaplan.search.selection.required import with_required


class ReplicaSelection:
    """The replicas chosen so far for given groups.

    Parameters
    ----------
    problem
        The problem.
    shapes
        Index of each group's shape.
    eligible : bool[G, M]
        Models that each group is meant for; None if each is for all.

    Attributes
    ----------
    replicas : bool[G, M]
        What is chosen; required replicas are from the start.
    addable : bool[G, M]
        What may be added: replicas that are not there yet, fit, and could attain a request.
    """

    def __init__(
        self,
        problem: PlacementProblem,
        shapes: Sequence[int],
        eligible: NDArray[np.bool_] | None = None,
    ) -> None:
        self._problem = problem
        self._shapes = np.array(shapes, dtype=np.int64)
        self._counts = np.zeros((len(shapes), len(problem.profile_names)), dtype=np.int64)
        self._servable = servable_replicas(problem)[self._shapes]
        if eligible is not None:
            self._servable &= eligible
        self.replicas: NDArray[np.bool_] = np.zeros(self._servable.shape, dtype=np.bool_)
        self.addable: NDArray[np.bool_] = self._servable.copy()
        if problem.required is not None:
            needed = with_required(without_batching(problem), self.placement())
            for group, model in zip(*needed.in_replica_order(), strict=True):
                self.add(int(group), int(model))

    def add(self, group: int, model: int) -> None:
        """Put a replica of a model on a group."""
        self.replicas[group, model] = True
        self._counts[group, self._problem.profile_of_model[model]] += 1
        room = room_for_profiles(self._problem, int(self._shapes[group]), self._counts[group])
        self.addable[group] = (
            self._servable[group] & ~self.replicas[group] & room[self._problem.profile_of_model]
        )

    def copy(self) -> ReplicaSelection:
        """Return an independent copy."""
        twin = copy.copy(self)
        twin._counts = self._counts.copy()
        twin.replicas = self.replicas.copy()
        twin.addable = self.addable.copy()
        return twin

    def placement(self) -> Placement:
        """Return the placement so far."""
        return Placement(self._shapes, self.replicas.copy())
