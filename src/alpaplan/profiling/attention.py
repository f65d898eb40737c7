"""Self-attention, in the detail that its time and memory depend on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attention:
    """Self-attention of one block.

    Parameters
    ----------
    num_heads
        Query heads.
    num_kv_heads
        Key and value heads, which groups of query heads share (GQA, Ainslie et al. 2023,
        arXiv 2305.13245).
    head_dim
        Width of one head.
    causal
        Whether a token sees only those before it.
    window
        Tokens that one token sees at most, itself included; None for all.
    chunked
        Whether windows do not slide but lie side by side, as in Llama 4.
    rotary
        Whether positions are rotated into queries and keys.
    qkv_bias, output_bias
        Whether the projections add a vector.
    qk_norm
        Whether queries and keys are normalized a head at a time.
    """

    num_heads: int
    num_kv_heads: int
    head_dim: int
    causal: bool = True
    window: int | None = None
    chunked: bool = False
    rotary: bool = True
    qkv_bias: bool = False
    output_bias: bool = False
    qk_norm: bool = False

    @property
    def query_width(self) -> int:
        """Width of all query heads, and of the attention's output before its projection."""
        return self.num_heads * self.head_dim

    @property
    def kv_width(self) -> int:
        """Width of all key heads; values have the same."""
        return self.num_kv_heads * self.head_dim

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of the projections, their biases and the norms of queries and keys."""
        qkv_width = self.query_width + 2 * self.kv_width
        weights = hidden_size * (qkv_width + self.query_width)
        biases = self.qkv_bias * qkv_width + self.output_bias * hidden_size
        return weights + biases + self.qk_norm * 2 * self.head_dim

    def kept_numbers(self, input_len: int, intra_op: int) -> int:
        """Keys and values of one prompt that each device keeps until the request is done.

        Those of the window alone, if there is one. None without a causal mask: an encoder's
        request ends with its prefill.
        """
        if not self.causal:
            return 0
        num_kept = min(input_len, self.window or input_len)
        return num_kept * 2 * self.kv_heads_on_each(intra_op) * self.head_dim

    def output_widths(self, intra_op: int) -> tuple[int, ...]:
        """Widths on each device of the projections whose outputs devices share."""
        return (
            self.query_width // intra_op,
            self.kv_heads_on_each(intra_op) * self.head_dim,
        )

    def working_width(self, intra_op: int) -> int:
        """Numbers of a token between its projections: queries, keys, values and the output."""
        kv_width = self.kv_heads_on_each(intra_op) * self.head_dim
        return 2 * self.query_width // intra_op + 2 * kv_width

    def visible_pairs(self, input_len: int) -> float:
        """Return the pairs of tokens of one prompt of which one sees the other.

        All n^2 without a mask. Half of them with a causal one, where each token also sees itself
        for half. In a window of w, the first w tokens see half a square and each later one w; in
        chunks of w, each chunk is half a square.
        """
        if not self.causal:
            return float(input_len) ** 2
        window = min(self.window or input_len, input_len)
        if self.chunked:
            num_whole, rest = divmod(input_len, window)
            return num_whole * window**2 / 2 + rest**2 / 2
        return window**2 / 2 + (input_len - window) * float(window)

    def shares_into(self, intra_op: int) -> bool:
        """Whether `intra_op` devices can share the heads; few key and value heads are copied."""
        if self.num_heads % intra_op:
            return False
        return self.num_kv_heads % intra_op == 0 or intra_op % self.num_kv_heads == 0

    def kv_heads_on_each(self, intra_op: int) -> int:
        """Key and value heads on each of the devices that share the block."""
        return max(self.num_kv_heads // intra_op, 1)
