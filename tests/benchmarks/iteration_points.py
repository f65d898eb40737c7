"""Estimated iterations of LLMs beside those of shipped profiles, made of measured operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from alpaplan.files.profiles import load_profiles
from alpaplan.files.shipped import shipped_profiles
from alpaplan.profiling.architecture import Transformer
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.engine_estimate import Steps
from alpaplan.profiling.estimate import estimate_profile
from alpaplan.profiling.model_config import transformer_of
from alpaplan.profiling.quantization import Quantization
from alpaplan.profiling.stacks import VLLM_2025, Stack
from alpaplan.profiling.steps import StepTimes, stage_times
from alpaplan.specs.engine import EngineConfig
from tests.benchmarks.estimate_points import CONFIGS, Point, transformer
from tests.profiling.published_families import FAMILIES

EXPERTS_ALONE = Quantization(Dtype.MXFP4, excluded=("model.layers.*.self_attn",))

QUANTIZED: Mapping[str, Quantization] = {
    "gpt-oss-20b": EXPERTS_ALONE,
    "gpt-oss-120b": EXPERTS_ALONE,
}
"""Checkpoints whose experts alone are quantized."""

MODELS = (
    "llama-3.1-8b",
    "llama-3.1-70b",
    "qwen3-0.6b",
    "qwen3-1.7b",
    "qwen3-8b",
    "qwen3-32b",
    "qwen3-30b-a3b",
    "gpt-oss-20b",
    "gpt-oss-120b",
    "qwen3.5-27b",
    "gemma-4-26b-a4b",
)
"""The shipped LLMs; two constants were fitted to the first one."""

DECODING = tuple((count, context) for count in (1, 4, 16, 64, 256) for context in (256, 1024, 4096))
"""Requests that decode, and the KV tokens that each of them attends to."""

PROMPTS = ((1, 512), (1, 2048), (1, 8192), (4, 512), (4, 2048))
"""Prompts, and their tokens."""


def iteration_points(models: tuple[str, ...] = MODELS, stack: Stack = VLLM_2025) -> Iterator[Point]:
    """Yield iterations of decoding requests and of prompts, and KV bytes, of all configurations."""
    shipped = load_profiles(shipped_profiles(), list(models))
    for name in models:
        model, quantization = _model(name), QUANTIZED.get(name)
        dtype = Dtype.BF16 if quantization is None else quantization.dtype
        configs = shipped[name].spec.engine_configs
        devices = [DEVICES[device] for device in dict.fromkeys(item.device for item in configs)]
        found = estimate_profile(
            model, name, devices, dtype, stack, Steps(), quantization=quantization
        ).profile
        for config in configs:
            own = found.find_config(config.device, config.intra_op, config.inter_op)
            if isinstance(own, EngineConfig):
                yield from _points(name, own, config)


def _model(name: str) -> Transformer:
    if (CONFIGS / f"{name}.json").exists():
        return transformer(name)
    return replace(transformer_of(FAMILIES[name][0]), tower=None)


def _points(name: str, estimated: EngineConfig, shipped: EngineConfig) -> Iterator[Point]:
    labels = {"device": shipped.device, "model": name, "intra_op": shipped.intra_op}

    def seconds(config: EngineConfig, tokens: int, pairs: float, kv_tokens: int) -> float:
        stages: list[StepTimes] = [stage_times(config, k) for k in range(config.inter_op)]
        return sum(stage.seconds(tokens, pairs, kv_tokens) for stage in stages)

    for count, context in DECODING:
        work = (count, 0, count * context)
        both = (seconds(config, *work) for config in (estimated, shipped))
        yield Point({**labels, "what": "decoding"}, *both)
    for count, length in PROMPTS:
        prompt = (count * length, count * length * (length + 1) / 2, 0)
        both = (seconds(config, *prompt) for config in (estimated, shipped))
        yield Point({**labels, "what": "prompts"}, *both)
    kept = (sum(config.stage_kv_bytes_per_token) for config in (estimated, shipped))
    yield Point({**labels, "what": "KV bytes"}, *kept)
