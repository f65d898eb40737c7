"""What a transformer consists of, in the detail that its time and memory depend on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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
        Tokens that one token sees at most; None for all.
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

    def shares_into(self, intra_op: int) -> bool:
        """Whether `intra_op` devices can share the heads; few key and value heads are copied."""
        if self.num_heads % intra_op:
            return False
        return self.num_kv_heads % intra_op == 0 or intra_op % self.num_kv_heads == 0

    def kv_heads_on_each(self, intra_op: int) -> int:
        """Key and value heads on each of the devices that share the block."""
        return max(self.num_kv_heads // intra_op, 1)


@dataclass(frozen=True)
class Mlp:
    """Feed-forward layer of one block.

    Parameters
    ----------
    intermediate_size
        Width between the two projections.
    gated
        Whether a second projection gates the first (GLU, Shazeer 2020, arXiv 2002.05202).
    bias
        Whether the projections add a vector.
    """

    intermediate_size: int
    gated: bool
    bias: bool = False

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of the projections and their biases."""
        up = (1 + self.gated) * self.intermediate_size
        biases = self.bias * (up + hidden_size)
        return hidden_size * (up + self.intermediate_size) + biases


@dataclass(frozen=True)
class Experts:
    """Mixture-of-experts layer of one block.

    Parameters
    ----------
    num_experts
        Routed experts.
    num_per_token
        Of them, how many each token goes to.
    expert
        One expert.
    shared
        The expert that every token goes to, if there is one.
    shared_gate
        Whether the shared expert's output is weighted by a projection to one number.
    """

    num_experts: int
    num_per_token: int
    expert: Mlp
    shared: Mlp | None = None
    shared_gate: bool = False

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of all experts and of the router."""
        routed = self.num_experts * (self.expert.num_parameters(hidden_size) + hidden_size)
        shared = 0 if self.shared is None else self.shared.num_parameters(hidden_size)
        return routed + shared + self.shared_gate * hidden_size


@dataclass(frozen=True)
class Block:
    """One transformer block: attention, then a feed-forward or mixture-of-experts layer.

    Parameters
    ----------
    attention, mlp
        Its two parts.
    num_norms
        Normalizations over the hidden size.
    norm_bias
        Whether these have a bias beside the scale.
    """

    attention: Attention
    mlp: Mlp | Experts
    num_norms: int = 2
    norm_bias: bool = False

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of the block."""
        norms = self.num_norms * (1 + self.norm_bias) * hidden_size
        parts = self.attention.num_parameters(hidden_size) + self.mlp.num_parameters(hidden_size)
        return parts + norms


@dataclass(frozen=True)
class Transformer:
    """A whole model: embedding, blocks, and the head of a decoder.

    Parameters
    ----------
    model_type
        Family, as a Hugging Face ``config.json`` names it.
    hidden_size
        Width of the residual stream.
    vocab_size
        Tokens that there are.
    blocks
        The blocks in order.
    num_positions
        Learned positions; 0 if positions are not learned.
    max_input_len
        Longest prompt that they allow; None if positions are not learned.
    num_extra_embeddings
        Further vectors of the embedding, such as token types.
    embedding_width
        Width of a token's vector; projected to `hidden_size` if that differs.
    head
        Whether hidden states become scores of the vocabulary, as in a decoder.
    tied
        Whether the head uses the embedding's weights.
    num_extra_norms
        Normalizations outside the blocks.
    norm_bias
        Whether these have a bias.
    pooler
        Whether the first token's hidden state goes through one more projection, as in BERT.
    """

    model_type: str
    hidden_size: int
    vocab_size: int
    blocks: tuple[Block, ...]
    embedding_width: int
    num_positions: int = 0
    max_input_len: int | None = None
    num_extra_embeddings: int = 0
    head: bool = True
    tied: bool = False
    num_extra_norms: int = 1
    norm_bias: bool = False
    pooler: bool = False

    @property
    def num_embedding_parameters(self) -> int:
        """Weights that turn tokens into hidden states."""
        tokens = self.vocab_size * self.embedding_width
        others = (self.num_positions + self.num_extra_embeddings) * self.hidden_size
        return tokens + others + self._num_projection_parameters

    @property
    def num_head_parameters(self) -> int:
        """Weights behind the blocks, with the vocabulary's even where they are tied."""
        norms = self.num_extra_norms * (1 + self.norm_bias) * self.hidden_size
        pooler = self.pooler * (self.hidden_size + 1) * self.hidden_size
        scores = self.head * (
            self.vocab_size * self.embedding_width + self._num_projection_parameters
        )
        return norms + pooler + scores

    @property
    def num_tied_parameters(self) -> int:
        """Weights that embedding and head share; on two devices there are two copies."""
        return self.vocab_size * self.embedding_width if self.head and self.tied else 0

    @property
    def num_parameters(self) -> int:
        """Weights of the model, what is shared once."""
        blocks = sum(block.num_parameters(self.hidden_size) for block in self.blocks)
        ends = self.num_embedding_parameters + self.num_head_parameters
        return blocks + ends - self.num_tied_parameters

    @property
    def _num_projection_parameters(self) -> int:
        if self.embedding_width == self.hidden_size:
            return 0
        return self.embedding_width * self.hidden_size

    def shares_into(self, intra_op: int) -> bool:
        """Whether `intra_op` devices can share each operator."""
        return all(block.attention.shares_into(intra_op) for block in self.kinds)

    @property
    def kinds(self) -> Mapping[Block, int]:
        """Different blocks, and how many there are of each."""
        return Counter(self.blocks)
