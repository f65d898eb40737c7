"""Blocks: what has to rise or fall, and memory counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.profiling.architecture import Block, Transformer
from alpaplan.profiling.blocks import (
    block_activation_bytes,
    block_kv_cache_bytes,
    block_s,
    embedding_s,
    head_s,
)
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.feed_forward import Mlp
from alpaplan.profiling.prefill import Prefill
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import EAGER_2023, STACKS, VLLM_2025
from tests.profiling.transformers import ATTENTION, DECODER, DENSE, ENCODER, SPARSE, transformers

H100 = Roofline(DEVICES["h100-sxm"], Dtype.BF16, VLLM_2025)
counts = st.integers(1, 64)
lengths = st.integers(1, 4096)
intra_ops = st.sampled_from([1, 2, 4, 8, 16])
rooflines = st.builds(
    Roofline,
    st.sampled_from(list(DEVICES.values())),
    st.just(Dtype.FP16),
    st.sampled_from(list(STACKS.values())),
)


def model_s(model: Transformer, prefill: Prefill, roofline: Roofline) -> float:
    blocks_s = [block_s(block, model.hidden_size, prefill, roofline) for block in model.blocks]
    ends_s = embedding_s(model, prefill, roofline) + head_s(model, prefill, roofline)
    return sum(blocks_s) + ends_s


class TestLatency:
    @given(transformers, rooflines, counts, lengths, intra_ops)
    def test_rises_with_prompts_and_tokens(
        self, model: Transformer, roofline: Roofline, batch: int, length: int, intra_op: int
    ) -> None:
        base_s = model_s(model, Prefill(batch, length, intra_op), roofline)
        assert model_s(model, Prefill(batch + 1, length, intra_op), roofline) >= base_s
        assert model_s(model, Prefill(batch, length + 1, intra_op), roofline) >= base_s

    @given(transformers, counts, lengths, intra_ops)
    def test_a_device_that_is_better_in_all_is_not_slower(
        self, model: Transformer, batch: int, length: int, intra_op: int
    ) -> None:
        prefill = Prefill(batch, length, intra_op)
        for slower, faster in [
            ("a100-40gb-sxm", "a100-sxm"),
            ("h100-sxm", "h200-sxm"),
            ("l4", "l40s"),
            ("a10g", "a40"),
            ("a40", "a100-sxm"),
        ]:
            slow_s, fast_s = (
                model_s(model, prefill, replace(H100, device=DEVICES[name]))
                for name in (slower, faster)
            )
            assert fast_s <= slow_s

    @given(transformers, rooflines, counts, lengths)
    def test_sharing_cuts_the_work_and_adds_collectives(
        self, model: Transformer, roofline: Roofline, batch: int, length: int
    ) -> None:
        hidden = model.hidden_size
        free = replace(
            roofline,
            device=replace(roofline.device, link_bytes_per_s=1e30),
            stack=replace(roofline.stack, all_reduce_s=0.0),
        )
        for block in model.kinds:
            times = [block_s(block, hidden, Prefill(batch, length, n), free) for n in (1, 2, 4)]
            assert times[0] >= times[1] >= times[2]
            shared = Prefill(batch, length, 4)
            assert block_s(block, hidden, shared, roofline) >= times[2]

    def test_two_all_reduces_a_block(self) -> None:
        prefill = Prefill(4, 2048, 8)
        free = replace(H100, device=replace(H100.device, link_bytes_per_s=1e30))
        free = replace(free, stack=replace(H100.stack, all_reduce_s=0.0))
        more_s = block_s(DENSE, 1024, prefill, H100) - block_s(DENSE, 1024, prefill, free)
        assert more_s == pytest.approx(2 * H100.all_reduce_s(4 * 2048 * 1024, 8))

    def test_a_decoder_behind_an_encoder_runs_for_one_token(self) -> None:
        block = replace(DENSE, cross=ATTENTION, num_norms=3)
        prefill = Prefill(1, 2048, 1)
        projected_s = H100.matmul_s(2048, 512, 1024)
        found_s = block_s(block, 1024, prefill, H100)
        assert projected_s < found_s < block_s(DENSE, 1024, prefill, H100)

    def test_the_host_bounds_small_blocks(self) -> None:
        eager = replace(H100, stack=EAGER_2023)
        assert block_s(DENSE, 1024, Prefill(1, 1, 1), eager) == EAGER_2023.host_block_s
        large = Prefill(16, 2048, 1)
        waits = replace(eager, stack=replace(EAGER_2023, gap_block_s=0.0))
        more_s = block_s(DENSE, 1024, large, eager) - block_s(DENSE, 1024, large, waits)
        assert more_s == pytest.approx(EAGER_2023.gap_block_s)

    def test_a_gate_makes_the_feed_forward_layer_half_as_long_again(self) -> None:
        plain, gated = (replace(DENSE, mlp=Mlp(32768, gated=gate)) for gate in (False, True))
        prefill = Prefill(8, 2048, 1)
        rest_s = block_s(replace(DENSE, mlp=Mlp(1, gated=False)), 1024, prefill, H100)
        plain_s, gated_s = (
            block_s(block, 1024, prefill, H100) - rest_s for block in (plain, gated)
        )
        assert gated_s / plain_s == pytest.approx(1.5, rel=0.05)

    def test_only_last_tokens_become_scores(self) -> None:
        long_s = head_s(DECODER, Prefill(1, 4096, 1), H100)
        norm_s = head_s(ENCODER, Prefill(1, 4096, 1), H100)
        assert long_s - norm_s == H100.matmul_s(1, 32000, 1024)


class TestMemory:
    def test_keys_and_values_counted_by_hand(self) -> None:
        found = [block_kv_cache_bytes(DENSE, Prefill(2, 100, n), Dtype.BF16) for n in (1, 4, 8)]
        assert found == [2 * 100 * 2 * heads * 64 * 2 for heads in (4, 1, 1)]
        assert block_kv_cache_bytes(ENCODER.blocks[0], Prefill(2, 100, 1), Dtype.BF16) == 0

    def test_a_window_keeps_what_is_in_it(self) -> None:
        windowed = replace(DENSE, mixer=replace(ATTENTION, window=64))
        found = [
            block_kv_cache_bytes(windowed, Prefill(2, length, 1), Dtype.BF16)
            for length in (63, 64, 65, 1000)
        ]
        assert found == [2 * tokens * 2 * 4 * 64 * 2 for tokens in (63, 64, 64, 64)]

    def test_activations_counted_by_hand(self) -> None:
        inside = 3 * 4096  # gate, up, and their product
        assert block_activation_bytes(DENSE, 1024, Prefill(2, 100, 1), Dtype.BF16) == (
            200 * 2 * (2 * 1024 + inside)
        )
        assert block_activation_bytes(DENSE, 1024, Prefill(2, 100, 4), Dtype.BF16) == (
            200 * 2 * (3 * 1024 + inside // 4)
        )
        assert block_activation_bytes(SPARSE, 1024, Prefill(2, 100, 1), Dtype.FP32) == (
            200 * 4 * (2 * 1024 + 2 * (1024 + 3 * 2048))
        )

    def test_a_decoder_behind_an_encoder_keeps_what_it_made_of_the_prompt(self) -> None:
        block = replace(DENSE, cross=ATTENTION, num_norms=3)
        # One token of its own, and keys and values of all tokens of the prompt.
        kept = block_kv_cache_bytes(block, Prefill(2, 100, 1), Dtype.BF16)
        assert kept == 2 * (1 + 100) * 2 * 4 * 64 * 2
        inside = 2 * 1024 + 3 * 4096
        assert block_activation_bytes(block, 1024, Prefill(2, 100, 1), Dtype.BF16) == (
            2 * 2 * (100 * (1024 + 2 * 256) + inside)
        )

    @given(st.sampled_from([DENSE, SPARSE]), counts, lengths, intra_ops)
    def test_is_in_proportion_to_tokens(
        self, block: Block, batch: int, length: int, intra_op: int
    ) -> None:
        one, many = Prefill(1, 1, intra_op), Prefill(batch, length, intra_op)
        activations = [block_activation_bytes(block, 1024, run, Dtype.FP16) for run in (one, many)]
        kv_caches = [block_kv_cache_bytes(block, run, Dtype.FP16) for run in (one, many)]
        assert activations[1] == batch * length * activations[0]
        assert kv_caches[1] == batch * length * kv_caches[0]
