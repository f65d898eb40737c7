"""Families by their published sizes, and what is particular to some."""

from __future__ import annotations

from typing import Any

import pytest

from alpaplan.errors import SpecError
from alpaplan.profiling.architecture import Block
from alpaplan.profiling.attention import Attention, Indexer
from alpaplan.profiling.feed_forward import Experts, Mlp
from alpaplan.profiling.latent_attention import LatentAttention
from alpaplan.profiling.model_config import transformer_of
from alpaplan.profiling.recurrence import Recurrence
from tests.profiling.published import LLAMA_8B
from tests.profiling.published_families import FAMILIES


def blocks_of(name: str) -> tuple[Block, ...]:
    return transformer_of(FAMILIES[name][0]).blocks


@pytest.mark.parametrize("name", FAMILIES)
def test_sizes(name: str) -> None:
    config, size = FAMILIES[name]
    found = transformer_of(config)
    assert found.num_parameters == size
    assert found.notes == ()


def test_latent_attention_and_dense_blocks_first() -> None:
    blocks = blocks_of("deepseek-v3")
    mixers = {block.mixer for block in blocks}
    assert mixers == {LatentAttention(128, 1536, 512, 128, 64, 128)}
    assert [isinstance(block.mlp, Mlp) for block in blocks] == 3 * [True] + 58 * [False]
    experts = blocks[3].mlp
    assert isinstance(experts, Experts)
    assert experts.shared == Mlp(2048, gated=True)


def test_indexers_that_are_shared() -> None:
    mixers = [block.mixer for block in blocks_of("glm-5.2")]
    indexers = [mixer.indexer for mixer in mixers if isinstance(mixer, LatentAttention)]
    assert [indexer is not None and indexer.shared for indexer in indexers[:7]] == [
        *(False, False, False, True, True, True, False),
    ]


def test_three_of_four_blocks_are_linear() -> None:
    mixers = [block.mixer for block in blocks_of("qwen3-next-80b-a3b")]
    assert [isinstance(mixer, Recurrence) for mixer in mixers] == 12 * [True, True, True, False]
    assert isinstance(mixers[3], Attention)
    assert mixers[3].gate_width == mixers[3].query_width == 4096


def test_every_second_block_has_a_window_and_all_have_sinks() -> None:
    mixers = [block.mixer for block in blocks_of("gpt-oss-20b")]
    assert all(isinstance(mixer, Attention) and mixer.sinks for mixer in mixers)
    assert [mixer and mixer.window for mixer in mixers] == 12 * [128, None]


def test_blocks_with_one_part_by_letters() -> None:
    blocks = blocks_of("nemotron-3-nano-30b-a3b")
    letters = FAMILIES["nemotron-3-nano-30b-a3b"][0]["hybrid_override_pattern"]
    kinds: dict[str, tuple[type, type]] = {
        "M": (Recurrence, type(None)),
        "*": (Attention, type(None)),
    }
    kinds |= {"E": (type(None), Experts), "-": (type(None), Mlp)}
    found = [(type(block.mixer), type(block.mlp)) for block in blocks]
    assert found == [kinds[letter] for letter in letters]
    assert all(block.num_norms == 1 for block in blocks)


def test_full_and_windowed_blocks_of_different_widths() -> None:
    first, full = (blocks_of("gemma-4-26b-a4b")[layer].mixer for layer in (0, 5))
    assert isinstance(first, Attention)
    assert isinstance(full, Attention)
    assert (first.num_kv_heads, first.head_dim, first.window) == (8, 256, 1024)
    assert (full.num_kv_heads, full.head_dim, full.window) == (2, 512, None)
    assert full.values_are_keys
    wide, narrow = (blocks_of("mimo-v2-flash")[layer].mixer for layer in (0, 1))
    assert isinstance(wide, Attention)
    assert isinstance(narrow, Attention)
    assert (wide.num_kv_heads, wide.value_dim, wide.sinks) == (4, 128, False)
    assert (narrow.num_kv_heads, narrow.value_dim, narrow.sinks) == (8, 128, True)


def test_chunks_in_three_of_four_blocks() -> None:
    mixers = [block.mixer for block in blocks_of("llama-4-scout")]
    chunked = [isinstance(mixer, Attention) and mixer.chunked for mixer in mixers]
    assert chunked == 12 * [True, True, True, False]
    assert mixers[0] is not None
    assert mixers[0].window == 8192


def test_windows_of_an_encoder_reach_to_both_sides() -> None:
    mixer = blocks_of("modernbert-base")[1].mixer
    assert isinstance(mixer, Attention)
    assert mixer.visible_pairs(1000) == 1000 * 128


