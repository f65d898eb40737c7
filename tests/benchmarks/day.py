"""What changing placements over a day gains, by how fast weights load, on real traffic.

Run with ``python -m tests.benchmarks.day MINUTES.csv.gz``, a table of calls per function and minute
as that of Azure Functions 2019: a column of names, then one a minute. Functions are dealt out to
models in turn, as AlpaServe does, and gaps inside a minute have CV 4. The schedules know rates and
CVs of windows; Clockwork++ knows the arrivals themselves, unless it says causal.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from alpaplan.files.profiles import load_profiles
from alpaplan.files.shipped import shipped_profiles
from alpaplan.files.trace_csv import TraceFile
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.schedules.auto import PlannedWindows, plan_windows
from alpaplan.planning.schedules.document import windows_of_schedule
from alpaplan.planning.schedules.results import Figure
from alpaplan.planning.schedules.settings import ScheduleSettings
from alpaplan.planning.settings import usable_cores
from alpaplan.planning.tasks import local_runner
from alpaplan.problem import PlacementProblem
from alpaplan.problem.loading import with_free_loads
from alpaplan.search.schedules.clockwork import clockwork, one_window_late
from alpaplan.search.schedules.judged import attained_by, device_hours
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.workload import WorkloadSpec
from alpaplan.workload.trace import Trace
from tests.benchmarks.quality import markdown_table

PROFILES = ("bert-1.3b", "bert-2.7b")
NUM_MODELS = 16
CV = 4.0
SLO_SCALE = 5.0
BANDWIDTHS = ("0 s", "55GB", "12GB", "2GB")
LOAD_OVERHEAD = "5s"
TARGET = 0.99
CLOCKWORK_WINDOW_S = 600.0


def read_minutes(path: Path) -> NDArray[np.float64]:
    """Return calls of each model in each minute, ``float64[NUM_MODELS, minutes]``."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    counts = np.array([[float(cell) for cell in row[1:]] for row in rows])
    return np.array([counts[model::NUM_MODELS].sum(axis=0) for model in range(NUM_MODELS)])


def inputs_of(minutes: NDArray[np.float64], mean_rps: float) -> Inputs:
    """Return eight V100 and a workload whose rates follow the minutes, with a given mean."""
    rates = minutes * mean_rps / minutes.sum(axis=0).mean()
    models = [
        {
            "name": f"m{number}",
            "profile": PROFILES[number % len(PROFILES)],
            "slo_scale": SLO_SCALE,
            "arrivals": {"process": "piecewise", "windows": list(map(minute_of, own.tolist()))},
        }
        for number, own in enumerate(rates)
    ]
    workload = {"kind": "workload", "version": 1, "name": "day", "models": models}
    pool = {
        "name": "v100",
        "count": 2,
        "device": "v100-16gb",
        "devices_per_node": 4,
        "device_memory_bytes": "16GiB",
        "reserved_memory_bytes": "3GiB",
        "load_bandwidth_bytes_per_s": "12GB",
    }
    cluster = {
        "kind": "cluster",
        "version": 1,
        "name": "day",
        "node_pools": [pool],
        "serving": {"load_overhead_s": LOAD_OVERHEAD},
    }
    loaded = load_profiles(shipped_profiles(), PROFILES)
    return Inputs.of_specs(
        ClusterSpec.model_validate(cluster),
        WorkloadSpec.model_validate(workload),
        {name: document.spec for name, document in loaded.items()},
    )


def minute_of(rate_rps: float) -> dict[str, object]:
    """Return a window of a minute."""
    arrivals = {"process": "gamma", "rate_rps": rate_rps, "cv": CV}
    return {"duration_s": 60} | ({"arrivals": arrivals} if rate_rps > 0 else {})


def loading_at(problem: PlacementProblem, bandwidth: str) -> PlacementProblem:
    """Return the problem with another load time."""
    if bandwidth == BANDWIDTHS[0]:
        return with_free_loads(problem)
    per_s = float(bandwidth.removesuffix("GB")) * 1e9
    pools = tuple(replace(pool, load_bandwidth_bytes_per_s=per_s) for pool in problem.pools)
    return replace(problem, pools=pools)


def compare(
    problem: PlacementProblem, planned: PlannedWindows, settings: ScheduleSettings, trace: Trace
) -> list[Figure]:
    """Return what all ways to place attain with the load times of a problem."""
    chosen = planned.chosen(problem, settings)
    figures = [figure for figure in planned.figures(problem, chosen) if figure.loads != "0 s"]
    if problem.load_overhead_s == 0:
        figures = list(planned.figures(problem, chosen))
    foreseeing = clockwork(problem, trace, CLOCKWORK_WINDOW_S)
    for name, schedule in (
        ("Clockwork++", foreseeing),
        ("Clockwork++, causal", one_window_late(foreseeing)),
    ):
        found = attained_by(problem, schedule, trace)
        hours = device_hours(schedule, float(trace.arrival_s[-1]))
        figures.append(Figure(name, "", "", found, hours))
    return figures


def table(bandwidths: Sequence[str], figures: Sequence[Sequence[Figure]]) -> str:
    """Return attainment of each way to place by load time."""
    names = [figure.name for figure in figures[0]]
    rows = [
        [name, *(f"{100 * found[number].attained.slo_attainment:.2f}%" for found in figures)]
        for number, name in enumerate(names)
    ]
    return markdown_table(["placement", *bandwidths], rows)


@click.command()
@click.argument("minutes", type=click.Path(path_type=Path))
@click.option("--window", "window_s", type=float, default=7200.0, show_default=True)
@click.option("--hours", type=int, default=24, show_default=True)
@click.option("--rate", "mean_rps", type=float, default=12.0, show_default=True)
def main(minutes: Path, window_s: float, hours: int, mean_rps: float) -> None:
    """Compare placements on a day of functions, and say which devices are free when."""
    inputs = inputs_of(read_minutes(minutes)[:, : 60 * hours], mean_rps)
    trace = inputs.workload.sample(3600.0 * hours, 11)
    settings = ScheduleSettings(window_s=window_s, trace=TraceFile(minutes, "", trace))
    with local_runner(usable_cores(), 1) as runner:
        planned = plan_windows(inputs, replace(settings, target=TARGET), runner)
    figures = [
        compare(loading_at(inputs.problem, bandwidth), planned, settings, trace)
        for bandwidth in BANDWIDTHS
    ]
    click.echo(f"{trace.num_requests:,} requests\n")
    click.echo(table(BANDWIDTHS, figures))
    chosen = planned.chosen(inputs.problem, replace(settings, target=TARGET))
    windows = windows_of_schedule(inputs.problem, chosen, trace, 3600.0 * hours)
    click.echo(f"\nat {TARGET:.0%}, loading at 12 GB/s:\n")
    rows = [
        [f"{w.start_s / 3600:g} h", f"{100 * w.attained.slo_attainment:.2f}%", str(w.free_devices)]
        for w in windows
    ]
    click.echo(markdown_table(["from", "attainment", "free devices"], rows))


if __name__ == "__main__":
    main()
