"""A model profile from an architecture: layers on paper, cut into the stages that fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alpaplan.errors import InfeasibleError
from alpaplan.profiling.architecture import Mixer, Transformer
from alpaplan.profiling.chain import PICOSECONDS, layer_chain
from alpaplan.profiling.cuts import best_cuts, smallest_memory_bytes
from alpaplan.profiling.devices import USUAL_GROUPS, Device, Dtype
from alpaplan.profiling.engine_estimate import Steps, engine_configs
from alpaplan.profiling.latent_attention import LatentAttention
from alpaplan.profiling.layer_estimate import LayerEstimate, Sweep, by_weights
from alpaplan.profiling.quantization import Quantization
from alpaplan.profiling.recurrence import Recurrence
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import Stack
from alpaplan.profiling.stages import TooLarge
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.specs.stages import StageLayers


@dataclass(frozen=True)
class LeftOut:
    """A configuration that cannot be served.

    Parameters
    ----------
    device
        The device type.
    reason
        The configuration and why: what it needs and what there is.
    """

    device: str
    reason: str

    def describe(self) -> str:
        """Describe which it is, and why."""
        return f"{self.device}: {self.reason}"


@dataclass(frozen=True)
class Estimate:
    """What comes of an architecture.

    Parameters
    ----------
    profile
        The configurations that fit, with the batch sizes that fit.
    left_out
        Those that do not.
    """

    profile: ModelProfileSpec
    left_out: tuple[LeftOut, ...]


def estimate_profile(
    transformer: Transformer,
    name: str,
    devices: Sequence[Device],
    dtype: Dtype,
    stack: Stack,
    sweep: Sweep,
    memory_limit_bytes: int | None = None,
    quantization: Quantization | None = None,
) -> Estimate:
    """Estimate the prefill of a model, or the iterations of an engine, on each of the devices.

    Parameters
    ----------
    transformer, name
        The model, and how the profile is called.
    devices
        Device types, each of which supports the number format.
    dtype
        Number format of weights and arithmetic.
    stack
        Serving software.
    sweep
        Prompts, or `Steps` of iterations, and parallelism.
    memory_limit_bytes
        Most memory that weights and working memory of a stage may take on each device; that of
        the device if less.
    quantization
        How the checkpoint quantizes its weights to `dtype`; by default all weights of the blocks
        are, and can be shared in any way.

    Raises
    ------
    InfeasibleError
        If nothing fits: with the bytes that each configuration needs.
    """
    configs: list[ProfiledConfig | EngineConfig] = []
    left_out: list[LeftOut] = []
    if quantization is not None:
        transformer = quantization.marked(transformer)
    for device in devices:
        groups = USUAL_GROUPS if quantization is None else quantization.groups
        roofline = Roofline(device, dtype, stack, groups)
        limit = device.memory_bytes
        if memory_limit_bytes is not None:
            limit = min(limit, memory_limit_bytes)
        for intra_op in sweep.intra_ops:
            if transformer.shares_into(intra_op):
                misfit = quantization and quantization.misfit(transformer, intra_op)
                if misfit:
                    left_out.append(LeftOut(device.name, f"intra_op {intra_op}: {misfit}"))
                    continue
                chain = LayerEstimate(transformer, roofline, sweep, intra_op)
                fitting, missing = _configs_of(chain, limit)
                configs += fitting
                left_out += [LeftOut(device.name, item.describe(limit)) for item in missing]
    if not configs:
        lines = [f"  {item.describe()}" for item in left_out]
        raise InfeasibleError("\n".join([f"no configuration of {name!r} fits", *lines]))
    profile = ModelProfileSpec(
        kind="model-profile",
        version=1,
        name=name,
        source=_source(transformer, devices, dtype, stack, sweep),
        configs=tuple(configs),
    )
    return Estimate(profile, tuple(left_out))


def _configs_of(
    layers: LayerEstimate, limit_bytes: int
) -> tuple[Sequence[ProfiledConfig | EngineConfig], list[TooLarge]]:
    if isinstance(layers.sweep, Steps):
        return engine_configs(layers, limit_bytes)
    return staged_configs(layers, limit_bytes)


def staged_configs(
    layers: LayerEstimate, limit_bytes: int
) -> tuple[list[ProfiledConfig], list[TooLarge]]:
    """Cut the layers into each number of stages, and keep the configurations that fit.

    Parameters
    ----------
    layers
        The layers at one `intra_op`.
    limit_bytes
        Memory of a device.
    """
    found: list[ProfiledConfig] = []
    missing: list[TooLarge] = []
    for inter_ops, one_stage in by_weights(layers.sweep.inter_ops):
        spec = layers.spec(one_stage=one_stage)
        # With one prompt's keys and values among the weights, as both add up over a stage.
        kept = [kv * layers.intra_op for kv in layers.kv_cache_bytes(1)]
        with_kept = spec.model_copy(
            update={
                "layers": tuple(
                    layer.model_copy(update={"weight_bytes": layer.weight_bytes + more})
                    for layer, more in zip(spec.layers, kept, strict=True)
                )
            }
        )
        chain = layer_chain(with_kept, layers.intra_op, 1)
        cuts = best_cuts(chain, inter_ops, limit_bytes)
        found += [_config(layers, spec, cuts[k].ranges, limit_bytes) for k in cuts]
        too_large = [k for k in inter_ops if k not in cuts]
        if too_large:
            needed = smallest_memory_bytes(chain, too_large)
            missing += [TooLarge(layers.intra_op, k, needed[k]) for k in too_large]
    return found, missing


def _config(
    layers: LayerEstimate,
    spec: LayerProfileSpec,
    ranges: Sequence[tuple[int, int]],
    limit_bytes: int,
) -> ProfiledConfig:
    """Return the configuration that cuts give, with the batch sizes that fit."""
    latency_s: dict[int, tuple[float, ...]] = {}
    working_bytes: dict[int, tuple[int, ...]] = {}
    chains = {size: layer_chain(spec, layers.intra_op, size) for size in layers.sweep.batch_sizes}
    weights = [int(chains[1].stage_weight_bytes(end, first)[0]) for first, end in ranges]
    for size, chain in chains.items():
        kv_cache = layers.kv_cache_bytes(size)
        working = [
            int(chain.activation_bytes[first:end].max()) + sum(kv_cache[first:end])
            for first, end in ranges
        ]
        memory = [w + more for w, more in zip(weights, working, strict=True)]
        if size == 1 or max(memory) <= limit_bytes:
            working_bytes[size] = tuple(working)
            stages_ps = [int(chain.latencies_ps(end)[first]) for first, end in ranges]
            latency_s[size] = tuple(_rounded_s(stage_ps) for stage_ps in stages_ps)
    return ProfiledConfig(
        device=spec.device,
        intra_op=layers.intra_op,
        inter_op=len(ranges),
        stage_weight_bytes=tuple(weights),
        stage_latency_s=latency_s,
        stage_activation_bytes=working_bytes,
        stages=tuple(StageLayers(layers=(first, end - 1)) for first, end in ranges),
    )


def _rounded_s(stage_ps: int) -> float:
    """Return seconds to the nearest microsecond, at least one: more digits would say nothing."""
    return max(round(stage_ps / PICOSECONDS, 6), 1e-6)


def _unmeasured(mixer: Mixer) -> str | None:
    """Return what a block mixes tokens by, if no measured time of it is known."""
    if isinstance(mixer, Recurrence):
        return None if mixer.delta else "state-space layers (Mamba)"
    kind = "latent attention" if isinstance(mixer, LatentAttention) else None
    return kind if mixer.indexer is None else "sparse attention with an indexer"


KNOWN_ERRORS: Mapping[str, str] = {
    "vllm-2025": "4 to 6% in the median against prefill composed of measured operators on A100, "
    "H100 and H200, up to 12% for single models, more for mixtures of experts on other devices",
    "eager-2023": "10% in the median against 70B and 176B models measured on A100 and H100, 25 to "
    "55% too fast above 2048 tokens a batch at intra_op 4 and 8",
}
"""What `tests/benchmarks/estimate_errors.py` finds, for each stack."""

KNOWN_STEP_ERRORS: Mapping[str, str] = {
    "vllm-2025": "3 to 9% in the median for decoding and 4 to 10% for prompts against iterations "
    "composed of measured operators on A100, H100 and H200, but 19% and 51% for decoding of "
    "gpt-oss-20b and gpt-oss-120b",
    "eager-2023": "not known for iterations",
}
"""The same for iterations."""


def _source(
    transformer: Transformer, devices: Sequence[Device], dtype: Dtype, stack: Stack, sweep: Sweep
) -> str:
    """Return how the profile came about, and how good it is."""
    size = transformer.num_parameters
    if isinstance(sweep, Steps):
        main = (
            f"Estimated by alpaplan, not measured: iterations with continuous batching of a "
            f"{transformer.model_type} of {_shown(size)} parameters in {dtype.value}, from "
            "operations, bytes and collectives by a roofline with the efficiencies of measured "
            f"operators ({stack.name}: {stack.description}), without the host's time. Stages are "
            f"cut so that the longest is shortest; layer 0 is the embedding, the last the head. "
            "Working memory is the activations of the largest iteration. Known error: "
            f"{KNOWN_STEP_ERRORS[stack.name]}."
        )
        return " ".join(
            [main, *_assumptions(transformer, devices, dtype, sweep), *transformer.notes]
        )
    main = (
        f"Estimated by alpaplan, not measured: prefill of prompts of {sweep.input_len} tokens "
        f"by a {transformer.model_type} of {_shown(size)} parameters in {dtype.value}, from "
        "operations, bytes and collectives by a roofline with the efficiencies of measured "
        f"operators ({stack.name}: {stack.description}). Stages are cut so that the longest is "
        "shortest; layer 0 is the embedding, the last the head. Working memory is activations and "
        f"the batch's keys and values. Known error of the latency: {KNOWN_ERRORS[stack.name]}."
    )
    more = _assumptions(transformer, devices, dtype, sweep)
    return " ".join([main, *more, *transformer.notes])


def _shown(num_parameters: int) -> str:
    """Return a number of parameters as model cards write it."""
    billions = num_parameters / 1e9
    return f"{billions / 1e3:.3g}T" if billions >= 999.5 else f"{billions:.3g}B"


def _assumptions(
    transformer: Transformer, devices: Sequence[Device], dtype: Dtype, sweep: Sweep
) -> list[str]:
    """Return what the estimate takes for granted of this model in this format."""
    more = []
    borrowing = [
        f"{device.name} (as on {device.generation})" for device in devices if device.is_borrowing
    ]
    if borrowing:
        more.append(f"Efficiencies on {', '.join(borrowing)} are not measured but assumed.")
    if transformer.tower is not None:
        size = transformer.tower.num_parameters
        more.append(
            f"Weights include {_shown(size)} of the vision part ({transformer.tower.name}), in "
            "layer 0; the time of images is left out, their tokens count as the prompt's."
        )
    mixers = [block.mixer for block in transformer.kinds if block.mixer is not None]
    windows = {mixer.window for mixer in mixers}
    if any(window and window < sweep.input_len for window in windows):
        more.append(
            "Blocks with a sliding window keep the keys and values of the window alone, as vLLM's "
            "hybrid KV cache manager does."
        )
    if any(block.cross is not None for block in transformer.kinds):
        more.append(
            "The encoder goes over the prompt (of sound, over the tokens behind its convolutions, "
            "whose time is left out), the decoder over the first token of the output."
        )
    unmeasured = dict.fromkeys(filter(None, map(_unmeasured, mixers)))
    if unmeasured:
        more.append(
            f"Time of {' and '.join(unmeasured)} is put together from operators as all else, and "
            "was not compared with measurements."
        )
    names = [device.name for device in devices if device.arithmetic(dtype) is not dtype]
    if names:
        doubt = "" if dtype is Dtype.MXFP4 else ", which is not measured"
        more.append(
            f"Products with weights in {dtype.value} are computed in 16 bits on "
            f"{', '.join(names)} and take the same time as with such weights{doubt}."
        )
    if dtype is Dtype.NVFP4 and len(names) < len(devices):
        more.append("Efficiencies of units for 4 bits are not measured, those for FP8 are taken.")
    return more
