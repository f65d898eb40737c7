"""How one family's ``config.json`` reads: which keys say what, and what goes without saying."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alpaplan.profiling.config_keys import ConfigKeys


class LayerKind(StrEnum):
    """What a block mixes tokens by, as ``layer_types`` calls it."""

    FULL = "full_attention"
    SLIDING = "sliding_attention"
    CHUNKED = "chunked_attention"
    LINEAR = "linear_attention"
    NONE = "none"


class LayerRule(Enum):
    """Which block is of which kind where ``layer_types`` does not say."""

    WINDOWS = "all have the window, if there is one"
    FROM_MAX_WINDOW_LAYERS = "a window from max_window_layers, if use_sliding_window"
    EVEN = "a window in every second one, beginning with the first"
    PATTERN = "a window in all but every sliding_window_pattern-th"
    LISTED = "a window where hybrid_layer_pattern is 1"
    GLOBAL_FIRST = "a window in all but every global_attn_every_n_layers-th, from the first"
    LINEAR = "linear attention in all but every full_attention_interval-th"
    CHUNKS = "chunks where positions are rotated in: all but every fourth, or no_rope_layers"
    LETTERS = "hybrid_override_pattern: M, * and other letters, each with one part alone"


class ExpertRule(Enum):
    """Which blocks have experts where ``mlp_layer_types`` does not say."""

    STEP = "every decoder_sparse_step-th, but for mlp_only_layers"
    AFTER_DENSE = "those from first_k_dense_replace, every moe_layer_freq-th"
    INTERLEAVED = "every interleave_moe_layer_step-th, or moe_layers"
    RANGE = "from moe_layer_start_index to moe_layer_end_index, every moe_layer_interval-th"
    LETTERS = "E in hybrid_override_pattern"


class Gate(Enum):
    """What weighs the attention's output."""

    NONE = "nothing"
    NUMBERS = "each number, by a projection as wide as the queries"


