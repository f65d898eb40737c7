"""States of groups as the kernels without batching keep them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alpaplan.simulator.group_state import GroupState
from alpaplan.simulator.kernels import fixed
from alpaplan.simulator.trace_limits import TraceLimits
from alpaplan.specs.choices import Dispatch


class FixedStateConverter:
    """Converts between `GroupState` and the arrays of the kernels without batching.

    Parameters
    ----------
    requests
        The requests to simulate.
    dispatch
        The rule by which they are sent to groups.
    """

    def __init__(self, requests: fixed.Requests, dispatch: Dispatch) -> None:
        self._limits = TraceLimits(requests, dispatch)

    def to_kernel(
        self, start: GroupState | None, replicas: fixed.Replicas, num_groups: int
    ) -> fixed.Groups:
        """Return groups as a kernel takes them, with queues that are long enough for the requests.

        Parameters
        ----------
        start
            Where they start from; None if they are idle.
        replicas, num_groups
            The placement.

        Raises
        ------
        ValueError
            If the state is of other groups or of another dispatch rule, if the requests come before
            its time, or if some wait for batches.
        """
        num_stages = replicas.num_stages
        clock_s = np.empty(num_stages * num_groups)
        # Earlier than any arrival.
        clock_s.fill(-np.inf)
        unfinished_s: tuple[NDArray[np.float64], ...] = ()
        if start is not None:
            self._limits.check(start, num_groups)
            if len(start.waiting):
                raise ValueError("requests that wait for batches can only go on with batching")
            kept = min(num_stages, start.stage_free_s.shape[1])
            of_stages = clock_s.reshape(num_stages, num_groups)
            of_stages[num_stages - kept :] = start.stage_free_s[:, -kept:].T
            unfinished_s = start.unfinished_s or ()
        if not self._limits.counts_queues:
            unused = np.empty(0, dtype=np.uint64)
            return fixed.Groups(clock_s, np.empty(0), unused, unused)
        last_s = replicas.stage_latency_s[num_stages - 1 :: num_stages]
        longest = self._limits.most_at_once(float(last_s.min(initial=np.inf))) + max(
            map(len, unfinished_s), default=0
        )
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

    def from_kernel(
        self,
        start: GroupState | None,
        groups: fixed.Groups,
        group_num_stages: NDArray[np.int64],
    ) -> GroupState:
        """Return the state in which a kernel has left the groups of `to_kernel`.

        Parameters
        ----------
        start
            As in `to_kernel`.
        groups
            What the kernel has worked on.
        group_num_stages : int64[G]
            How many stages each group has.
        """
        time_s = self._limits.time_after(start)
        num_requests = self._limits.num_requests + (0 if start is None else start.num_requests)
        num_groups = group_num_stages.size
        num_stages = int(group_num_stages.max(initial=1))
        stage_free_s = groups.clock_s.reshape(num_stages, num_groups).T.copy()
        missing = num_stages - group_num_stages
        stage_free_s[np.arange(num_stages) < missing[:, np.newaxis]] = -np.inf
        if not self._limits.counts_queues:
            return GroupState(time_s, stage_free_s, None, num_requests=num_requests)
        unfinished_s = []
        for ring, left, entered in zip(
            np.split(groups.finish_s, max(1, num_groups))[:num_groups],
            groups.num_left.tolist(),
            groups.num_entered.tolist(),
            strict=True,
        ):
            # The kernel removes finished requests only when the group is next a candidate.
            queue_s = ring[np.arange(left, entered) % ring.size]
            unfinished_s.append(queue_s[queue_s > time_s])
        return GroupState(time_s, stage_free_s, tuple(unfinished_s), num_requests=num_requests)
