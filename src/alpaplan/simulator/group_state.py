"""What the groups of a placement have still to do: where a simulation ends, and another goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.kernels import fixed
from alpaplan.specs.choices import Dispatch


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
        after a simulation with earliest-finish, which keeps no account of them.
    """

    time_s: float
    stage_free_s: NDArray[np.float64]
    unfinished_s: tuple[NDArray[np.float64], ...] | None

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
            For each group of the other placement, its number here, or None if it is new.
        """
        stage_free_s = np.full((len(groups), self.stage_free_s.shape[1]), -np.inf)
        for number, before in enumerate(groups):
            if before is not None:
                stage_free_s[number] = self.stage_free_s[before]
        unfinished_s = self.unfinished_s
        if unfinished_s is not None:
            nothing = np.empty(0)
            unfinished_s = tuple(nothing if g is None else unfinished_s[g] for g in groups)
        return GroupState(self.time_s, stage_free_s, unfinished_s)


class StateConverter:
    """Makes what kernels take of `GroupState`, and the other way round, for one trace.

    Parameters
    ----------
    requests
        The requests that are to come.
    dispatch
        The rule that sends them to groups.
    """

    def __init__(self, requests: fixed.Requests, dispatch: Dispatch) -> None:
        self._counts_queues = dispatch is Dispatch.SHORTEST_QUEUE
        self._num_requests = requests.arrival_s.size
        self._first_s = self._last_s = self._longest_slo_s = self._rounding_s = 0.0
        if self._num_requests:
            self._first_s = float(requests.arrival_s[0])
            self._last_s = float(requests.arrival_s[-1])
            self._longest_slo_s = float(requests.slo_s.max())
            latest_s = self._last_s + self._longest_slo_s + requests.overhead_s
            self._rounding_s = math.ulp(latest_s) + math.ulp(self._first_s)

    def before(
        self, start: GroupState | None, replicas: fixed.Replicas, num_groups: int
    ) -> fixed.Groups:
        """Return groups as a kernel takes them, with room for the requests that are to come.

        Parameters
        ----------
        start
            Where they go on; None if they are idle.
        replicas, num_groups
            The placement.

        Raises
        ------
        ValueError
            If the state is of other groups or of another dispatch rule, or if the requests come
            before its time.
        """
        num_stages = replicas.num_stages
        clock_s = np.empty(num_stages * num_groups)
        # Before all arrivals, whatever their first time is.
        clock_s.fill(-np.inf)
        unfinished_s: tuple[NDArray[np.float64], ...] = ()
        if start is not None:
            self._check(start, num_groups)
            kept = min(num_stages, start.stage_free_s.shape[1])
            of_stages = clock_s.reshape(num_stages, num_groups)
            of_stages[num_stages - kept :] = start.stage_free_s[:, -kept:].T
            unfinished_s = start.unfinished_s or ()
        if not self._counts_queues:
            unused = np.empty(0, dtype=np.uint64)
            return fixed.Groups(clock_s, np.empty(0), unused, unused)
        longest = self._most_at_once(replicas) + max(map(len, unfinished_s), default=0)
        capacity = 1 << (longest + 1).bit_length()
        finish_s = np.empty(num_groups * capacity)
        finish_s[::capacity] = np.inf
        num_entered = np.zeros(num_groups, dtype=np.uint64)
        for group, queue_s in enumerate(unfinished_s):
            ring = finish_s[group * capacity :]
            ring[: len(queue_s)] = queue_s
            ring[len(queue_s)] = np.inf
            num_entered[group] = len(queue_s)
        return fixed.Groups(clock_s, finish_s, np.zeros(num_groups, dtype=np.uint64), num_entered)

    def after(
        self,
        start: GroupState | None,
        groups: fixed.Groups,
        group_num_stages: NDArray[np.int64],
    ) -> GroupState:
        """Return what a kernel left of the groups that `before` made.

        Parameters
        ----------
        start
            Where they went on.
        groups
            The groups now.
        group_num_stages : int64[G]
            How many stages each group has.
        """
        time_s = -math.inf if start is None else start.time_s
        if self._num_requests:
            time_s = self._last_s
        num_groups = group_num_stages.size
        num_stages = int(group_num_stages.max(initial=1))
        stage_free_s = groups.clock_s.reshape(num_stages, num_groups).T.copy()
        missing = num_stages - group_num_stages
        stage_free_s[np.arange(num_stages) < missing[:, np.newaxis]] = -np.inf
        if not self._counts_queues:
            return GroupState(time_s, stage_free_s, None)
        unfinished_s = []
        for ring, left, entered in zip(
            np.split(groups.finish_s, max(1, num_groups))[:num_groups],
            groups.num_left.tolist(),
            groups.num_entered.tolist(),
            strict=True,
        ):
            # The kernel lets requests leave only when it looks at a group.
            queue_s = ring[np.arange(left, entered) % ring.size]
            unfinished_s.append(queue_s[queue_s > time_s])
        return GroupState(time_s, stage_free_s, tuple(unfinished_s))

    def _check(self, start: GroupState, num_groups: int) -> None:
        if len(start.stage_free_s) != num_groups:
            raise ValueError(
                f"the state must be of {num_groups} groups, found {len(start.stage_free_s)}"
            )
        if self._counts_queues and start.unfinished_s is None:
            raise ValueError("shortest-queue cannot go on from a state without unfinished requests")
        if self._num_requests and self._first_s < start.time_s:
            raise ValueError(
                f"the trace must not begin before the state's {start.time_s} s, "
                f"found {self._first_s} s"
            )

    def _most_at_once(self, replicas: fixed.Replicas) -> int:
        """Return a bound on those of the requests that a group has accepted and not finished.

        They all finish within the longest objective from now, and each keeps the last stage
        busy. Rounding may bring two finishes closer by a unit in the last place of each of
        the two additions that make them.
        """
        if not self._num_requests or not replicas.group.size:
            return 0
        num_stages = replicas.num_stages
        last_stage_s = replicas.stage_latency_s[num_stages - 1 :: num_stages]
        apart_s = float(last_stage_s.min()) - 2 * self._rounding_s
        if not apart_s * self._num_requests > self._longest_slo_s:
            return self._num_requests
        most = int((self._longest_slo_s + self._rounding_s) / apart_s) + 2
        return min(self._num_requests, most)
