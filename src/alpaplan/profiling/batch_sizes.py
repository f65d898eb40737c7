"""What a configuration costs at any batch size between those that were profiled.

Between two neighboring profiled batch sizes every stage's latency and working memory are taken
to be linear in the batch size; outside the profiled range nothing is said. ``alpaplan guide
measured`` shows how far off that is on measured data, and that straight lines between the
logarithms of both are further off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from alpaplan.errors import UnprofiledBatchSizeError
from alpaplan.specs.profile import ProfiledConfig


def stage_latency_s(config: ProfiledConfig, batch_size: int) -> tuple[float, ...]:
    """Return the seconds that each stage takes for a batch.

    Profiled batch sizes give what is in the profile, others what is linear between the two
    nearest ones.

    Raises
    ------
    UnprofiledBatchSizeError
        If the batch size is below or above all profiled ones.
    """
    return tuple(_at(config, config.stage_latency_s, batch_size))


def stage_activation_bytes(config: ProfiledConfig, batch_size: int) -> tuple[int, ...]:
    """Return the peak working memory on each device of each stage, in bytes.

    It is 0 where the profile says nothing of it, and as `stage_latency_s` otherwise, with parts
    of a byte rounded up.

    Raises
    ------
    UnprofiledBatchSizeError
        If the batch size is below or above all profiled ones.
    """
    by_size = config.stage_activation_bytes
    if by_size is None:
        by_size = dict.fromkeys(config.stage_latency_s, (0,) * config.inter_op)
    return tuple(math.ceil(num_bytes) for num_bytes in _at(config, by_size, batch_size))


def batch_latency_s(config: ProfiledConfig, batch_size: int) -> float:
    """Return the seconds that a batch alone takes through all stages, without serving overheads.

    Raises
    ------
    UnprofiledBatchSizeError
        If the batch size is below or above all profiled ones.
    """
    return sum(stage_latency_s(config, batch_size))


def slowest_stage_s(config: ProfiledConfig, batch_size: int) -> float:
    """Return the seconds that a batch keeps the pipeline from starting the next one.

    Raises
    ------
    UnprofiledBatchSizeError
        If the batch size is below or above all profiled ones.
    """
    return max(stage_latency_s(config, batch_size))


def idle_fraction(config: ProfiledConfig, batch_size: int) -> float:
    """Return the share of time that a device waits for the slowest stage, on average.

    That is in a pipeline that is always busy.

    Raises
    ------
    UnprofiledBatchSizeError
        If the batch size is below or above all profiled ones.
    """
    occupied_s = config.inter_op * slowest_stage_s(config, batch_size)
    return 1 - batch_latency_s(config, batch_size) / occupied_s


def memory_bytes(config: ProfiledConfig, batch_size: int) -> int:
    """Return weights and peak working memory on a device of the fullest stage, in bytes.

    Raises
    ------
    UnprofiledBatchSizeError
        If the batch size is below or above all profiled ones.
    """
    working = stage_activation_bytes(config, batch_size)
    return max(map(sum, zip(config.stage_weight_bytes, working, strict=True)))


def reaches(config: ProfiledConfig, batch_size: int) -> bool:
    """Return whether a batch size is profiled, or lies between profiled ones."""
    return min(config.stage_latency_s) <= batch_size <= max(config.stage_latency_s)


def largest_batch_size(config: ProfiledConfig, cap: int) -> int:
    """Return the largest batch size up to `cap` that is profiled or between profiled ones."""
    return min(cap, max(config.stage_latency_s))


def describe_out_of_range(config: ProfiledConfig, batch_size: int) -> str:
    """Describe a batch size outside the profiled range, and that range."""
    smallest, largest = min(config.stage_latency_s), max(config.stage_latency_s)
    profiled = f"{smallest} to {largest}" if smallest < largest else f"{smallest} only"
    return f"batch size must be within the profiled range ({profiled}), found {batch_size}"


def _at(
    config: ProfiledConfig, by_size: Mapping[int, Sequence[float]], batch_size: int
) -> Sequence[float]:
    """Look up or interpolate one number for each stage."""
    if batch_size in by_size:
        return by_size[batch_size]
    if not reaches(config, batch_size):
        raise UnprofiledBatchSizeError(
            f"{config.device} intra_op {config.intra_op} inter_op {config.inter_op}: "
            f"{describe_out_of_range(config, batch_size)}"
        )
    below = max(size for size in by_size if size < batch_size)
    above = min(size for size in by_size if size > batch_size)
    share = (batch_size - below) / (above - below)
    return [
        low + share * (high - low) for low, high in zip(by_size[below], by_size[above], strict=True)
    ]
