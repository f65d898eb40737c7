"""A placement: which groups there are and which models have a replica on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Placement:
    """Groups in plan order and the replicas on them.

    Parameters
    ----------
    shapes : int64[G]
        Index of each group's shape in ``PlacementProblem.shapes``.
    replicas : bool[G, M]
        Whether the group holds a replica of the model.
    """

    shapes: NDArray[np.int64]
    replicas: NDArray[np.bool_]

    def __post_init__(self) -> None:
        self.shapes.setflags(write=False)
        self.replicas.setflags(write=False)

    @property
    def num_groups(self) -> int:
        """Number of groups, ``G``."""
        return int(self.shapes.size)
