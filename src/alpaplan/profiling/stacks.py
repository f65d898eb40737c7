"""Measured efficiencies: what share of a device's peaks the operators of a serving stack reach.

Every tuned number of the estimator stands here. They are fits to measured single operators, which
`tests/benchmarks/calibrate_operators.py` repeats, and never to whole models, but for the two host
times of `EAGER_2023`. Sources:

- `VLLM_2025`: operators of vLLM measured on A100, H100, H200, B200 and L40S, in the package
  aiconfigurator 0.12.0 (NVIDIA, Apache-2.0, https://github.com/ai-dynamo/aiconfigurator).
- `EAGER_2023`: blocks without attention and collectives measured on A100, A40 and H100 for vidur
  (Agrawal et al., MLSys 2024, arXiv 2405.05465; MIT). Attention on Hopper is FlashAttention 2,
  which reaches 35% there (Shah et al. 2024, arXiv 2407.08608, section 1). The host times are
  fitted to Llama 2 70B on A100 as Splitwise measured it (Patel et al., ISCA 2024, arXiv
  2311.18677; MIT); its H100 and its 176B model were not looked at for that.

Not measured but assumed, with caution: everything of Volta and CDNA 3, and Ada and Blackwell in
`EAGER_2023`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from alpaplan.specs.choices import Generation


@dataclass(frozen=True)
class Efficiencies:
    """What operators reach on one generation of devices.

    Parameters
    ----------
    matmul
        Fraction of the peak that large matrix products reach. Range 0.4 to 0.9.
    matmul_ramp_s
        Fixed time of a matrix product: launch, and filling and draining the device. 2 to 10 us.
    attention
        Fraction of the peak that attention with heads of 128 reaches on long prompts. 0.2 to 0.75.
    attention_memory
        Fraction of the peak bandwidth at which queries, keys, values and outputs move, which the
        arithmetic does not hide. 0.3 to 0.8.
    attention_ramp_s
        Fixed time of an attention operator. 10 to 22 us.
    experts
        Fraction of the peak that grouped products of a mixture of experts reach. 0.3 to 0.8.
    expert_padding
        Rows that the product of each touched expert computes in vain, as its share of tokens is
        rounded up to a tile and unequal to others'. 75 to 250.
    decode_attention_s
        Fixed time of attention for single tokens, with all that is done to queries and keys before
        it, which is fused there. 8 to 15 us.
    kv_memory
        Fraction of the peak bandwidth at which decoding reads keys and values. 0.66 to 0.94.

    The last two are fitted to iterations of Llama 3.1 8B alone, which aiconfigurator puts together
    from measured operators, and assumed where there are no such fits.
    """

    matmul: float
    matmul_ramp_s: float
    attention: float
    attention_memory: float
    attention_ramp_s: float
    experts: float
    expert_padding: float
    decode_attention_s: float = 10e-6
    kv_memory: float = 0.8


@dataclass(frozen=True)
class Stack:
    """A generation of serving software.

    Parameters
    ----------
    name
        As the command line calls it.
    description
        What it stands for, in a few words.
    by_generation
        Efficiencies of its operators.
    fp8_matmul
        Fraction of the FP8 peak that matrix products reach, quantizing their inputs included.
        0.45 to 0.55. Assumed of units for 4 bits too.
    fp8_matmul_ramp_s
        Their fixed time. 10 to 25 us.
    memory
        Fraction of the peak memory bandwidth of operators that only move data, and of weights
        that are read for few tokens. 0.7 to 0.85.
    norm_passes
        Times that the hidden states are read or written for one normalization and the addition
        before it. 4 if fused: both are read and written.
    rotary_passes
        The same for queries and keys when positions are rotated in. 2 if fused.
    elementwise_s
        Fixed time of an operator that only moves data. 1 to 4 us.
    heads_s
        Fixed time of what is done to queries and keys a head at a time (rotating positions in,
        normalizing either): several small operators each. 2 us (vidur) to 13 us (what
        aiconfigurator counts for each beside attention).
    link
        Fraction of the peak link bandwidth that collectives reach. 0.5 to 0.85.
    all_reduce_s
        Fixed time of an all-reduce. 5 to 45 us.
    send_s
        Fixed time of a send between stages. 5 to 20 us.
    host_block_s
        Time that the host takes to launch the operators of one block; 0 with recorded graphs.
        A block takes at least this.
    gap_block_s
        Time of one block in which the device waits for the host although it is the slower one.
    """

    name: str
    description: str
    by_generation: Mapping[Generation, Efficiencies]
    fp8_matmul: float
    fp8_matmul_ramp_s: float
    memory: float
    norm_passes: float
    rotary_passes: float
    elementwise_s: float
    heads_s: float
    link: float
    all_reduce_s: float
    send_s: float
    host_block_s: float
    gap_block_s: float


TILE_DEPTH = 128
"""Depth by which a matrix product seems longer than it is: each tile of the output has to be begun
and written. Range 75 to 170, from the products of aiconfigurator 0.12.0 on A100, H100, H200, B200
and L40S; it also halves the bias of vidur's narrow layers."""

