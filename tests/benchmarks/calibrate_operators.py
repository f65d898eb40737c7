"""Fit the efficiencies of `alpaplan.profiling.stacks` to measured operators, and print both.

Run with ``python -m tests.benchmarks.calibrate_operators``. Needs aiconfigurator 0.12.0
(Apache-2.0; its wheels hold the operators of vLLM measured on each GPU as Parquet files), which
brings pandas and pyarrow, and SciPy. Only single operators are fitted, but for the host times of
2023, which no operator has. Rows are every n-th of those that prefill has, and what is made small
is the mean absolute logarithm of estimate over measurement.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np

from alpaplan.profiling.attention import Attention
from alpaplan.profiling.device_catalog import DEVICES
from alpaplan.profiling.devices import Dtype
from alpaplan.profiling.feed_forward import Experts, Mlp
from alpaplan.profiling.roofline import Roofline
from alpaplan.profiling.stacks import EAGER_2023, VLLM_2025, Efficiencies, Stack
from tests.benchmarks.estimate_errors import summary
from tests.benchmarks.estimate_points import Point, splitwise_points, vidur_points
from tests.conftest import REPOSITORY

VERSIONS = {"a100-sxm": "0.14.0", "h100-sxm": "0.24.0", "h200-sxm": "0.24.0"} | {
    "b200-sxm": "0.24.0",
    "l40s": "0.24.0",
}
"""Device type -> version of vLLM that its operators were measured with."""

MAX_ROWS = 400
"""Rows of an operator that are fitted."""

MEASURED_ROUTING = "power_law_1.01"
"""How tokens choose experts in the rows that are used: skewed, as in real models."""

HOST_TIMES_FROM = ("a100-sxm", "llama-2-70b")
"""Device type and model whose rows the host times of 2023 are fitted to."""

Row = Any
Model = Callable[[Roofline, Row], float]


def with_efficiencies(stack: Stack, device: str, **changes: float) -> Roofline:
    """Return a roofline whose efficiencies on one device are partly others."""
    generation = DEVICES[device].generation
    changed = replace(stack.by_generation[generation], **changes)
    by_generation = {**stack.by_generation, generation: changed}
    return Roofline(DEVICES[device], Dtype.BF16, replace(stack, by_generation=by_generation))


def fit(device: str, rows: Sequence[Row], model: Model, names: Sequence[str]) -> str:
    """Fit some efficiencies to rows, and say what came out beside what is used."""
    used = VLLM_2025.by_generation[DEVICES[device].generation]
    start = [getattr(used, name) for name in names]

    def errors(values: Sequence[float]) -> list[float]:
        roofline = with_efficiencies(VLLM_2025, device, **dict(zip(names, values, strict=True)))
        return [float(np.log(model(roofline, row) / (row.latency * 1e-3))) for row in rows]

    def loss(logarithms: Sequence[float]) -> float:
        values = [first * float(np.exp(log)) for first, log in zip(start, logarithms, strict=True)]
        return float(np.mean(np.abs(errors(values))))

    minimize = importlib.import_module("scipy.optimize").minimize
    simplex = np.vstack([np.zeros(len(names)), 0.3 * np.eye(len(names))])
    options = {"initial_simplex": simplex, "maxfev": 150}
    found = minimize(loss, np.zeros(len(names)), method="Nelder-Mead", options=options)
    fitted = [first * float(np.exp(log)) for first, log in zip(start, found.x, strict=True)]
    parts = [
        f"{name} {value:.3g} (used {first:.3g})"
        for name, value, first in zip(names, fitted, start, strict=True)
    ]
    off = median(abs(error) for error in errors(start))
    return f"{', '.join(parts)}; {len(rows)} rows, as used off by {off:.1%} in the median"


def operators(device: str, folder: str, file: str) -> Any:
    """Read one operator's table."""
    core = Path(str(importlib.import_module("aiconfigurator_core").__file__)).parent
    name = device.replace("-", "_")
    path = core / "systems" / "data" / name / folder / "vllm" / VERSIONS[device] / file
    return importlib.import_module("pandas").read_parquet(path)


