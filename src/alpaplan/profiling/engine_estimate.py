"""An LLM's profile from an architecture: iterations on paper, cut into stages as prefill is.

An iteration of T tokens is taken to be of as many requests as tokens, up to `MOST_REQUESTS`, which
decode; with more tokens, they have equal parts of a prompt each. What attention takes grows with
what a token attends to, and is told apart: a time for each pair of a prompt token and a token at or
before it, and the bytes of each KV token, which decoding reads once. Blocks with a window, and
those that keep a state of fixed size, take and keep for each token what they do for a request of
`Steps.input_len` tokens, divided by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alpaplan.profiling.architecture import Mixer, Transformer
from alpaplan.profiling.chain import PICOSECONDS, LayerChain, layer_chain
from alpaplan.profiling.cuts import best_cuts, smallest_memory_bytes
from alpaplan.profiling.latent_attention import LatentAttention
from alpaplan.profiling.layer_estimate import LayerEstimate, Sweep, by_weights
from alpaplan.profiling.parts import Part
from alpaplan.profiling.prefill import Prefill
from alpaplan.profiling.recurrence import Recurrence
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stages import TooLarge
from alpaplan.profiling.steps import LARGEST_STEP_TOKENS
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.stages import StageLayers

STEP_TOKENS = tuple(1 << power for power in range(LARGEST_STEP_TOKENS.bit_length()))
"""Tokens of the iterations that are estimated (counts): 1, 2, 4, ... `LARGEST_STEP_TOKENS`."""

CUT_TOKENS = 256
"""Tokens of the iteration by which stages are cut (a count; 64 to 2,048): between decoding, which
reads weights, and prompts, which compute with them."""

MOST_REQUESTS = 256
"""Requests of an iteration that get a token (a count; vLLM's default for `max_num_seqs`)."""

REFERENCE_TOKENS = 2048
"""Tokens of the request by which windows and states are counted, unless told otherwise: as for
imported profiles."""

SIGNIFICANT_DIGITS = 4
"""Of seconds for a pair or a KV token (a count): far below the error."""


@dataclass(frozen=True)
class Steps(Sweep):
    """Iterations: `batch_sizes` are tokens, `input_len` is `REFERENCE_TOKENS` or what is given."""

    input_len: int = REFERENCE_TOKENS
    batch_sizes: tuple[int, ...] = STEP_TOKENS

    def prefill(self, size: int, intra_op: int) -> Prefill:
        """Return the iteration of `size` tokens."""
        num_requests = min(size, MOST_REQUESTS)
        return Prefill(num_requests, size // num_requests, intra_op)


def why_not_continuous(transformer: Transformer) -> str | None:
    """Return why a model does not generate token by token; None: it does."""
    if any(block.cross is not None for block in transformer.kinds):
        return "has an encoder beside its decoder"
    if any(block.mixer is not None and not block.mixer.causal for block in transformer.kinds):
        return "is an encoder: its tokens see those behind them"
    if not transformer.head.num_scores:
        return "has no scores of a next token"
    return None


def engine_configs(
    layers: LayerEstimate, limit_bytes: int
) -> tuple[list[EngineConfig], list[TooLarge]]:
    """Cut the layers into each number of stages, and keep the configurations that fit.

    Parameters
    ----------
    layers
        The layers at one `intra_op`, of `Steps`.
    limit_bytes
        Memory of a device.
    """
    found: list[EngineConfig] = []
    missing: list[TooLarge] = []
    tokens = [_layer_kv_bytes(layers, index) for index in range(layers.num_layers)]
    for inter_ops, one_stage in by_weights(layers.sweep.inter_ops):
        spec = layers.spec(one_stage=one_stage)
        decoding = replace(layers, roofline=layers.roofline.decoding).spec(one_stage=one_stage)
        chain = _chain_to_cut(layers, decoding, tokens)
        cuts = best_cuts(chain, inter_ops, limit_bytes)
        found += [_config(layers, spec, decoding, tokens, cuts[k].ranges) for k in cuts]
        too_large = [k for k in inter_ops if k not in cuts]
        if too_large:
            needed = smallest_memory_bytes(chain, too_large)
            missing += [TooLarge(layers.intra_op, k, needed[k]) for k in too_large]
    return found, missing


def _chain_to_cut(
    layers: LayerEstimate, spec: LayerProfileSpec, kv_bytes: Sequence[float]
) -> LayerChain:
    """Return the chain of a typical iteration, with the memory that an engine needs.

    That is the working memory of the largest iteration, and keys and values of one request among
    the weights, as both add up over a stage.
    """
    kept = [round(each * layers.sweep.input_len) * layers.intra_op for each in kv_bytes]
    changed = tuple(
        layer.model_copy(
            update={
                "weight_bytes": layer.weight_bytes + more,
                "activation_bytes": {CUT_TOKENS: _working_bytes(spec, index)},
            }
        )
        for index, (layer, more) in enumerate(zip(spec.layers, kept, strict=True))
    )
    return layer_chain(spec.model_copy(update={"layers": changed}), layers.intra_op, CUT_TOKENS)


def _config(
    layers: LayerEstimate,
    spec: LayerProfileSpec,
    decoding: LayerProfileSpec,
    kv_bytes: Sequence[float],
    ranges: Sequence[tuple[int, int]],
) -> EngineConfig:
    """Return the configuration that cuts give."""
    chains = {
        size: layer_chain(decoding if size <= MOST_REQUESTS else spec, layers.intra_op, size)
        for size in layers.sweep.batch_sizes
    }
    pair_s = [_layer_pair_s(layers, index) for index in range(layers.num_layers)]
    state_s = [_layer_state_s(layers, index) for index in range(layers.num_layers)]
    weights = chains[1].stage_weight_bytes
    stage_kv = [sum(kv_bytes[first:end]) for first, end in ranges]
    step_s = {}
    for size, chain in chains.items():
        step = layers.prefill(size)
        # Attention of these short parts of prompts is counted apart.
        pairs = step.batch_size * step.input_len * (step.input_len + 1) / 2
        step_s[size] = tuple(
            _rounded_s(
                int(chain.latencies_ps(end)[first]) / PICOSECONDS
                - sum(pair_s[first:end]) * pairs
                + sum(state_s[first:end]) * step.batch_size
            )
            for first, end in ranges
        )
    return EngineConfig(
        device=spec.device,
        intra_op=layers.intra_op,
        inter_op=len(ranges),
        stage_weight_bytes=tuple(int(weights(end, first)[0]) for first, end in ranges),
        stage_working_bytes=tuple(
            max(_working_bytes(spec, index) for index in range(first, end)) for first, end in ranges
        ),
        stage_kv_bytes_per_token=tuple(max(1, round(each)) for each in stage_kv),
        stage_step_s=step_s,
        stage_kv_read_s=tuple(
            _significant_s(_read_bytes(layers, first, end) / layers.roofline.kv_bytes_per_s)
            for first, end in ranges
        ),
        stage_attention_s=tuple(_significant_s(sum(pair_s[first:end])) for first, end in ranges),
        stages=tuple(StageLayers(layers=(first, end - 1)) for first, end in ranges),
    )


def _working_bytes(spec: LayerProfileSpec, index: int) -> int:
    activations = spec.layers[index].activation_bytes or {}
    return max(activations.values(), default=0)


def _mixer(layers: LayerEstimate, index: int) -> Mixer | None:
    """Return the mixer of a layer; the embedding and the head have none."""
    blocks = layers.transformer.blocks
    return blocks[index - 1].mixer if 0 < index <= len(blocks) else None


def _layer_kv_bytes(layers: LayerEstimate, index: int) -> float:
    """Return what one KV token takes on each device, of a request of the reference length."""
    mixer = _mixer(layers, index)
    if mixer is None:
        return 0.0
    length = layers.sweep.input_len
    numbers = mixer.kept_numbers(length, layers.intra_op)
    return numbers * layers.roofline.dtype.activation_bytes / length


def _read_bytes(layers: LayerEstimate, first: int, end: int) -> float:
    """Return what decoding reads of each KV token: states are read whole, see `_layer_state_s`."""
    return sum(
        _layer_kv_bytes(layers, index)
        for index in range(first, end)
        if not isinstance(_mixer(layers, index), Recurrence)
    )


def _layer_state_s(layers: LayerEstimate, index: int) -> float:
    """Return the time to read and write the state of one request, where there is one."""
    mixer = _mixer(layers, index)
    if not isinstance(mixer, Recurrence):
        return 0.0
    numbers = mixer.kept_numbers(0, layers.intra_op)
    moved_bytes = 2 * numbers * layers.roofline.dtype.activation_bytes
    return moved_bytes / layers.roofline.memory_bytes_per_s


def _layer_pair_s(layers: LayerEstimate, index: int) -> float:
    """Return the time for a pair of tokens in a prompt of the reference length, seen or not."""
    mixer = _mixer(layers, index)
    if mixer is None or isinstance(mixer, Recurrence):
        return 0.0
    attention = mixer.expanded if isinstance(mixer, LatentAttention) else mixer
    block = layers.transformer.blocks[index - 1]
    roofline: Roofline = layers.roofline
    if Part.MIXER in block.unquantized:
        roofline = roofline.unquantized
    length = layers.sweep.input_len
    seen = attention.visible_pairs(length) / replace(
        attention, window=None, chunked=False, indexer=None
    ).visible_pairs(length)
    return seen * roofline.attention_pair_s(attention, layers.intra_op)


def _rounded_s(seconds: float) -> float:
    """Return seconds to the nearest microsecond, at least one."""
    return max(round(seconds, 6), 1e-6)


def _significant_s(seconds: float) -> float:
    return float(f"{seconds:.{SIGNIFICANT_DIGITS}g}")
