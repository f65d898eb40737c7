"""The catalog of devices: what their vendors say of them, as data.

Peaks are dense (no structured sparsity) and with the accumulation that frameworks use. Links are
those between devices of one node, for each direction. All figures are from the vendor's data
sheet that ``source`` names; memory is the data sheet's number of GB in GiB, as drivers report it
to within one percent.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from alpaplan.profiling.devices import Device, Dtype
from alpaplan.specs.choices import Generation


def _device(
    name: str,
    generation: Generation,
    memory_gib: int,
    memory_gb_per_s: float,
    tera_flops: Mapping[Dtype, float],
    link_gb_per_s: float,
    source: str,
    *,
    shared_link: bool = False,
    is_borrowing: bool = False,
) -> Device:
    peaks = MappingProxyType({dtype: tera * 1e12 for dtype, tera in tera_flops.items()})
    return Device(
        name=name,
        generation=generation,
        memory_bytes=memory_gib * 2**30,
        memory_bytes_per_s=memory_gb_per_s * 1e9,
        peak_flops=peaks,
        link_bytes_per_s=link_gb_per_s * 1e9,
        shared_link=shared_link,
        source=source,
        is_borrowing=is_borrowing,
    )


_V100 = {Dtype.FP32: 15.7, Dtype.FP16: 125}
_T4 = {Dtype.FP32: 8.1, Dtype.FP16: 65}
_A100 = {Dtype.FP32: 19.5, Dtype.FP16: 312, Dtype.BF16: 312}
_H100 = {Dtype.FP32: 67, Dtype.FP16: 989.4, Dtype.BF16: 989.4, Dtype.FP8: 1978.9}
_H100_PCIE = {Dtype.FP32: 51, Dtype.FP16: 756.5, Dtype.BF16: 756.5, Dtype.FP8: 1513}
_H20 = {Dtype.FP32: 44, Dtype.FP16: 148, Dtype.BF16: 148, Dtype.FP8: 296}
_B200 = {
    Dtype.FP32: 75,
    Dtype.FP16: 2250,
    Dtype.BF16: 2250,
    Dtype.FP8: 4500,
    Dtype.NVFP4: 9000,
}
_B300 = _B200 | {Dtype.NVFP4: 13500}
_GB200 = {
    Dtype.FP32: 80,
    Dtype.FP16: 2500,
    Dtype.BF16: 2500,
    Dtype.FP8: 5000,
    Dtype.NVFP4: 10000,
}
_RTX_PRO_6000 = {
    Dtype.FP32: 125,
    Dtype.FP16: 500,
    Dtype.BF16: 500,
    Dtype.FP8: 1000,
    Dtype.NVFP4: 2000,
}
_RTX_4090 = {Dtype.FP32: 82.6, Dtype.FP16: 165.2, Dtype.BF16: 165.2, Dtype.FP8: 330.3}
_L4 = {Dtype.FP32: 30.3, Dtype.FP16: 121, Dtype.BF16: 121, Dtype.FP8: 242.5}
_L40S = {Dtype.FP32: 91.6, Dtype.FP16: 362, Dtype.BF16: 362, Dtype.FP8: 733}
_A10G = {Dtype.FP32: 31.2, Dtype.FP16: 70, Dtype.BF16: 70}
_A40 = {Dtype.FP32: 37.4, Dtype.FP16: 149.7, Dtype.BF16: 149.7}
_MI300X = {Dtype.FP32: 163.4, Dtype.FP16: 1307.4, Dtype.BF16: 1307.4, Dtype.FP8: 2614.9}
"""Peaks in 1e12 operations per second; FP32 without TF32, which frameworks leave off.

