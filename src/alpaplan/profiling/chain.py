"""A chain of layers as whole numbers, so that equal stages are equal and not nearly so.

Time is counted in picoseconds. A layer's latency is rounded to the nearest one, at least one, and
so are a link's latency and the time of its bytes; a stage of n layers is therefore off by at most
n/2 + 1 ps, far below what any clock measures. Everything else is exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpaplan.errors import Issue, SpecError
from alpaplan.specs.fields import MAX_QUANTITY
from alpaplan.specs.layers import LayerProfileSpec

PICOSECONDS = 10**12
"""In a second."""

MAX_CHAIN_PS = 2**61
"""Longest chain, with every link (ps; 26 days): twice as much still fits a 64-bit integer."""

MAX_WEIGHT_BYTES = int(MAX_QUANTITY)
"""Most weights of a chain, as of any field that a stage of all layers has to fit."""


@dataclass(frozen=True)
class LayerChain:
    """Layers 0 to n - 1 at one intra-op parallelism and batch size.

    Stages are half-open ranges of layers: the one from `first` to `end` has the layers `first` to
    `end` - 1.

    Parameters
    ----------
    intra_op
        Devices of a stage.
    work_ps
        Latency of the layers before each one, ``int64[n + 1]``; it rises.
    send_ps
        What the link takes between layers `end` - 1 and `end`, ``int64[n + 1]``; 0 at both ends.
    weight_bytes
        Whole weights of the layers before each one, ``int64[n + 1]``.
    activation_bytes
        Working memory of each layer on each device, ``int64[n]``.
    """

    intra_op: int
    work_ps: NDArray[np.int64]
    send_ps: NDArray[np.int64]
    weight_bytes: NDArray[np.int64]
    activation_bytes: NDArray[np.int64]

    @property
    def num_layers(self) -> int:
        """Number of layers."""
        return self.activation_bytes.size

    def latencies_ps(self, end: int) -> NDArray[np.int64]:
        """Latency of the stages that end before layer `end`, by their first, ``int64[end]``."""
        last_ps = self.work_ps[end] + self.send_ps[end]
        latencies: NDArray[np.int64] = last_ps - self.work_ps[:end]
        return latencies

    def stage_weight_bytes(self, end: int, first: int = 0) -> NDArray[np.int64]:
        """Weights on each device of the stages that end before layer `end`.

        They divide by `intra_op` and are rounded up. A stage without any counts as a byte, because
        weights in a profile are above 0.

        Returns
        -------
        By their first layer, from `first` on, ``int64[end - first]``; it falls.
        """
        whole = self.weight_bytes[end] - self.weight_bytes[first:end]
        weights: NDArray[np.int64] = np.maximum(-(-whole // self.intra_op), 1)
        return weights

    def memory_bytes(self, end: int, first: int = 0) -> NDArray[np.int64]:
        """Memory on each device of the stages that end before layer `end`.

        Weights and the largest working memory of any layer, which does not divide by `intra_op`.

        Returns
        -------
        By their first layer, from `first` on, ``int64[end - first]``; it falls.
        """
        largest = np.maximum.accumulate(self.activation_bytes[first:end][::-1])[::-1]
        memory: NDArray[np.int64] = self.stage_weight_bytes(end, first) + largest
        return memory


def layer_chain(profile: LayerProfileSpec, intra_op: int, batch_size: int) -> LayerChain:
    """Return the chain of a profile at one of its intra-op parallelisms and batch sizes.

    Raises
    ------
    SpecError
        If all layers together are too long or too large for whole numbers.
    """
    layers, link = profile.layers, profile.link
    work_ps = [_picoseconds(layer.latency_s[intra_op][batch_size]) for layer in layers]
    send_ps = [
        round(link.latency_s * PICOSECONDS)
        # Whole numbers of Python, rounded to the nearest: the product can have 100 bits.
        + (2 * layer.output_bytes[batch_size] * PICOSECONDS + link.bandwidth_bytes_per_s)
        // (2 * link.bandwidth_bytes_per_s)
        for layer in layers[:-1]
    ]
    weight_bytes = [layer.weight_bytes for layer in layers]
    _check_totals(intra_op, sum(work_ps) + sum(send_ps), sum(weight_bytes))
    return LayerChain(
        intra_op=intra_op,
        work_ps=_before(work_ps),
        send_ps=np.array([0, *send_ps, 0], dtype=np.int64),
        weight_bytes=_before(weight_bytes),
        activation_bytes=np.array(
            [(layer.activation_bytes or {}).get(batch_size, 0) for layer in layers], dtype=np.int64
        ),
    )


def _picoseconds(latency_s: float) -> int:
    return max(1, round(latency_s * PICOSECONDS))


def _before(values: Iterable[int]) -> NDArray[np.int64]:
    """Return the sum of the values before each one, and of all."""
    return np.cumsum([0, *values], dtype=np.int64)


def _check_totals(intra_op: int, total_ps: int, weight_bytes: int) -> None:
    issues = []
    if total_ps > MAX_CHAIN_PS:
        most_s, found_s = MAX_CHAIN_PS / PICOSECONDS, total_ps / PICOSECONDS
        what = f"must take at most {most_s:.3g} s in all, links included"
        issues.append(Issue(("layers",), f"{what}, found {found_s:.3g} s at intra_op {intra_op}"))
    if weight_bytes > MAX_WEIGHT_BYTES:
        what = f"must have at most {MAX_WEIGHT_BYTES:.3g} bytes of weights in all"
        issues.append(Issue(("layers",), f"{what}, found {weight_bytes:.3g}"))
    if issues:
        raise SpecError("layer-profile", issues)
