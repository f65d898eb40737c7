"""The memory part of the independent check of plans, device by device, from the specs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from alpaplan.errors import Issue
from alpaplan.profiling.batch_sizes import stage_activation_bytes
from alpaplan.specs.cluster import Serving
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.plan import ReplicaSpec
from alpaplan.specs.profile import ProfiledConfig
from alpaplan.units import exact_bytes


class CheckedReplica(NamedTuple):
    """A replica of a fixed-service model with the configuration that its group runs."""

    spec: ReplicaSpec
    config: ProfiledConfig


class CheckedEngine(NamedTuple):
    """An engine with the configuration that its group runs, and its place among the replicas."""

    spec: ReplicaSpec
    config: EngineConfig
    max_context_tokens: int
    position: int


def check_replicas_memory(
    replicas: Sequence[CheckedReplica], usable: int, serving: Serving
) -> Iterator[Issue]:
    """Yield an issue if fixed-service replicas of a group need more than its devices have.

    Parameters
    ----------
    replicas
        All replicas of the group.
    usable
        Bytes of each device.
    serving
        Limits of batches, and what a process takes.
    """
    needed_bytes = _needed_bytes(replicas, serving.max_batch_size, serving.process_overhead_bytes)
    if max(needed_bytes, default=0) > usable:
        alone = max(_needed_bytes(replicas, 1, serving.process_overhead_bytes))
        smaller = "; smaller batches of its replicas (max_batch_size) would fit"
        yield _too_much(needed_bytes, usable, smaller if alone <= usable else "")


def check_engines_memory(
    engines: Sequence[CheckedEngine], usable: int, serving: Serving
) -> Iterator[Issue]:
    """Yield what is wrong if a group's engines do not fit, or a KV cache not its longest context.

    Parameters
    ----------
    engines
        All engines of the group.
    usable
        Bytes of each device.
    serving
        What a process takes.
    """
    num_stages = engines[0].config.inter_op
    held = [serving.process_overhead_bytes * len(engines)] * num_stages
    for engine in engines:
        working = engine.config.stage_working_bytes or (0,) * num_stages
        for stage in range(num_stages):
            held[stage] += engine.config.stage_weight_bytes[stage] + working[stage]
    if max(held) > usable:
        yield _too_much(held, usable)
        return
    for engine in engines:
        per_token = engine.config.stage_kv_bytes_per_token
        shares = [_share(engine.spec, usable - stage_held, len(engines)) for stage_held in held]
        tokens = [share // stage for share, stage in zip(shares, per_token, strict=True)]
        if min(tokens) < engine.max_context_tokens:
            stage = tokens.index(min(tokens))
            needed = engine.max_context_tokens * per_token[stage]
            context = f"max_context_tokens ({engine.max_context_tokens:,})"
            yield Issue(
                ("replicas", engine.position),
                f"must have a KV cache for the {context} of {engine.spec.model!r}, which needs "
                f"{exact_bytes(needed)} on each device of stage {stage}, but its share is only "
                f"{exact_bytes(shares[stage])}",
            )


def _share(replica: ReplicaSpec, free: int, num_engines: int) -> int:
    if replica.kv_fraction is None:
        return free // num_engines
    return math.floor(replica.kv_fraction * free)


def _too_much(needed_bytes: list[int], usable: int, more: str = "") -> Issue:
    needed = max(needed_bytes)
    return Issue(
        ("replicas",),
        f"needs {exact_bytes(needed)} on each device of stage {needed_bytes.index(needed)}, "
        f"but only {exact_bytes(usable)} are available{more}",
    )


def _needed_bytes(
    replicas: Sequence[CheckedReplica], max_batch_size: int, process_overhead_bytes: int
) -> list[int]:
    """Return what replicas need on each stage if no batch is larger than the given size."""
    weights = [config.stage_weight_bytes for _, config in replicas]
    working = [
        _working_bytes(config, min(max_batch_size, replica.max_batch_size or max_batch_size))
        for replica, config in replicas
    ]
    overhead = process_overhead_bytes * len(replicas)
    # Processes of their own each keep their working memory.
    together = sum if process_overhead_bytes > 0 else max
    return [
        sum(stage_weights) + together(stage_working) + overhead
        for stage_weights, stage_working in zip(_by_stage(weights), _by_stage(working), strict=True)
    ]


def _working_bytes(config: ProfiledConfig, cap: int) -> list[int]:
    """Return the most working memory of each stage, at any batch size up to the cap."""
    largest = min(cap, max(config.stage_latency_s))
    # It is linear between profiled sizes, and so nowhere above what it is at their ends.
    ends = {largest, *(size for size in config.stage_latency_s if size < largest)}
    return list(map(max, _by_stage(stage_activation_bytes(config, size) for size in ends)))


def _by_stage(numbers: Iterable[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    return zip(*numbers, strict=True)
