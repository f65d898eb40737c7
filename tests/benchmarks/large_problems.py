"""Plans ten times AlpaServe's scale: 480 models on 256 devices, and 2,000 on 2,048.

Run with ``python -m tests.benchmarks.large_problems --size 480``. Goals on 2 cores: 480 models
in 60 s with more than 0.966 attainment (AlpaServe: 499 s for 0.966), 2,000 models in 5 minutes
and 4 GB.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import yaml

from alpaplan.planning.settings import PlanSettings
from alpaplan.specs.choices import Effort
from tests.benchmarks import options
from tests.benchmarks.planning import (
    QUALITY_CASES,
    REPOSITORY,
    in_a_process_of_its_own,
    load_folder,
    peak_memory_bytes,
    timed_plan,
    warm_up,
)

PROFILES = (
    ("bert-6.7b", "moe-5.3b", "bert-2.6b", "moe-2.4b", "bert-1.3b", "moe-1.3b"),
    ("bert-6.7b", "moe-5.3b", "bert-2.7b", "moe-2.4b", "bert-1.3b", "moe-1.3b"),
)
"""The six types in turn: as plan-02 names them, and as the shipped profiles do."""

DEVICES_PER_NODE = 8
RATE_EXPONENT = 0.5
CV = 4.0
SLO_SCALE = 5.0


@dataclass(frozen=True)
class Size:
    """How large a problem is."""

    num_models: int
    num_devices: int
    total_rate_rps: float


SIZES = {"480": Size(480, 256, 512.0), "2000": Size(2000, 2048, 4096.0)}


def write_problem(size: Size, folder: Path) -> None:
    """Write the documents of a problem like plan-02 but of another size."""
    measured = QUALITY_CASES / "plan-02" / "profiles"
    from_case = measured.is_dir()
    names = PROFILES[0] if from_case else PROFILES[1]
    (folder / "profiles").mkdir(parents=True, exist_ok=True)
    for name in names:
        source = (measured if from_case else REPOSITORY / "profiles") / f"{name}.yaml"
        shutil.copyfile(source, folder / "profiles" / source.name)
    documents = {"cluster.yaml": _cluster(size), "workload.yaml": _workload(size, names)}
    for file, document in documents.items():
        text = yaml.safe_dump(document, sort_keys=False)
        (folder / file).write_text(text, encoding="utf-8")


def _cluster(size: Size) -> dict[str, Any]:
    pool = {
        "name": "n",
        "count": size.num_devices // DEVICES_PER_NODE,
        "device": "v100-16gb",
        "devices_per_node": DEVICES_PER_NODE,
        "device_memory_bytes": "16GiB",
        "reserved_memory_bytes": "3GiB",
    }
    serving = {
        "dispatch": "earliest-finish",
        "request_overhead_s": 0.011,
        "stage_overhead": 0.009,
    }
    return {
        "kind": "cluster",
        "version": 1,
        "name": f"devices-{size.num_devices}",
        "node_pools": [pool],
        "serving": serving,
    }


def _workload(size: Size, profiles: tuple[str, ...]) -> dict[str, Any]:
    shares = [(index + 1) ** -RATE_EXPONENT for index in range(size.num_models)]
    unit_rps = size.total_rate_rps / sum(shares)
    models = [
        {
            "name": f"m{index}",
            "profile": profiles[index % len(profiles)],
            "slo_scale": SLO_SCALE,
            "arrivals": {"process": "gamma", "rate_rps": share * unit_rps, "cv": CV},
        }
        for index, share in enumerate(shares)
    ]
    return {"kind": "workload", "version": 1, "name": f"models-{size.num_models}", "models": models}


def measure(
    folder: Path,
    settings: PlanSettings,
    profile: Path | None,
) -> dict[str, Any]:
    """Plan a folder's problem, and return what it took and gave."""
    start_s = perf_counter()
    inputs = load_folder(folder)
    warm_up(inputs)
    load_s = perf_counter() - start_s
    profiler = cProfile.Profile()
    if profile is not None:
        profiler.enable()
    timed = timed_plan(inputs, settings)
    if profile is not None:
        profiler.disable()
        pstats.Stats(profiler).dump_stats(profile)
    result = timed.planned.result
    return {
        "method": settings.method,
        "load_s": load_s,
        "plan_s": timed.plan_s,
        "plan_cpu_s": timed.plan_cpu_s,
        "peak_memory_bytes": peak_memory_bytes(),
        "num_evaluations": result.num_evaluations,
        "num_training_requests": timed.planned.arrivals.training.num_requests,
        "training_slo_attainment": result.best.evaluation.slo_attainment,
        "predicted_slo_attainment": result.prediction.slo_attainment,
        "prediction_interval_95": result.prediction.prediction_interval_95,
        "partition": result.best.partition,
        "num_replicas": int(result.best.placement.replicas.sum()),
        "stop_reason": result.stop_reason,
    }


@click.command()
@click.option("--size", type=click.Choice(list(SIZES)), required=True, help="Number of models.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder of the documents.")
@options.method
@options.effort(Effort.MEDIUM)
@options.seed
@options.jobs
@click.option("--time-limit", type=float, metavar="SECONDS", help="End the search after so long.")
@options.max_evaluations
@click.option("--profile", type=click.Path(path_type=Path), help="Where a cProfile goes; 1 job.")
@click.option("--generate-only", is_flag=True, help="Write the documents, and plan nothing.")
def main(
    size: str,
    output: Path | None,
    method: str,
    effort: str,
    seed: int,
    jobs: int,
    time_limit: float | None,
    max_evaluations: int | None,
    profile: Path | None,
    generate_only: bool,
) -> None:
    """Plan one of the large problems; print time, peak memory and attainment as JSON."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = output or Path(scratch)
        write_problem(SIZES[size], folder)
        if generate_only:
            return
        click.echo(f"planning {size} models with {method}", err=True)
        # Only one thread is profiled.
        measured = in_a_process_of_its_own(
            measure,
            folder,
            PlanSettings(
                method=method,
                seed=seed,
                effort=Effort(effort),
                max_evaluations=max_evaluations,
                time_limit_s=time_limit,
                jobs=1 if profile is not None else jobs,
            ),
            profile,
        )
    click.echo(json.dumps(measured, indent=2))
    if profile is not None:
        pstats.Stats(str(profile)).sort_stats("cumulative").print_stats(30)


if __name__ == "__main__":
    main()
