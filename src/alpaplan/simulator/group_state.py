"""What groups still have to do: where one simulation ends, and another can continue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class WaitingRequests:
    """The `W` accepted requests whose batches have not started, in order of arrival.

    Parameters
    ----------
    number : int64[W]
        Their numbers, counted from 0 over all requests since the groups were idle.
    arrival_s, model : float64[W], int64[W]
        Arrival and model of each.
    group, cap : int64[W], int64[W]
        Group that accepted each, and the cap on its batch there.
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
        """Return the requests of some groups, which `GroupState.for_groups` renumbers."""
        now = {before: number for number, before in enumerate(groups) if before is not None}
        group = np.array([now.get(before, -1) for before in self.group.tolist()], dtype=np.int64)
        kept = group >= 0
        return WaitingRequests(
            self.number[kept], self.arrival_s[kept], self.model[kept], group[kept], self.cap[kept]
        )


@dataclass(frozen=True)
class GroupState:
    """The state of a placement's `G` groups, in plan order, right after the last request.

    Parameters
    ----------
    time_s
        When that request arrived; minus infinity if there was none.
    stage_free_s : float64[G, S]
        When each stage is free; minus infinity if it has never worked. Aligned at the last stage:
        groups with fewer stages than others have minus infinity first.
    unfinished_s : tuple of G float64[...], or None
        For each group, the finish times of its requests that run at `time_s`, ascending, without
        those that wait. None after a simulation with earliest-finish, which does not track them.
    waiting
        With batching, the requests whose batches have not started. Without it there are none: when
        a request starts is known as soon as it is accepted.
    num_requests
        Number of requests since the groups were idle.
    """

    time_s: float
    stage_free_s: NDArray[np.float64]
    unfinished_s: tuple[NDArray[np.float64], ...] | None
    waiting: WaitingRequests = field(default_factory=WaitingRequests.none)
    num_requests: int = 0

    @classmethod
    def idle(cls, num_groups: int) -> GroupState:
        """Return the state of idle groups."""
        never = np.full((num_groups, 1), -np.inf)
        return cls(-math.inf, never, (np.empty(0),) * num_groups)

    def for_groups(self, groups: Sequence[int | None]) -> GroupState:
        """Return the state for another placement, some of whose groups continue these.

        Parameters
        ----------
        groups
            For each group of the other placement, its index here, or None if it is new. Requests
            that wait in groups without a successor run as last planned.
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
