"""Make the LLM prefill profiles from the operator databases of the package aiconfigurator.

It needs aiconfigurator 0.12.0 (Apache-2.0, NVIDIA), in an environment of its own, and no GPU and
no network once that is installed::

    python -m venv aiconfigurator-env
    aiconfigurator-env/bin/pip install aiconfigurator==0.12.0
    aiconfigurator-env/bin/python profiles/make_aiconfigurator.py [FOLDER]

It writes one YAML file a model into FOLDER (default: beside this script) in some ten
seconds; running it again gives the same bytes.

The package has times of single operators (matrix products, attention, all-reduce, ...) measured
on each GPU under each serving backend, and composes a model's prefill step from them
(``cli_estimate`` in mode ``static_ctx``, which is what ``aiconfigurator cli estimate
--estimate-mode static_ctx`` prints as TTFT). From one estimate come

- latency: TTFT of a batch of prompts of INPUT_TOKENS tokens. With pipeline stages TTFT is the sum
  over stages, sends between them included; it is divided equally among the stages.
- weights: the package's weights on a device, already divided by TP and PP.
- working memory: the package's activations and the KV cache of the batch.

The package's "others" (3.5 GiB: CUDA context, runtime) and NCCL buffers (up to 0.4 GiB) are not
in the profile: they are there once a device, so they belong to the cluster's reserved memory.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from profile_yaml import Config, write_profile

BACKEND = "vllm"
BACKEND_VERSION = "0.24.0"
INPUT_TOKENS = 2048
DEVICES = {"h100-sxm": "h100_sxm", "h200-sxm": "h200_sxm"}
"""Device type in the profiles -> system of the package."""
BATCH_SIZES = (1, 2, 4, 8)
TENSOR_PARALLEL = (1, 2, 4, 8)
PIPELINE_PARALLEL = (1, 2, 4, 8)
MAX_DEVICES = 16
DEVICE_MEMORY_BYTES = 80 * 2**30
"""A configuration whose weights exceed the smallest device is left out."""


@dataclass(frozen=True)
class Model:
    """A model of the package.

    Parameters
    ----------
    path
        Its name on the Hugging Face hub; the package ships the configuration.
    precision
        Of weights and arithmetic, as the published checkpoint has it.
    max_tensor_parallel
        Above this it gets slower.
    """

    path: str
    precision: str = "bf16"
    max_tensor_parallel: int = 8


MODELS = {
    "qwen3-1.7b": Model("Qwen/Qwen3-1.7B"),
    "qwen3-8b": Model("Qwen/Qwen3-8B"),
    "qwen3-32b": Model("Qwen/Qwen3-32B"),
    "qwen3-30b-a3b": Model("Qwen/Qwen3-30B-A3B"),
    "qwen3.5-27b": Model("Qwen/Qwen3.5-27B"),
    "llama-3.1-8b": Model("meta-llama/Meta-Llama-3.1-8B"),
    "llama-3.1-70b": Model("meta-llama/Meta-Llama-3.1-70B"),
    "gpt-oss-20b": Model("openai/gpt-oss-20b", "mxfp4 experts, bf16 otherwise"),
    "gpt-oss-120b": Model("openai/gpt-oss-120b", "mxfp4 experts, bf16 otherwise"),
    "gemma-4-26b-a4b": Model("google/gemma-4-26B-A4B", max_tensor_parallel=4),
}


def configs(model: Model) -> list[Config]:
    """Every parallel configuration that the package can estimate and a device can hold."""
    found = []
    for device in DEVICES:
        for tensor_parallel, num_stages in itertools.product(TENSOR_PARALLEL, PIPELINE_PARALLEL):
            if tensor_parallel > model.max_tensor_parallel:
                continue
            if tensor_parallel * num_stages > MAX_DEVICES:
                continue
            config = estimate(model, device, tensor_parallel, num_stages)
            if max(config.weight_bytes) < DEVICE_MEMORY_BYTES:
                found.append(config)
    return found


def estimate(model: Model, device: str, tensor_parallel: int, num_stages: int) -> Config:
    """Ask the package for one configuration at all batch sizes."""
    # By name: the other scripts and the type checker do without the package.
    cli_estimate = importlib.import_module("aiconfigurator.cli.api").cli_estimate
    latency_s = {}
    activation_bytes = {}
    weight_bytes = 0.0
    for batch_size in BATCH_SIZES:
        result = cli_estimate(
            model.path,
            DEVICES[device],
            mode="static_ctx",
            backend_name=BACKEND,
            backend_version=BACKEND_VERSION,
            isl=INPUT_TOKENS,
            osl=1,
            batch_size=batch_size,
            tp_size=tensor_parallel,
            pp_size=num_stages,
            # Experts are cut like everything else; dense models ignore these two.
            moe_tp_size=tensor_parallel,
            moe_ep_size=1,
        )
        memory_gib = result.summary.get_memory()
        working_bytes = (memory_gib["activations"] + memory_gib["kvcache"]) * 2**30
        weight_bytes = memory_gib["weights"] * 2**30
        latency_s[batch_size] = [result.ttft / 1e3 / num_stages] * num_stages
        activation_bytes[batch_size] = [working_bytes] * num_stages
    return Config(
        device=device,
        intra_op=tensor_parallel,
        inter_op=num_stages,
        weight_bytes=[weight_bytes] * num_stages,
        latency_s=latency_s,
        activation_bytes=activation_bytes,
    )


def source(model: Model) -> str:
    """Say where the numbers come from."""
    return (
        f"Prefill of prompts of {INPUT_TOKENS} tokens by {model.path} ({model.precision}), "
        "estimated by aiconfigurator 0.12.0 (PyPI, Apache-2.0) from its databases of measured "
        f"operators, {BACKEND} {BACKEND_VERSION}; TP = intra_op (experts too), PP = inter_op. Its "
        "TTFT is a sum over pipeline stages and is divided equally among them. Working memory is "
        "its activations and the batch's KV cache. Made by profiles/make_aiconfigurator.py."
    )


def main(folder: Path) -> None:
    """Write all profiles into the folder."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)  # the package logs several lines for each estimate
    for name, model in MODELS.items():
        write_profile(folder / f"{name}.yaml", name, source(model), configs(model))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
