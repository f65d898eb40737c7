"""What estimates are compared with: published tables of latency and memory, a point for a row."""

from __future__ import annotations

import csv
import importlib
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from alpaplan.profiling.architecture import Transformer
from alpaplan.profiling.attention import Attention
from alpaplan.profiling.blocks import block_s
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.layer_estimate import LayerEstimate, Sweep
from alpaplan.profiling.model_config import transformer_of
from alpaplan.profiling.prefill import Prefill
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import EAGER_2023, STACKS, VLLM_2025, Stack
from tests.conftest import REPOSITORY

CONFIGS = REPOSITORY / "profiles" / "configs"

CONFIG_OF = {
    "Qwen/Qwen3-0.6B": "qwen3-0.6b",
    "Qwen/Qwen3-1.7B": "qwen3-1.7b",
    "Qwen/Qwen3-8B": "qwen3-8b",
    "Qwen/Qwen3-32B": "qwen3-32b",
    "Qwen/Qwen3-30B-A3B": "qwen3-30b-a3b",
    "meta-llama/Meta-Llama-3.1-8B": "llama-3.1-8b",
    "meta-llama/Meta-Llama-3.1-70B": "llama-3.1-70b",
    "llama2-70b": "llama-2-70b",
    "bloom-176b": "bloom-176b",
    "facebook/opt-13b": "opt-13b",
    "facebook/opt-66b": "opt-66b",
}
"""Name in the tables -> configuration in ``profiles/configs``."""

OUTPUT_TOKENS = 128
"""Tokens that aiconfigurator's table keeps keys and values of, besides the prompt's."""

GIB = 2**30


@dataclass(frozen=True)
class Point:
    """One row of a table, beside its estimate.

    Parameters
    ----------
    labels
        What the row is about: ``device``, ``model``, ``intra_op``, ``tokens`` and others.
    estimated, measured
        The same quantity, in the same unit.
    """

    labels: Mapping[str, object]
    estimated: float
    measured: float

    @property
    def error(self) -> float:
        """Relative error, negative if the estimate is too small."""
        return self.estimated / self.measured - 1


def transformer(name: str) -> Transformer:
    """Read one of the shipped configurations."""
    return transformer_of(json.loads((CONFIGS / f"{name}.json").read_text(encoding="utf-8")))


def layers(
    model: Transformer, device: str, stack: Stack, input_len: int, intra_op: int, dtype: Dtype
) -> LayerEstimate:
    """Return the layers of a model on a device."""
    roofline = Roofline(DEVICES[device], dtype, stack)
    return LayerEstimate(model, roofline, Sweep(input_len), intra_op)


def latency_s(estimate: LayerEstimate, batch_size: int, num_stages: int = 1) -> float:
    """Return the latency of a batch through all stages, sends included."""
    sent = estimate.prefill(batch_size).num_tokens * estimate.transformer.hidden_size
    sent_bytes = sent * estimate.roofline.dtype.activation_bytes
    send_s = estimate.roofline.stack.send_s
    send_s += sent_bytes / estimate.roofline.send_bytes_per_s
    return sum(estimate.latency_s(batch_size)) + (num_stages - 1) * send_s


def aiconfigurator_rows(cases: Path, gpu: str) -> list[dict[str, str]]:
    """Return the rows of one GPU's table."""
    return _rows(cases / "profiles" / f"aiconfigurator_{gpu}_sxm_vllm.csv")


def aiconfigurator_points(cases: Path, gpu: str, stack: Stack = VLLM_2025) -> Iterator[Point]:
    """Prefill latency composed of measured operators (aiconfigurator 0.12.0), every row."""
    for row in aiconfigurator_rows(cases, gpu):
        batch_size, input_len = int(row["batch_size"]), int(row["input_len"])
        intra_op, inter_op = int(row["tp"]), int(row["pp"])
        name = CONFIG_OF[row["model"]]
        estimate = layers(transformer(name), f"{gpu}-sxm", stack, input_len, intra_op, Dtype.BF16)
        labels = _labels(f"{gpu}-sxm", name, intra_op, batch_size * input_len)
        measured_s = float(row["prefill_latency_ms"]) / 1e3
        yield Point(labels, latency_s(estimate, batch_size, inter_op), measured_s)


