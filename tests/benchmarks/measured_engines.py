"""How far simulations of the shipped profiles are off TTFT and TPOT that people measured.

Run with ``python -m tests.benchmarks.measured_engines``. Goals: medians of the absolute errors of
at most 10% for TPOT and 30% for TTFT. Only the host's time for each iteration is fitted, one for
each version of the engine, to TPOT.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import numpy as np

from alpaplan.files.profiles import load_profiles
from alpaplan.files.shipped import shipped_profiles
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.problem.build import build_problem
from alpaplan.simulator import Replay, Simulator
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.workload import WorkloadSpec
from alpaplan.workload.sampling import sample_trace
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.benchmarks.estimate_errors import summary
from tests.benchmarks.estimate_points import GIB, Point
from tests.conftest import REPOSITORY

PROFILES = {
    "Qwen/Qwen3-32B": "qwen3-32b",
    "meta-llama/Llama-3.1-70B-Instruct": "llama-3.1-70b",
    "openai/gpt-oss-120b": "gpt-oss-120b",
}
"""Model -> shipped profile."""

OTHER_PRECISIONS = frozenset({"fp8"})
"""Number formats that no shipped profile of these models has."""

DEVICE_BYTES = 80 * GIB
NOT_USED = 0.1
"""Share of a device's memory that vLLM leaves alone (`--gpu-memory-utilization 0.9`)."""

REQUESTS_PER_CLIENT = 10
OPEN_LOOP_S = 600.0
"""Length of the measurements at a fixed rate."""

LONGEST_HOST_S, HOST_STEP_S = 4e-3, 5e-5
"""Range and step of the fitted host times: vLLM's scheduling and input preparation take 1 to 3 ms
for each iteration where they do not overlap with the device's work."""


@dataclass(frozen=True)
class Load:
    """One measured point.

    Parameters
    ----------
    model, version
        What was served, and the engine's version.
    intra_op
        Tensor parallelism; all ran in one stage.
    input_tokens, output_tokens
        Of every request.
    num_clients, rate_rps
        A closed loop of so many clients, or else requests a second.
    ttft_s, tpot_s
        What was measured.
    """

    model: str
    version: str
    intra_op: int
    input_tokens: int
    output_tokens: int
    num_clients: int | None
    rate_rps: float
    ttft_s: float
    tpot_s: float


@dataclass(frozen=True)
class Prediction:
    """Means over the served requests of a load (s)."""

    ttft_s: float
    tpot_s: float


def read_loads(cases: Path) -> list[Load]:
    """Read the measured points that there are profiles for."""
    with (cases / "llm-measured" / "measured.csv").open(encoding="utf-8", newline="") as lines:
        return [
            Load(
                model=row["model"],
                version=row["engine_version"],
                intra_op=int(row["tp"]),
                input_tokens=int(row["input_tokens"]),
                output_tokens=int(row["output_tokens"]),
                num_clients=int(row["concurrency"]) if row["load"] == "closed" else None,
                rate_rps=float(row["request_rate_rps"] or 1),
                ttft_s=float(row["ttft_ms"]) / 1e3,
                tpot_s=float(row["tpot_ms"]) / 1e3,
            )
            for row in csv.DictReader(lines)
            if row["precision"] not in OTHER_PRECISIONS
        ]


def load_needed_profiles() -> dict[str, ModelProfileSpec]:
    """Return the shipped profile of each measured model."""
    found = load_profiles(shipped_profiles(), list(PROFILES.values()))
    return {model: found[name].spec for model, name in PROFILES.items()}


def predict(load: Load, profile: ModelProfileSpec, host_s: float) -> Prediction:
    """Simulate one engine under a load."""
    lengths = {"input_tokens": load.input_tokens, "output_tokens": load.output_tokens}
    workload = make.workload(
        make.llm_model(
            "m",
            profile.name,
            load.rate_rps,
            max_context_tokens=load.input_tokens + load.output_tokens,
            lengths={"process": "constant", **lengths},
        )
    )
    cluster = make.cluster(
        make.pool("n", 1, 8, round(DEVICE_BYTES * (1 - NOT_USED)), "h100-sxm"),
        iteration_overhead_s=host_s,
    )
    problem = build_problem(cluster, workload, {profile.name: profile})
    shape = next(
        number
        for number, shape in enumerate(problem.shapes)
        if (shape.intra_op, shape.inter_op) == (load.intra_op, 1)
    )
    placement = Placement(np.array([shape]), np.ones((1, 1), dtype=np.bool_))
    engines = _replay(load, workload, problem, placement).engines
    assert engines is not None
    return Prediction(float(np.nanmean(engines.ttft_s)), float(np.nanmean(engines.tpot_s)))


