"""What runs now: how much of it another placement keeps, and devices on which most can stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.devices import DeviceAssignment, assign_devices
from alpaplan.problem.memory_rule import weight_bytes
from alpaplan.problem.near_devices import Spans, assign_beside, unused_devices


@dataclass(frozen=True)
class PlacementOnDevices:
    """A placement with the devices of its groups."""

    placement: Placement
    spans: tuple[Spans, ...]

    def take(self, groups: NDArray[np.int64] | list[int]) -> PlacementOnDevices:
        """Return some of the groups, in the given order."""
        numbers = [int(group) for group in groups]
        chosen = np.array(numbers, dtype=np.int64)
        return PlacementOnDevices(
            self.placement.take(chosen), tuple(self.spans[g] for g in numbers)
        )

    def beside(self, other: PlacementOnDevices) -> PlacementOnDevices:
        """Return the groups of both."""
        both = Placement.joined([self.placement, other.placement])
        return PlacementOnDevices(both, self.spans + other.spans)


@dataclass(frozen=True)
class Running:
    """What runs now, as far as it is part of the problem, and what it is worth to keep it.

    Parameters
    ----------
    placed
        Its groups with replicas, and their devices.
    is_current : bool[M]
        Whether a model's running replicas are what would be loaded now.
    move_cost
        SLO attainment that must be gained to load as many bytes as run now (a fraction).
    """

    placed: PlacementOnDevices
    is_current: NDArray[np.bool_]
    move_cost: float

    def with_models(self, order: NDArray[np.int64]) -> Running:
        """Return the same with renumbered models.

        Parameters
        ----------
        order : int64[M]
            Number here of each model there.
        """
        placed = PlacementOnDevices(self.placed.placement.with_models(order), self.placed.spans)
        return Running(placed, self.is_current[order], self.move_cost)

    def price(self, problem: PlacementProblem, placed: PlacementOnDevices) -> float:
        """Return the attainment that a placement has to gain for what it loads."""
        running = int(_weights(problem, self.placed.placement).sum())
        return self.move_cost * self.loaded_bytes(problem, placed) / max(1, running)

    def loaded_bytes(self, problem: PlacementProblem, placed: PlacementOnDevices) -> int:
        """Return the weights that a placement has to load, on all devices."""
        total = int(_weights(problem, placed.placement).sum())
        kept = self._common_bytes(problem, placed.placement)
        number = {spans: o for o, spans in enumerate(self.placed.spans)}
        pairs = ((g, number[spans]) for g, spans in enumerate(placed.spans) if spans in number)
        return total - sum(int(kept[g, o]) for g, o in pairs)

    def put_near(
        self, problem: PlacementProblem, placement: Placement
    ) -> PlacementOnDevices | None:
        """Return a placement on devices where many of its bytes run; None if it does not pack.

        Groups that stay come first, in the order in which they run, then the others.
        """
        common = self._common_bytes(problem, placement)
        found = _matched(common)
        shapes = placement.shapes.tolist()
        last = len(found) + len(shapes)
        while True:
            staying = {g: self.placed.spans[o] for g, o in found.items()}
            devices = assign_beside(problem, shapes, staying) if found else None
            if devices is not None:
                break
            if not found:
                devices = assign_devices(problem, shapes)
                break
            # The group that keeps the fewest bytes gives up its devices.
            del found[min(found, key=lambda g: int(common[g, found[g]]))]
        if devices is None:
            return None
        order = sorted(range(len(shapes)), key=lambda g: (found.get(g, last), g))
        return PlacementOnDevices(placement, devices.groups).take(order)

    def _common_bytes(self, problem: PlacementProblem, placement: Placement) -> NDArray[np.int64]:
        """Return the weights that groups have in common with running ones, ``int64[G, O]``.

        The KV cache of an engine depends on the others of its group: all engines stay, or none
        does.
        """
        running = self.placed.placement
        same_shape = placement.shapes[:, np.newaxis] == running.shapes
        weights = _weights(problem, placement)
        kept = weights * self.is_current @ running.replicas.T.astype(np.int64)
        if problem.engines is not None:
            is_llm = problem.model_is_llm
            for g, o in np.argwhere(same_shape & (kept > 0)).tolist():
                if placement.replicas[g, is_llm].any() and not _are_equal(placement, g, running, o):
                    kept[g, o] = 0
        return np.where(same_shape, kept, 0)


def _matched(common: NDArray[np.int64]) -> dict[int, int]:
    """Match rows to columns, pairs with the most in common first: row -> column.

    Parameters
    ----------
    common : int64[G, O]
        Pairs with 0 are not matched.
    """
    found: dict[int, int] = {}
    taken: set[int] = set()
    rows, columns = np.nonzero(common)
    for index in np.lexsort((columns, rows, -common[rows, columns])).tolist():
        row, column = int(rows[index]), int(columns[index])
        if row not in found and column not in taken:
            found[row] = column
            taken.add(column)
    return found


def devices_of(problem: PlacementProblem, placed: PlacementOnDevices) -> DeviceAssignment:
    """Return where groups are, with what is left over."""
    return DeviceAssignment(placed.spans, unused_devices(problem, placed.spans))


def _are_equal(one: Placement, group: int, other: Placement, other_group: int) -> bool:
    return one.take([group]).key() == other.take([other_group]).key()


def _weights(problem: PlacementProblem, placement: Placement) -> NDArray[np.int64]:
    """Return the weights of each replica on all its devices, ``int64[G, M]``; 0 without one."""
    weights = weight_bytes(problem)[placement.shapes][:, problem.profile_of_model]
    return np.where(placement.replicas, weights, 0)
