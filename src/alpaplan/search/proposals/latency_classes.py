"""Latency classes of models, which buckets are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.problem.feasibility import feasible_latency_s
from alpaplan.search.proposals.demand import Demand

MAX_CLASSES = 8
"""Most latency classes (a count; 4 to 12): n classes make n (n + 1) / 2 buckets of consecutive
classes, each of which has rows in the table of estimates."""

MIN_PARTS = 2
"""Fewest parts of classes (a count; 2 to 8), if not one for each pool. Parts of one class are
alike, so that more of them only add equivalent solutions."""


@dataclass(frozen=True)
class LatencyClasses:
    """Models in order of latency, in classes and in parts of classes.

    Parameters
    ----------
    class_of_model : int64[M]
        Models of one class are alike in objective and latency.
    part_of_model : int64[M]
        Where there are fewer classes than pools, or than `MIN_PARTS`, those of the most load are
        cut into parts of equal load, so that groups of different shape or pool can share a class.
        Parts are numbered in the order of the classes, and each lies in one class.
    """

    class_of_model: NDArray[np.int64]
    part_of_model: NDArray[np.int64]

    @property
    def num_parts(self) -> int:
        """Number of parts."""
        return int(self.part_of_model.max(initial=-1)) + 1

    def models_of_parts(self, first: int, last: int) -> NDArray[np.bool_]:
        """Return the models of consecutive parts, both ends included, ``bool[M]``."""
        return np.asarray((self.part_of_model >= first) & (self.part_of_model <= last))

    def models_of_classes(self, first: int, last: int) -> NDArray[np.bool_]:
        """Return the models of all classes that have one of these parts, ``bool[M]``."""
        touched = np.unique(self.class_of_model[self.models_of_parts(first, last)])
        return np.isin(self.class_of_model, touched)


def latency_classes(problem: PlacementProblem, demand: Demand) -> LatencyClasses:
    """Order models by objective times latency, and cut the order into classes.

    Models of one profile and objective are never separated; where that makes more than
    `MAX_CLASSES` classes, neighbors are joined to that many classes of about equal load.
    """
    best_s = feasible_latency_s(problem).min(axis=0, initial=np.inf)[problem.profile_of_model]
    best_s = np.where(np.isfinite(best_s), best_s, problem.slo_s)
    key = np.log(problem.slo_s) + np.log(best_s)
    kinds = np.stack([np.round(key, 6), problem.slo_s, problem.profile_of_model])
    distinct, kind_of_model = np.unique(kinds, axis=1, return_inverse=True)
    class_of_model = kind_of_model.reshape(-1).astype(np.int64)
    load = demand.rate_rps * best_s
    if distinct.shape[1] > MAX_CLASSES:
        load_of_kind = np.bincount(class_of_model, load).astype(np.float64)
        class_of_model = _join(load_of_kind, MAX_CLASSES)[class_of_model]
    min_parts = max(MIN_PARTS, min(len(problem.pools), MAX_CLASSES))
    return LatencyClasses(class_of_model, _split(class_of_model, load, min_parts))


def _join(load: NDArray[np.float64], num_classes: int) -> NDArray[np.int64]:
    """Join neighbors to classes of about equal load; return the class of each, ``int64[K]``."""
    middle = (np.cumsum(load) - load / 2) / max(float(load.sum()), np.finfo(np.float64).tiny)
    share = np.minimum((middle * num_classes).astype(np.int64), num_classes - 1)
    return np.unique(share, return_inverse=True)[1].astype(np.int64)


def _split(
    class_of_model: NDArray[np.int64], load: NDArray[np.float64], num_parts: int
) -> NDArray[np.int64]:
    """Cut classes into parts, those with the most load per part first, until there are enough."""
    num_classes = int(class_of_model.max(initial=-1)) + 1
    sizes = np.bincount(class_of_model, minlength=num_classes)
    loads = np.bincount(class_of_model, load, num_classes)
    parts = np.ones(num_classes, dtype=np.int64)
    while parts.sum() < num_parts and (parts < sizes).any():
        parts[int(np.argmax(np.where(parts < sizes, loads / parts, -1.0)))] += 1
    first = np.cumsum(parts) - parts
    part_of_model = np.empty_like(class_of_model)
    for index in range(num_classes):
        members = np.flatnonzero(class_of_model == index)
        heaviest = members[np.argsort(-load[members], kind="stable")]
        # Dealt out back and forth, so that the parts get about equal loads.
        turn = np.arange(members.size) % (2 * parts[index])
        part_of_model[heaviest] = first[index] + np.minimum(turn, 2 * parts[index] - 1 - turn)
    return part_of_model
