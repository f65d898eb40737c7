"""Multi-head latent attention, in the detail that its time and memory depend on."""

from __future__ import annotations

from dataclasses import dataclass

from alpaplan.profiling.attention import Attention, Indexer


@dataclass(frozen=True)
class LatentAttention:
    """Attention whose keys and values are projected from one narrow vector of each token.

    DeepSeek-AI, "DeepSeek-V2", 2024, arXiv 2405.04434, section 2.1 and appendix C.

    Parameters
    ----------
    num_heads
        Heads.
    query_rank
        Width of the vector that queries are projected from; None: the hidden state.
    kv_rank
        Width of the vector that keys and values are projected from.
    plain_dim, rotary_dim
        Width of a query or key without and with a position; the latter key is one for all heads.
    value_dim
        Width of a value.
    bias
        Whether the projections to the narrow vectors and of the output add a vector.
    indexer
        What chooses the tokens to attend to; None for all that are visible.
    """

    num_heads: int
    query_rank: int | None
    kv_rank: int
    plain_dim: int
    rotary_dim: int
    value_dim: int
    bias: bool = False
    indexer: Indexer | None = None

    window = None
    causal = True

    @property
    def query_width(self) -> int:
        """Width of all queries."""
        return self.num_heads * (self.plain_dim + self.rotary_dim)

    @property
    def kv_width(self) -> int:
        """Width of all keys without a position, and of all values."""
        return self.num_heads * (self.plain_dim + self.value_dim)

    @property
    def expanded(self) -> Attention:
        """The attention that prefill computes, with keys and values of each head."""
        return Attention(
            num_heads=self.num_heads,
            num_kv_heads=self.num_heads,
            head_dim=self.plain_dim + self.rotary_dim,
            value_dim=self.value_dim,
            indexer=self.indexer,
        )

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of the projections and the norms of the narrow vectors."""
        kept = self.kv_rank + self.rotary_dim
        weights = hidden_size * kept + self.kv_rank * (1 + self.kv_width)
        biases = self.bias * (kept + hidden_size)
        if self.query_rank is None:
            weights += hidden_size * self.query_width
        else:
            weights += self.query_rank * (hidden_size + 1 + self.query_width)
            biases += self.bias * self.query_rank
        weights += self.num_heads * self.value_dim * hidden_size
        chosen = 0 if self.indexer is None else self.indexer.num_parameters(hidden_size)
        return weights + biases + chosen

    def kept_numbers(self, input_len: int, intra_op: int) -> int:
        """Narrow vectors of one prompt, which every device keeps whole, and the indexer's keys."""
        chosen = 0 if self.indexer is None else self.indexer.kept_width
        return input_len * (self.kv_rank + self.rotary_dim + chosen) if intra_op else 0

    def output_widths(self, intra_op: int) -> tuple[int, ...]:
        """Widths on each device of the projections whose outputs devices share."""
        return self.query_width // intra_op, self.kv_width // intra_op

    def input_width(self, intra_op: int) -> int:
        """Width on each device of the projection whose inputs devices share."""
        return self.num_heads * self.value_dim // intra_op

    def working_width(self, intra_op: int) -> int:
        """Numbers of a token between its projections."""
        narrow = (self.query_rank or 0) + self.kv_rank + self.rotary_dim
        return narrow + self.expanded.working_width(intra_op)

    def describe_heads(self) -> str:
        """Describe the heads that devices share."""
        return f"{self.num_heads} attention heads"

    def shares_into(self, intra_op: int) -> bool:
        """Whether `intra_op` devices can share the heads."""
        return self.num_heads % intra_op == 0
