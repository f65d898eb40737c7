"""Profiles to the table of what batches take."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

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

    Raises
    ------
    SpecError
        If there are so many sizes that the table would not fit into memory.
    """
    largest = np.zeros(axes[:2], dtype=np.int64)
    for place, config in configs.items():
        largest[place] = largest_batch_size(config, serving.max_batch_size)
    if largest.max(initial=0) <= 1:
        return None
    num_rows = int(largest.sum())
    _check_size(num_rows * axes[2], serving.max_batch_size)
    first_row = largest.cumsum().reshape(largest.shape) - largest
    latency_s = np.zeros((num_rows, axes[2]), dtype=np.float64)
    activation_bytes = np.zeros((num_rows, axes[2]), dtype=np.int64)
    for place, config in configs.items():
        sizes = range(1, int(largest[place]) + 1)
        rows = slice(first_row[place], first_row[place] + len(sizes))
        stages = slice(config.inter_op)
        latency_s[rows, stages] = [
            served_stages_s(stage_latency_s(config, size), config.inter_op, serving.stage_overhead)
            for size in sizes
        ]
        at_size = np.array([stage_activation_bytes(config, n) for n in sizes], dtype=np.int64)
        activation_bytes[rows, stages] = np.maximum.accumulate(at_size, axis=0)
    return BatchTable(largest, first_row, latency_s, activation_bytes)


def _check_size(num_numbers: int, cap: int) -> None:
    if num_numbers > MAX_TABLE_NUMBERS:
        what = (
            f"makes {num_numbers:,} stage latencies of single batch sizes, more than "
            f"{MAX_TABLE_NUMBERS:,}: lower it, found {cap}"
        )
        raise SpecError("cluster", [Issue(("serving", "max_batch_size"), what)])
