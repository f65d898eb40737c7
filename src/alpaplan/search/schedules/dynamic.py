"""Which of some placements is current in each window: a dynamic program over windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

State = TypeVar("State")


class Cost(NamedTuple):
    """The cost of a choice, compared field by field; costs of windows add up.

    Parameters
    ----------
    lacking
        Required replicas that are missing.
    missed
        Requests that are not attained, and other costs in units of these.
    paid
        Cost of the nodes in use, in their currency.
    device_hours
        Devices in use times hours.
    loaded_bytes
        Weights that are loaded.
    """

    lacking: int
    missed: float
    paid: float
    device_hours: float
    loaded_bytes: float

    def plus(self, other: Cost) -> Cost:
        """Return the sum."""
        return Cost(
            self.lacking + other.lacking,
            self.missed + other.missed,
            self.paid + other.paid,
            self.device_hours + other.device_hours,
            self.loaded_bytes + other.loaded_bytes,
        )


def cheapest_path(
    candidates: Sequence[Sequence[State]],
    cost: Callable[[int, State | None, State], Cost],
) -> list[State]:
    """Return one candidate for each window, such that the sum of all costs is smallest.

    Parameters
    ----------
    candidates
        Candidates for each window, at least one.
    cost
        Returns what a window costs, given its number, the candidate of the window before (None for
        the first) and its own.
    """
    best: list[tuple[Cost, list[State]]] = [
        (cost(0, None, candidate), [candidate]) for candidate in candidates[0]
    ]
    for window in range(1, len(candidates)):
        found = []
        for candidate in candidates[window]:
            options = [
                (spent.plus(cost(window, path[-1], candidate)), path) for spent, path in best
            ]
            spent, path = min(options, key=lambda option: option[0])
            found.append((spent, [*path, candidate]))
        best = found
    return min(best, key=lambda option: option[0])[1]
