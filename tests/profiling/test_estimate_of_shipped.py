"""Estimates of newer families against shipped profiles, composed of measured operators."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
import yaml

from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.estimate import estimate_profile
from alpaplan.profiling.layer_estimate import Sweep
from alpaplan.profiling.model_config import transformer_of
from alpaplan.profiling.quantization import Quantization
from alpaplan.profiling.stacks import VLLM_2025
from alpaplan.specs.profile import ModelProfileSpec
from tests.profiling.published_families import FAMILIES

EXPERTS_ALONE = Quantization(Dtype.MXFP4, excluded=("model.layers.*.self_attn",))

INPUT_LEN = 2048
"""Tokens of the prompts that shipped profiles of LLMs are for."""


@pytest.mark.parametrize(
    ("name", "quantization", "largest_error"),
    [
        ("gpt-oss-20b", EXPERTS_ALONE, 0.03),
        ("gpt-oss-120b", EXPERTS_ALONE, 0.04),
        ("qwen3.5-27b", None, 0.05),  # three of four blocks with linear attention
        ("gemma-4-26b-a4b", None, 0.09),
    ],
)
def test_median_error_of_the_latency(
    name: str, quantization: Quantization | None, largest_error: float, repository: Path
) -> None:
    text = (repository / "profiles" / f"{name}-prefill.yaml").read_text(encoding="utf-8")
    shipped = ModelProfileSpec.model_validate(yaml.safe_load(text))
    model = replace(transformer_of(FAMILIES[name][0]), tower=None)
    dtype = Dtype.BF16 if quantization is None else quantization.dtype
    errors = []
    for config in shipped.fixed_configs:
        if config.inter_op > 1:
            continue
        sweep = Sweep(INPUT_LEN, tuple(config.stage_latency_s), (config.intra_op,), (1,))
        device = DEVICES[config.device]
        found = estimate_profile(
            model, name, [device], dtype, VLLM_2025, sweep, quantization=quantization
        )
        (estimated,) = found.profile.fixed_configs
        for size, latency_s in estimated.stage_latency_s.items():
            errors.append(abs(latency_s[0] / config.stage_latency_s[size][0] - 1))
    assert len(errors) >= 20
    assert median(errors) < largest_error
