"""Weights of transformers, and how they can be shared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alpaplan.profiling.attention import Attention
from alpaplan.profiling.feed_forward import Experts, Mlp
from alpaplan.profiling.heads import Head
from tests.profiling.transformers import ATTENTION, DECODER, DENSE, ENCODER, MIXTURE, TIED


def test_weights_of_a_block_counted_by_hand() -> None:
    query, key, value, output = 1024 * 1024, 1024 * 256, 1024 * 256, 1024 * 1024
    gate, up, down = 3 * (1024 * 4096,)
    assert DENSE.num_parameters(1024) == query + key + value + output + gate + up + down + 2048


def test_biases_and_norms_of_heads() -> None:
    biased = replace(ATTENTION, qkv_bias=True, output_bias=True, qk_norm=True)
    more = biased.num_parameters(1024) - ATTENTION.num_parameters(1024)
    assert more == (1024 + 256 + 256) + 1024 + 2 * 64
    plain = Mlp(4096, gated=False)
    assert plain.num_parameters(1024) == 2 * 1024 * 4096
    assert replace(plain, bias=True).num_parameters(1024) == 2 * 1024 * 4096 + 4096 + 1024


def test_experts_with_router_and_shared_expert() -> None:
    expert = Mlp(512, gated=True)
    alone = Experts(8, 2, expert).num_parameters(1024)
    assert alone == 8 * 3 * 1024 * 512 + 8 * 1024
    shared = Experts(8, 2, expert, shared=expert, shared_gate=True).num_parameters(1024)
    assert shared - alone == 3 * 1024 * 512 + 1024


def test_tied_weights_count_once() -> None:
    assert DECODER.num_parameters - TIED.num_parameters == 32000 * 1024
    assert TIED.num_tied_parameters == 32000 * 1024
    assert DECODER.num_tied_parameters == ENCODER.num_tied_parameters == 0


def test_an_encoder_has_no_scores_of_the_vocabulary() -> None:
    assert ENCODER.num_head_parameters == 1024
    assert replace(ENCODER, head=Head(dense=True)).num_head_parameters == 1024 + 1024 * 1025


def test_kinds_of_blocks() -> None:
    assert list(MIXTURE.kinds.values()) == [3, 1]
    assert sum(DECODER.kinds.values()) == len(DECODER.blocks)


@pytest.mark.parametrize(
    ("num_kv_heads", "possible"), [(16, [1, 2, 4, 8, 16]), (4, [1, 2, 4, 8, 16])]
)
def test_devices_that_can_share_heads(num_kv_heads: int, possible: list[int]) -> None:
    attention = Attention(16, num_kv_heads, 64)
    assert [n for n in range(1, 33) if attention.shares_into(n)] == possible


def test_few_heads_of_keys_and_values_are_copied() -> None:
    assert [ATTENTION.kv_heads_on_each(n) for n in (1, 2, 4, 8, 16)] == [4, 2, 1, 1, 1]
    # Twelve heads could be shared by six devices, but eight for keys and values could not.
    assert not Attention(24, 8, 64).shares_into(6)
