"""Times of operators: limits that theory gives, and what has to rise or fall."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.profiling.attention import Attention
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Device, Dtype
from alpaplan.profiling.feed_forward import Experts, Mlp
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import STACKS, VLLM_2025, Stack

H100 = Roofline(DEVICES["h100-sxm"], Dtype.BF16, VLLM_2025)
sizes = st.integers(1, 1 << 15)
devices = st.sampled_from(list(DEVICES.values()))
stacks = st.sampled_from(list(STACKS.values()))


def roofline(device: Device, stack: Stack) -> Roofline:
    return Roofline(device, Dtype.FP16, stack)


class TestMatmul:
    @given(devices, stacks, sizes, sizes, sizes)
    def test_no_faster_than_the_device(
        self, device: Device, stack: Stack, rows: int, width: int, depth: int
    ) -> None:
        found_s = roofline(device, stack).matmul_s(rows, width, depth)
        assert found_s > 2 * rows * width * depth / device.peak_flops[Dtype.FP16]
        moved_bytes = 2 * (rows * width + width * depth + rows * depth)
        assert found_s > moved_bytes / device.memory_bytes_per_s

    @given(devices, stacks, sizes, sizes, sizes, st.sampled_from([0, 1, 2]))
    def test_rises_with_every_size(
        self, device: Device, stack: Stack, rows: int, width: int, depth: int, which: int
    ) -> None:
        shape = [rows, width, depth]
        larger = [size + (place == which) for place, size in enumerate(shape)]
        ops = roofline(device, stack)
        assert ops.matmul_s(*larger) >= ops.matmul_s(*shape) * (1 - 1e-12)

    def test_approaches_the_measured_efficiency(self) -> None:
        size = 1 << 15
        ideal_s = 2 * size**3 / (989.4e12 * VLLM_2025.by_generation[H100.device.generation].matmul)
        assert H100.matmul_s(size, size, size) == pytest.approx(ideal_s, rel=0.01)

    def test_of_one_row_reads_the_weights(self) -> None:
        weights_s = 2 * 8192 * 8192 / (3.35e12 * VLLM_2025.memory)
        ramp_s = VLLM_2025.by_generation[H100.device.generation].matmul_ramp_s
        assert H100.matmul_s(1, 8192, 8192) == pytest.approx(weights_s + ramp_s, rel=0.01)

    def test_fp8_is_faster_where_the_product_is_large(self) -> None:
        fp8 = replace(H100, dtype=Dtype.FP8)
        assert fp8.matmul_s(16384, 8192, 8192) < H100.matmul_s(16384, 8192, 8192)

    def test_fp32_is_slower(self) -> None:
        fp32 = replace(H100, dtype=Dtype.FP32)
        assert fp32.matmul_s(2048, 4096, 4096) > 5 * H100.matmul_s(2048, 4096, 4096)


class TestAttention:
    ATTENTION = Attention(num_heads=32, num_kv_heads=8, head_dim=128)

    def test_grows_fourfold_with_twice_as_long_prompts_in_the_end(self) -> None:
        short_s, long_s = (H100.attention_s(self.ATTENTION, 1, n, 1) for n in (32768, 65536))
        assert 3.8 < long_s / short_s < 4

    def test_a_causal_mask_saves_half_in_the_end(self) -> None:
        full = replace(self.ATTENTION, causal=False)
        ratio = H100.attention_s(full, 1, 65536, 1) / H100.attention_s(self.ATTENTION, 1, 65536, 1)
        assert 1.9 < ratio < 2

    def test_a_window_makes_it_grow_with_the_length_alone(self) -> None:
        windowed = replace(self.ATTENTION, window=1024)
        short_s, long_s = (H100.attention_s(windowed, 1, n, 1) for n in (32768, 65536))
        assert 1.9 < long_s / short_s < 2.1

    @given(devices, stacks, st.integers(1, 64), st.integers(1, 4096))
    def test_more_devices_take_less(
        self, device: Device, stack: Stack, batch_size: int, input_len: int
    ) -> None:
        ops = roofline(device, stack)
        times = [ops.attention_s(self.ATTENTION, batch_size, input_len, n) for n in (1, 2, 4, 8)]
        assert times == sorted(times, reverse=True)

    def test_wide_heads_use_the_device_better(self) -> None:
        narrow = Attention(num_heads=64, num_kv_heads=64, head_dim=64)
        wide = Attention(num_heads=32, num_kv_heads=32, head_dim=128)
        assert H100.attention_s(narrow, 1, 8192, 1) > 1.2 * H100.attention_s(wide, 1, 8192, 1)

    @given(st.integers(1, 300), st.integers(1, 300))
    def test_pairs_counted_one_by_one(self, input_len: int, window: int) -> None:
        # Each token sees itself for half: the diagonal is where the mask cuts squares in two.
        attention = replace(self.ATTENTION, window=window)
        counted = sum(min(token, window) for token in range(input_len))
        assert abs(attention.visible_pairs(input_len) - counted) <= input_len / 2


class TestExperts:
    MIXTRAL = Experts(8, 2, Mlp(14336, gated=True))

    def test_few_tokens_read_the_weights_of_few_experts(self) -> None:
        one_s, many_s = (H100.experts_s(self.MIXTRAL, 4096, n, 1) for n in (1, 64))
        assert 3 < many_s / one_s < 4.5  # two experts, then all eight

    def test_no_faster_than_dense_layers_of_the_same_work(self) -> None:
        dense_s = 2 * H100.matmul_s(8192, 2 * 14336, 4096) + 2 * H100.matmul_s(8192, 4096, 14336)
        assert H100.experts_s(self.MIXTRAL, 4096, 8192, 1) > dense_s

    @given(st.integers(1, 1 << 16), st.sampled_from([1, 2, 4, 8]))
    def test_rises_with_tokens(self, num_tokens: int, intra_op: int) -> None:
        fewer_s, more_s = (
            H100.experts_s(self.MIXTRAL, 4096, n, intra_op) for n in (num_tokens, num_tokens + 1)
        )
        assert more_s >= fewer_s


class TestMoving:
    def test_elementwise_is_bytes_over_bandwidth(self) -> None:
        found_s = H100.elementwise_s(1 << 30)
        assert found_s == pytest.approx(2 * 2**30 / (3.35e12 * VLLM_2025.memory), rel=0.01)

    def test_one_device_reduces_nothing(self) -> None:
        assert H100.all_reduce_s(1 << 20, 1) == 0

    def test_all_reduce_moves_up_to_twice_the_bytes(self) -> None:
        sent_s = 2 * 2**30 / H100.send_bytes_per_s
        times = [H100.all_reduce_s(1 << 30, n) / sent_s for n in (2, 4, 8)]
        assert times == pytest.approx([1, 1.5, 1.75], rel=0.01)

    def test_devices_behind_the_host_divide_the_way(self) -> None:
        l40s = replace(H100, device=DEVICES["l40s"])
        two_s, four_s = (l40s.all_reduce_s(1 << 28, n) for n in (2, 4))
        assert four_s / two_s == pytest.approx(1.5 * 4, rel=0.01)

    @pytest.mark.parametrize(
        ("device", "num_devices", "num_numbers", "measured_s"),
        [  # aiconfigurator 0.12.0, all-reduce of vLLM in a recorded graph
            ("a100-sxm", 8, 134_217_728, 2170e-6),
            ("a100-sxm", 4, 33_554_432, 540e-6),
            ("h100-sxm", 4, 33_554_432, 330e-6),
            ("h100-sxm", 4, 2_097_152, 30e-6),
            ("b200-sxm", 8, 134_217_728, 715e-6),
            ("l40s", 2, 8_388_608, 892e-6),
            ("l40s", 4, 8_388_608, 6676e-6),
        ],
    )
    def test_measured_all_reduces(
        self, device: str, num_devices: int, num_numbers: int, measured_s: float
    ) -> None:
        found_s = replace(H100, device=DEVICES[device]).all_reduce_s(num_numbers, num_devices)
        assert found_s == pytest.approx(measured_s, rel=0.2)


def test_latency_of_the_link_comes_on_top() -> None:
    slow = replace(H100, device=replace(H100.device, link_latency_s=1e-3))
    assert slow.send_s - H100.send_s == pytest.approx(1e-3)
    assert slow.all_reduce_s(100, 4) - H100.all_reduce_s(100, 4) == pytest.approx(6e-3)
    assert slow.all_reduce_s(100, 1) == 0
