"""Small transformers for tests."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from alpaplan.profiling.architecture import Block, Transformer
from alpaplan.profiling.attention import Attention, Indexer
from alpaplan.profiling.feed_forward import Experts, Mlp
from alpaplan.profiling.heads import Head
from alpaplan.profiling.latent_attention import LatentAttention
from alpaplan.profiling.recurrence import Recurrence

ATTENTION = Attention(num_heads=16, num_kv_heads=4, head_dim=64)
DENSE = Block(ATTENTION, Mlp(4096, gated=True))
EXPERTS = Experts(8, 2, Mlp(2048, gated=True), shared=Mlp(1024, gated=True))
SPARSE = Block(ATTENTION, EXPERTS)

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
    blocks=(replace(DENSE, mixer=replace(ATTENTION, causal=False, rotary=False)),) * 4,
    num_positions=512,
    max_input_len=512,
    head=Head(),
)
MIXTURE = replace(DECODER, model_type="mixtral", blocks=(SPARSE,) * 3 + (DENSE,))

LATENT = LatentAttention(16, 256, 128, plain_dim=64, rotary_dim=32, value_dim=64)
DELTA = Recurrence(True, 32, 16, key_dim=64, value_dim=32, conv_kernel=4)
MAMBA = Recurrence(False, 32, 16, key_dim=64, value_dim=32, conv_kernel=4, conv_bias=True)
SPARSE_LATENT = replace(LATENT, indexer=Indexer(8, 64, 512, query_depth=256))
HYBRID = replace(
    DECODER,
    blocks=(
        replace(DENSE, mixer=LATENT),
        replace(DENSE, mixer=DELTA),
        Block(MAMBA, None, num_norms=1),
        Block(None, replace(EXPERTS, latent_size=512), num_norms=1),
        replace(DENSE, mixer=SPARSE_LATENT),
        replace(DENSE, mixer=replace(ATTENTION, window=256, chunked=True), parallel=True),
        replace(DENSE, cross=ATTENTION, num_norms=3),
    ),
)

transformers = st.sampled_from([DECODER, TIED, ENCODER, MIXTURE, HYBRID])
