"""What the processes of a group's replicas take of each device, and what engines are told of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProcessMemory:
    """What one engine process takes on each device of each stage of its group.

    Parameters
    ----------
    stage_weight_bytes, stage_working_bytes
        Weights and working memory.
    process_overhead_bytes
        What it takes beside these.
    kv_cache_bytes
        Its KV cache.
    kv_in_overhead_bytes
        The part of the cache that `process_overhead_bytes` counts.
    kv_tokens
        KV tokens of an LLM in the simulation; None for a fixed-service model.
    memory_fraction
        What it takes of the device where it takes least, rounded down to four digits.
    """

    stage_weight_bytes: tuple[int, ...]
    stage_working_bytes: tuple[int, ...]
    process_overhead_bytes: int
    kv_cache_bytes: int
    kv_in_overhead_bytes: int
    kv_tokens: int | None
    memory_fraction: float

    @property
    def stage_bytes(self) -> tuple[int, ...]:
        """All that it takes on each device of each stage."""
        beside = self.process_overhead_bytes - self.kv_in_overhead_bytes + self.kv_cache_bytes
        stages = zip(self.stage_weight_bytes, self.stage_working_bytes, strict=True)
        return tuple(weights + working + beside for weights, working in stages)
