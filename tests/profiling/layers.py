"""Small layer profiles, and the obvious way to cut them: try everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

from alpaplan.specs.layers import LayerProfileSpec

PS = 1e-12
"""A picosecond in seconds."""


def layer_profile(
    latencies_ps: Sequence[float],
    outputs_ps: Sequence[int] | None = None,
    weights: Sequence[int] | None = None,
    activations: Sequence[int] | None = None,
    *,
    link_latency_ps: float = 0,
    intra_ops: Sequence[int] = (1,),
    batch_sizes: Sequence[int] = (1,),
) -> LayerProfileSpec:
    """Return layers on a link of a byte a picosecond; all is in proportion to the batch size."""
    num_layers = len(latencies_ps)
    outputs_ps = outputs_ps or [0] * num_layers
    weights = weights or [0] * num_layers
    layers: list[dict[str, Any]] = [
        {
            "name": f"layer-{index}",
            "weight_bytes": weights[index],
            "latency_s": {
                t: {size: latencies_ps[index] * size * PS / t for size in batch_sizes}
                for t in intra_ops
            },
            "output_bytes": {size: outputs_ps[index] * size for size in batch_sizes},
        }
        for index in range(num_layers)
    ]
    for layer, activation in zip(layers, activations or [], strict=False):
        layer["activation_bytes"] = {size: activation * size for size in batch_sizes}
    return LayerProfileSpec.model_validate(
        {
            "kind": "layer-profile",
            "version": 1,
            "name": "chain",
            "device": "gpu",
            "link": {"latency_s": link_latency_ps * PS, "bandwidth_bytes_per_s": 10**12},
            "layers": layers,
        }
    )


@dataclass(frozen=True)
class Outcome:
    """What one way to cut a chain comes to: latencies in picoseconds, memory in bytes."""

    latencies_ps: tuple[int, ...]
    memory_bytes: tuple[int, ...]

    @property
    def criteria(self) -> tuple[int, int, int]:
        """What is made small, in this order."""
        return max(self.latencies_ps), sum(self.latencies_ps), max(self.memory_bytes)


def outcome(layers: LayerProfileSpec, intra_op: int, stages: Sequence[range]) -> Outcome:
    """Evaluate one way to cut a chain at batch size 1, from the document itself."""
    latencies, memory = [], []
    for stage in stages:
        members = [layers.layers[index] for index in stage]
        latency_ps = sum(max(1, round(layer.latency_s[intra_op][1] / PS)) for layer in members)
        if stage is not stages[-1]:
            sent_s = Fraction(members[-1].output_bytes[1], layers.link.bandwidth_bytes_per_s)
            latency_ps += round(layers.link.latency_s / PS) + round(sent_s * 10**12)
        latencies.append(latency_ps)
        weight = sum(layer.weight_bytes for layer in members)
        weight_on_device = weight // intra_op + (weight % intra_op > 0) or 1
        memory.append(
            weight_on_device + max((layer.activation_bytes or {1: 0})[1] for layer in members)
        )
    return Outcome(tuple(latencies), tuple(memory))


def all_cuts(num_layers: int, num_stages: int) -> Iterator[list[range]]:
    """Yield every way to cut a chain into so many stages."""
    for inner in combinations(range(1, num_layers), num_stages - 1):
        bounds = [0, *inner, num_layers]
        yield [range(a, b) for a, b in pairwise(bounds)]


def equal_blocks(num_blocks: int, num_stages: int, before: int = 0, after: int = 0) -> list[range]:
    """Cut as people do: equally many blocks a stage; what is before and after them stays there."""
    size, more = divmod(num_blocks, num_stages)
    bounds = [0]
    for stage in range(num_stages):
        bounds.append(bounds[-1] + size + (stage < more))
    inner = [before + bound for bound in bounds[1:-1]]
    ends = [0, *inner, before + num_blocks + after]
    return [range(a, b) for a, b in pairwise(ends)]
