"""What the groups of a placement have still to do: where a simulation ends, and another goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class WaitingRequests:
    """Accepted requests whose batch has not started, `W` of them in order of arrival.

    Parameters
    ----------
    number : int64[W]
        Their numbers among all requests since the groups were idle, from 0.
    arrival_s, model : float64[W], int64[W]
        The requests.
    group, cap : int64[W], int64[W]
        Group that accepted each, and how large its batch may be there.
    """

    number: NDArray[np.int64]
    arrival_s: NDArray[np.float64]
    model: NDArray[np.int64]
    group: NDArray[np.int64]
    cap: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.number.size)

    @classmethod
    def none(cls) -> WaitingRequests:
        """Return no requests."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, np.empty(0), nothing, nothing, nothing)

    def for_groups(self, groups: Sequence[int | None]) -> WaitingRequests:
        """Return those of some groups, as `GroupState.for_groups` numbers them."""
        now = {before: number for number, before in enumerate(groups) if before is not None}
        group = np.array([now.get(before, -1) for before in self.group.tolist()], dtype=np.int64)
        kept = group >= 0
        return WaitingRequests(
            self.number[kept], self.arrival_s[kept], self.model[kept], group[kept], self.cap[kept]
        )


@dataclass(frozen=True)
class GroupState:
    """The `G` groups of a placement, in plan order, right after the last request so far.

    Parameters
    ----------
    time_s
        When that request arrived; minus infinity if there was none.
    stage_free_s : float64[G, S]
        When each stage is free, minus infinity if it never worked. Aligned at the last stage:
        groups with fewer stages than others have minus infinity before their first.
    unfinished_s : tuple of G float64[...], or None
        When those of each group's requests finish that had not at `time_s`, in order. None
        after a simulation with earliest-finish, which keeps no account of them. Without those
        that wait.
    waiting
        With batching, those whose batch has not started. Without it, it is clear when a request
        starts as soon as it is accepted, and none is said to wait.
    num_requests
        How many requests there have been since the groups were idle.
    """

    time_s: float
    stage_free_s: NDArray[np.float64]
    unfinished_s: tuple[NDArray[np.float64], ...] | None
    waiting: WaitingRequests = field(default_factory=WaitingRequests.none)
    num_requests: int = 0

    @classmethod
    def idle(cls, num_groups: int) -> GroupState:
        """Return the state of groups that have done nothing yet."""
        never = np.full((num_groups, 1), -np.inf)
        return cls(-math.inf, never, (np.empty(0),) * num_groups)

    def for_groups(self, groups: Sequence[int | None]) -> GroupState:
        """Return the state of another placement's groups that go on where these stopped.

        Parameters
        ----------
        groups
            For each group of the other placement, its number here, or None if it is new. What
            waits in groups that are not among them runs as it was last planned.
        """
        stage_free_s = np.full((len(groups), self.stage_free_s.shape[1]), -np.inf)
        for number, before in enumerate(groups):
            if before is not None:
                stage_free_s[number] = self.stage_free_s[before]
        unfinished_s = self.unfinished_s
        if unfinished_s is not None:
            nothing = np.empty(0)
            unfinished_s = tuple(nothing if g is None else unfinished_s[g] for g in groups)
        waiting = self.waiting.for_groups(groups)
        return GroupState(self.time_s, stage_free_s, unfinished_s, waiting, self.num_requests)
