"""Time and memory of a transformer's layers in prefill: operators put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from alpaplan.profiling.architecture import Block, Transformer
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.feed_forward import Experts, Mlp
from alpaplan.profiling.mixer_times import cross_attention_s, mixer_s
from alpaplan.profiling.parts import Part
from alpaplan.profiling.prefill import Prefill
from alpaplan.profiling.roofline import Roofline


def block_s(block: Block, hidden_size: int, prefill: Prefill, roofline: Roofline) -> float:
    """Time of one block on each of the devices that share it.

    An all-reduce of the hidden states behind each part, one behind both if these are parallel
    (Shoeybi et al., "Megatron-LM", 2019, arXiv 1909.08053, section 3). The host may be slower
    than the device.
    """
    by_part = {part: _roofline_of(part, block, roofline) for part in Part}
    cross_s = 0.0
    if block.cross is not None:
        cross_s = cross_attention_s(block.cross, hidden_size, prefill, by_part[Part.MIXER])
        prefill = replace(prefill, input_len=1)
    hidden_numbers = prefill.num_tokens * hidden_size
    norms_s = block.num_norms * roofline.elementwise_s(roofline.stack.norm_passes * hidden_numbers)
    num_parts = sum(part is not None for part in (block.mixer, block.mlp, block.cross))
    num_sums = 1 if block.parallel else num_parts
    all_reduces_s = num_sums * roofline.all_reduce_s(hidden_numbers, prefill.intra_op)
    feed_forward_s = attention_s = 0.0
    if isinstance(block.mlp, Experts):
        feed_forward_s = _experts_s(block.mlp, hidden_size, prefill, by_part)
    elif block.mlp is not None:
        feed_forward_s = _mlp_s(block.mlp, hidden_size, prefill, by_part[Part.MLP])
    if block.mixer is not None:
        attention_s = mixer_s(block.mixer, hidden_size, prefill, by_part[Part.MIXER])
    if block.side is not None:
        feed_forward_s += _mlp_s(block.side, hidden_size, prefill, by_part[Part.MIXER])
    device_s = norms_s + attention_s + cross_s + feed_forward_s + all_reduces_s
    return max(device_s + roofline.stack.gap_block_s, roofline.stack.host_block_s)


def _roofline_of(part: Part, block: Block, roofline: Roofline) -> Roofline:
    return roofline.unquantized if part in block.unquantized else roofline


def _mlp_s(mlp: Mlp, hidden_size: int, prefill: Prefill, roofline: Roofline) -> float:
    num_tokens = prefill.num_tokens
    width = -(-mlp.intermediate_size // prefill.intra_op)
    num_up = 1 + mlp.gated
    return (
        roofline.matmul_s(num_tokens, num_up * width, hidden_size)
        + roofline.elementwise_s(num_tokens * (num_up + 1) * width)
        + roofline.matmul_s(num_tokens, hidden_size, width)
    )


def _experts_s(
    experts: Experts, hidden_size: int, prefill: Prefill, by_part: Mapping[Part, Roofline]
) -> float:
    num_tokens, routed = prefill.num_tokens, by_part[Part.EXPERTS]
    router_s = routed.matmul_s(num_tokens, experts.num_experts, hidden_size)
    width = experts.width(hidden_size)
    routed_s = routed.experts_s(experts, width, num_tokens, prefill.intra_op)
    if experts.latent_size is not None:
        routed_s += routed.matmul_s(num_tokens, width, hidden_size)
        routed_s += routed.matmul_s(num_tokens, hidden_size, width)
    shared_s = 0.0
    if experts.shared is not None:
        shared_s = _mlp_s(experts.shared, hidden_size, prefill, by_part[Part.SHARED])
    return router_s + routed_s + shared_s


def embedding_s(transformer: Transformer, prefill: Prefill, roofline: Roofline) -> float:
    """Time to look the tokens' vectors up: each is read and written."""
    passes = 2 + (transformer.num_positions > 0)
    return roofline.elementwise_s(passes * prefill.num_tokens * transformer.hidden_size)


def head_s(transformer: Transformer, prefill: Prefill, roofline: Roofline) -> float:
    """Time behind the blocks: the last norm, and scores of one token of each prompt or of all.

    Left out is what takes a single row of each prompt to the hidden size, such as a pooler.
    """
    norm_s = roofline.elementwise_s(2 * prefill.num_tokens * transformer.hidden_size)
    head, depth = transformer.head, transformer.embedding_width
    if not head.num_scores:
        return norm_s
    num_rows = prefill.num_tokens if head.each_token else prefill.batch_size
    dense_s = roofline.matmul_s(num_rows, depth, depth) if head.dense and head.each_token else 0.0
    width = -(-head.num_scores // prefill.intra_op)
    return norm_s + dense_s + roofline.matmul_s(num_rows, width, depth)


def block_activation_bytes(block: Block, hidden_size: int, prefill: Prefill, dtype: Dtype) -> int:
    """Peak working memory of one block on each device, without its keys and values.

    The residual stream and the input of the part that runs, a buffer for the sum if devices share
    the block, and the larger of what the two parts hold inside: projections of queries, keys and
    values with the attention's output, or what lies between the feed-forward projections (of a
    mixture of experts, for every copy of a token).
    """
    intra_op = prefill.intra_op
    inside_attention = 0 if block.mixer is None else block.mixer.working_width(intra_op)
    inside_mlp = 0
    if isinstance(block.mlp, Experts):
        expert = block.mlp.expert
        width = (2 + expert.gated) * expert.intermediate_size // intra_op
        inside_mlp = block.mlp.num_per_token * (block.mlp.width(hidden_size) + width)
    elif block.mlp is not None:
        inside_mlp = (2 + block.mlp.gated) * block.mlp.intermediate_size // intra_op
    num_hidden = 2 if intra_op == 1 else 3
    width = num_hidden * hidden_size + max(inside_attention, inside_mlp)
    if block.cross is not None:
        # Of every token of the encoder there are its output, a key and a value.
        kv_width = block.cross.working_width(intra_op) - 2 * block.cross.query_width // intra_op
        encoded = prefill.num_tokens * (hidden_size + kv_width)
        return (encoded + prefill.batch_size * width) * dtype.activation_bytes
    return prefill.num_tokens * width * dtype.activation_bytes


def block_kv_cache_bytes(block: Block, prefill: Prefill, dtype: Dtype) -> int:
    """Keys and values of the prompts on each device, which stay until the request is done."""
    if block.mixer is None:
        return 0
    if block.cross is None:
        kept = block.mixer.kept_numbers(prefill.input_len, prefill.intra_op)
    else:
        kept = block.mixer.kept_numbers(1, prefill.intra_op)
        kept += block.cross.kept_numbers(prefill.input_len, prefill.intra_op)
    return prefill.batch_size * kept * dtype.activation_bytes


def block_weight_bytes(block: Block, hidden_size: int, roofline: Roofline) -> int:
    """Weights of a block before they are shared, with those that keep 16 bits."""
    return sum(
        _roofline_of(part, block, roofline).weights_bytes(size)
        for part, size in block.parameters_by_part(hidden_size).items()
    )


def head_activation_bytes(transformer: Transformer, prefill: Prefill, dtype: Dtype) -> int:
    """Working memory behind the blocks: hidden states twice, and scores where all tokens get some.

    Scores of one token of each prompt are left out.
    """
    head = transformer.head
    scores = head.each_token * -(-head.num_scores // prefill.intra_op)
    width = 2 * transformer.hidden_size + scores
    return prefill.num_tokens * width * dtype.activation_bytes