@dataclass(frozen=True)
class Family:
    """How one family's configuration reads. Of several keys for one thing any will do.

    Parameters
    ----------
    layers, hidden, heads, intermediate
        Keys of what every model has.
    kv_heads, head_dim, value_dim
        Keys of what follows from others where it is absent.
    default_kv_heads, default_head_dim
        Heads of keys, and width of a head, where there is no key; None: as many as of queries,
        and hidden size over heads.
    intermediate_factor
        Feed-forward width over hidden size where there is no key; None: the key is required.
    gated, causal, rotary, tied, pooler, parallel
        As in `alpaplan.profiling.architecture`; ``tie_word_embeddings`` comes before `tied`.
    num_norms, norm_bias, num_extra_norms, num_scalars
        Normalizations, and single numbers, of blocks and outside them.
    qk_norm, wide_qk_norm, qk_norm_key
        Norms of queries and keys, and the key that says whether there are any.
    qkv_bias, output_bias, key_bias, mlp_bias, head_bias
        Whether the projections have biases where no key says so.
    attention_bias_key, output_bias_key, mlp_bias_key
        Keys that say so; for the output, that of the attention by default.
    gate
        What weighs the attention's output.
    sinks
        Kinds of blocks whose heads have a sink.
    latent
        Whether attention is latent (MLA).
    delta
        Whether linear attention is a DeltaNet, and not Mamba.
    by_kind
        Keys that come before those above in blocks of one kind: field -> keys.
    shared_kv_key
        Key that says whether values are keys in blocks of full attention.
    prediction_head
        Whether a square product and a norm come before any scores, as in ModernBERT.
    windows, window_keys
        Which blocks are of which kind, and keys of the window.
    pattern_step, last_is_full
        Every how many-th block of a pattern has no window, and whether the last has none in any
        case.
    positions, position_offset
        Keys of the number of learned positions, and how many more there are.
    padded_positions
        Whether positions count from behind the padding token's, as in RoBERTa.
    token_types
        Keys of the number of token types.
    embedding_width
        Key of the width of a token's vector, if it can differ from the hidden size.
    first_norm
        Whether the first block's attention has a norm, as in all families but ModernBERT.
    experts, experts_per_token, expert_intermediate
        Keys of a mixture of experts; without `experts` there is none.
    experts_key
        Key that says whether there is one.
    expert_rule
        Which blocks have it.
    shared_intermediate, num_shared
        Keys of the width of the shared expert, and of how often it is as wide as a routed one.
    shared_gate
        Whether the shared expert's output is weighted.
    dense_is_shared
        Whether the dense feed-forward layer stands beside the experts, as a shared expert does.
    num_router_vectors, scaled_router, expert_bias, latent_experts
        As in `alpaplan.profiling.feed_forward.Experts`, the last as a key.
    side_width
        Key of the width of vectors that tokens have for single blocks.
    borrowing, doubled
        Keys of how many of the last blocks take keys and values of one before, and of whether
        their feed-forward layers are twice as wide.
    block_configs
        Whether ``block_configs`` lists the parts of each block.
    decoder_layers
        Keys of the number of a decoder's blocks, which follow those of an encoder; without any
        there is no such decoder.
    relative_buckets
        Key of the learned distances that the first block of either has.
    convolved
        Key of what an encoder's convolutions over sound take in; None without them.
    refine
        What else a configuration changes of all this.
    """

    layers: tuple[str, ...] = ("num_hidden_layers",)
    hidden: tuple[str, ...] = ("hidden_size",)
    heads: tuple[str, ...] = ("num_attention_heads",)
    intermediate: tuple[str, ...] = ("intermediate_size",)
    kv_heads: tuple[str, ...] = ("num_key_value_heads",)
    head_dim: tuple[str, ...] = ("head_dim",)
    value_dim: tuple[str, ...] = ()
    default_kv_heads: int | None = None
    default_head_dim: int | None = None
    intermediate_factor: int | None = None
    gated: bool = True
    causal: bool = True
    rotary: bool = True
    tied: bool = False
    pooler: bool = False
    parallel: bool = False
    num_norms: int = 2
    norm_bias: bool = False
    num_extra_norms: int = 1
    num_scalars: int = 0
    qk_norm: bool = False
    wide_qk_norm: bool = False
    qk_norm_key: str | None = None
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    attention_bias_key: str | None = None
    output_bias_key: str | None = None
    mlp_bias_key: str | None = None
    gate: Gate = Gate.NONE
    sinks: frozenset[LayerKind] = frozenset()
    latent: bool = False
    delta: bool = True
    by_kind: Mapping[LayerKind, Mapping[str, tuple[str, ...]]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    shared_kv_key: str | None = None
    prediction_head: bool = False
    windows: LayerRule = LayerRule.WINDOWS
    pattern_step: int = 6
    last_is_full: bool = False
    window_keys: tuple[str, ...] = ("sliding_window",)
    positions: tuple[str, ...] = ()
    position_offset: int = 0
    padded_positions: bool = False
    token_types: tuple[str, ...] = ()
    embedding_width: str | None = None
    first_norm: bool = True
    experts: tuple[str, ...] = ()
    experts_per_token: tuple[str, ...] = ("num_experts_per_tok",)
    expert_intermediate: tuple[str, ...] = ("moe_intermediate_size",)
    experts_key: str | None = None
    expert_rule: ExpertRule = ExpertRule.STEP
    shared_intermediate: tuple[str, ...] = ()
    num_shared: tuple[str, ...] = ()
    shared_gate: bool = False
    dense_is_shared: bool = False
    num_router_vectors: int = 0
    scaled_router: bool = False
    expert_bias: bool = False
    latent_experts: str | None = None
    side_width: str | None = None
    borrowing: str | None = None
    doubled: str | None = None
    block_configs: bool = False
    decoder_layers: tuple[str, ...] = ()
    relative_buckets: str | None = None
    convolved: str | None = None
    key_bias: bool = True
    refine: Callable[[ConfigKeys, Family], Family] | None = None
