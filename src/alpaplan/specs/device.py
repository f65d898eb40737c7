"""The device document: what a device type can do, for estimates of profiles."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alpaplan.specs.choices import Generation
from alpaplan.specs.fields import Bandwidth, LinkLatency, Name, PeakFlops, PositiveBytes, Spec


class PeakFlopsSpec(Spec):
    """Dense operations per second in each number format; what is absent is not supported."""

    fp32: PeakFlops | None = None
    fp16: PeakFlops
    bf16: PeakFlops | None = None
    fp8: PeakFlops | None = None
    int4: PeakFlops | None = None
    nvfp4: PeakFlops | None = None
    mxfp4: PeakFlops | None = None


class DeviceLink(Spec):
    """The link to the other devices of the node."""

    bandwidth_bytes_per_s: Bandwidth
    latency_s: LinkLatency = Field(
        default=0.0, description="beyond the fixed times of the serving stack"
    )
    shared: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="whether the devices of a node share it, as PCIe"
    )


class DeviceSpec(Spec):
    """A device type that the catalog lacks."""

    kind: Literal["device"]
    version: Literal[1]
    name: Name
    source: str | None = None
    generation: Generation = Field(
        description="architecture whose measured efficiencies are taken: the nearest"
    )
    memory_bytes: PositiveBytes
    memory_bytes_per_s: Bandwidth
    peak_flops: PeakFlopsSpec
    link: DeviceLink
