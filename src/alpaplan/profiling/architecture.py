"""What a transformer consists of, in the detail that its time and memory depend on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from alpaplan.profiling.attention import Attention
from alpaplan.profiling.feed_forward import Experts, Mlp
from alpaplan.profiling.heads import Head
from alpaplan.profiling.latent_attention import LatentAttention
from alpaplan.profiling.parts import Part
from alpaplan.profiling.recurrence import Recurrence

Mixer = Attention | LatentAttention | Recurrence


@dataclass(frozen=True)
class Block:
    """One block: attention or what takes its place, then a layer for each token alone.

    Parameters
    ----------
    mixer
        What tokens learn of each other by; None if the block has no such part.
    mlp
        Feed-forward or mixture-of-experts layer; None if the block has no such part.
    num_norms
        Normalizations over the hidden size, or other vectors as wide.
    norm_bias
        Whether these have a bias beside the scale.
    parallel
        Whether both parts have the same input, so that devices add up both outputs at once.
    num_scalars
        Further single numbers.
    side
        Narrow layer by which a vector that each token has for this block alone is taken in.
    cross
        What tokens of a decoder learn of the encoder's by. Such a block is run for the first
        token of the output, not for those of the prompt.
    unquantized
        Parts that keep 16 bits where the weights of the others have fewer.
    """

    mixer: Mixer | None
    mlp: Mlp | Experts | None
    num_norms: int = 2
    norm_bias: bool = False
    parallel: bool = False
    num_scalars: int = 0
    side: Mlp | None = None
    cross: Attention | None = None
    unquantized: frozenset[Part] = frozenset()

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of the block."""
        return sum(self.parameters_by_part(hidden_size).values())

    def parameters_by_part(self, hidden_size: int) -> Mapping[Part, int]:
        """Weights of each part; the norms are with the first."""
        norms = self.num_norms * (1 + self.norm_bias) * hidden_size + self.num_scalars
        mixer = 0 if self.mixer is None else self.mixer.num_parameters(hidden_size)
        cross = 0 if self.cross is None else self.cross.num_parameters(hidden_size)
        side = 0 if self.side is None else self.side.num_parameters(hidden_size)
        sizes = {Part.MIXER: mixer + cross + norms + side}
        if self.mlp is None:
            return sizes
        if isinstance(self.mlp, Mlp):
            return sizes | {Part.MLP: self.mlp.num_parameters(hidden_size)}
        shared = self.mlp.num_shared_parameters(hidden_size)
        routed = self.mlp.num_parameters(hidden_size) - shared
        return sizes | {Part.EXPERTS: routed, Part.SHARED: shared}

    @property
    def feed_forward_parts(self) -> Mapping[Part, Mlp]:
        """The feed-forward layers of the block, one of all routed experts."""
        if self.mlp is None:
            return {}
        if isinstance(self.mlp, Mlp):
            return {Part.MLP: self.mlp}
        shared = {} if self.mlp.shared is None else {Part.SHARED: self.mlp.shared}
        return {Part.EXPERTS: self.mlp.expert, **shared}


@dataclass(frozen=True)
class Tower:
    """The part of a model that turns images into hidden states.

    Parameters
    ----------
    name
        Its kind, as its configuration says.
    num_parameters
        Its weights, with those of the projection to the text's hidden size.
    """

    name: str
    num_parameters: int


@dataclass(frozen=True)
class Transformer:
    """A whole model: embedding, blocks, and what stands behind them.

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
        Longest prompt that the model takes; None if its configuration does not say.
    num_extra_embeddings
        Further vectors of the embedding, such as token types.
    embedding_width
        Width of a token's vector; projected to `hidden_size` if that differs.
    head
        What becomes of the hidden states.
    num_side_parameters
        Weights of the embedding that make vectors for single blocks.
    num_extra_norms
        Normalizations outside the blocks.
    norm_bias
        Whether these have a bias.
    tower
        What turns images into hidden states, if there is such a part.
    notes
        What is not known of the model and so left out, in sentences.
    """

    model_type: str
    hidden_size: int
    vocab_size: int
    blocks: tuple[Block, ...]
    embedding_width: int
    head: Head
    num_positions: int = 0
    max_input_len: int | None = None
    num_extra_embeddings: int = 0
    num_side_parameters: int = 0
    num_extra_norms: int = 1
    norm_bias: bool = False
    tower: Tower | None = None
    notes: tuple[str, ...] = ()

    @property
    def num_embedding_parameters(self) -> int:
        """Weights that turn tokens, and images, into hidden states."""
        tokens = self.vocab_size * self.embedding_width
        others = (self.num_positions + self.num_extra_embeddings) * self.hidden_size
        tower = self.tower.num_parameters if self.tower is not None else 0
        side = self.num_side_parameters
        return tokens + others + self._num_projection_parameters + tower + side

    @property
    def num_head_parameters(self) -> int:
        """Weights behind the blocks, with the vocabulary's even where they are tied."""
        norms = self.num_extra_norms * (1 + self.norm_bias) * self.hidden_size
        head = self.head.num_parameters(self.embedding_width)
        return norms + head + self._num_projection_parameters

    @property
    def num_tied_parameters(self) -> int:
        """Weights that embedding and head share; on two devices there are two copies."""
        return self.head.tied * self.head.num_score_parameters(self.embedding_width)

    @property
    def num_parameters(self) -> int:
        """Weights of the model, what is shared once."""
        blocks = sum(
            count * block.num_parameters(self.hidden_size) for block, count in self.kinds.items()
        )
        ends = self.num_embedding_parameters + self.num_head_parameters
        return blocks + ends - self.num_tied_parameters

    @property
    def _num_projection_parameters(self) -> int:
        if self.embedding_width == self.hidden_size:
            return 0
        return self.embedding_width * self.hidden_size

    def shares_into(self, intra_op: int) -> bool:
        """Whether `intra_op` devices can share each operator."""
        mixers = {block.mixer for block in self.kinds if block.mixer is not None}
        crosses = {block.cross for block in self.kinds if block.cross is not None}
        return all(mixer.shares_into(intra_op) for mixer in mixers | crosses)

    def describe_heads(self) -> str:
        """Describe the heads that devices share."""
        mixers = dict.fromkeys(block.mixer for block in self.kinds if block.mixer is not None)
        return ", ".join(dict.fromkeys(mixer.describe_heads() for mixer in mixers))

    @property
    def kinds(self) -> Mapping[Block, int]:
        """Different blocks, and how many there are of each."""
        return Counter(self.blocks)
