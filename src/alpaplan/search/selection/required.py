"""Puts required replicas on groups; where memory lacks, others go."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.caps import without_batching
from alpaplan.problem.devices import first_nodes
from alpaplan.problem.feasibility import servable_replicas, shapes_with_room
from alpaplan.problem.memory import keep_what_fits
from alpaplan.problem.required import RequiredReplicas
from alpaplan.problem.required_checks import missing_replicas
from alpaplan.problem.service import batch_caps
from alpaplan.search.caps import guess_caps, with_room


def with_required(problem: PlacementProblem, placement: Placement) -> Placement:
    """Return a placement with the required replicas, as far as memory suffices.

    The groups keep their shapes. Each missing replica goes where the fewest others have to make
    way, and no required replica does.

    Parameters
    ----------
    problem
        The problem.
    placement
        Groups that can be put onto the devices.
    """
    required = problem.required
    if required is None or not missing_replicas(problem, placement).any():
        return placement
    replicas = _Filling(problem, required, placement).filled()
    filled = Placement(placement.shapes, replicas)
    if problem.batches is None:
        return filled
    caps = np.where(
        placement.replicas,
        batch_caps(problem, placement),
        guess_caps(problem)[placement.shapes][:, problem.profile_of_model],
    )
    return with_room(problem, filled, np.maximum(caps, 1))


def holdable_replicas(problem: PlacementProblem) -> NDArray[np.bool_]:
    """Whether a required replica may be on each shape, ``bool[H, M]``.

    A model that can attain nothing anywhere may be wherever it fits.
    """
    servable = servable_replicas(problem)
    room = shapes_with_room(problem)[:, problem.profile_of_model]
    return np.where(servable.any(axis=0), servable, room)


class _Filling:
    """A placement that is given the replicas it lacks."""

    def __init__(
        self, problem: PlacementProblem, required: RequiredReplicas, placement: Placement
    ) -> None:
        self._unbatched = without_batching(problem)
        self._required = required
        self._shapes = placement.shapes.tolist()
        self._nodes = np.array(first_nodes(problem, self._shapes), dtype=np.int64)
        self._possible = holdable_replicas(problem)[placement.shapes]
        self._replicas = placement.replicas.copy()

    def filled(self) -> NDArray[np.bool_]:
        """Return the replicas, ``bool[G, M]``; models with the fewest possible groups go first."""
        for model in np.argsort(self._possible.sum(axis=0), kind="stable").tolist():
            while self._missing()[model]:
                options = list(self._options(model))
                if not options:
                    break
                *_, group, kept = min(options, key=lambda option: option[:4])
                self._replicas[group] = False
                self._replicas[group, kept] = True
        return self._replicas

    def _missing(self) -> NDArray[np.int64]:
        return self._required.missing(self._replicas, self._nodes)

    def _options(self, model: int) -> Iterator[tuple[int, int, int, int, NDArray[np.int64]]]:
        """Yield groups for a replica: models that lose their last one, others that go, what stays.

        That is ``(last, gone, kept, group, models kept)``: options compare by the first four.
        """
        held = self._replicas[:, model]
        free = self._possible[:, model] & ~held
        if self._required.apart[model]:
            free &= ~np.isin(self._nodes, self._nodes[held])
        for group in np.flatnonzero(free).tolist():
            there = np.flatnonzero(self._replicas[group])
            needed = self._is_needed(group, there)
            order = np.concatenate([[model], there[needed], there[~needed]])
            kept = keep_what_fits(self._unbatched, self._shapes[group], order)
            if kept.size and kept[0] == model and np.isin(there[needed], kept).all():
                gone = np.setdiff1d(there, kept)
                last = int((self._replicas[:, gone].sum(axis=0) == 1).sum())
                yield last, gone.size, kept.size, group, kept

    def _is_needed(self, group: int, models: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether models would lack a required replica without theirs on a group."""
        others = self._replicas.copy()
        others[group] = False
        lacking = self._required.missing(others, self._nodes) > self._missing()
        return lacking[models]