def splitwise_points(cases: Path, stack: Stack = EAGER_2023) -> Iterator[Point]:
    """Prefill latency measured end to end (Splitwise, Patel et al., ISCA 2024), every row.

    Among them are two that can only be failures (70B, 64 prompts at intra_op 2 in a ninth of the
    time of 32): a median does not mind.
    """
    for row in _rows(cases / "profiles" / "splitwise_llama2-70b_bloom-176b.csv"):
        batch_size, input_len = int(row["batch_size"]), int(row["prompt_size"])
        device, name = f"{row['hardware'][:4]}-sxm", CONFIG_OF[row["model"]]
        intra_op = int(row["tensor_parallel"])
        estimate = layers(transformer(name), device, stack, input_len, intra_op, Dtype.FP16)
        labels = _labels(device, name, intra_op, batch_size * input_len)
        measured_s = float(row["prefill_latency_ms"]) / 1e3
        yield Point(labels, latency_s(estimate, batch_size), measured_s)


def distserve_points(cases: Path, stack: Stack = EAGER_2023) -> Iterator[Point]:
    """Prefill latency as DistServe's quadratic fits of vLLM on A100 give it for one prompt."""
    for row in _rows(cases / "profiles" / "distserve_a100_opt_fits.csv"):
        name, intra_op = CONFIG_OF[row["model"]], int(row["tp"])
        for input_len in (128, 256, 512, 1024, 2048):
            if row["engine"] != "vllm" or not transformer(name).shares_into(intra_op):
                continue
            a, b, c = (float(row[f"prefill_{term}"]) for term in "abc")
            measured_s = (a + b * input_len + c * input_len**2) / 1e3
            estimate = layers(transformer(name), "a100-sxm", stack, input_len, intra_op, Dtype.FP16)
            labels = _labels("a100-sxm", name, intra_op, input_len)
            yield Point(labels, latency_s(estimate, 1), measured_s)


ALPASERVE_BERT = {"bert-1.3b": (24, 2048, 0.151), "bert-2.7b": (32, 2560, 0.238)} | {
    "bert-6.7b": (32, 4096, 0.395)
}
"""Blocks, hidden size and latency in seconds on one V100 of AlpaServe's Table 1 and code; prompts
have 2048 tokens."""


def alpaserve_points(stack: Stack = VLLM_2025) -> Iterator[Point]:
    """Latency of BERT models on one V100 (AlpaServe, Li et al., OSDI 2023, Table 1)."""
    for name, (num_blocks, hidden, measured_s) in ALPASERVE_BERT.items():
        config = {
            "model_type": "bert",
            "num_hidden_layers": num_blocks,
            "hidden_size": hidden,
            "num_attention_heads": 32,
            "intermediate_size": 4 * hidden,
            "vocab_size": 51200,
            "max_position_embeddings": 2048,
        }
        estimate = layers(transformer_of(config), "v100-16gb", stack, 2048, 1, Dtype.FP16)
        yield Point(_labels("v100-16gb", name, 1, 2048), latency_s(estimate, 1), measured_s)


def _llama(hidden: int, heads: int, kv_heads: int, intermediate: int) -> dict[str, object]:
    return {
        "model_type": "llama",
        "num_hidden_layers": 1,
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "intermediate_size": intermediate,
        "vocab_size": 32000,
    }


VIDUR_MODELS = {
    "Llama-2-7b-hf": _llama(4096, 32, 32, 11008),
    "Llama-2-70b-hf": _llama(8192, 64, 8, 28672),
    "Meta-Llama-3-8B": _llama(4096, 32, 8, 14336),
    "Meta-Llama-3-70B": _llama(8192, 64, 8, 28672),
    "CodeLlama-34b-Instruct-hf": _llama(8192, 64, 8, 22016),
    "Qwen-72B": _llama(8192, 64, 64, 24576),
    "internlm-20b": _llama(5120, 40, 40, 13824),
}
"""Shapes of vidur's models with gated feed-forward layers, one block each."""

FEWEST_TOKENS = 128
"""Rows of vidur with fewer are decoding, which is not estimated."""


def vidur_points(cases: Path, gpu: str, stack: Stack = EAGER_2023) -> Iterator[Point]:
    """Time of one block without attention and collectives (vidur, Agrawal et al., MLSys 2024)."""
    recorded = replace(stack, host_block_s=0.0, gap_block_s=0.0)
    device = "a40" if gpu == "a40" else f"{gpu}-sxm"
    roofline = Roofline(DEVICES[device], Dtype.FP16, recorded)
    for row in _rows(cases / "profiles" / f"vidur_{gpu}_layers.csv"):
        num_tokens, intra_op = int(row["num_tokens"]), int(row["tp"])
        if num_tokens < FEWEST_TOKENS or row["model"] not in VIDUR_MODELS:
            continue
        model = transformer_of(VIDUR_MODELS[row["model"]])
        block, hidden = model.blocks[0], model.hidden_size
        estimated_s = block_s(block, hidden, Prefill(1, num_tokens, intra_op), roofline)
        assert isinstance(block.mixer, Attention)
        estimated_s -= roofline.attention_s(block.mixer, 1, num_tokens, intra_op)
        estimated_s -= 2 * roofline.all_reduce_s(num_tokens * hidden, intra_op)
        measured_s = float(row["layer_ms_without_attention_kernel"]) / 1e3
        yield Point(_labels(device, row["model"], intra_op, num_tokens), estimated_s, measured_s)


