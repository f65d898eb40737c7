"""Dynamic batching as arrays: what a batch of each size takes on each group shape.

A batch is some requests of one model that pass a group's stages together; its cap is the largest
size that it may have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class BatchTable:
    """What batches of every allowed size take on every group shape.

    Row ``first_row[h, p] + n - 1`` is for batches of n requests, n from 1 to ``largest[h, p]``.

    Parameters
    ----------
    largest : int64[H, P]
        The cap of a replica that has none of its own: the smallest of the cluster's
        ``serving.max_batch_size``, the largest profiled size, and the largest that a replica alone
        has memory for (1 if it has none at all: then there can be no replica). 0 where the shape
        does not run the profile, and for LLMs.
    first_row : int64[H, P]
        Row of batch size 1.
    stage_latency_s : float64[R, S]
        Stage latencies, the stage overhead included, linear between profiled sizes; entries of
        stages that the shape does not have are 0.
    stage_activation_bytes : int64[R, S]
        The largest working memory on each device of each stage at any size up to the row's.
    """

    largest: NDArray[np.int64]
    first_row: NDArray[np.int64]
    stage_latency_s: NDArray[np.float64]
    stage_activation_bytes: NDArray[np.int64]

    def __post_init__(self) -> None:
        for value in vars(self).values():
            value.setflags(write=False)