def test_a_decoder_follows_an_encoder() -> None:
    blocks = blocks_of("whisper-large-v3")
    assert [block.cross is not None for block in blocks] == 32 * [False] + 32 * [True]
    assert [block.mixer and block.mixer.causal for block in blocks[31:33]] == [False, True]
    assert transformer_of(FAMILIES["whisper-large-v3"][0]).max_input_len == 1500
    assert all(block.cross is None for block in blocks_of("t5-base-encoder"))
    assert [block.num_scalars for block in blocks_of("t5-base")] == 2 * [32 * 12, *11 * [0]]


def searched(**first: object) -> dict[str, Any]:
    """Return the blocks of Llama 3.3 Nemotron Super 49B, not in order, and changes of the first."""
    whole = {"n_heads_in_group": 8}
    counts = [(whole, 2.625, 1), (whole, 5.25, 48), (None, 2.625, 5), (None, 3.28125, 1)]
    counts += [(None, 1.3125, 10), (None, 5.25, 1), (None, 1.0, 8), (None, 0.5, 6)]
    blocks: list[dict[str, Any]] = [
        {"attention": attention or {"no_op": True}, "ffn": {"ffn_mult": factor}}
        for attention, factor, count in counts
        for _ in range(count)
    ]
    blocks[0] |= first
    sizes = {"hidden_size": 8192, "num_attention_heads": 64, "num_hidden_layers": 80}
    return LLAMA_8B | sizes | {"model_type": "nemotron-nas", "block_configs": blocks}


def test_blocks_that_a_search_made_different() -> None:
    model = transformer_of(searched())
    assert model.num_parameters == 49_867_145_216  # 49.9B says the model card
    first, last = model.blocks[0], model.blocks[-1]
    assert isinstance(first.mixer, Attention)
    assert (first.mixer.num_kv_heads, first.mlp, first.num_norms) == (8, Mlp(14336, gated=True), 2)
    assert (last.mixer, last.mlp, last.num_norms) == (None, Mlp(2816, gated=True), 1)


@pytest.mark.parametrize(
    ("config", "where", "message"),
    [
        (
            searched(attention={"n_heads_in_group": 7}),
            ("block_configs", 0, "attention", "n_heads_in_group"),
            "must divide the 64 heads, found 7",
        ),
        (
            searched(ffn={"ffn_mult": "2"}),
            ("block_configs", 0, "ffn", "ffn_mult"),
            "must be a number above 0, found '2'",
        ),
        (
            searched(attention={"replace_with_linear": True, "no_op": True}),
            ("block_configs", 0, "attention", "replace_with_linear"),
            "must be false: such parts are not known",
        ),
        (searched() | {"block_configs": None}, (), "missing key 'block_configs'"),
    ],
)
def test_searched_blocks_that_are_wrong(
    config: dict[str, Any], where: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(SpecError) as raised:
        transformer_of(config)
    assert [(issue.where, issue.message) for issue in raised.value.issues] == [(where, message)]


def test_indexers_of_several_heads_in_some_blocks() -> None:
    mixers = [block.mixer for block in blocks_of("minimax-m3")]
    indexers = [isinstance(mixer, Attention) and mixer.indexer for mixer in mixers]
    assert indexers[:3] == [None] * 3
    assert set(indexers[3:]) == {Indexer(4, 128, 2048, weighted=False)}


def test_last_blocks_borrow_keys_and_are_wider() -> None:
    blocks = blocks_of("gemma-4-e2b-text")
    mixers = [block.mixer for block in blocks]
    borrowed = [isinstance(mixer, Attention) and mixer.borrowed_kv for mixer in mixers]
    assert borrowed == 15 * [False] + 20 * [True]
    assert [mixer and mixer.kept_numbers(10, 1) for mixer in mixers[14:16]] == [10 * 512, 0]
    assert [block.mlp for block in blocks[14:16]] == [Mlp(n, gated=True) for n in (6144, 12288)]
    assert all(block.side == Mlp(256, gated=False) for block in blocks)
    assert mixers[-1] is not None
    assert mixers[-1].window is None


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        (
            {"model_type": "nemotron_h", "hybrid_override_pattern": "M" * 31 + "X"},
            "hybrid_override_pattern",
            "must be 32 of the letters M, *, E and -",
        ),
        (
            {"model_type": "nemotron_h"},
            "hybrid_override_pattern",
            "must be 32 of the letters M, *, E and -, found ''",
        ),
        ({"model_type": "qwen3_5_text"}, "", "missing key 'linear_num_value_heads'"),
        ({"model_type": "deepseek_v3", "n_routed_experts": 8}, "", "missing key 'kv_lora_rank'"),
    ],
)
def test_wrong(change: dict[str, Any], where: str, message: str) -> None:
    with pytest.raises(SpecError) as raised:
        transformer_of(LLAMA_8B | change)
    issue = raised.value.issues[0]
    assert (".".join(map(str, issue.where)), issue.message[: len(message)]) == (where, message)