Where a data sheet counts structured sparsity, half of that stands here. That of the RTX PRO 6000
has 4000 for FP4 with sparsity alone; each doubling of the bits halves it. Those of HGX and NVL72
are of a whole system, divided by its 8 or 72 devices. GeForce adds up in FP32 at half its speed.
"""

_PCIE_3 = 13.0
_PCIE_4 = 26.0
_PCIE_5 = 52.0
"""GB/s that 16 lanes of PCIe leave in each direction for data: 15.75, 31.5 and 63 by their rate and
encoding (PCI Express Base 3.0, 4.0, 5.0), less a sixth for packet headers and flow control."""

_A100_URL = (
    "https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/a100/pdf/"
    "nvidia-a100-datasheet-us-nvidia-1758950-r4-web.pdf"
)

_CATALOG = (
    _device("v100-16gb", Generation.VOLTA, 16, 900, _V100, 150, "NVIDIA V100 data sheet (SXM2)"),
    _device("v100-32gb", Generation.VOLTA, 32, 900, _V100, 150, "NVIDIA V100 data sheet (SXM2)"),
    _device(
        "a100-40gb-sxm", Generation.AMPERE, 40, 1555, _A100, 300, "NVIDIA A100 data sheet (SXM4)"
    ),
    _device("a100-sxm", Generation.AMPERE, 80, 2039, _A100, 300, "NVIDIA A100 data sheet (SXM4)"),
    _device("h100-sxm", Generation.HOPPER, 80, 3350, _H100, 450, "NVIDIA H100 data sheet (SXM5)"),
    _device("h200-sxm", Generation.HOPPER, 141, 4800, _H100, 450, "NVIDIA H200 data sheet (SXM)"),
    _device("b200-sxm", Generation.BLACKWELL, 180, 7700, _B200, 900, "NVIDIA HGX B200 data sheet"),
    _device("l4", Generation.ADA, 24, 300, _L4, _PCIE_4, "NVIDIA L4 data sheet", shared_link=True),
    _device(
        "l40s", Generation.ADA, 48, 864, _L40S, _PCIE_4, "NVIDIA L40S data sheet", shared_link=True
    ),
    _device(
        "a10g",
        Generation.AMPERE,
        24,
        600,
        _A10G,
        _PCIE_4,
        "NVIDIA A10G data sheet",
        shared_link=True,
    ),
    _device(
        "a40", Generation.AMPERE, 48, 696, _A40, _PCIE_4, "NVIDIA A40 data sheet", shared_link=True
    ),
    _device("mi300x", Generation.CDNA3, 192, 5300, _MI300X, 448, "AMD Instinct MI300X data sheet"),
    # Not measured, unlike another of their architecture; of the T4's, Turing, none is. NVLink
    # bridges of PCIe cards join two of them only, so the way through the host counts.
    _device(
        "t4",
        Generation.VOLTA,
        16,
        320,
        _T4,
        _PCIE_3,
        "NVIDIA T4 data sheet, https://www.nvidia.com/content/dam/en-zz/Solutions/Data-Center/"
        "tesla-t4/t4-tensor-core-datasheet-951643.pdf",
        shared_link=True,
        is_borrowing=True,
    ),
    _device(
        "a100-40gb-pcie",
        Generation.AMPERE,
        40,
        1555,
        _A100,
        _PCIE_4,
        f"NVIDIA A100 data sheet (PCIe), {_A100_URL}",
        shared_link=True,
        is_borrowing=True,
    ),
    _device(
        "a100-pcie",
        Generation.AMPERE,
        80,
        1935,
        _A100,
        _PCIE_4,
        f"NVIDIA A100 data sheet (PCIe), {_A100_URL}",
        shared_link=True,
        is_borrowing=True,
    ),
    _device(
        "h100-pcie",
        Generation.HOPPER,
        80,
        2000,
        _H100_PCIE,
        _PCIE_5,
        "NVIDIA H100 data sheet (PCIe), as in "
        "https://archive-lib.hpctech.co.jp/gpuproduct/nvidia-h100.html",
        shared_link=True,
        is_borrowing=True,
    ),
    _device(
        "h20",
        Generation.HOPPER,
        96,
        4000,
        _H20,
        450,
        "NVIDIA HGX H20 data sheet, which is not public, as quoted in "
        "https://willitrunai.com/es/gpus/h20-96gb and, for FP32, "
        "https://zangshuxian.com/new/674733024499207168",
        is_borrowing=True,
    ),
    _device(
        "rtx-4090",
        Generation.ADA,
        24,
        1008,
        _RTX_4090,
        _PCIE_4,
        "NVIDIA Ada GPU Architecture white paper, https://images.nvidia.com/aem-dam/Solutions/"
        "geforce/ada/nvidia-ada-gpu-architecture.pdf",
        shared_link=True,
        is_borrowing=True,
    ),
    _device(
        "rtx-pro-6000",
        Generation.BLACKWELL,
        96,
        1792,
        _RTX_PRO_6000,
        _PCIE_5,
        "NVIDIA RTX PRO 6000 Blackwell Workstation Edition data sheet, https://www.nvidia.com/"
        "en-us/products/workstations/professional-desktop-gpus/rtx-pro-6000/",
        shared_link=True,
        is_borrowing=True,
    ),
    _device(
        "b300-sxm",
        Generation.BLACKWELL,
        270,
        7700,
        _B300,
        900,
        "NVIDIA HGX B300 data sheet, https://www.nvidia.com/en-us/data-center/hgx/; memory from "
        "the Blackwell Ultra data sheet as in https://verda.com/blog/gb300-nvl72-architecture",
        is_borrowing=True,
    ),
    _device(
        "gb200",
        Generation.BLACKWELL,
        186,
        8000,
        _GB200,
        900,
        "NVIDIA GB200 NVL72 data sheet, https://www.nvidia.com/en-us/data-center/gb200-nvl72/",
        is_borrowing=True,
    ),
)

DEVICES: Mapping[str, Device] = MappingProxyType({device.name: device for device in _CATALOG})
"""Name -> device type."""
