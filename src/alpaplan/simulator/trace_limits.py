"""Which states of groups a trace can continue, and how long queues can become."""

from __future__ import annotations

import math

from alpaplan.simulator.group_state import GroupState
from alpaplan.simulator.kernels import fixed
from alpaplan.specs.choices import Dispatch


class TraceLimits:
    """Limits that follow from the times of a trace.

    Parameters
    ----------
    requests
        The requests to simulate.
    dispatch
        The rule by which they are sent to groups.
    """

    def __init__(self, requests: fixed.Requests, dispatch: Dispatch) -> None:
        self.counts_queues = dispatch is Dispatch.SHORTEST_QUEUE
        self.num_requests = requests.arrival_s.size
        self._first_s = self._last_s = self._longest_slo_s = self._rounding_s = 0.0
        if self.num_requests:
            self._first_s = float(requests.arrival_s[0])
            self._last_s = float(requests.arrival_s[-1])
            self._longest_slo_s = float(requests.slo_s.max())
            latest_s = self._last_s + self._longest_slo_s + requests.overhead_s
            self._rounding_s = math.ulp(latest_s) + math.ulp(self._first_s)

    def time_after(self, start: GroupState | None) -> float:
        """Return when the last request arrived; minus infinity if there was none.

        Parameters
        ----------
        start
            The state that the simulation started from.
        """
        if self.num_requests:
            return self._last_s
        return -math.inf if start is None else start.time_s

    def check(self, start: GroupState, num_groups: int) -> None:
        """Check that a simulation of the requests can start from a state.

        Raises
        ------
        ValueError
            If the state is of other groups or of another dispatch rule, or if the requests come
            before its time.
        """
        if len(start.stage_free_s) != num_groups:
            raise ValueError(
                f"the state must be of {num_groups} groups, found {len(start.stage_free_s)}"
            )
        if self.counts_queues and start.unfinished_s is None:
            raise ValueError("shortest-queue cannot go on from a state without unfinished requests")
        if self.num_requests and self._first_s < start.time_s:
            raise ValueError(
                f"the trace must not begin before the state's {start.time_s} s, "
                f"found {self._first_s} s"
            )

    def most_at_once(self, shortest_last_s: float) -> int:
        """Return an upper bound on the unfinished batches of a group.

        All of them finish within the longest objective from now, and each keeps the last stage
        busy. Rounding may bring two finish times closer by a unit in the last place for each of
        the two additions behind them.

        Parameters
        ----------
        shortest_last_s
            The shortest time that a batch keeps a last stage busy; infinite if there is none.
        """
        if not self.num_requests or shortest_last_s == math.inf:
            return 0
        apart_s = shortest_last_s - 2 * self._rounding_s
        if not apart_s * self.num_requests > self._longest_slo_s:
            return self.num_requests
        most = int((self._longest_slo_s + self._rounding_s) / apart_s) + 2
        return min(self.num_requests, most)