TILE_WIDTH = 64
"""Rows or columns, whichever are fewer, by which it seems wider: half a tile of 128 stays empty on
average. Range 10 to 105, same sources."""

HALF_HEAD_DIM = 96
"""Width of a head at which softmax takes as long as the products (FlashAttention-3, Shah et al.
2024, arXiv 2407.08608, section 3.1: exponentials run on slower units). Range 20 (A100) to 110
(H100), from the attention operators of aiconfigurator 0.12.0 with heads of 64 and 128."""

LARGEST_HEAD_DIM = 192
"""Above this width attention gains nothing more (same operators: 192 and 256 are equal)."""

VLLM_2025 = Stack(
    name="vllm-2025",
    description="kernels and recorded graphs of vLLM 0.14 to 0.24 (2025-26)",
    by_generation=MappingProxyType(
        {  # in the order of the fields: matrix products, attention, experts
            Generation.VOLTA: Efficiencies(0.70, 10e-6, 0.30, 0.45, 20e-6, 0.35, 100),
            Generation.AMPERE: Efficiencies(0.86, 6.5e-6, 0.58, 0.44, 20e-6, 0.45, 77, 15e-6, 0.70),
            Generation.ADA: Efficiencies(0.65, 2.5e-6, 0.58, 0.82, 9e-6, 0.78, 245),
            Generation.HOPPER: Efficiencies(
                0.855, 3.1e-6, 0.70, 0.39, 16e-6, 0.71, 160, 8e-6, 0.87
            ),
            Generation.BLACKWELL: Efficiencies(0.74, 2.7e-6, 0.50, 0.31, 16e-6, 0.545, 120),
            Generation.CDNA3: Efficiencies(0.50, 10e-6, 0.30, 0.40, 20e-6, 0.35, 100),
        }
    ),
    fp8_matmul=0.5,
    fp8_matmul_ramp_s=20e-6,
    memory=0.8,
    norm_passes=4,
    rotary_passes=2,
    elementwise_s=3e-6,
    heads_s=13e-6,
    link=0.68,
    all_reduce_s=8e-6,
    send_s=10e-6,
    host_block_s=0.0,
    gap_block_s=0.0,
)

EAGER_2023 = Stack(
    name="eager-2023",
    description="PyTorch 2.0 without recorded graphs, FlashAttention 2, NCCL (2023)",
    by_generation=MappingProxyType(
        {  # as above
            Generation.VOLTA: Efficiencies(0.70, 10e-6, 0.20, 0.45, 20e-6, 0.35, 100),
            Generation.AMPERE: Efficiencies(0.77, 7e-6, 0.55, 0.45, 21e-6, 0.35, 100),
            Generation.ADA: Efficiencies(0.60, 7e-6, 0.50, 0.80, 20e-6, 0.35, 100),
            Generation.HOPPER: Efficiencies(0.75, 7.4e-6, 0.35, 0.40, 21e-6, 0.35, 100),
            Generation.BLACKWELL: Efficiencies(0.65, 7e-6, 0.30, 0.32, 21e-6, 0.35, 100),
            Generation.CDNA3: Efficiencies(0.45, 10e-6, 0.25, 0.40, 20e-6, 0.35, 100),
        }
    ),
    fp8_matmul=0.4,
    fp8_matmul_ramp_s=25e-6,
    memory=0.8,
    norm_passes=6.5,
    rotary_passes=3,
    elementwise_s=2e-6,
    heads_s=2e-6,
    link=0.68,
    all_reduce_s=40e-6,
    send_s=12e-6,
    host_block_s=600e-6,
    gap_block_s=200e-6,
)

STACKS: Mapping[str, Stack] = MappingProxyType(
    {stack.name: stack for stack in (VLLM_2025, EAGER_2023)}
)
"""Name -> serving stack; the first is the default."""
