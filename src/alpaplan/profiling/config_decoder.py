"""The decoder that follows an encoder: blocks that attend to what the encoder made."""

from __future__ import annotations

from dataclasses import replace

from alpaplan.profiling.architecture import Block
from alpaplan.profiling.attention import Attention
from alpaplan.profiling.config_keys import MAX_LAYERS, ConfigKeys
from alpaplan.profiling.families import Family
from alpaplan.profiling.feed_forward import Mlp


def with_decoder(
    keys: ConfigKeys, family: Family, blocks: list[Block], *, decoder: bool
) -> list[Block]:
    """Return an encoder's blocks, with what its first one has more, and those of its decoder.

    Parameters
    ----------
    keys, family
        What the configuration says; what is wrong is noted.
    blocks
        The encoder's.
    decoder
        Whether there is a decoder.
    """
    first = blocks[0]
    distances = 0
    if family.relative_buckets is not None and isinstance(first.mixer, Attention):
        distances = keys.optional((family.relative_buckets,), 32) * first.mixer.num_heads
    encoder = [replace(first, num_scalars=distances), *blocks[1:]]
    if not decoder or not isinstance(first.mixer, Attention) or not isinstance(first.mlp, Mlp):
        return encoder
    num_layers = len(blocks)
    if keys.given(family.decoder_layers) is not None:
        num_layers = keys.count(family.decoder_layers, largest=MAX_LAYERS) or 1
    num_heads = keys.optional(("decoder_attention_heads",), first.mixer.num_heads)
    width = first.mixer.query_width
    if width % num_heads:
        keys.report("decoder_attention_heads", f"must divide {width}, found {num_heads}")
    mixer = replace(
        first.mixer,
        causal=True,
        num_heads=num_heads,
        num_kv_heads=num_heads,
        head_dim=max(width // num_heads, 1),
    )
    intermediate = keys.optional(("decoder_ffn_dim",), first.mlp.intermediate_size)
    block = replace(
        first,
        mixer=mixer,
        mlp=replace(first.mlp, intermediate_size=intermediate),
        num_norms=first.num_norms + 1,
        cross=mixer,
    )
    return [*encoder, replace(block, num_scalars=distances), *[block] * (num_layers - 1)]
