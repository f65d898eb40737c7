"""The batch size with which a configuration serves most requests within an objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alpaplan.profiling.batch_sizes import batch_latency_s, memory_bytes, slowest_stage_s
from alpaplan.specs.profile import ProfiledConfig

MAX_TRIED = 4096
"""Batch sizes up to which every one is tried (a count; 256 to 100,000: some microseconds each). Of
larger ones, which nobody is known to serve, only those that were profiled are."""


@dataclass(frozen=True)
class BestBatch:
    """A batch size of one configuration.

    Parameters
    ----------
    batch_size, is_interpolated
        Requests of one batch, and whether that lies between profiled sizes.
    latency_s
        Of a batch alone, through all stages.
    throughput_rps
        Requests per second of one group that is kept busy.
    memory_bytes
        On a device of the fullest stage: weights and working memory.
    """

    batch_size: int
    is_interpolated: bool
    latency_s: float
    throughput_rps: float
    memory_bytes: int

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "batch_size": self.batch_size,
            "interpolated": self.is_interpolated,
            "latency_s": self.latency_s,
            "throughput_rps": self.throughput_rps,
            "memory_bytes": self.memory_bytes,
        }


def throughput_rps(config: ProfiledConfig, batch_size: int) -> float:
    """Return the requests per second of one group that is kept busy with batches of a size.

    A pipeline that is kept busy starts one batch in each time that its slowest stage takes.
    """
    return batch_size / slowest_stage_s(config, batch_size)


def best_batch(config: ProfiledConfig, slo_s: float) -> BestBatch | None:
    """Return the batch size of the largest throughput within an objective.

    Of equal ones it is the smallest, which keeps requests waiting least; None if not even one
    request alone is in time. Waiting and the overheads of serving are not in it.
    """
    smallest, largest = min(config.stage_latency_s), max(config.stage_latency_s)
    sizes = {*range(smallest, min(largest, MAX_TRIED) + 1), *config.stage_latency_s}
    in_time = [size for size in sorted(sizes) if batch_latency_s(config, size) <= slo_s]
    if not in_time:
        return None
    best = max(in_time, key=lambda size: throughput_rps(config, size))  # the first of equal ones
    return BestBatch(
        batch_size=best,
        is_interpolated=best not in config.stage_latency_s,
        latency_s=batch_latency_s(config, best),
        throughput_rps=throughput_rps(config, best),
        memory_bytes=memory_bytes(config, best),
    )
