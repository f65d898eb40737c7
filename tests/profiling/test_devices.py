"""The catalog: sane figures, and what the formats of numbers mean."""

from __future__ import annotations

import pytest
import yaml

from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Device, Dtype, Groups, device_of
from alpaplan.profiling.stacks import STACKS
from alpaplan.specs.choices import Generation
from alpaplan.specs.device import DeviceSpec, PeakFlopsSpec
from tests.files.examples import EXAMPLES


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
class TestEveryDevice:
    def test_figures_are_of_the_right_order(self, device: Device) -> None:
        assert 16 * 2**30 <= device.memory_bytes <= 512 * 2**30
        assert 2e11 <= device.memory_bytes_per_s <= 2e13
        assert 1e10 <= device.link_bytes_per_s <= 2e12
        assert all(5e12 <= peak <= 2e16 for peak in device.peak_flops.values())
        assert "data sheet" in device.source or "white paper" in device.source

    def test_narrower_numbers_are_not_slower(self, device: Device) -> None:
        peaks = [device.peak_flops[dtype] for dtype in Dtype if dtype in device.peak_flops]
        assert peaks == sorted(peaks)

    def test_weights_of_4_bits_run_everywhere(self, device: Device) -> None:
        for dtype in (Dtype.INT4, Dtype.NVFP4, Dtype.MXFP4):
            assert device.supports(dtype)
            assert device.arithmetic(dtype) in (dtype, Dtype.BF16, Dtype.FP16)

    def test_only_nvlink_and_its_like_are_not_shared(self, device: Device) -> None:
        assert device.shared_link == (device.link_bytes_per_s < 1e11)

    def test_every_stack_has_its_efficiencies(self, device: Device) -> None:
        for stack in STACKS.values():
            found = stack.by_generation[device.generation]
            assert 0.15 <= found.attention <= found.matmul <= 0.95


def test_names_are_those_of_the_shipped_profiles() -> None:
    assert {"v100-16gb", "a100-sxm", "h100-sxm", "h200-sxm"} <= set(DEVICES)


def test_old_devices_lack_new_formats() -> None:
    assert not DEVICES["v100-16gb"].supports(Dtype.BF16)
    assert not DEVICES["a100-sxm"].supports(Dtype.FP8)
    assert DEVICES["h100-sxm"].supports(Dtype.FP8)


def test_bytes_of_numbers() -> None:
    scaled = [4 + 20 / 128, 4 + 8 / 16, 4 + 8 / 32]
    assert [dtype.weight_bits for dtype in Dtype] == [32, 16, 16, 8, *scaled]
    assert Dtype.INT4.bits_in(Groups()) == Dtype.INT4.weight_bits
    assert Dtype.INT4.bits_in(Groups(32)) == 4 + 20 / 32
    assert Dtype.INT4.bits_in(Groups(32, zero_points=False)) == 4 + 16 / 32
    assert Dtype.NVFP4.bits_in(Groups(32)) == 4.5
    assert [dtype.activation_bytes for dtype in Dtype] == [4, *[2] * 6]


def test_newer_generations_are_faster() -> None:
    by_age = ("v100-16gb", "a100-sxm", "h100-sxm", "b200-sxm")
    peaks = [DEVICES[name].peak_flops[Dtype.FP16] for name in by_age]
    assert peaks == sorted(peaks)
    assert DEVICES["h200-sxm"].generation is Generation.HOPPER


@pytest.mark.parametrize(
    ("name", "memory_gib", "memory_gb_per_s", "fp16_tera", "link_gb_per_s"),
    [
        ("t4", 16, 320, 65, 13),
        ("a100-40gb-pcie", 40, 1555, 312, 26),
        ("a100-pcie", 80, 1935, 312, 26),
        ("h100-pcie", 80, 2000, 756.5, 52),
        ("h20", 96, 4000, 148, 450),
        ("rtx-4090", 24, 1008, 165.2, 26),
        ("rtx-pro-6000", 96, 1792, 500, 52),
        ("b300-sxm", 270, 7700, 2250, 900),
        ("gb200", 186, 8000, 2500, 900),
    ],
)
def test_figures_of_data_sheets(
    name: str, memory_gib: int, memory_gb_per_s: float, fp16_tera: float, link_gb_per_s: float
) -> None:
    device = DEVICES[name]
    assert device.memory_bytes == memory_gib * 2**30
    assert device.memory_bytes_per_s == memory_gb_per_s * 1e9
    assert device.peak_flops[Dtype.FP16] == pytest.approx(fp16_tera * 1e12)
    assert device.link_bytes_per_s == link_gb_per_s * 1e9
    assert device.is_borrowing
    assert "https://" in device.source


@pytest.mark.parametrize(
    ("name", "peaks"),
    [
        ("t4", {"fp32": 8.1, "fp16": 65}),
        ("h100-pcie", {"fp32": 51, "fp16": 756.5, "bf16": 756.5, "fp8": 1513}),
        ("rtx-4090", {"fp32": 82.6, "fp16": 165.2, "bf16": 165.2, "fp8": 330.3}),
        ("b300-sxm", {"fp32": 75, "fp16": 2250, "bf16": 2250, "fp8": 4500, "nvfp4": 13500}),
        ("gb200", {"fp32": 80, "fp16": 2500, "bf16": 2500, "fp8": 5000, "nvfp4": 10000}),
    ],
)
def test_peaks_are_dense(name: str, peaks: dict[str, float]) -> None:
    found = {dtype.value: peak / 1e12 for dtype, peak in DEVICES[name].peak_flops.items()}
    assert found == pytest.approx(peaks)


def test_documents_know_the_number_formats() -> None:
    assert list(PeakFlopsSpec.model_fields) == [dtype.value for dtype in Dtype]


def test_device_of_a_document() -> None:
    spec = DeviceSpec.model_validate(yaml.safe_load(EXAMPLES["device"]))
    device = device_of(spec)
    assert device.generation is Generation.HOPPER
    assert device.memory_bytes == 96 * 2**30
    assert device.memory_bytes_per_s == 4e12
    assert device.peak_flops == {
        Dtype.FP32: 44e12,
        Dtype.FP16: 148e12,
        Dtype.BF16: 148e12,
        Dtype.FP8: 296e12,
    }
    assert device.link_bytes_per_s == 450e9
    assert device.link_latency_s == 1e-6
    assert not device.shared_link
    assert device.is_borrowing
