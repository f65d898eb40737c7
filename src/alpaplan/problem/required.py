"""Replicas that a workload requires of a model, whether they pay or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.specs.choices import Spread
from alpaplan.specs.workload import ServedModel


@dataclass(frozen=True)
class RequiredReplicas:
    """How many replicas each model has to have.

    Parameters
    ----------
    least : int64[M]
        Fewest groups that hold the model; 0 where none is required.
    apart : bool[M]
        Whether these groups must share no node.
    """

    least: NDArray[np.int64]
    apart: NDArray[np.bool_]

    def __post_init__(self) -> None:
        self.least.setflags(write=False)
        self.apart.setflags(write=False)

    @classmethod
    def of(cls, models: Sequence[ServedModel]) -> RequiredReplicas | None:
        """Return what the models of a workload have to have; None if that is nothing."""
        least = np.array([model.min_replicas for model in models], dtype=np.int64)
        apart = np.array([model.spread is Spread.NODE for model in models], dtype=np.bool_)
        # A single replica shares its node with no other one.
        return cls(least, apart & (least > 1)) if least.any() else None

    def counted(self, replicas: NDArray[np.bool_], nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count the replicas of each model that the requirement counts, ``int64[M]``.

        Parameters
        ----------
        replicas : bool[G, M]
            Which group holds which model.
        nodes : int64[G]
            First node of each group; see `alpaplan.problem.devices.first_nodes`.
        """
        found: NDArray[np.int64] = replicas.sum(axis=0, dtype=np.int64)
        if self.apart.any():
            on_node = np.zeros((int(nodes.max(initial=0)) + 1, int(self.apart.sum())), np.bool_)
            np.logical_or.at(on_node, nodes, replicas[:, self.apart])
            found[self.apart] = on_node.sum(axis=0)
        return found

    def missing(self, replicas: NDArray[np.bool_], nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many each model lacks, ``int64[M]``; parameters as of `counted`."""
        return np.asarray(np.maximum(self.least - self.counted(replicas, nodes), 0))
