"""Linear attention and state-space layers, in the detail that time and memory depend on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recurrence:
    """A layer that keeps a state of fixed size instead of keys and values.

    Gated DeltaNet (Yang, Kautz and Hatamizadeh, 2024, arXiv 2412.06464) or Mamba 2 (Dao and Gu,
    2024, arXiv 2405.21060), which have the same parts: a projection to queries, keys, values and
    gates, a short convolution over the first three, the recurrence, a gated norm, a projection.

    Parameters
    ----------
    delta
        Whether it is a DeltaNet, in which a state also forgets what a key read before.
    num_heads
        Heads, each with a state of `key_dim` times `value_dim`.
    num_key_heads
        Heads of queries and keys (Mamba: groups), which groups of heads share.
    key_dim, value_dim
        Widths of a key (Mamba: the state size) and of a value.
    conv_kernel
        Tokens that the convolution sees.
    conv_bias, bias
        Whether the convolution and the projections add a vector.
    """

    delta: bool
    num_heads: int
    num_key_heads: int
    key_dim: int
    value_dim: int
    conv_kernel: int
    conv_bias: bool = False
    bias: bool = False

    window = None
    causal = True

    @property
    def num_channels(self) -> int:
        """Width of queries, keys and values together, which the convolution goes over."""
        return 2 * self.num_key_heads * self.key_dim + self.value_width

    @property
    def value_width(self) -> int:
        """Width of all values."""
        return self.num_heads * self.value_dim

    @property
    def input_projection_width(self) -> int:
        """Width of what hidden states are projected to: channels, a gate, numbers of each head."""
        return self.num_channels + self.value_width + (1 + self.delta) * self.num_heads

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of projections, convolution, norm, and a few numbers of each head."""
        projections = hidden_size * (self.input_projection_width + self.value_width)
        biases = self.bias * (self.input_projection_width + hidden_size)
        convolution = self.num_channels * (self.conv_kernel + self.conv_bias)
        norm = self.value_dim if self.delta else self.value_width
        return projections + biases + convolution + norm + (3 - self.delta) * self.num_heads

    def kept_numbers(self, input_len: int, intra_op: int) -> int:
        """State of one prompt on each device, in 32 bits, and what the convolution still needs."""
        state = 2 * self.num_heads * self.key_dim * self.value_dim
        return (state + min(input_len, self.conv_kernel - 1) * self.num_channels) // intra_op

    def output_widths(self, intra_op: int) -> tuple[int, ...]:
        """Widths on each device of the projections whose outputs devices share."""
        key_heads = max(self.num_key_heads // intra_op, 1)
        return key_heads * self.key_dim, self.value_width // intra_op

    def input_width(self, intra_op: int) -> int:
        """Width on each device of the projection whose inputs devices share."""
        return self.value_width // intra_op

    def working_width(self, intra_op: int) -> int:
        """Numbers of a token between its projections."""
        return (self.input_projection_width + self.num_channels + self.value_width) // intra_op

    def describe_heads(self) -> str:
        """Describe the heads that devices share."""
        kind = "linear-attention" if self.delta else "Mamba"
        return f"{self.num_heads} {kind} heads in {self.num_key_heads} groups"

    def shares_into(self, intra_op: int) -> bool:
        """Whether `intra_op` devices can share the heads; few heads of keys are copied."""
        if self.num_heads % intra_op:
            return False
        return self.num_key_heads % intra_op == 0 or intra_op % self.num_key_heads == 0
