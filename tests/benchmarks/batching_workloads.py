"""Workloads for batching, like those of AlpaServe's section 6.5: small, large and mixed models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from alpaplan.files.model_config import load_model_config
from alpaplan.planning.inputs import Inputs
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.estimate import estimate_profile
from alpaplan.profiling.layer_estimate import Sweep
from alpaplan.profiling.stacks import VLLM_2025
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.workload import WorkloadSpec
from tests.conftest import REPOSITORY

DEVICE = "a100-sxm"
BATCH_SIZES = (1, 2, 4, 8, 16)

INPUT_LEN = {"llama-3.1-8b": 128, "mistral-7b": 256, "llama-3.1-70b": 512}
"""Architecture -> tokens of a prompt. Batches of the first run 1.75 times as many requests a second
as single requests, of the second 1.35 times, of the last 1.15 times."""


@dataclass(frozen=True)
class Mix:
    """Some models, and what is asked of them.

    Parameters
    ----------
    count
        Architecture -> models of it.
    total_rate_rps
        Architecture -> requests per second of all its models together.
    """

    count: Mapping[str, int]
    total_rate_rps: Mapping[str, float]


MIXES = {
    "small": Mix({"llama-3.1-8b": 40}, {"llama-3.1-8b": 1000}),
    "large": Mix({"llama-3.1-70b": 6}, {"llama-3.1-70b": 25}),
    "mixed": Mix(
        {"llama-3.1-8b": 16, "mistral-7b": 8, "llama-3.1-70b": 3},
        {"llama-3.1-8b": 200, "mistral-7b": 80, "llama-3.1-70b": 20},
    ),
}
"""Loads under which single requests keep most devices busy most of the time."""

CV = 4.0
RATE_EXPONENT = 0.5


def batching_inputs(mix: Mix, slo_scale: float, max_batch_size: int) -> Inputs:
    """Return a mix on two nodes of eight devices, as it may batch."""
    cluster = {
        "kind": "cluster",
        "version": 1,
        "name": "two-nodes",
        "node_pools": [
            {
                "name": "n",
                "count": 2,
                "device": DEVICE,
                "devices_per_node": 8,
                "device_memory_bytes": "80GiB",
                "reserved_memory_bytes": "6GiB",
            }
        ],
        "serving": {"max_batch_size": max_batch_size},
    }
    models = [
        {
            "name": name,
            "count": count,
            "profile": name,
            "slo_scale": slo_scale,
            "arrivals": {
                "process": "gamma",
                "total_rate_rps": mix.total_rate_rps[name],
                "rate_distribution": "power-law",
                "exponent": RATE_EXPONENT,
                "cv": CV,
            },
        }
        for name, count in mix.count.items()
    ]
    workload: dict[str, Any] = {"kind": "workload", "version": 1, "name": "mix", "models": models}
    return Inputs.of_specs(
        ClusterSpec.model_validate(cluster),
        WorkloadSpec.model_validate(workload),
        {name: _profile(name) for name in mix.count},
    )


@cache
def _profile(name: str) -> ModelProfileSpec:
    """Estimate prompts of a model in all usual configurations."""
    loaded = load_model_config(REPOSITORY / "profiles" / "configs" / f"{name}.json")
    sweep = Sweep(INPUT_LEN[name], BATCH_SIZES)
    return estimate_profile(
        loaded.transformer, name, [DEVICES[DEVICE]], Dtype.BF16, VLLM_2025, sweep
    ).profile
