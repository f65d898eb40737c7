"""What a move sees, and the choices that several moves make alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.caps import without_batching
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.problem.memory import keep_what_fits
from alpaplan.problem.service import batch_caps
from alpaplan.search.caps import guess_caps, with_room
from alpaplan.search.incremental import Change
from alpaplan.simulator import Evaluation


@dataclass(frozen=True)
class Choices:
    """What moves may choose from: the same all through a search.

    Parameters
    ----------
    problem
        The problem.
    servable : bool[H, M]
        Whether a replica of the model on such a group could attain a request.
    shapes_of : dict
        (pool, number of devices) -> useful shapes of that size.
    unbatched
        The problem without batching, by whose memory replicas are chosen: batches have what they
        leave.
    first_caps : int64[H, M]
        Caps of replicas of models that are nowhere yet.
    has_room
        Whether models that miss nothing get more replicas too, those first that have few.
    """

    problem: PlacementProblem
    servable: NDArray[np.bool_]
    shapes_of: dict[tuple[int, int], tuple[int, ...]]
    unbatched: PlacementProblem
    first_caps: NDArray[np.int64]
    has_room: bool = False

    @classmethod
    def of(cls, problem: PlacementProblem, *, has_room: bool = False) -> Choices:
        """Find the choices that a problem leaves."""
        servable = servable_replicas(problem)
        shapes_of: dict[tuple[int, int], tuple[int, ...]] = {}
        for h in np.flatnonzero(servable.any(axis=1)):
            key = (problem.shapes[h].pool, problem.shapes[h].num_devices)
            shapes_of[key] = (*shapes_of.get(key, ()), int(h))
        first_caps = guess_caps(problem)[:, problem.profile_of_model]
        unbatched = without_batching(problem)
        return cls(problem, servable, shapes_of, unbatched, first_caps, has_room)


@dataclass(frozen=True)
class MoveState:
    """A placement, how it did on the training arrivals, and what may be chosen.

    Parameters
    ----------
    choices
        Of the search.
    placement, evaluation
        Where the search is.
    """

    choices: Choices
    placement: Placement
    evaluation: Evaluation

    def at(self, placement: Placement, evaluation: Evaluation) -> MoveState:
        """Return the state after a change."""
        return replace(self, placement=placement, evaluation=evaluation)

    @cached_property
    def caps(self) -> NDArray[np.int64]:
        """Largest batch of each replica, ``int64[G, M]``; 0 where there is none."""
        return batch_caps(self.choices.problem, self.placement)

    @cached_property
    def _need(self) -> NDArray[np.float64]:
        missed = self.evaluation.requests - self.evaluation.attained
        # Models without misses stay possible: a replica of theirs relieves the others' groups.
        need = missed * self.choices.problem.model_weight + 1e-9
        if self.choices.has_room:
            few = 1.0 / (1 + self.placement.replicas.sum(axis=0)) ** 2
            need = need / need.sum() + few / few.sum()
        return np.cumsum(need)

    def needy_model(self, rng: np.random.Generator) -> int:
        """Choose a model with probability proportional to its weighted missed requests."""
        need = self._need
        return min(int(np.searchsorted(need, rng.random() * need[-1])), need.size - 1)

    def pool_of(self, group: int) -> int:
        """Index of a group's pool."""
        return self.choices.problem.shapes[int(self.placement.shapes[group])].pool

    def size_of(self, group: int) -> int:
        """Devices of a group."""
        return self.choices.problem.shapes[int(self.placement.shapes[group])].num_devices

    def models_of(self, group: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the models on a group in random order."""
        return rng.permutation(np.flatnonzero(self.placement.replicas[group]))

    def holding(self, shape: int, models: Sequence[int] | NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return the replicas of a group that gets models one after another, ``bool[M]``.

        Models that are named twice count once; those that do not fit or cannot be served there
        are left out.
        """
        # dict.fromkeys keeps the first of each, in order.
        wanted = np.array(list(dict.fromkeys(map(int, models))), dtype=np.int64)
        wanted = wanted[self.choices.servable[shape, wanted]]
        row = np.zeros(self.choices.problem.num_models, dtype=np.bool_)
        row[keep_what_fits(self.choices.unbatched, shape, wanted)] = True
        return row

    def packs(self, change: Change) -> bool:
        """Whether the changed groups can be put onto the devices."""
        shapes = change.applied_to(self.placement).shapes
        return assign_devices(self.choices.problem, shapes.tolist()) is not None

    def any_shape(self, pool: int, num_devices: int, rng: np.random.Generator) -> int | None:
        """Choose a shape of a size at random; None if the pool has none of that size."""
        shapes = self.choices.shapes_of.get((pool, num_devices))
        return None if shapes is None else shapes[int(rng.integers(len(shapes)))]

    def change(
        self, removed: tuple[int, ...], shapes: tuple[int, ...], *rows: NDArray[np.bool_]
    ) -> Change:
        """Return a change of groups from the rows of their replicas.

        Replicas batch as before: as on the group whose place theirs takes, else as on another one
        that goes, else as on the first group with the model. Where memory lacks, less.
        """
        replicas = np.array(rows, dtype=np.bool_)
        added = Placement(np.array(shapes, dtype=np.int64), replicas)
        if self.choices.problem.batches is None:
            return Change(removed, added)
        caps = np.zeros(replicas.shape, dtype=np.int64)
        for place, shape in enumerate(shapes):
            first = removed[min(place, len(removed) - 1)]
            known = self.caps[[first, *removed, *range(self.placement.num_groups)]]
            known = np.vstack([known, self.choices.first_caps[shape]])
            caps[place] = np.take_along_axis(known, (known > 0).argmax(axis=0)[np.newaxis], 0)
        return Change(removed, with_room(self.choices.problem, added, caps))
