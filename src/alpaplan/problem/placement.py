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
    order : int64[G, M], optional
        Which place each replica has among those of its group, 0 throughout a group that lists
        them as the workload lists the models. None if all groups do. Only ties hang on it.
    kv_tokens : int64[G, M], optional
        What the KV cache of each engine holds, where that is not its part of what the replicas here
        leave: engines that were started beside others. None if all engines share.
    """

    shapes: NDArray[np.int64]
    replicas: NDArray[np.bool_]
    max_batch_size: NDArray[np.int64] | None = None
    kv_fraction: NDArray[np.float64] | None = None
    order: NDArray[np.int64] | None = None
    kv_tokens: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for values in (self.shapes, self.replicas, *self._extras()):
            if values is not None:
                values.setflags(write=False)

    @property
    def num_groups(self) -> int:
        """Number of groups, ``G``."""
        return int(self.shapes.size)

    @property
    def in_use(self) -> NDArray[np.int64]:
        """Numbers of the groups that hold a replica."""
        return np.flatnonzero(self.replicas.any(axis=1))

    def without_empty_groups(self) -> Placement:
        """Return the groups that hold a replica."""
        return self.take(self.in_use)

    def take(self, groups: NDArray[np.int64] | NDArray[np.bool_] | Sequence[int]) -> Placement:
        """Return some of the groups, by their numbers or by whether they are kept."""
        chosen = np.asarray(groups, dtype=None if len(groups) else np.int64)
        extras = (None if values is None else values[chosen] for values in self._extras())
        return Placement(self.shapes[chosen], self.replicas[chosen], *extras)

    def with_models(self, order: NDArray[np.int64]) -> Placement:
        """Return the same groups where the models are numbered in another order.

        Parameters
        ----------
        order : int64[M]
            Number here of each model there.
        """
        extras = (None if values is None else values[:, order] for values in self._extras())
        return Placement(self.shapes, self.replicas[:, order], *extras)

    @classmethod
    def joined(cls, parts: Sequence[Placement]) -> Placement:
        """Return the groups of several placements of the same models behind each other."""
        extras = [
            _joined([part._extras()[index] for part in parts], parts)
            for index in range(len(parts[0]._extras()))
        ]
        shapes = np.concatenate([part.shapes for part in parts])
        return cls(shapes, np.concatenate([part.replicas for part in parts]), *extras)

    def in_replica_order(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return group and model of each replica, by group and there in replica order."""
        group, model = np.nonzero(self.replicas)
        if self.order is not None:
            listed = np.lexsort((self.order[group, model], group))
            group, model = group[listed], model[listed]
        return group, model

    def key(self) -> bytes:
        """Return bytes that equal placements of one problem have in common, and no others."""
        parts = [self.shapes.tobytes(), np.packbits(self.replicas).tobytes()]
        # None and zeros say the same.
        parts += [
            b"." if values is None or not values.any() else values.tobytes()
            for values in self._extras()
        ]
        return b"".join(parts)

    def _extras(self) -> tuple[NDArray[Any] | None, ...]:
        """Return what replicas may have of their own; None and zeros say that they do not."""
        return self.max_batch_size, self.kv_fraction, self.order, self.kv_tokens


def _joined(
    extras: Sequence[NDArray[Any] | None], parts: Sequence[Placement]
) -> NDArray[Any] | None:
    dtypes = [values.dtype for values in extras if values is not None]
    if not dtypes:
        return None
    filled = [
        np.zeros(part.replicas.shape, dtype=dtypes[0]) if values is None else values
        for values, part in zip(extras, parts, strict=True)
    ]
    return np.concatenate(filled)
