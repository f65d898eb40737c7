"""What tokens learn of each other by: weights, memory and time of each kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alpaplan.profiling.attention import Attention, Indexer
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.mixer_times import mixer_s
from alpaplan.profiling.prefill import Prefill
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import VLLM_2025
from tests.profiling.transformers import ATTENTION, DELTA, HYBRID, LATENT, MAMBA, SPARSE_LATENT

H100 = Roofline(DEVICES["h100-sxm"], Dtype.BF16, VLLM_2025)


class TestWeights:
    def test_of_attention(self) -> None:
        base = ATTENTION.num_parameters(1024)
        more = {
            "sinks": replace(ATTENTION, sinks=True),
            "gate": replace(ATTENTION, gate_width=1024),
            "norms over all heads": replace(ATTENTION, wide_qk_norm=True),
            "narrow values": replace(ATTENTION, value_dim=32),
            "no values": replace(ATTENTION, values_are_keys=True),
        }
        found = {name: mixer.num_parameters(1024) - base for name, mixer in more.items()}
        assert found == {
            "sinks": 16,
            "gate": 1024 * 1024,
            "norms over all heads": 1024 + 256,
            "narrow values": -1024 * (4 * 32 + 16 * 32),
            "no values": -1024 * 4 * 64,
        }

    def test_of_latent_attention(self) -> None:
        narrow = 1024 * (256 + 128 + 32) + 256 + 128
        wide = 256 * 16 * 96 + 128 * 16 * 128 + 16 * 64 * 1024
        assert LATENT.num_parameters(1024) == narrow + wide
        whole = replace(LATENT, query_rank=None).num_parameters(1024)
        assert whole == narrow + wide - 1024 * 256 - 256 - 256 * 16 * 96 + 1024 * 16 * 96
        index = SPARSE_LATENT.num_parameters(1024) - LATENT.num_parameters(1024)
        assert index == 256 * 8 * 64 + 1024 * 64 + 2 * 64 + 8 * 1024

    def test_of_recurrences(self) -> None:
        channels = 2 * 16 * 64 + 32 * 32
        projections = 1024 * (channels + 1024) + 1024 * 1024
        assert DELTA.num_parameters(1024) == projections + 1024 * 64 + channels * 4 + 32 + 2 * 32
        assert MAMBA.num_parameters(1024) == projections + 1024 * 32 + channels * 5 + 1024 + 3 * 32


class TestMemory:
    def test_narrow_vectors_are_on_every_device(self) -> None:
        assert [LATENT.kept_numbers(100, n) for n in (1, 8)] == [100 * 160] * 2
        assert SPARSE_LATENT.kept_numbers(100, 8) == 100 * (160 + 64)
        assert SPARSE_LATENT.indexer is not None
        taken_over = replace(SPARSE_LATENT, indexer=replace(SPARSE_LATENT.indexer, shared=True))
        assert taken_over.kept_numbers(100, 8) == 100 * 160

    def test_a_state_is_as_large_for_any_prompt(self) -> None:
        state = 2 * 32 * 64 * 32 + 3 * 3072
        assert [DELTA.kept_numbers(n, 1) for n in (3, 100, 10**6)] == [state] * 3
        assert DELTA.kept_numbers(100, 4) == state // 4


class TestTime:
    def test_a_recurrence_grows_with_the_length_alone(self) -> None:
        for layer in (DELTA, MAMBA):
            short_s, long_s = (mixer_s(layer, 1024, Prefill(1, n, 1), H100) for n in (2**17, 2**18))
            assert long_s / short_s == pytest.approx(2, rel=0.02)

    def test_a_delta_net_takes_longer_than_mamba(self) -> None:
        prefill = Prefill(1, 2**17, 1)
        assert mixer_s(DELTA, 1024, prefill, H100) > mixer_s(MAMBA, 1024, prefill, H100)

    def test_latent_attention_is_that_of_its_heads_on_long_prompts(self) -> None:
        heads = Attention(16, 16, 96, value_dim=64)
        prefill = Prefill(1, 2**17, 1)
        ratio = mixer_s(LATENT, 1024, prefill, H100) / mixer_s(heads, 1024, prefill, H100)
        assert ratio == pytest.approx(1, rel=0.02)

    def test_an_indexer_pays_on_long_prompts_only(self) -> None:
        short, long = Prefill(1, 256, 1), Prefill(1, 2**17, 1)
        assert mixer_s(SPARSE_LATENT, 1024, short, H100) > mixer_s(LATENT, 1024, short, H100)
        assert mixer_s(SPARSE_LATENT, 1024, long, H100) < mixer_s(LATENT, 1024, long, H100)

    def test_chosen_tokens_bound_what_is_visible(self) -> None:
        chosen = replace(ATTENTION, indexer=Indexer(1, 8, 100))
        assert chosen.visible_pairs(1000) == 100**2 / 2 + 900 * 100
        assert chosen.visible_pairs(50) == ATTENTION.visible_pairs(50)

    def test_chunks_lie_side_by_side(self) -> None:
        chunked = replace(ATTENTION, window=100, chunked=True)
        assert chunked.visible_pairs(250) == 2 * 100**2 / 2 + 50**2 / 2


def test_heads_are_described_once() -> None:
    assert HYBRID.describe_heads() == (
        "16 attention heads, 32 linear-attention heads in 16 groups, 32 Mamba heads in 16 "
        "groups, 16 attention heads and 4 key-value heads"
    )
