"""Time and memory of a transformer's layers in prefill: operators put together."""

from __future__ import annotations

from dataclasses import dataclass

from alpaplan.profiling.architecture import Block, Experts, Mlp, Transformer
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.roofline import Roofline


@dataclass(frozen=True)
class Prefill:
    """What is run: a batch of whole prompts, by devices that share each operator.

    Parameters
    ----------
    batch_size
        Prompts.
    input_len
        Tokens of each.
    intra_op
        Devices; they have to be able to share the heads.
    """

    batch_size: int
    input_len: int
    intra_op: int

    @property
    def num_tokens(self) -> int:
        """Tokens of all prompts."""
        return self.batch_size * self.input_len


def block_s(block: Block, hidden_size: int, prefill: Prefill, roofline: Roofline) -> float:
    """Time of one block on each of the devices that share it.

    Two all-reduces of the hidden states, one behind each part (Shoeybi et al., "Megatron-LM",
    2019, arXiv 1909.08053, section 3). The host may be slower than the device.
    """
    hidden_numbers = prefill.num_tokens * hidden_size
    norms_s = block.num_norms * roofline.elementwise_s(roofline.stack.norm_passes * hidden_numbers)
    all_reduces_s = 2 * roofline.all_reduce_s(hidden_numbers, prefill.intra_op)
    if isinstance(block.mlp, Experts):
        feed_forward_s = _experts_s(block.mlp, hidden_size, prefill, roofline)
    else:
        feed_forward_s = _mlp_s(block.mlp, hidden_size, prefill, roofline)
    attention_s = _attention_s(block, hidden_size, prefill, roofline)
    device_s = norms_s + attention_s + feed_forward_s + all_reduces_s
    return max(device_s + roofline.stack.gap_block_s, roofline.stack.host_block_s)


def _attention_s(block: Block, hidden_size: int, prefill: Prefill, roofline: Roofline) -> float:
    attention, num_tokens = block.attention, prefill.num_tokens
    query_width = attention.query_width // prefill.intra_op
    kv_width = attention.kv_heads_on_each(prefill.intra_op) * attention.head_dim
    projections_s = roofline.matmul_s(num_tokens, query_width + 2 * kv_width, hidden_size)
    projections_s += roofline.matmul_s(num_tokens, hidden_size, query_width)
    moves_s = 0.0
    if attention.rotary:
        rotated = num_tokens * (query_width + kv_width)
        moves_s += roofline.heads_s(roofline.stack.rotary_passes * rotated)
    if attention.qk_norm:
        moves_s += roofline.heads_s(2 * num_tokens * query_width)
        moves_s += roofline.heads_s(2 * num_tokens * kv_width)
    scores_s = roofline.attention_s(
        attention, prefill.batch_size, prefill.input_len, prefill.intra_op
    )
    return projections_s + moves_s + scores_s


def _mlp_s(mlp: Mlp, hidden_size: int, prefill: Prefill, roofline: Roofline) -> float:
    num_tokens = prefill.num_tokens
    width = -(-mlp.intermediate_size // prefill.intra_op)
    num_up = 1 + mlp.gated
    return (
        roofline.matmul_s(num_tokens, num_up * width, hidden_size)
        + roofline.elementwise_s(num_tokens * (num_up + 1) * width)
        + roofline.matmul_s(num_tokens, hidden_size, width)
    )


def _experts_s(experts: Experts, hidden_size: int, prefill: Prefill, roofline: Roofline) -> float:
    num_tokens = prefill.num_tokens
    router_s = roofline.matmul_s(num_tokens, experts.num_experts, hidden_size)
    routed_s = roofline.experts_s(experts, hidden_size, num_tokens, prefill.intra_op)
    shared_s = 0.0
    if experts.shared is not None:
        shared_s = _mlp_s(experts.shared, hidden_size, prefill, roofline)
    return router_s + routed_s + shared_s


def embedding_s(transformer: Transformer, prefill: Prefill, roofline: Roofline) -> float:
    """Time to look the tokens' vectors up: each is read and written."""
    passes = 2 + (transformer.num_positions > 0)
    return roofline.elementwise_s(passes * prefill.num_tokens * transformer.hidden_size)


def head_s(transformer: Transformer, prefill: Prefill, roofline: Roofline) -> float:
    """Time behind the blocks: the last norm, and scores of each prompt's last token."""
    norm_s = roofline.elementwise_s(2 * prefill.num_tokens * transformer.hidden_size)
    if not transformer.head:
        return norm_s
    width = -(-transformer.vocab_size // prefill.intra_op)
    return norm_s + roofline.matmul_s(prefill.batch_size, width, transformer.embedding_width)


def block_activation_bytes(block: Block, hidden_size: int, prefill: Prefill, dtype: Dtype) -> int:
    """Peak working memory of one block on each device, without its keys and values.

    The residual stream and the input of the part that runs, a buffer for the sum if devices share
    the block, and the larger of what the two parts hold inside: projections of queries, keys and
    values with the attention's output, or what lies between the feed-forward projections (of a
    mixture of experts, for every copy of a token).
    """
    attention, intra_op = block.attention, prefill.intra_op
    kv_width = attention.kv_heads_on_each(intra_op) * attention.head_dim
    inside_attention = 2 * attention.query_width // intra_op + 2 * kv_width
    if isinstance(block.mlp, Experts):
        expert = block.mlp.expert
        width = (2 + expert.gated) * expert.intermediate_size // intra_op
        inside_mlp = block.mlp.num_per_token * (hidden_size + width)
    else:
        inside_mlp = (2 + block.mlp.gated) * block.mlp.intermediate_size // intra_op
    num_hidden = 2 if intra_op == 1 else 3
    width = num_hidden * hidden_size + max(inside_attention, inside_mlp)
    return prefill.num_tokens * width * dtype.activation_bytes


def block_kv_cache_bytes(block: Block, prefill: Prefill, dtype: Dtype) -> int:
    """Keys and values of the prompts on each device, which stay until the request is done.

    None without a causal mask: an encoder's request ends with its prefill.
    """
    attention = block.attention
    if not attention.causal:
        return 0
    width = 2 * attention.kv_heads_on_each(prefill.intra_op) * attention.head_dim
    return prefill.num_tokens * width * dtype.activation_bytes
