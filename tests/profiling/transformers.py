"""Small transformers for tests."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from alpaplan.profiling.architecture import Block, Transformer
from alpaplan.profiling.attention import Attention
from alpaplan.profiling.feed_forward import Experts, Mlp
from alpaplan.profiling.heads import Head

ATTENTION = Attention(num_heads=16, num_kv_heads=4, head_dim=64)
DENSE = Block(ATTENTION, Mlp(4096, gated=True))
SPARSE = Block(ATTENTION, Experts(8, 2, Mlp(2048, gated=True), shared=Mlp(1024, gated=True)))

DECODER = Transformer(
    model_type="llama",
    hidden_size=1024,
    vocab_size=32000,
    blocks=(DENSE,) * 4,
    embedding_width=1024,
    head=Head(32000),
)
TIED = replace(DECODER, head=Head(32000, tied=True))
ENCODER = replace(
    DECODER,
    model_type="bert",
    blocks=(replace(DENSE, attention=replace(ATTENTION, causal=False, rotary=False)),) * 4,
    num_positions=512,
    max_input_len=512,
    head=Head(),
)
MIXTURE = replace(DECODER, model_type="mixtral", blocks=(SPARSE,) * 3 + (DENSE,))

transformers = st.sampled_from([DECODER, TIED, ENCODER, MIXTURE])
