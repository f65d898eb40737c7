"""The catalog: sane figures, and what the formats of numbers mean."""

from __future__ import annotations

import pytest

from alpaplan.profiling.devices import DEVICES, Device, Dtype, Generation, Groups
from alpaplan.profiling.stacks import STACKS


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
class TestEveryDevice:
    def test_figures_are_of_the_right_order(self, device: Device) -> None:
        assert 16 * 2**30 <= device.memory_bytes <= 512 * 2**30
        assert 2e11 <= device.memory_bytes_per_s <= 2e13
        assert 1e10 <= device.link_bytes_per_s <= 2e12
        assert all(1e13 <= peak <= 1e16 for peak in device.peak_flops.values())
        assert "data sheet" in device.source

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
