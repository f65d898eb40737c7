"""Profiles to the table of what batches take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import Issue, SpecError
from alpaplan.problem.batching import BatchTable
from alpaplan.problem.service import served_stages_s
from alpaplan.profiling.batch_sizes import (
    largest_batch_size,
    stage_activation_bytes,
    stage_latency_s,
)
from alpaplan.specs.cluster import Serving
from alpaplan.specs.profile import ProfiledConfig

MAX_TABLE_NUMBERS = 10_000_000
"""Most stage latencies of all batch sizes of all configurations together (a count; 1 to 100
million): 16 bytes each, and some 2 s to interpolate."""


def batch_table(
    configs: Mapping[tuple[int, int], ProfiledConfig],
    axes: tuple[int, int, int],
    serving: Serving,
    usable_bytes: Sequence[int],
) -> BatchTable | None:
    """Return what batches take; None if no batch may have more than one request.

    Parameters
    ----------
    configs
        (shape, profile) -> configuration, where the shape runs the profile.
    axes
        Numbers of shapes, profiles and stages.
    serving
        The cluster's largest batch, and its stage overhead.
    usable_bytes
        Memory of a device for weights and working memory, for each shape.

    Raises
    ------
    SpecError
        If there are so many sizes that the table would not fit into memory.
    """
    limit = serving.max_batch_size
    if limit == 1:
        return None
    _check_size(axes[2] * sum(largest_batch_size(c, limit) for c in configs.values()), limit)
    needed_bytes = {
        (h, p): _needed_bytes(config, limit, usable_bytes[h]) for (h, p), config in configs.items()
    }
    largest = np.zeros(axes[:2], dtype=np.int64)
    for place, needed in needed_bytes.items():
        largest[place] = len(needed)
    if largest.max(initial=0) <= 1:
        return None
    first_row = largest.cumsum().reshape(largest.shape) - largest
    latency_s = np.zeros((int(largest.sum()), axes[2]), dtype=np.float64)
    activation_bytes = np.zeros(latency_s.shape, dtype=np.int64)
    for place, config in configs.items():
        rows = slice(first_row[place], first_row[place] + largest[place])
        latency_s[rows, : config.inter_op] = [
            served_stages_s(stage_latency_s(config, size), config.inter_op, serving.stage_overhead)
            for size in range(1, largest[place] + 1)
        ]
        activation_bytes[rows, : config.inter_op] = needed_bytes[place]
    return BatchTable(largest, first_row, latency_s, activation_bytes)


def _needed_bytes(config: ProfiledConfig, limit: int, usable_bytes: int) -> NDArray[np.int64]:
    """Return the working memory of caps up to the largest that fits, ``int64[largest, inter_op]``.

    A cap needs what the largest working memory at any size up to it is.
    """
    sizes = range(1, largest_batch_size(config, limit) + 1)
    at_size = np.array([stage_activation_bytes(config, n) for n in sizes], dtype=np.int64)
    needed = np.maximum.accumulate(at_size, axis=0)
    fits = (needed + np.array(config.stage_weight_bytes) <= usable_bytes).all(axis=1)
    return needed[: max(1, np.count_nonzero(fits))]


def _check_size(num_numbers: int, cap: int) -> None:
    if num_numbers > MAX_TABLE_NUMBERS:
        what = (
            f"makes {num_numbers:,} stage latencies of single batch sizes, more than "
            f"{MAX_TABLE_NUMBERS:,}: lower it, found {cap}"
        )
        raise SpecError("cluster", [Issue(("serving", "max_batch_size"), what)])