def every_nth(table: Any) -> list[Row]:
    """Thin a table out, in an order that does not depend on how the file is sorted."""
    ordered = table.sort_values(list(table.columns))
    return list(ordered.iloc[:: max(len(ordered) // MAX_ROWS, 1)].itertuples())


def matmul(device: str) -> str:
    """Fit dense products."""
    table = operators(device, "gemm", "gemm_perf.parquet")
    wide = table.n.between(512, 30000) & table.k.between(256, 30000) & (table.m >= 256)
    rows = every_nth(table[(table.gemm_dtype == "bfloat16") & wide])
    names = ("matmul", "matmul_ramp_s")
    return fit(device, rows, lambda ops, row: ops.matmul_s(row.m, row.n, row.k), names)


def attention(device: str) -> str:
    """Fit attention over whole prompts."""
    table = operators(device, "attention", "context_attention_perf.parquet")
    if "window_size" in table:
        table = table[table.window_size == 0]
    table = table[(table.attn_dtype == "bfloat16") & (table.kv_cache_dtype == "bfloat16")]
    sizes = table.isl.between(256, 8192) & (table.batch_size * table.isl <= 131072)
    rows = every_nth(table[sizes & (table.step == 0) & table.head_dim.isin([64, 128])])

    def model(ops: Roofline, row: Row) -> float:
        heads = Attention(row.num_heads, row.num_key_value_heads, row.head_dim)
        return ops.attention_s(heads, row.batch_size, row.isl, 1)

    return fit(device, rows, model, ("attention", "attention_memory", "attention_ramp_s"))


def experts(device: str) -> str:
    """Fit grouped products of experts."""
    table = operators(device, "moe", "moe_perf.parquet")
    table = table[(table.moe_dtype == "bfloat16") & (table.moe_ep_size == 1)]
    sizes = table.num_tokens.between(256, 65536) & (table.moe_tp_size <= 8)
    rows = every_nth(table[sizes & (table.distribution == MEASURED_ROUTING)])

    def model(ops: Roofline, row: Row) -> float:
        layer = Experts(row.num_experts, row.topk, Mlp(row.inter_size, gated=True))
        return ops.experts_s(layer, row.hidden_size, row.num_tokens, row.moe_tp_size)

    return fit(device, rows, model, ("experts", "expert_padding"))


def all_reduces(device: str) -> str:
    """Show how far all-reduces are off; their two numbers are the same for all devices."""
    table = operators(device, "comm", "custom_allreduce_perf.parquet")
    table = table[(table.backend == "vllm_graph") & (table.message_size >= 1 << 16)]
    ops = Roofline(DEVICES[device], Dtype.BF16, VLLM_2025)
    errors = [
        ops.all_reduce_s(row.message_size, row.num_gpus) / (row.latency * 1e-3) - 1
        for row in table.itertuples()
    ]
    bias, off = median(errors), median(map(abs, errors))
    return f"{len(errors)} rows, as used off by {off:.1%} in the median, bias {bias:+.1%}"


def eager_matmul(cases: Path, gpu: str, values: Sequence[float]) -> str:
    """Show how far vidur's blocks are off for several efficiencies of products."""
    device = "a40" if gpu == "a40" else f"{gpu}-sxm"
    parts = []
    for value in values:
        stack = with_efficiencies(EAGER_2023, device, matmul=value).stack
        found = summary(vidur_points(cases, gpu, stack))
        parts.append(f"{value}: {found.median_absolute:.1%}, bias {found.bias:+.1%}")
    used: Efficiencies = EAGER_2023.by_generation[DEVICES[device].generation]
    return f"matmul (used {used.matmul}) {'; '.join(parts)}"


def host_times(cases: Path) -> list[str]:
    """Show how far Splitwise's models are off for several host times of a block.

    They were chosen by the first error, of the 70B model on A100; the other is of all other rows.
    """
    lines = []
    for gap_s in (0.0, 100e-6, 200e-6, 250e-6, 300e-6, 400e-6):
        for host_s in (500e-6, 600e-6, 750e-6):
            stack = replace(EAGER_2023, gap_block_s=gap_s, host_block_s=host_s)
            chosen_by: list[Point] = []
            others: list[Point] = []
            for point in splitwise_points(cases, stack):
                same = (point.labels["device"], point.labels["model"]) == HOST_TIMES_FROM
                (chosen_by if same else others).append(point)
            errors = [f"{summary(points).median_absolute:.1%}" for points in (chosen_by, others)]
            lines.append(f"gap {gap_s:.0e} s, host {host_s:.0e} s: {', others '.join(errors)}")
    return lines


@click.command()
@click.option(
    "--cases",
    type=click.Path(path_type=Path, exists=True),
    default=REPOSITORY.parent / "shared" / "cases",
    help="Folder with vidur's tables.",
)
def main(cases: Path) -> None:
    """Print fitted efficiencies beside those in use."""
    for device in VERSIONS:
        for operator in (matmul, attention, experts):
            click.echo(f"{device} {operator.__name__}: {operator(device)}")
        if device != "l40s":  # measured with another version
            click.echo(f"{device} all_reduces: {all_reduces(device)}")
    for gpu in ("a100", "a40", "h100"):
        click.echo(f"vidur {gpu}: {eager_matmul(cases, gpu, (0.7, 0.75, 0.8))}")
    for line in host_times(cases):
        click.echo(f"Splitwise {line}")


if __name__ == "__main__":
    main()