def _replay(
    load: Load, workload: WorkloadSpec, problem: PlacementProblem, placement: Placement
) -> Replay:
    if load.num_clients is None:
        models = workload.served_models()
        trace = sample_trace(models, OPEN_LOOP_S, np.random.default_rng(0))
        return Simulator(problem, trace).replay(placement)
    count = load.num_clients * REQUESTS_PER_CLIENT
    trace = Trace(
        arrival_s=np.zeros(count),
        model=np.zeros(count, dtype=np.int32),
        model_names=("m",),
        duration_s=1.0,
        input_tokens=np.full(count, load.input_tokens, dtype=np.int32),
        output_tokens=np.full(count, load.output_tokens, dtype=np.int32),
    )
    _, replay = Simulator(problem, trace).replay_closed_loop(placement, {0: load.num_clients})
    return replay


def fit_host_s(loads: Sequence[Load], profiles: Mapping[str, ModelProfileSpec]) -> float:
    """Return the host time with the smallest median error of TPOT."""

    def error(host_s: float) -> float:
        found = (predict(load, profiles[load.model], host_s).tpot_s / load.tpot_s for load in loads)
        return median(abs(ratio - 1) for ratio in found)

    steps = round(LONGEST_HOST_S / HOST_STEP_S)
    return min((step * HOST_STEP_S for step in range(steps + 1)), key=error)


def points_of(
    loads: Iterable[Load], profiles: Mapping[str, ModelProfileSpec], host_s: Mapping[str, float]
) -> list[tuple[Point, Point]]:
    """Return TTFT and TPOT of each load, predicted with the host time of its version."""
    found = []
    for load in loads:
        labels: dict[str, object] = {
            "model": PROFILES[load.model],
            "version": f"vLLM {load.version}",
            "shape": f"`intra_op` {load.intra_op}",
            "lengths": f"{load.input_tokens:,} + {load.output_tokens:,} tokens",
            "load": f"{load.rate_rps:g} requests/s"
            if load.num_clients is None
            else f"{load.num_clients} clients",
        }
        predicted = predict(load, profiles[load.model], host_s[load.version])
        found.append(
            (
                Point(labels, predicted.ttft_s, load.ttft_s),
                Point(labels, predicted.tpot_s, load.tpot_s),
            )
        )
    return found


def markdown(points: Sequence[tuple[Point, Point]]) -> str:
    """Return the errors of all, and by model and version, shape, lengths and load, as a table."""
    lines = [
        (
            "| model | points with | number | TPOT: median error | bias | 90% within "
            "| TTFT: median error | bias | 90% within |"
        ),
        "|---" * 9 + "|",
        _row("all", "", points),
    ]
    by_model = _grouped(points, "model")
    for model, of_model in by_model.items():
        for label in ("version", "shape", "lengths", "load"):
            lines += [_row(model, key, pairs) for key, pairs in _grouped(of_model, label).items()]
    return "\n".join(lines)


def _grouped(
    points: Iterable[tuple[Point, Point]], label: str
) -> dict[str, list[tuple[Point, Point]]]:
    groups: dict[str, list[tuple[Point, Point]]] = {}
    for pair in points:
        groups.setdefault(str(pair[0].labels[label]), []).append(pair)
    return groups


def _row(model: str, key: str, pairs: Sequence[tuple[Point, Point]]) -> str:
    cells = [model, key, str(len(pairs))]
    for which in (1, 0):
        errors = summary(pair[which] for pair in pairs)
        cells += [f"{errors.median_absolute:.1%}", f"{errors.bias:+.1%}"]
        cells.append(f"{errors.percentile_90:.1%}")
    return f"| {' | '.join(cells)} |"


@click.command()
@click.option(
    "--cases",
    type=click.Path(path_type=Path, exists=True),
    default=REPOSITORY.parent / "shared" / "cases",
    help="Folder with the measurements.",
)
@click.option("--each", is_flag=True, help="Show every point.")
def main(cases: Path, *, each: bool) -> None:
    """Print the tables of errors, as Markdown."""
    loads, profiles = read_loads(cases), load_needed_profiles()
    host_s = {
        version: fit_host_s([load for load in loads if load.version == version], profiles)
        for version in sorted({load.version for load in loads})
    }
    for version, seconds in host_s.items():
        click.echo(f"vLLM {version}: {seconds * 1e3:.2f} ms for each iteration")
    points = points_of(loads, profiles, host_s)
    click.echo(f"\n{markdown(points)}")
    if each:
        for ttft, tpot in points:
            shown = " ".join(map(str, ttft.labels.values()))
            click.echo(
                f"{shown}: TTFT {ttft.measured * 1e3:.1f} ms {ttft.error:+.0%}, "
                f"TPOT {tpot.measured * 1e3:.2f} ms {tpot.error:+.0%}"
            )


if __name__ == "__main__":
    main()