def memory_points(cases: Path, gpu: str) -> Iterator[Point]:
    """Weights, keys and values, and activations of a device, as aiconfigurator counts them.

    With one stage, as the table does not divide keys and values among stages.
    """
    for row in aiconfigurator_rows(cases, gpu):
        if row["pp"] != "1":
            continue
        batch_size, input_len = int(row["batch_size"]), int(row["input_len"])
        name, intra_op = CONFIG_OF[row["model"]], int(row["tp"])
        model = transformer(name)
        short, long = (
            layers(model, f"{gpu}-sxm", VLLM_2025, length, intra_op, Dtype.BF16)
            for length in (input_len, input_len + OUTPUT_TOKENS)
        )
        estimates = {
            "weights": sum(short.weight_bytes(one_stage=True)) / intra_op,
            "kvcache": sum(long.kv_cache_bytes(batch_size)),
            "activations": max(short.activation_bytes(batch_size)),
        }
        labels = _labels(f"{gpu}-sxm", name, intra_op, batch_size * input_len)
        for what, estimated_bytes in estimates.items():
            counted = float(row[f"mem_{what}_gib"]) * GIB
            yield Point({**labels, "what": what}, estimated_bytes, counted)
        counted = sum(float(row[f"mem_{what}_gib"]) for what in estimates) * GIB
        yield Point({**labels, "what": "together"}, sum(estimates.values()), counted)


HELD_OUT_MODELS = (
    "mistralai/Mixtral-8x7B-v0.1",
    "mistralai/Mixtral-8x22B-v0.1",
    "Qwen/Qwen3-235B-A22B",
    "Qwen/Qwen3-VL-4B-Instruct",
    "meta-llama/Meta-Llama-3.1-405B",
)
"""Models that are in none of the tables."""

BACKEND_VERSIONS = {"a100-sxm": "0.14.0", "l40s": "0.24.0"} | dict.fromkeys(
    ("h100-sxm", "h200-sxm", "b200-sxm"), "0.24.0"
)
"""Device type -> version of vLLM whose operators aiconfigurator 0.12.0 has."""


HELD_OUT_RUNS = ((1, 512), (1, 2048), (4, 2048), (16, 2048), (2, 4096))
"""Batch size and tokens of a prompt."""


def held_out_points(device: str, models: tuple[str, ...]) -> Iterator[Point]:
    """Ask aiconfigurator 0.12.0, which has to be installed, for more models and devices."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    core = Path(str(importlib.import_module("aiconfigurator_core").__file__)).parent
    for path in models:
        text = (core / "model_configs" / f"{path.replace('/', '--')}_config.json").read_text()
        model = transformer_of(json.loads(text))
        with TemporaryDirectory() as folder:
            # By folder, as the package knows not all of its configurations by name.
            config = Path(folder) / path.rpartition("/")[2] / "config.json"
            config.parent.mkdir()
            config.write_text(text, encoding="utf-8")
            for intra_op, (batch_size, input_len) in product((1, 2, 4, 8), HELD_OUT_RUNS):
                composed_s = _composed_s(config.parent, device, intra_op, batch_size, input_len)
                if composed_s is None:
                    continue
                estimate = layers(model, device, VLLM_2025, input_len, intra_op, Dtype.BF16)
                labels = _labels(device, path, intra_op, batch_size * input_len)
                yield Point(labels, latency_s(estimate, batch_size), composed_s)


def _composed_s(
    folder: Path, device: str, intra_op: int, batch_size: int, input_len: int
) -> float | None:
    """Return what aiconfigurator composes; None where it has no operators for that."""
    cli_estimate = importlib.import_module("aiconfigurator.cli.api").cli_estimate
    try:
        result = cli_estimate(
            str(folder),
            device.replace("-", "_"),
            mode="static_ctx",
            backend_name="vllm",
            backend_version=BACKEND_VERSIONS[device],
            isl=input_len,
            osl=1,
            batch_size=batch_size,
            tp_size=intra_op,
            pp_size=1,
            moe_tp_size=intra_op,
            moe_ep_size=1,
        )
    except Exception:  # each of its layers has errors of its own for this
        return None
    return float(result.ttft) / 1e3


def stack_named(name: str) -> Stack:
    """Return one of the serving stacks."""
    return STACKS[name]


def _labels(device: str, model: str, intra_op: int, tokens: int) -> dict[str, object]:
    return {"device": device, "model": model, "intra_op": intra_op, "tokens": tokens}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
