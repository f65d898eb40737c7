"""Keys of a configuration to attention, or to what takes its place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from alpaplan.profiling.architecture import Mixer
from alpaplan.profiling.attention import Attention, Indexer
from alpaplan.profiling.config_keys import ConfigKeys
from alpaplan.profiling.families import Family, Gate, LayerKind
from alpaplan.profiling.latent_attention import LatentAttention
from alpaplan.profiling.recurrence import Recurrence

SPARSE_KEY = "sparse_attention_config"

_NO_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def mixer_of(keys: ConfigKeys, family: Family, kind: LayerKind, hidden: int) -> Mixer | None:
    """Read what blocks of one kind mix tokens by; None (and what is wrong noted) if it is amiss."""
    if kind is LayerKind.LINEAR:
        return _delta_net(keys) if family.delta else _mamba(keys)
    if family.latent:
        return _latent_attention(keys, family)
    return _attention(keys, family, kind, hidden)


def window_of(keys: ConfigKeys, family: Family, kind: LayerKind) -> int | None:
    """Return the tokens that one token of a block of this kind sees at most."""
    if kind is LayerKind.CHUNKED:
        return keys.optional(("attention_chunk_size",), 8192)
    if kind is LayerKind.SLIDING:
        return keys.optional(family.window_keys, 0, least=0) or None
    return None


def _attention(keys: ConfigKeys, family: Family, kind: LayerKind, hidden: int) -> Attention | None:
    own = family.by_kind.get(kind, _NO_KEYS)
    heads_keys = own.get("heads", ()) + family.heads
    num_heads = keys.count(heads_keys if keys.given(heads_keys) else family.heads)
    if num_heads is None:
        return None
    shared = kind is LayerKind.FULL and keys.flag(family.shared_kv_key, default=False)
    kv_keys = own.get("kv_heads", ()) + family.kv_heads
    default_kv = num_heads if family.default_kv_heads is None else family.default_kv_heads
    num_kv_heads = keys.optional(kv_keys, default_kv)
    if num_heads % num_kv_heads:
        name = keys.given(kv_keys) or family.heads[0]
        keys.report(name, f"must divide the {num_heads} heads, found {num_kv_heads}")
    head_dim = _head_dim(keys, family, own.get("head_dim", ()), hidden, num_heads)
    value_keys = own.get("value_dim", ()) + family.value_dim
    value_dim = keys.optional(value_keys, head_dim)
    normed = keys.flag(family.qk_norm_key, default=family.qk_norm_key is None)
    bias = keys.flag(family.attention_bias_key, default=family.qkv_bias)
    output_key = family.output_bias_key or family.attention_bias_key
    return Attention(
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        head_dim=head_dim,
        value_dim=None if value_dim == head_dim else value_dim,
        causal=family.causal,
        window=window_of(keys, family, kind),
        chunked=kind is LayerKind.CHUNKED,
        rotary=family.rotary,
        qkv_bias=bias,
        key_bias=family.key_bias,
        output_bias=keys.flag(output_key, default=family.output_bias),
        qk_norm=family.qk_norm and normed,
        wide_qk_norm=family.wide_qk_norm and normed,
        sinks=kind in family.sinks,
        gate_width=num_heads * head_dim if family.gate is Gate.NUMBERS else 0,
        values_are_keys=shared,
        indexer=_indexer_of_blocks(keys),
    )


def _head_dim(
    keys: ConfigKeys, family: Family, own: tuple[str, ...], hidden: int, num_heads: int
) -> int:
    names = own + family.head_dim
    if keys.given(names):
        return max(keys.count(names) or 0, 1)
    if family.default_head_dim is not None:
        return family.default_head_dim
    if hidden % num_heads:
        name = keys.given(family.heads) or family.heads[0]
        keys.report(name, f"must divide the hidden size {hidden}, found {num_heads}")
    return max(hidden // num_heads, 1)


def _latent_attention(keys: ConfigKeys, family: Family) -> LatentAttention | None:
    num_heads = keys.count(family.heads)
    kv_rank = keys.count(("kv_lora_rank",))
    plain_dim = keys.count(("qk_nope_head_dim",))
    rotary_dim = keys.count(("qk_rope_head_dim",), least=0)
    value_dim = keys.count(("v_head_dim",))
    if None in (num_heads, kv_rank, plain_dim, rotary_dim, value_dim):
        return None
    query_rank = keys.optional(("q_lora_rank",), 0, least=0) or None
    return LatentAttention(
        num_heads=num_heads or 1,
        query_rank=query_rank,
        kv_rank=kv_rank or 1,
        plain_dim=plain_dim or 1,
        rotary_dim=rotary_dim or 0,
        value_dim=value_dim or 1,
        bias=keys.flag(family.attention_bias_key, default=family.qkv_bias),
        indexer=_indexer(keys, query_rank),
    )


def _indexer(keys: ConfigKeys, query_rank: int | None) -> Indexer | None:
    if keys.given(("index_n_heads",)) is None:
        return None
    return Indexer(
        num_heads=keys.optional(("index_n_heads",), 1),
        head_dim=keys.optional(("index_head_dim",), 128),
        num_chosen=keys.optional(("index_topk",), 2048),
        query_depth=query_rank,
    )


def _indexer_of_blocks(keys: ConfigKeys) -> Indexer | None:
    """Return what chooses blocks of tokens for attention of several heads, as in MiniMax M3."""
    found = keys.data.get(SPARSE_KEY)
    if not isinstance(found, Mapping) or not found.get("use_sparse_attention"):
        return None
    inner = ConfigKeys(found, (*keys.where, SPARSE_KEY), found, keys.issues)
    block_size = inner.optional(("sparse_block_size",), 128)
    return Indexer(
        num_heads=inner.optional(("sparse_num_index_heads",), 1),
        head_dim=inner.optional(("sparse_index_dim",), 128),
        num_chosen=inner.optional(("sparse_topk_blocks",), 16) * block_size,
        weighted=False,
    )


def _delta_net(keys: ConfigKeys) -> Recurrence | None:
    sizes = [
        keys.count((name,))
        for name in (
            "linear_num_value_heads",
            "linear_num_key_heads",
            "linear_key_head_dim",
            "linear_value_head_dim",
        )
    ]
    num_heads, num_key_heads, key_dim, value_dim = (size or 0 for size in sizes)
    if None in sizes:
        return None
    if num_heads % num_key_heads:
        message = f"must divide the {num_heads} heads of values, found {num_key_heads}"
        keys.report("linear_num_key_heads", message)
    kernel = keys.optional(("linear_conv_kernel_dim",), 4)
    return Recurrence(
        delta=True,
        num_heads=num_heads,
        num_key_heads=num_key_heads,
        key_dim=key_dim,
        value_dim=value_dim,
        conv_kernel=kernel,
    )


def _mamba(keys: ConfigKeys) -> Recurrence | None:
    sizes = [
        keys.count(names)
        for names in (
            ("mamba_num_heads",),
            ("mamba_n_groups", "n_groups"),
            ("ssm_state_size", "mamba_d_state"),
            ("mamba_head_dim",),
        )
    ]
    num_heads, num_groups, state_size, head_dim = (size or 0 for size in sizes)
    if None in sizes:
        return None
    if num_heads % num_groups:
        keys.report("n_groups", f"must divide the {num_heads} heads, found {num_groups}")
    return Recurrence(
        delta=False,
        num_heads=num_heads,
        num_key_heads=num_groups,
        key_dim=state_size,
        value_dim=head_dim,
        conv_kernel=keys.optional(("conv_kernel", "mamba_d_conv"), 4),
        conv_bias=keys.flag("use_conv_bias", default=True),
        bias=keys.flag("mamba_proj_bias", default=False) or keys.flag("use_bias", default=False),
    )
