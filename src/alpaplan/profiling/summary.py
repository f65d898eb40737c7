"""What a profile says of each configuration at one batch size, ready to be shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from alpaplan.errors import AlpaplanError
from alpaplan.profiling.batch_sizes import (
    batch_latency_s,
    memory_bytes,
    reaches,
)
from alpaplan.profiling.best_batch import BestBatch, best_batch, throughput_rps
from alpaplan.profiling.overhead import Overhead, overhead_of
from alpaplan.profiling.reference import smallest_config
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig

MAX_SHOWN = 1e15
"""Largest throughput (requests/s) and overhead (a fraction): no device is near, and plots work."""


@dataclass(frozen=True)
class ConfigSummary:
    """One configuration at one batch size.

    Parameters
    ----------
    device, intra_op, inter_op
        The configuration.
    batch_size
        Requests of one batch.
    is_interpolated
        Whether the batch size lies between profiled ones.
    is_reference
        Whether it is the one that overheads of its device type are relative to.
    latency_s
        Of a batch alone, through all stages.
    throughput_rps
        Requests per second of one group that is kept busy: the batch size over the longest
        stage's latency.
    memory_bytes
        On a device of the fullest stage: weights and working memory.
    overhead
        Of parallelism.
    best_batch
        The batch size of the largest throughput within an objective; None if there is none.
    """

    device: str
    intra_op: int
    inter_op: int
    batch_size: int
    is_interpolated: bool
    is_reference: bool
    latency_s: float
    throughput_rps: float
    memory_bytes: int
    overhead: Overhead
    best_batch: BestBatch | None = None

    @property
    def num_devices(self) -> int:
        """Devices of one group."""
        return self.intra_op * self.inter_op

    @property
    def throughput_rps_per_device(self) -> float:
        """Throughput of one group over its devices."""
        return self.throughput_rps / self.num_devices

    @property
    def throughput_rps_without_overhead(self) -> float:
        """What a group would do if its devices did as much as the reference's while they work."""
        return self.throughput_rps * (1 + self.overhead.total)

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "device": self.device,
            "intra_op": self.intra_op,
            "inter_op": self.inter_op,
            "num_devices": self.num_devices,
            "batch_size": self.batch_size,
            "interpolated": self.is_interpolated,
            "reference": self.is_reference,
            "latency_s": self.latency_s,
            "throughput_rps": self.throughput_rps,
            "throughput_rps_per_device": self.throughput_rps_per_device,
            "memory_bytes": self.memory_bytes,
            "overhead": self.overhead.to_json_dict(),
        }


@dataclass(frozen=True)
class ProfileSummary:
    """A profile at one batch size.

    Parameters
    ----------
    name, source
        As in the profile.
    batch_size
        Requests of one batch.
    configs
        Configurations that reach the batch size, by device type in the profile's order; those of
        one type by devices, then by ``intra_op``.
    left_out
        Configurations that do not reach it, in the profile's order.
    slo_s
        The objective of the best batches (seconds); None if none was asked for.
    """

    name: str
    source: str | None
    batch_size: int
    configs: tuple[ConfigSummary, ...]
    left_out: tuple[ProfiledConfig, ...]
    slo_s: float | None = None

    def by_device(self) -> dict[str, list[ConfigSummary]]:
        """Return the configurations of each device type."""
        grouped: dict[str, list[ConfigSummary]] = {}
        for config in self.configs:
            grouped.setdefault(config.device, []).append(config)
        return grouped

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "name": self.name,
            "source": self.source,
            "configs": [self._config_dict(config) for config in self.configs],
            "left_out": [
                {
                    "device": config.device,
                    "intra_op": config.intra_op,
                    "inter_op": config.inter_op,
                    "batch_sizes": sorted(config.stage_latency_s),
                }
                for config in self.left_out
            ],
        }

    def _config_dict(self, config: ConfigSummary) -> dict[str, Any]:
        if self.slo_s is None:
            return config.to_json_dict()
        best = config.best_batch
        return config.to_json_dict() | {"best_batch": best.to_json_dict() if best else None}


def summarize_profile(
    profile: ModelProfileSpec, batch_size: int = 1, slo_s: float | None = None
) -> ProfileSummary:
    """Return what a profile says of each configuration at a batch size.

    Overheads are relative to the smallest configuration of the same device type among those that
    reach the batch size: see `alpaplan.profiling.overhead` and `smallest_config`. With an
    objective, each configuration has its best batch too.

    Raises
    ------
    AlpaplanError
        If a throughput or overhead is above `MAX_SHOWN`, because a latency is next to nothing.
    """
    by_device: dict[str, list[ProfiledConfig]] = {}
    for config in profile.fixed_configs:
        if reaches(config, batch_size):
            by_device.setdefault(config.device, []).append(config)
    summaries = [
        found for configs in by_device.values() for found in _summarize(configs, batch_size, slo_s)
    ]
    for found in summaries:
        # Not "above": what overflows may also be NaN.
        best_rps = found.best_batch.throughput_rps if found.best_batch else 0.0
        shown = (found.throughput_rps, best_rps, found.overhead.total)
        if not all(number <= MAX_SHOWN for number in shown):
            raise AlpaplanError(
                f"{profile.name}: {found.device} intra_op {found.intra_op} inter_op "
                f"{found.inter_op}: latencies are too short or too different to compare"
            )
    left_out = tuple(config for config in profile.fixed_configs if not reaches(config, batch_size))
    return ProfileSummary(
        profile.name, profile.source, batch_size, tuple(summaries), left_out, slo_s
    )


def _summarize(
    configs: Iterable[ProfiledConfig], batch_size: int, slo_s: float | None
) -> list[ConfigSummary]:
    """Sum up configurations of one device type."""
    ordered = sorted(configs, key=lambda config: (config.num_devices, config.intra_op))
    reference = smallest_config(configs, batch_size)
    return [
        ConfigSummary(
            device=config.device,
            intra_op=config.intra_op,
            inter_op=config.inter_op,
            batch_size=batch_size,
            is_interpolated=batch_size not in config.stage_latency_s,
            is_reference=config is reference,
            latency_s=batch_latency_s(config, batch_size),
            throughput_rps=throughput_rps(config, batch_size),
            memory_bytes=memory_bytes(config, batch_size),
            overhead=overhead_of(config, reference, ordered, batch_size),
            best_batch=None if slo_s is None else best_batch(config, slo_s),
        )
        for config in ordered
    ]
