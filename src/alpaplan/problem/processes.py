"""What the processes of a group's replicas take of each device, and what engines are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from alpaplan.problem.engine_service import kv_share_bytes, table_of
from alpaplan.problem.memory_rule import activation_bytes
from alpaplan.problem.placement import Placement
from alpaplan.problem.problem import PlacementProblem

FRACTION_STEPS = 10_000
"""Steps of `ProcessMemory.memory_fraction` in a device: four digits."""

KV_PART_OF_OVERHEAD = 4
"""The KV cache of a fixed-service model is this part of a process's overhead, unless it is told."""


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
    held_kv_tokens
        KV tokens that `kv_cache_bytes` hold, on every stage; None for a fixed-service model.
    device_memory_bytes
        All memory of one of its devices.
    """

    stage_weight_bytes: tuple[int, ...]
    stage_working_bytes: tuple[int, ...]
    process_overhead_bytes: int
    kv_cache_bytes: int
    kv_in_overhead_bytes: int
    kv_tokens: int | None
    held_kv_tokens: int | None
    device_memory_bytes: int

    @property
    def stage_bytes(self) -> tuple[int, ...]:
        """All that it takes on each device of each stage."""
        beside = self.process_overhead_bytes - self.kv_in_overhead_bytes + self.kv_cache_bytes
        stages = zip(self.stage_weight_bytes, self.stage_working_bytes, strict=True)
        return tuple(weights + working + beside for weights, working in stages)

    @property
    def memory_fraction(self) -> float:
        """What it takes of the device where it takes least, rounded down to four digits."""
        return min(self.stage_bytes) * FRACTION_STEPS // self.device_memory_bytes / FRACTION_STEPS

    def to_json_dict(self) -> dict[str, Any]:
        """Return what an export says of it."""
        return {
            "stage_weight_bytes": list(self.stage_weight_bytes),
            "stage_working_bytes": list(self.stage_working_bytes),
            "process_overhead_bytes": self.process_overhead_bytes,
            "kv_cache_bytes": self.kv_cache_bytes,
            "kv_in_overhead_bytes": self.kv_in_overhead_bytes,
            "kv_tokens": self.kv_tokens,
            "memory_fraction": self.memory_fraction,
        }


def processes_of_group(
    problem: PlacementProblem,
    placement: Placement,
    group: int,
    device_memory_bytes: int,
    kv_cache_bytes: Mapping[int, int],
) -> dict[int, ProcessMemory]:
    """Return what each replica of a group takes as a process of its own.

    Parameters
    ----------
    problem, placement
        The plan.
    group
        Index of the group.
    device_memory_bytes
        All memory of one of its devices.
    kv_cache_bytes
        Model -> KV cache of a fixed-service model on each device, a part of the overhead of its
        process; others have the `KV_PART_OF_OVERHEAD`.

    Returns
    -------
    Model -> process.
    """
    shape = int(placement.shapes[group])
    models = np.flatnonzero(placement.replicas[group])
    profiles = problem.profile_of_model[models]
    stages = slice(int(problem.num_stages[shape]))
    weights = problem.stage_weight_bytes[shape, profiles, stages].tolist()
    overhead = problem.process_overhead_bytes
    if problem.engines is None or not problem.engines.is_llm[profiles].any():
        caps = None if placement.max_batch_size is None else placement.max_batch_size[group, models]
        working = activation_bytes(problem, shape, profiles, caps)[:, stages].tolist()
        caches = [kv_cache_bytes.get(m, overhead // KV_PART_OF_OVERHEAD) for m in models.tolist()]
        in_overhead, tokens, held = caches, [None] * models.size, [None] * models.size
    else:
        working = problem.engines.stage_working_bytes[shape, profiles, stages].tolist()
        fractions = None if placement.kv_fraction is None else placement.kv_fraction[group, models]
        share = kv_share_bytes(problem, shape, profiles, fractions)
        per_token = table_of(problem).stage_kv_bytes_per_token[shape, profiles, stages]
        smallest = share.min(axis=1)
        caches, in_overhead = smallest.tolist(), [0] * models.size
        tokens = (share // per_token).min(axis=1).tolist()
        held = (smallest[:, np.newaxis] // per_token).min(axis=1).tolist()
    return {
        model: ProcessMemory(
            tuple(weights[i]),
            tuple(working[i]),
            overhead,
            caches[i],
            in_overhead[i],
            tokens[i],
            held[i],
            device_memory_bytes,
        )
        for i, model in enumerate(models.tolist())
    }


def shared_without_overhead(problem: PlacementProblem, placement: Placement) -> list[int]:
    """Return the groups whose fixed-service replicas are simulated as one process.

    That is what several of them are while the overhead of a process is 0: a backend with a
    process for each replica could not run them so.
    """
    if problem.process_overhead_bytes > 0:
        return []
    fixed = placement.replicas & ~problem.model_is_llm
    return np.flatnonzero(fixed.sum(axis=1) > 1).tolist()
