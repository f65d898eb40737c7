"""A placement: which groups there are and which models have a replica on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    max_batch_size : int64[G, M], optional
        Largest batch that a replica may form, where it has a limit of its own; 0 where it has
        none. None if no replica has one.
    kv_fraction : float64[G, M], optional
        Part of the group's KV memory that an engine takes; 0 throughout a group whose engines
        share it equally. None if all groups are such.
    """

    shapes: NDArray[np.int64]
    replicas: NDArray[np.bool_]
    max_batch_size: NDArray[np.int64] | None = None
    kv_fraction: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for values in (self.shapes, self.replicas, self.max_batch_size, self.kv_fraction):
            if values is not None:
                values.setflags(write=False)

    @property
    def num_groups(self) -> int:
        """Number of groups, ``G``."""
        return int(self.shapes.size)

    def take(self, groups: NDArray[np.int64] | NDArray[np.bool_] | Sequence[int]) -> Placement:
        """Return some of the groups, by their numbers or by whether they are kept."""
        chosen = np.asarray(groups, dtype=None if len(groups) else np.int64)
        max_batch_size, kv_fraction = self.max_batch_size, self.kv_fraction
        return Placement(
            self.shapes[chosen],
            self.replicas[chosen],
            None if max_batch_size is None else max_batch_size[chosen],
            None if kv_fraction is None else kv_fraction[chosen],
        )

    @classmethod
    def joined(cls, parts: Sequence[Placement]) -> Placement:
        """Return the groups of several placements of the same models behind each other."""
        max_batch_size = kv_fraction = None
        if any(part.max_batch_size is not None for part in parts):
            limits = (_or_zeros(part, part.max_batch_size, np.int64) for part in parts)
            max_batch_size = np.concatenate(list(limits))
        if any(part.kv_fraction is not None for part in parts):
            fractions = (_or_zeros(part, part.kv_fraction, np.float64) for part in parts)
            kv_fraction = np.concatenate(list(fractions))
        return cls(
            np.concatenate([part.shapes for part in parts]),
            np.concatenate([part.replicas for part in parts]),
            max_batch_size,
            kv_fraction,
        )

    def key(self) -> bytes:
        """Return bytes that equal placements of one problem have in common, and no others."""
        limits = (self.max_batch_size, self.kv_fraction)
        parts = [self.shapes.tobytes(), np.packbits(self.replicas).tobytes()]
        # None and zeros say the same.
        parts += [
            b"." if values is None or not values.any() else values.tobytes() for values in limits
        ]
        return b"".join(parts)


def _or_zeros(
    part: Placement, values: NDArray[Any] | None, dtype: type[np.generic]
) -> NDArray[Any]:
    return np.zeros(part.replicas.shape, dtype=dtype) if values is None else values
