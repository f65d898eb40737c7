"""Time of attention and of what takes its place in prefill: operators put together."""

from __future__ import annotations

from alpaplan.profiling.architecture import Mixer
from alpaplan.profiling.attention import Attention, Indexer
from alpaplan.profiling.latent_attention import LatentAttention
from alpaplan.profiling.prefill import Prefill
from alpaplan.profiling.recurrence import Recurrence
from alpaplan.profiling.roofline import Roofline


def mixer_s(mixer: Mixer, hidden_size: int, prefill: Prefill, roofline: Roofline) -> float:
    """Time of attention or of what takes its place on each of the devices that share it."""
    if isinstance(mixer, LatentAttention):
        return _latent_attention_s(mixer, hidden_size, prefill, roofline)
    if isinstance(mixer, Recurrence):
        return _recurrence_s(mixer, hidden_size, prefill, roofline)
    return _attention_s(mixer, hidden_size, prefill, roofline)


def _attention_s(
    attention: Attention, hidden_size: int, prefill: Prefill, roofline: Roofline
) -> float:
    num_tokens, intra_op = prefill.num_tokens, prefill.intra_op
    query_width = attention.query_width // intra_op
    output_width = attention.output_width // intra_op
    key_width = attention.kv_heads_on_each(intra_op) * attention.head_dim
    if attention.borrowed_kv:
        key_width = 0
    gate_width = attention.gate_width // intra_op
    projections_s = roofline.matmul_s(
        num_tokens, attention.projected_width(intra_op) + gate_width, hidden_size
    )
    projections_s += roofline.matmul_s(num_tokens, hidden_size, output_width)
    moves_s = 0.0
    if attention.rotary:
        rotated = num_tokens * (query_width + key_width)
        moves_s += roofline.heads_s(roofline.stack.rotary_passes * rotated)
    if attention.qk_norm or attention.wide_qk_norm:
        moves_s += roofline.heads_s(2 * num_tokens * query_width)
        moves_s += roofline.heads_s(2 * num_tokens * key_width)
    if gate_width:
        moves_s += roofline.elementwise_s(num_tokens * (2 * output_width + gate_width))
    scores_s = roofline.attention_s(attention, prefill.batch_size, prefill.input_len, intra_op)
    chosen_s = _indexer_s(attention.indexer, hidden_size, prefill, roofline)
    return projections_s + moves_s + scores_s + chosen_s


def cross_attention_s(
    attention: Attention, hidden_size: int, prefill: Prefill, roofline: Roofline
) -> float:
    """Time for one token of each prompt to attend to all that the encoder made of the prompt.

    Keys and values of the encoder's tokens are projected, which later tokens need not do again,
    and then read once.
    """
    intra_op = prefill.intra_op
    width = attention.query_width // intra_op
    kv_width = 2 * attention.kv_heads_on_each(intra_op) * attention.head_dim
    encoded_s = roofline.matmul_s(prefill.num_tokens, kv_width, hidden_size)
    own_s = roofline.matmul_s(prefill.batch_size, width, hidden_size)
    own_s += roofline.matmul_s(prefill.batch_size, hidden_size, width)
    return encoded_s + own_s + roofline.elementwise_s(prefill.num_tokens * kv_width)


def _latent_attention_s(
    latent: LatentAttention, hidden_size: int, prefill: Prefill, roofline: Roofline
) -> float:
    """Time with keys and values of each head made from the narrow vectors, as engines prefill."""
    num_tokens, intra_op = prefill.num_tokens, prefill.intra_op
    kept = latent.kv_rank + latent.rotary_dim
    query_width, kv_width = latent.query_width // intra_op, latent.kv_width // intra_op
    narrow = kept + (latent.query_rank or 0)
    narrow_s = roofline.matmul_s(num_tokens, narrow, hidden_size)
    narrow_s += roofline.elementwise_s(2 * num_tokens * narrow)
    query_depth = latent.query_rank or hidden_size
    projections_s = roofline.matmul_s(num_tokens, query_width, query_depth)
    projections_s += roofline.matmul_s(num_tokens, kv_width, latent.kv_rank)
    projections_s += roofline.matmul_s(num_tokens, hidden_size, latent.input_width(intra_op))
    rotated = num_tokens * (latent.num_heads // intra_op + 1) * latent.rotary_dim
    moves_s = roofline.heads_s(roofline.stack.rotary_passes * rotated)
    scores_s = roofline.attention_s(
        latent.expanded, prefill.batch_size, prefill.input_len, intra_op
    )
    chosen_s = _indexer_s(latent.indexer, hidden_size, prefill, roofline)
    return narrow_s + projections_s + moves_s + scores_s + chosen_s


def _indexer_s(
    indexer: Indexer | None, hidden_size: int, prefill: Prefill, roofline: Roofline
) -> float:
    """Time to choose tokens, on every device whole: projections, and scores of all pairs."""
    if indexer is None or indexer.shared:
        return 0.0
    num_tokens, depth = prefill.num_tokens, indexer.query_depth or hidden_size
    width = indexer.num_heads * indexer.head_dim
    projections_s = roofline.matmul_s(num_tokens, width, depth)
    own_width = indexer.head_dim + indexer.num_heads
    projections_s += roofline.matmul_s(num_tokens, own_width, hidden_size)
    scores = Attention(indexer.num_heads, 1, indexer.head_dim, value_dim=1)
    return projections_s + roofline.attention_s(scores, prefill.batch_size, prefill.input_len, 1)


def _recurrence_s(
    layer: Recurrence, hidden_size: int, prefill: Prefill, roofline: Roofline
) -> float:
    num_tokens, intra_op = prefill.num_tokens, prefill.intra_op
    width = -(-layer.input_projection_width // intra_op)
    values, channels = layer.value_width // intra_op, -(-layer.num_channels // intra_op)
    projections_s = roofline.matmul_s(num_tokens, width, hidden_size)
    projections_s += roofline.matmul_s(num_tokens, hidden_size, values)
    convolution_s = roofline.elementwise_s(2 * num_tokens * channels)
    norm_s = roofline.elementwise_s(3 * num_tokens * values)
    return (
        projections_s + convolution_s + norm_s + roofline.recurrence_s(layer, num_tokens, intra_op)
    )
