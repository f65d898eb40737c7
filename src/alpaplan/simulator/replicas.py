"""A placement's replicas as the rows that the kernels walk over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.service import mean_of_stages_s, simulated_stages_s
from alpaplan.simulator.kernels import fixed


class ReplicaPlaces(NamedTuple):
    """Where the `R` replicas of a placement are: sorted by model, then by group.

    Parameters
    ----------
    model, group : int64[R], int64[R]
        Model and group of each replica.
    first_replica : uint32[M + 1]
        First replica of each model, and `R`.
    pair : int64[R]
        Shape and profile of each as one index, ``shape * P + profile``, which makes look-ups
        several times as fast.
    num_stages
        The most stages of any group, at least 1.
    """

    model: NDArray[np.int64]
    group: NDArray[np.int64]
    first_replica: NDArray[np.uint32]
    pair: NDArray[np.int64]
    num_stages: int


class ReplicaFinder:
    """Finds the replicas of a problem's placements.

    Parameters
    ----------
    problem
        The problem.
    """

    def __init__(self, problem: PlacementProblem) -> None:
        self._profile_of_model = problem.profile_of_model
        self._num_profiles = len(problem.profile_names)
        self._num_stages = problem.num_stages
        self._model_bounds = np.arange(problem.num_models + 1)
        self._supported = problem.supported.ravel()

    def places_of(self, placement: Placement) -> ReplicaPlaces:
        """Find the replicas of a placement.

        Raises
        ------
        ValueError
            If the placement is not one of this problem: another number of models, or a
            replica on a shape that its profile does not list.
        """
        num_groups, num_models = placement.replicas.shape
        if num_models != self._profile_of_model.size or num_groups != placement.shapes.size:
            raise ValueError(
                f"replicas must be [{placement.shapes.size} groups, "
                f"{self._profile_of_model.size} models], found {placement.replicas.shape}"
            )
        # Found in memory order and sorted: transposing large placements takes 20 times as long.
        (flat,) = placement.replicas.ravel().nonzero()
        group, model = np.divmod(flat, max(1, num_models))
        by_model = model.argsort(kind="stable")
        model, group = model[by_model], group[by_model]
        pair = placement.shapes[group] * self._num_profiles + self._profile_of_model[model]
        if not self._supported[pair].all():
            raise ValueError("a replica is on a group whose shape its profile does not list")
        first_replica = model.searchsorted(self._model_bounds).astype(np.uint32)
        num_stages = int(self._num_stages[placement.shapes].max(initial=1))
        return ReplicaPlaces(model, group, first_replica, pair, num_stages)


@dataclass(frozen=True)
class PlacedReplicas:
    """The `R` replicas of a placement.

    Parameters
    ----------
    rows
        What the kernels take. Stage latencies are aligned at the last stage: a group with fewer
        stages than others has stages without latency before its first.
    model, group : int64[R], int64[R]
        Model and group of each replica.
    busy_s : float64[R]
        Mean of the group's stage latencies: how long one request keeps a stage busy.
    """

    rows: fixed.Replicas
    model: NDArray[np.int64]
    group: NDArray[np.int64]
    busy_s: NDArray[np.float64]


def aligned_stages_s(problem: PlacementProblem) -> NDArray[np.float64]:
    """Return simulated stage latencies aligned at the last stage, ``float64[H, P, S]``.

    Stages that a shape does not have come first, and take no time.
    """
    latency_s = simulated_stages_s(problem)
    aligned_s = np.zeros_like(latency_s)
    most_stages = latency_s.shape[2]
    for shape, num_stages in enumerate(problem.num_stages):
        aligned_s[shape, :, most_stages - num_stages :] = latency_s[shape, :, :num_stages]
    return aligned_s


class ReplicaTable:
    """A replica of any model on any shape, to look up those of a placement.

    Parameters
    ----------
    problem
        The problem.
    """

    def __init__(self, problem: PlacementProblem) -> None:
        self._finder = ReplicaFinder(problem)
        aligned_s = aligned_stages_s(problem)
        num_shapes, num_profiles, most_stages = aligned_s.shape
        self._aligned_s = aligned_s.reshape(num_shapes * num_profiles, most_stages)
        self._busy_s = mean_of_stages_s(aligned_s, problem.num_stages).ravel()

    def replicas_of(self, placement: Placement) -> PlacedReplicas:
        """Look up the replicas of a placement.

        Raises
        ------
        ValueError
            As `ReplicaFinder.places_of`.
        """
        places = self._finder.places_of(placement)
        first_stage = self._aligned_s.shape[1] - places.num_stages
        rows = fixed.Replicas(
            first_replica=places.first_replica,
            group=places.group.astype(np.uint32),
            stage_latency_s=self._aligned_s.take(places.pair, axis=0)[:, first_stage:].ravel(),
            num_stages=places.num_stages,
        )
        return PlacedReplicas(rows, places.model, places.group, self._busy_s[places.pair])
