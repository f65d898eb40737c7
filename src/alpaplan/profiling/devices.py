"""Devices and the number formats that they compute in: of the catalog, and of documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from alpaplan.specs.choices import Generation

if TYPE_CHECKING:
    from alpaplan.specs.device import DeviceSpec


class Dtype(StrEnum):
    """Number format of weights and matrix products.

    The formats of 4 bits keep scales beside the weights, which are counted: `INT4` (as AWQ and
    GPTQ pack it: Lin et al., arXiv 2306.00978; Frantar et al., arXiv 2210.17323) a number of 16
    bits and a zero point of 4 for each 128 weights, `NVFP4` one of 8 bits for each 16 (NVIDIA
    Transformer Engine, NVFP4), `MXFP4` one of 8 bits for each 32 (OCP Microscaling Formats 1.0).
    """

    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"
    FP8 = "fp8"
    INT4 = "int4"
    NVFP4 = "nvfp4"
    MXFP4 = "mxfp4"

    @property
    def weight_bits(self) -> Fraction:
        """Bits of one weight, with its share of the scales."""
        return _WEIGHT_BITS[self]

    @property
    def is_quantized(self) -> bool:
        """Whether embedding and head, and parts that a checkpoint excludes, keep 16 bits."""
        return self.weight_bits < 16

    def bits_in(self, groups: Groups) -> Fraction:
        """Bits of one weight where those of `INT4` are in such groups."""
        if self is not Dtype.INT4:
            return self.weight_bits
        return 4 + Fraction(16 + 4 * groups.zero_points, groups.num_weights)

    @property
    def activation_bytes(self) -> int:
        """Bytes of one number between operators: 16 bits where weights have fewer."""
        return 4 if self is Dtype.FP32 else 2


@dataclass(frozen=True)
class Groups:
    """Weights of `Dtype.INT4` that share a scale of 16 bits.

    Parameters
    ----------
    num_weights
        How many do.
    zero_points
        Whether they share a zero point of 4 bits as well.
    """

    num_weights: int = 128
    zero_points: bool = True


USUAL_GROUPS = Groups()
"""As AWQ and GPTQ pack them unless told otherwise."""

_WEIGHT_BITS = {
    Dtype.FP32: Fraction(32),
    Dtype.FP16: Fraction(16),
    Dtype.BF16: Fraction(16),
    Dtype.FP8: Fraction(8),
    Dtype.INT4: 4 + Fraction(16 + 4, 128),
    Dtype.NVFP4: 4 + Fraction(8, 16),
    Dtype.MXFP4: 4 + Fraction(8, 32),
}


@dataclass(frozen=True)
class Device:
    """One device type.

    Parameters
    ----------
    name
        As clusters and profiles call it.
    generation
        Architecture whose efficiencies it is taken to reach: its own, or the nearest there is.
    memory_bytes
        Memory of one device.
    memory_bytes_per_s
        Peak bandwidth of that memory.
    peak_flops
        Number format -> floating-point operations per second, dense. What is absent is not
        supported.
    link_bytes_per_s
        Bandwidth to the other devices of the node together, for each direction.
    shared_link
        Whether devices of a node share the way to each other (PCIe through the host).
    source
        Where the figures are from.
    is_borrowing
        Whether profiles say that its efficiencies are those of another device.
    link_latency_s
        Latency of a link beyond that in the fixed times of a stack.
    """

    name: str
    generation: Generation
    memory_bytes: int
    memory_bytes_per_s: float
    peak_flops: Mapping[Dtype, float]
    link_bytes_per_s: float
    shared_link: bool
    source: str
    is_borrowing: bool = False
    link_latency_s: float = 0.0

    def supports(self, dtype: Dtype) -> bool:
        """Whether it has units for a number format, or kernels that widen it to one."""
        return self.arithmetic(dtype) in self.peak_flops

    def arithmetic(self, dtype: Dtype) -> Dtype:
        """Return the format that products of such weights are computed in.

        Weights of 4 bits without units for them are widened to 16 bits on the way (Frantar et
        al., "MARLIN", 2024, arXiv 2408.11743).
        """
        if dtype in self.peak_flops or dtype not in (Dtype.INT4, Dtype.NVFP4, Dtype.MXFP4):
            return dtype
        return self.plain(dtype)

    def plain(self, dtype: Dtype) -> Dtype:
        """Return the format of what a checkpoint of this format does not quantize."""
        if not dtype.is_quantized:
            return dtype
        return Dtype.BF16 if Dtype.BF16 in self.peak_flops else Dtype.FP16


def device_of(spec: DeviceSpec) -> Device:
    """Return the device that a document describes."""
    peaks = spec.peak_flops.model_dump(exclude_none=True)
    return Device(
        name=spec.name,
        generation=spec.generation,
        memory_bytes=spec.memory_bytes,
        memory_bytes_per_s=spec.memory_bytes_per_s,
        peak_flops=MappingProxyType({Dtype(name): peak for name, peak in peaks.items()}),
        link_bytes_per_s=spec.link.bandwidth_bytes_per_s,
        shared_link=spec.link.shared,
        source=spec.source or "a device document",
        is_borrowing=True,
        link_latency_s=spec.link.latency_s,
    )
