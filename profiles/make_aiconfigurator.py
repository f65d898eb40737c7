"""Make the profiles of LLMs from the operator databases of the package aiconfigurator.

Run it from anywhere; it needs ``pip install '.[aiconfigurator]'`` in the repository (aiconfigurator
0.12.0, Apache-2.0, NVIDIA), and no GPU and no network once that is installed::

    python profiles/make_aiconfigurator.py [FOLDER]

It writes two YAML files a model into FOLDER (default: beside this script), one of the LLM with
continuous batching and one of its prefill alone, which takes some minutes; running it again gives
the same bytes. It is `alpaplan profile import --from aiconfigurator-api` for the models and devices
below, with seconds of prefill rounded to microseconds and bytes up to megabytes. Where the numbers
come from stands in ``src/alpaplan/files/importers/aiconfigurator_api.py`` and beside it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpaplan.files.importers.conversion import import_profiles
from alpaplan.files.importers.request import ImportRequest
from alpaplan.files.profile_yaml import profile_to_yaml
from alpaplan.specs.choices import Serving
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.units import BYTE_UNITS

INPUT_TOKENS = 2048
"""Tokens of the prompts of prefill profiles."""
HOPPER = ("h100-sxm", "h200-sxm")
ALL_DEVICES = ("a100-sxm", *HOPPER)
BATCH_SIZES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Model:
    """A model of the package.

    Parameters
    ----------
    path
        Its name on the Hugging Face hub; the package ships the configuration.
    devices
        Device types that the package has its operators of.
    precision
        Of weights and arithmetic, as the published checkpoint has it.
    max_intra_op
        Above this it gets slower.
    """

    path: str
    devices: tuple[str, ...] = ALL_DEVICES
    precision: str = "bf16"
    max_intra_op: int = 8


MXFP4 = "mxfp4 experts, bf16 otherwise"

MODELS = {
    "qwen3-0.6b": Model("Qwen/Qwen3-0.6B"),
    "qwen3-1.7b": Model("Qwen/Qwen3-1.7B"),
    "qwen3-8b": Model("Qwen/Qwen3-8B"),
    "qwen3-32b": Model("Qwen/Qwen3-32B"),
    "qwen3-30b-a3b": Model("Qwen/Qwen3-30B-A3B"),
    "qwen3.5-27b": Model("Qwen/Qwen3.5-27B", HOPPER),
    "llama-3.1-8b": Model("meta-llama/Meta-Llama-3.1-8B"),
    "llama-3.1-70b": Model("meta-llama/Meta-Llama-3.1-70B"),
    "gpt-oss-20b": Model("openai/gpt-oss-20b", HOPPER, MXFP4),
    "gpt-oss-120b": Model("openai/gpt-oss-120b", HOPPER, MXFP4),
    "gemma-4-26b-a4b": Model("google/gemma-4-26B-A4B", HOPPER, max_intra_op=4),
}
"""Name of the model -> model. On A100 the package has no attention operators of some."""

PREFILL = "-prefill"
"""What the name of a profile of prefill alone ends in."""


def make_profile(name: str, model: Model) -> ModelProfileSpec:
    """Estimate the iterations of a model in all its configurations, and round the bytes."""
    imported = estimated(model, serving=Serving.CONTINUOUS)
    configs = tuple(
        config.model_copy(
            update={
                "stage_weight_bytes": tuple(map(megabytes, config.stage_weight_bytes)),
                "stage_working_bytes": tuple(map(megabytes, config.stage_working_bytes or ())),
            }
        )
        for config in imported.engine_configs
    )
    return finished(imported, name, model, "Bytes rounded up to megabytes.", configs)


def make_prefill_profile(name: str, model: Model) -> ModelProfileSpec:
    """Estimate the prefill of a model in all its configurations, and round the numbers."""
    imported = estimated(model, input_len=INPUT_TOKENS, batch_sizes=BATCH_SIZES)
    configs = tuple(map(rounded, imported.fixed_configs))
    how = "Rounded to microseconds and up to megabytes."
    return finished(imported, f"{name}{PREFILL}", model, how, configs)


def estimated(model: Model, **options: Any) -> ModelProfileSpec:
    """Import what the package says of a model on all its devices."""
    intra_ops = tuple(size for size in (1, 2, 4, 8) if size <= model.max_intra_op)
    request = ImportRequest((model.path,), model.devices, intra_ops=intra_ops, **options)
    (imported,) = import_profiles("aiconfigurator-api", request).profiles
    return imported


def finished(
    imported: ModelProfileSpec,
    name: str,
    model: Model,
    how: str,
    configs: tuple[ProfiledConfig, ...] | tuple[EngineConfig, ...],
) -> ModelProfileSpec:
    """Name a profile, and say how it came about."""
    source = (
        f"{imported.source} Weights and arithmetic in {model.precision}. {how} "
        "Made by profiles/make_aiconfigurator.py."
    )
    return imported.model_copy(update={"name": name, "source": source, "configs": configs})


def rounded(config: ProfiledConfig) -> ProfiledConfig:
    """Round seconds to microseconds, and bytes up to megabytes."""
    activations = config.stage_activation_bytes or {}
    return config.model_copy(
        update={
            "stage_weight_bytes": tuple(map(megabytes, config.stage_weight_bytes)),
            "stage_latency_s": {
                size: tuple(round(latency_s, 6) for latency_s in latencies)
                for size, latencies in config.stage_latency_s.items()
            },
            "stage_activation_bytes": {
                size: tuple(map(megabytes, stages)) for size, stages in activations.items()
            },
        }
    )


def megabytes(num_bytes: int) -> int:
    """Round up to whole megabytes."""
    megabyte = BYTE_UNITS["MB"]
    return -(-num_bytes // megabyte) * megabyte


def main(folder: Path) -> None:
    """Write all profiles into the folder."""
    for name, model in MODELS.items():
        for profile in (make_profile(name, model), make_prefill_profile(name, model)):
            path = folder / f"{profile.name}.yaml"
            path.write_text(profile_to_yaml(profile), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
