"""Time of single operators: the larger of arithmetic and memory traffic, at measured efficiencies.

The roofline is that of Williams, Waterman and Patterson, "Roofline: an insightful visual
performance model for multicore architectures", CACM 52(4), 2009. Efficiencies are those of a
`Stack`; all times are of one device, in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from alpaplan.profiling.attention import Attention
from alpaplan.profiling.devices import USUAL_GROUPS, Device, Dtype, Groups
from alpaplan.profiling.feed_forward import Experts
from alpaplan.profiling.recurrence import Recurrence
from alpaplan.profiling.stacks import (
    HALF_HEAD_DIM,
    LARGEST_HEAD_DIM,
    TILE_DEPTH,
    TILE_WIDTH,
    Efficiencies,
    Stack,
)

RECURRENCE_CHUNK = 64
"""Tokens that a recurrence goes over at once, as in the kernels of DeltaNet's authors."""


@dataclass(frozen=True)
class Roofline:
    """Operator times on one device type, in one number format, under one serving stack.

    Parameters
    ----------
    device, dtype, stack
        The device has to support the number format.
    groups
        Weights of 4 bits that share a scale, where the format leaves that open.
    """

    device: Device
    dtype: Dtype
    stack: Stack
    groups: Groups = USUAL_GROUPS

    def weights_bytes(self, num_weights: int) -> int:
        """Return the bytes of `num_weights` weights, with those of their scales."""
        return math.ceil(num_weights * self.dtype.bits_in(self.groups) / 8)

    @property
    def _weight_bytes(self) -> float:
        return float(self.dtype.bits_in(self.groups) / 8)

    @property
    def decoding(self) -> Roofline:
        """The same for single tokens, where attention and what is before it take less."""
        mine = self._efficiencies
        single = replace(mine, attention_ramp_s=mine.decode_attention_s)
        by_generation = {**self.stack.by_generation, self.device.generation: single}
        return replace(self, stack=replace(self.stack, heads_s=0.0, by_generation=by_generation))

    @property
    def kv_bytes_per_s(self) -> float:
        """Bandwidth at which decoding reads keys and values."""
        return self.device.memory_bytes_per_s * self._efficiencies.kv_memory

    @property
    def _efficiencies(self) -> Efficiencies:
        return self.stack.by_generation[self.device.generation]

    @property
    def memory_bytes_per_s(self) -> float:
        """Bandwidth that operators reach which only move data."""
        return self.device.memory_bytes_per_s * self.stack.memory

    @property
    def unquantized(self) -> Roofline:
        """The same for parts that a checkpoint does not quantize."""
        plain = self.device.plain(self.dtype)
        return self if plain is self.dtype else replace(self, dtype=plain)

    @property
    def _arithmetic(self) -> Dtype:
        return self.device.arithmetic(self.dtype)

    @property
    def _peak_flops(self) -> float:
        return self.device.peak_flops[self._arithmetic]

    @property
    def _attention_flops(self) -> float:
        """Peak of attention, which computes with 16 bits where weights have fewer."""
        return self.device.peak_flops[self.device.plain(self.dtype)]

    def matmul_s(self, num_rows: int, width: int, depth: int) -> float:
        """Time of a dense product: (`num_rows`, `depth`) times weights (`depth`, `width`).

        Two operations for each weight and row, in tiles that are partly empty. Inputs, weights
        and outputs move once.
        """
        efficiency, ramp_s = self._efficiencies.matmul, self._efficiencies.matmul_ramp_s
        if self._arithmetic.is_quantized:
            efficiency, ramp_s = self.stack.fp8_matmul, self.stack.fp8_matmul_ramp_s
        flops = _tiled_flops(num_rows, width, depth)
        arithmetic_s = flops / (self._peak_flops * efficiency)
        weight_bytes = width * depth * self._weight_bytes
        other_bytes = num_rows * (width + depth) * self.dtype.activation_bytes
        return ramp_s + max(arithmetic_s, (weight_bytes + other_bytes) / self.memory_bytes_per_s)

    def attention_s(
        self, attention: Attention, batch_size: int, input_len: int, intra_op: int
    ) -> float:
        """Time of attention over whole prompts, without its projections.

        Four operations for each pair of tokens and number of a head (scores, then values: Dao,
        "FlashAttention-2", 2023, arXiv 2307.08691, section 4.1), which is half of all pairs if
        tokens see only those before them, and fewer in a window. Queries, keys, values and
        outputs move once, which the arithmetic does not hide.
        """
        num_heads = attention.num_heads // intra_op
        num_pairs = batch_size * attention.visible_pairs(input_len)
        head_dim = attention.head_dim
        value_dim = attention.value_dim or head_dim
        kv_heads = attention.kv_heads_on_each(intra_op)
        num_numbers = batch_size * input_len * (num_heads + kv_heads) * (head_dim + value_dim)
        bytes_per_s = self.device.memory_bytes_per_s * self._efficiencies.attention_memory
        return (
            self._efficiencies.attention_ramp_s
            + num_pairs * self.attention_pair_s(attention, intra_op)
            + num_numbers * self.dtype.activation_bytes / bytes_per_s
        )

    def attention_pair_s(self, attention: Attention, intra_op: int) -> float:
        """Time of the arithmetic for one token to attend to another, over all heads of a device."""
        num_heads, head_dim = attention.num_heads // intra_op, attention.head_dim
        flops = 2 * num_heads * (head_dim + (attention.value_dim or head_dim))
        efficiency = self._efficiencies.attention * _head_dim_factor(head_dim)
        return flops / (self._attention_flops * efficiency)

    def recurrence_s(self, layer: Recurrence, num_tokens: int, intra_op: int) -> float:
        """Time of a recurrence, without its projections, in chunks that matrix products go over.

        In a chunk of C tokens and for each head: products with the state of keys, values and
        queries, and scores and outputs inside the chunk. A DeltaNet has twice the scores, and
        solves a triangular system of them for keys and values (Yang et al. 2024, arXiv 2412.06464,
        section 3.3; Dao and Gu 2024, arXiv 2405.21060, section 6). At attention's efficiency, which
        is assumed: no such operator was measured.
        """
        num_heads = layer.num_heads // intra_op
        key, value = layer.key_dim, layer.value_dim
        if layer.delta:
            per_token = RECURRENCE_CHUNK * (3 * key + 2 * value) + 3 * key * value
        else:
            per_token = RECURRENCE_CHUNK * (key + value) + 2 * key * value
        flops = 2 * num_tokens * num_heads * per_token
        moved = num_tokens * (layer.num_channels + layer.value_width) / intra_op
        moved += 2 * num_tokens / RECURRENCE_CHUNK * num_heads * key * value
        bytes_per_s = self.device.memory_bytes_per_s * self._efficiencies.attention_memory
        return (
            self._efficiencies.attention_ramp_s
            + flops / (self._attention_flops * self._efficiencies.attention)
            + moved * self.dtype.activation_bytes / bytes_per_s
        )

    def experts_s(
        self, experts: Experts, hidden_size: int, num_tokens: int, intra_op: int
    ) -> float:
        """Time of the routed experts, each of them shared by all devices.

        Weights of every expert that a token goes to are read; if tokens choose independently,
        E (1 - (1 - k/E)^n) of E experts are expected to be touched by n tokens with k experts
        each. Tokens are copied for their experts, and these copies move in and out.
        """
        share = experts.num_per_token / experts.num_experts
        num_touched = experts.num_experts * (1 - (1 - share) ** num_tokens)
        num_copies = num_tokens * experts.num_per_token
        num_rows = num_copies + num_touched * self._efficiencies.expert_padding
        width = experts.expert.intermediate_size / intra_op
        num_up = 1 + experts.expert.gated
        flops = _tiled_flops(num_rows, num_up * width, hidden_size)
        flops += _tiled_flops(num_rows, hidden_size, width)
        arithmetic_s = flops / (self._peak_flops * self._efficiencies.experts)
        weight_bytes = num_touched * (num_up + 1) * hidden_size * width * self._weight_bytes
        copied = num_copies * (2 * hidden_size + (num_up + 2) * width)
        copied_s = copied * self.dtype.activation_bytes / self.memory_bytes_per_s
        ramp_s = 2 * self._efficiencies.matmul_ramp_s
        return ramp_s + max(arithmetic_s, weight_bytes / self.memory_bytes_per_s) + copied_s

    def elementwise_s(self, num_numbers: float) -> float:
        """Time of an operator that reads or writes `num_numbers` and computes little."""
        moved_bytes = num_numbers * self.dtype.activation_bytes
        return self.stack.elementwise_s + moved_bytes / self.memory_bytes_per_s

    def heads_s(self, num_numbers: float) -> float:
        """Time to change queries or keys, of which `num_numbers` are read or written."""
        moved_bytes = num_numbers * self.dtype.activation_bytes
        return self.stack.heads_s + moved_bytes / self.memory_bytes_per_s

    def all_reduce_s(self, num_numbers: float, num_devices: int) -> float:
        """Time until the sum of each device's numbers is on all devices.

        Latency and bandwidth of a ring: 2 (n - 1) / n of the bytes pass each link (Thakur,
        Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH",
        2005, section 4.5). Devices behind a shared link divide it where more than two talk.
        """
        if num_devices == 1:
            return 0.0
        passed = 2 * (num_devices - 1) / num_devices * num_numbers * self.dtype.activation_bytes
        steps_s = 2 * (num_devices - 1) * self.device.link_latency_s
        return self.stack.all_reduce_s + steps_s + passed / self._link_bytes_per_s(num_devices)

    @property
    def send_s(self) -> float:
        """Fixed time of a send from one device to another of the node."""
        return self.stack.send_s + self.device.link_latency_s

    @property
    def send_bytes_per_s(self) -> float:
        """Bandwidth from one device to another of the node."""
        return self._link_bytes_per_s(2)

    def _link_bytes_per_s(self, num_devices: int) -> float:
        divided = num_devices if self.device.shared_link and num_devices > 2 else 1
        return self.device.link_bytes_per_s * self.stack.link / divided


def _tiled_flops(num_rows: float, width: float, depth: float) -> float:
    """Return the operations of a product, with those that partly empty tiles do in vain."""
    narrow = min(num_rows, width)
    return 2 * num_rows * width * depth * (1 + TILE_DEPTH / depth) * (1 + TILE_WIDTH / narrow)


def _head_dim_factor(head_dim: int) -> float:
    """Return the efficiency of attention relative to that with heads of 128.

    Softmax takes as long for a narrow head as for a wide one.
    """
    width = min(head_dim, LARGEST_HEAD_DIM)
    return (1 + HALF_HEAD_DIM / 128) / (1 + HALF_HEAD_DIM / width)
