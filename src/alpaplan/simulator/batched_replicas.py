"""A placement's replicas as the rows that the kernels with batching walk over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.batching import BatchTable
from alpaplan.problem.service import capped, simulated_batch_stages_s
from alpaplan.simulator.group_state import WaitingRequests
from alpaplan.simulator.kernels import batched_arrays as arrays
from alpaplan.simulator.replicas import ReplicaFinder, ReplicaPlaces


@dataclass(frozen=True)
class BatchedReplicas:
    """The `R` replicas of a placement; last come those that are gone but have waiting requests.

    Parameters
    ----------
    rows
        What the kernels take.
    model, group : int64[R], int64[R]
        Model and group of each replica.
    size_owner : int64[C]
        Replica of each pair of a replica and a batch size; `C` is the sum of all caps.
    size_busy_s : float64[C]
        How long a batch of that size keeps a stage busy, averaged over the group's stages.
    shortest_last_s
        The shortest time that a batch keeps a last stage busy.
    of_waiting : int64[W]
        Replica of each request that waits from an earlier simulation.
    """

    rows: arrays.Replicas
    model: NDArray[np.int64]
    group: NDArray[np.int64]
    size_owner: NDArray[np.int64]
    size_busy_s: NDArray[np.float64]
    shortest_last_s: float
    of_waiting: NDArray[np.int64]


class BatchedReplicaTable:
    """How long batches of any model take on any shape, to look up the replicas of a placement.

    Parameters
    ----------
    problem
        The problem.
    batches
        Its batches.
    """

    def __init__(self, problem: PlacementProblem, batches: BatchTable) -> None:
        self._slo_s = problem.slo_s
        self._profile_of_model = problem.profile_of_model
        self._num_profiles = len(problem.profile_names)
        self._finder = ReplicaFinder(problem)
        self._largest = batches.largest.ravel()
        self._first_row = batches.first_row.ravel()
        self._latency_s = simulated_batch_stages_s(problem)
        # Kernels take rows without gaps, whose width is the most stages of a placement.
        self._latency_s_of_width: dict[int, NDArray[np.float64]] = {}
        pairs = np.repeat(np.arange(self._largest.size), self._largest)
        row_of = self._first_row[pairs] + np.arange(pairs.size) - _starts(self._largest)[pairs]
        num_stages = problem.num_stages[pairs // max(1, len(problem.profile_names))]
        self._busy_s = np.zeros(len(self._latency_s))
        self._busy_s[row_of] = self._latency_s[row_of].sum(axis=1) / num_stages
        self._shortest_last_s = np.full(self._largest.size, np.inf)
        last_s = self._latency_s[row_of, num_stages - 1]
        np.minimum.at(self._shortest_last_s, pairs, last_s)

    def replicas_of(
        self, placement: Placement, waiting: WaitingRequests | None
    ) -> BatchedReplicas | None:
        """Look up the replicas of a placement; None if none may batch and no request waits.

        Parameters
        ----------
        placement
            The placement.
        waiting
            Requests that wait in its groups since an earlier simulation. Their replicas may be gone
            from the placement; these serve only what waits.

        Raises
        ------
        ValueError
            As `ReplicaFinder.places_of`, or if a request waits for a batch with another cap.
        """
        places = self._finder.places_of(placement)
        caps = self.caps_of(placement, places)
        of_waiting = np.empty(0, dtype=np.int64)
        if waiting is not None and len(waiting):
            places, caps, of_waiting = self._with_waiting(placement, places, caps, waiting)
        elif caps.max(initial=1) == 1:
            return None
        return self.rows_of(places, caps, of_waiting)

    def caps_of(self, placement: Placement, places: ReplicaPlaces) -> NDArray[np.int64]:
        """Return the largest batch of each replica of a placement."""
        caps = self._largest[places.pair]
        if placement.max_batch_size is not None:
            caps = capped(caps, placement.max_batch_size[places.group, places.model])
        return caps

    def rows_of(
        self, places: ReplicaPlaces, caps: NDArray[np.int64], of_waiting: NDArray[np.int64]
    ) -> BatchedReplicas:
        """Look up replicas whose largest batches are known.

        Parameters
        ----------
        places, caps
            The replicas.
        of_waiting
            See `BatchedReplicas`.
        """
        first_row = self._first_row[places.pair]
        first_count = _starts(caps)
        size_owner = np.repeat(np.arange(caps.size), caps)
        size_row = np.arange(size_owner.size) + (first_row - first_count)[size_owner]
        rows = arrays.Replicas(
            first_replica=places.first_replica,
            group=places.group.astype(np.uint32),
            cap=caps.astype(np.uint32),
            slo_s=self._slo_s[places.model],
            first_row=first_row.astype(np.uint32),
            first_count=first_count.astype(np.uint32),
            stage_latency_s=self._rows_of_width(places.num_stages),
            num_stages=places.num_stages,
        )
        shortest_last_s = float(self._shortest_last_s[places.pair].min(initial=np.inf))
        return BatchedReplicas(
            rows,
            places.model,
            places.group,
            size_owner,
            self._busy_s[size_row],
            shortest_last_s,
            of_waiting,
        )

    def _with_waiting(
        self,
        placement: Placement,
        places: ReplicaPlaces,
        caps: NDArray[np.int64],
        waiting: WaitingRequests,
    ) -> tuple[ReplicaPlaces, NDArray[np.int64], NDArray[np.int64]]:
        """Add the replicas of waiting requests that are gone, and find that of each request."""
        pairs = list(zip(places.model.tolist(), places.group.tolist(), strict=True))
        number = {pair: replica for replica, pair in enumerate(pairs)}
        all_caps = caps.tolist()
        of_waiting = []
        for model, group, cap in zip(
            waiting.model.tolist(), waiting.group.tolist(), waiting.cap.tolist(), strict=True
        ):
            replica = number.setdefault((model, group), len(number))
            if replica == len(all_caps):
                all_caps.append(cap)
            if all_caps[replica] != cap:
                raise ValueError(
                    f"batches of a replica with requests that wait must stay up to {cap}, "
                    f"found {all_caps[replica]}"
                )
            of_waiting.append(replica)
        model, group = np.array(list(number), dtype=np.int64).reshape(-1, 2).T
        pair = placement.shapes[group] * self._num_profiles + self._profile_of_model[model]
        found = places._replace(model=model, group=group, pair=pair)
        return found, np.array(all_caps), np.array(of_waiting)

    def _rows_of_width(self, num_stages: int) -> NDArray[np.float64]:
        found = self._latency_s_of_width.get(num_stages)
        if found is None:
            found = self._latency_s[:, :num_stages].ravel()
            found.setflags(write=False)
            self._latency_s_of_width[num_stages] = found
        return found


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of some consecutive parts of these sizes begins."""
    return counts.cumsum() - counts
