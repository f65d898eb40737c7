"""Self-attention, in the detail that its time and memory depend on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Indexer:
    """What chooses the tokens that one token attends to, in sparse attention.

    After DeepSeek-V3.2 (2025, arXiv 2512.02556): narrow heads with one key for all score the
    tokens before, and the best are attended to.

    Parameters
    ----------
    num_heads, head_dim
        Its heads.
    num_chosen
        Tokens that one token attends to.
    query_depth
        Width of what its queries are projected from; None: the hidden size.
    weighted
        Whether heads are weighted by a projection of the hidden state, and keys have a norm with
        a bias; else queries and keys have a norm without.
    shared
        Whether it is that of a block before, whose choice is taken over.
    """

    num_heads: int
    head_dim: int
    num_chosen: int
    query_depth: int | None = None
    weighted: bool = True
    shared: bool = False

    @property
    def kept_width(self) -> int:
        """Numbers of a token that are kept for those behind it."""
        return 0 if self.shared else self.head_dim

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of its projections and norms."""
        if self.shared:
            return 0
        width = self.num_heads * self.head_dim
        projections = width * (self.query_depth or hidden_size) + self.head_dim * hidden_size
        weights = self.num_heads * hidden_size if self.weighted else 0
        return projections + weights + 2 * self.head_dim


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
    value_dim
        Width of a value; None: that of a head.
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
    key_bias
        Whether that of the keys does, where the others do.
    qk_norm
        Whether queries and keys are normalized a head at a time.
    wide_qk_norm
        Whether they are over all heads together instead.
    sinks
        Whether each head has a number that takes part in the softmax like a token.
    gate_width
        Width of a projection whose outputs weigh the attention's; 0 without one.
    values_are_keys
        Whether values are the keys and have no projection of their own.
    borrowed_kv
        Whether keys and values are those of a block before.
    indexer
        What chooses the tokens to attend to; None for all that are visible.
    """

    num_heads: int
    num_kv_heads: int
    head_dim: int
    value_dim: int | None = None
    causal: bool = True
    window: int | None = None
    chunked: bool = False
    rotary: bool = True
    qkv_bias: bool = False
    output_bias: bool = False
    key_bias: bool = True
    qk_norm: bool = False
    wide_qk_norm: bool = False
    sinks: bool = False
    gate_width: int = 0
    values_are_keys: bool = False
    borrowed_kv: bool = False
    indexer: Indexer | None = None

    @property
    def query_width(self) -> int:
        """Width of all query heads."""
        return self.num_heads * self.head_dim

    @property
    def output_width(self) -> int:
        """Width of the attention's output before its projection."""
        return self.num_heads * (self.value_dim or self.head_dim)

    @property
    def kv_width(self) -> int:
        """Width of all key heads and values."""
        return self.num_kv_heads * (self.head_dim + (self.value_dim or self.head_dim))

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of the projections, their biases and the norms of queries and keys."""
        key_width = self.num_kv_heads * self.head_dim
        projected = self.projected_width(1)
        weights = hidden_size * (projected + self.gate_width + self.output_width)
        biases = self.qkv_bias * (projected - (not self.key_bias) * key_width)
        biases += self.output_bias * hidden_size
        norms = self.qk_norm * (2 - self.borrowed_kv) * self.head_dim
        norms += self.wide_qk_norm * (self.query_width + key_width)
        chosen = 0 if self.indexer is None else self.indexer.num_parameters(hidden_size)
        return weights + biases + norms + self.sinks * self.num_heads + chosen

    def kept_numbers(self, input_len: int, intra_op: int) -> int:
        """Keys and values of one prompt that each device keeps until the request is done.

        Those of the window alone, if there is one. None without a causal mask: an encoder's
        request ends with its prefill.
        """
        if not self.causal or self.borrowed_kv:
            return 0
        num_kept = min(input_len, self.window or input_len)
        width = self.head_dim + (self.value_dim or self.head_dim)
        numbers = num_kept * self.kv_heads_on_each(intra_op) * width
        return numbers + (0 if self.indexer is None else input_len * self.indexer.kept_width)

    def projected_width(self, intra_op: int) -> int:
        """Width on each device of what hidden states are projected to, but for the gate."""
        kv_heads = self.kv_heads_on_each(intra_op)
        key_width = kv_heads * self.head_dim
        value_width = kv_heads * (self.value_dim or self.head_dim)
        if self.borrowed_kv:
            key_width = value_width = 0
        elif self.values_are_keys:
            value_width = 0
        return self.query_width // intra_op + key_width + value_width

    def output_widths(self, intra_op: int) -> tuple[int, ...]:
        """Widths on each device of the projections whose outputs devices share."""
        kv_heads = self.kv_heads_on_each(intra_op)
        return (
            self.query_width // intra_op,
            kv_heads * self.head_dim,
            kv_heads * (self.value_dim or self.head_dim),
        )

    def input_width(self, intra_op: int) -> int:
        """Width on each device of the projection whose inputs devices share."""
        return self.output_width // intra_op

    def working_width(self, intra_op: int) -> int:
        """Numbers of a token between its projections: queries, keys, values and the output."""
        value_dim = self.value_dim or self.head_dim
        kv_width = self.kv_heads_on_each(intra_op) * (self.head_dim + value_dim)
        own = self.query_width + self.output_width + self.gate_width
        return own // intra_op + kv_width

    def visible_pairs(self, input_len: int) -> float:
        """Return the pairs of tokens of one prompt of which one attends to the other.

        All n^2 without a mask. Half of them with a causal one, where each token also sees itself
        for half. In a window of w, the first w tokens see half a square and each later one w; in
        chunks of w, each chunk is half a square. Of those that are visible, no more than the
        indexer chooses.
        """
        window = min(self.window or input_len, input_len)
        if not self.causal:
            return float(input_len) * window
        if self.chunked:
            num_whole, rest = divmod(input_len, window)
            return num_whole * window**2 / 2 + rest**2 / 2
        if self.indexer is not None:
            window = min(window, self.indexer.num_chosen)
        return window**2 / 2 + (input_len - window) * float(window)

    def describe_heads(self) -> str:
        """Describe the heads that devices share."""
        return f"{self.num_heads} attention heads and {self.num_kv_heads} key-value heads"

    def shares_into(self, intra_op: int) -> bool:
        """Whether `intra_op` devices can share the heads; few key and value heads are copied."""
        if self.num_heads % intra_op:
            return False
        return self.num_kv_heads % intra_op == 0 or intra_op % self.num_kv_heads == 0

    def kv_heads_on_each(self, intra_op: int) -> int:
        """Key and value heads on each of the devices that share the block."""
        return max(self.num_kv_heads // intra_op, 1)
