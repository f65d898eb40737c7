"""Which fitted process predicts SLO attainment best, on traffic that was not fitted to.

Run with ``python -m tests.benchmarks.fit_quality``. Each trace is cut into windows. A process of
each kind is fitted to every model in one window; samples of it, and then the next window itself,
run through the same four devices that all hold all models, at several loads with an objective of
five service times. What the samples attain on average is the prediction. Samples are sped up or
slowed down to the next window's request rate, so that the processes are judged by their shape and
not by whether the rate has changed; ``--keep-rates`` leaves them as they are. ``replay`` is no
process: it predicts with the fitted window's own requests.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import click
import numpy as np

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator import Simulator
from alpaplan.workload.arrivals import ArrivalProcess, process_of
from alpaplan.workload.arrivals.modulated import Mmpp
from alpaplan.workload.arrivals.piecewise import Piecewise
from alpaplan.workload.arrivals.renewal import Gamma, Poisson, Weibull, weibull_shape
from alpaplan.workload.fitting import LAWS
from alpaplan.workload.fitting.choice import fit_observation
from alpaplan.workload.fitting.observation import Observation
from alpaplan.workload.sampling import merge_traces
from alpaplan.workload.trace import Trace
from tests import builders
from tests.benchmarks.planning import REPOSITORY
from tests.workload.statistics import Floats

TRACES = REPOSITORY.parent / "shared" / "cases" / "traces"

LOADS = (0.5, 0.7, 0.85)
"""Part of the devices' time that requests would take if none were rejected."""

NUM_DEVICES = 4
SLO_SCALE = 5.0
NUM_SAMPLES = 10
"""Sampled windows of each prediction."""

RENEWAL = ("poisson", "gamma", "weibull")

COLUMNS = (*LAWS, "least BIC", "with mmpp", "replay")
"""Processes; the one of `RENEWAL` with the least BIC, and of all; the fitted requests again."""

Pair = tuple[Trace, Trace]
"""A window to fit to and the one after it, each starting at 0."""


def consecutive(trace: Trace, window_s: float) -> Iterator[Pair]:
    """Cut a trace that starts at 0 into windows, and yield each with its successor."""
    starts = np.arange(int(trace.duration_s / window_s)) * window_s
    parts = [trace.window(start, start + window_s).starting_at(start) for start in starts.tolist()]
    yield from pairwise(parts)


def trace_of(streams: Sequence[Floats], duration_s: float) -> Trace:
    """Join the arrivals of models."""
    names = tuple(f"m{index}" for index in range(len(streams)))
    parts = [
        Trace(times, np.full(times.size, index, dtype=np.int32), names, duration_s)
        for index, times in enumerate(streams)
    ]
    return merge_traces(parts, duration_s)


def requests(name: str) -> tuple[Floats, list[str]]:
    """Read a recording of single requests: times from the first one on, and who was asked."""
    with gzip.open(TRACES / name, "rt") as stream:
        rows = list(csv.reader(stream))[1:]
    times = np.array([float(row[0]) for row in rows])
    return times - times[0], [row[1] for row in rows]


def azure_llm() -> Iterator[Pair]:
    """Yield windows of two LLM services, single requests: 5 minutes."""
    times, names = requests("dev_azure_llm_2023.csv.gz")
    streams = [times[np.array(names) == name] for name in sorted(set(names))]
    yield from consecutive(trace_of(streams, float(times[-1])), 300.0)


def azure_functions_2021() -> Iterator[Pair]:
    """Yield windows of all functions as one model, since each has few requests: 15 minutes."""
    times, _ = requests("dev_maf2_2021_head.csv.gz")
    yield from consecutive(trace_of([times], 3600.0), 900.0)


def azure_functions_2019() -> Iterator[Pair]:
    """Yield windows of eight functions, counted by the minute and spread inside it: 4 hours."""
    rng = np.random.default_rng(2019)
    with gzip.open(TRACES / "dev_maf1_2019_day.csv.gz", "rt") as stream:
        rows = [np.array(row[1:], dtype=np.int64) for row in list(csv.reader(stream))[1:]]
    chosen = [counts for counts in rows if 3 <= counts.mean() <= 60]
    for first in range(0, len(chosen) - 7, 8):
        streams = [
            np.sort(60 * (np.repeat(np.arange(counts.size), counts) + rng.random(counts.sum())))
            for counts in chosen[first : first + 8]
        ]
        yield from consecutive(trace_of(streams, 86_400.0), 14_400.0)


def servegen() -> Iterator[Pair]:
    """Yield windows of eight clients, sampled by the law measured in each 10 minutes: 1 hour."""
    rng = np.random.default_rng(2025)
    clients: dict[str, dict[int, ArrivalProcess]] = {}
    with gzip.open(TRACES / "dev_servegen_windows_week1.csv.gz", "rt") as stream:
        for row in csv.DictReader(stream):
            start_s, rate_rps = int(row["window_start_s"]), float(row["rate_rps"])
            if start_s < 86_400 and rate_rps > 0:
                cv = min(max(float(row["iat_cv"]), 0.1), 30.0)
                weibull = row["dist"] == "Weibull"
                law = Weibull(rate_rps, weibull_shape(cv)) if weibull else Gamma(rate_rps, cv)
                clients.setdefault(row["client"], {})[start_s] = law
    streams = [
        Piecewise((600.0,) * 72, tuple(windows.get(600 * index) for index in range(72))).sample(
            43_200.0, rng
        )
        for windows in clients.values()
        if len(windows) > 130
    ]
    chosen = [times for times in streams if 2_000 < times.size < 40_000]
    for first in range(0, len(chosen) - 7, 8):
        yield from consecutive(trace_of(chosen[first : first + 8], 43_200.0), 3600.0)


def sampled(process: ArrivalProcess) -> Callable[[], Iterator[Pair]]:
    """Return a function that yields windows of four models with one process: 10 minutes."""

    def windows() -> Iterator[Pair]:
        rng = np.random.default_rng(4)
        streams = [process.sample(12_000.0, rng) for _ in range(4)]
        yield from consecutive(trace_of(streams, 12_000.0), 600.0)

    return windows


CASES: dict[str, Callable[[], Iterator[Pair]]] = {
    "two LLM services, 2023 (5 min)": azure_llm,
    "functions, 2021 (15 min)": azure_functions_2021,
    "functions, 2019 (4 h)": azure_functions_2019,
    "LLM clients (1 h)": servegen,
    "sampled: Poisson": sampled(Poisson(5.0)),
    "sampled: gamma, CV 4": sampled(Gamma(5.0, 4.0)),
    "sampled: Weibull, CV 3": sampled(Weibull(5.0, weibull_shape(3.0))),
    "sampled: MMPP": sampled(Mmpp((20.0, 1.0), (10.0, 40.0))),
}


def errors(pair: Pair, rng: np.random.Generator, *, keep_rates: bool) -> dict[str, Floats]:
    """Return, for each process, predicted minus true attainment at each load."""
    fitted, truth = pair
    factors = np.ones(len(truth.model_names))
    if not keep_rates:
        factors = truth.requests_per_model() / np.maximum(fitted.requests_per_model(), 1)
    predicted: dict[str, list[Trace]] = {
        name: [_sample(processes, factors, truth.duration_s, rng) for _ in range(NUM_SAMPLES)]
        for name, processes in _fits(fitted).items()
    }
    predicted["replay"] = [_faster(fitted, factors)]
    found = {name: [] for name in predicted}  # type: dict[str, list[float]]
    for load in LOADS:
        problem = _problem(truth, load)
        true = _attainment(problem, [truth])
        for name, traces in predicted.items():
            found[name].append(_attainment(problem, traces) - true)
    return {name: np.array(values) for name, values in found.items()}


def _fits(trace: Trace) -> dict[str, list[ArrivalProcess | None]]:
    """Fit every model with every process, and choose by BIC without and with the MMPP."""
    made: dict[str, list[ArrivalProcess | None]] = {name: [] for name in COLUMNS[:-1]}
    for index in range(len(trace.model_names)):
        times = trace.arrival_s[trace.model == index]
        if not times.size:
            for column in made.values():
                column.append(None)
            continue
        one = Observation(times, trace.duration_s)
        fits = {name: fit_observation(one, name) for name in LAWS}
        renewal = min((fits[name] for name in RENEWAL), key=lambda fit: fit.bic)
        fits |= {"least BIC": renewal}
        fits |= {"with mmpp": min(renewal, fits["mmpp"], key=lambda fit: fit.bic)}
        for name, fit in fits.items():
            made[name].append(process_of(fit.arrivals))
    return made


def _sample(
    processes: Sequence[ArrivalProcess | None],
    factors: Floats,
    duration_s: float,
    rng: np.random.Generator,
) -> Trace:
    streams = [
        process.sample(duration_s * factor, rng) / factor
        if process is not None and factor
        else np.empty(0)
        for process, factor in zip(processes, factors.tolist(), strict=True)
    ]
    return trace_of(streams, duration_s)


def _faster(trace: Trace, factors: Floats) -> Trace:
    """Let each model's requests arrive so many times as fast, over and over."""
    streams = []
    for index, factor in enumerate(factors.tolist()):
        times = trace.arrival_s[trace.model == index]
        rounds = [times + start * trace.duration_s for start in range(math.ceil(factor))]
        repeated = np.concatenate([np.empty(0), *rounds]) / (factor or 1.0)
        streams.append(repeated[repeated < trace.duration_s])
    return trace_of(streams, trace.duration_s)


def _problem(trace: Trace, load: float) -> PlacementProblem:
    latency_s = load * NUM_DEVICES * trace.duration_s / trace.num_requests
    slo_s = SLO_SCALE * latency_s
    return builders.problem(
        [builders.model(name, slo_s=slo_s) for name in trace.model_names],
        [builders.profile(latency_s=latency_s, weight_bytes=1, shapes=[(1, 1)])],
        builders.cluster(builders.pool(devices_per_node=NUM_DEVICES)),
    )


def _attainment(problem: PlacementProblem, traces: Sequence[Trace]) -> float:
    """Return the mean attainment of traces where every device holds every model."""
    replicas = np.ones((NUM_DEVICES, problem.num_models), dtype=np.bool_)
    placement = Placement(np.zeros(NUM_DEVICES, dtype=np.int64), replicas)
    results = [Simulator(problem, trace).evaluate(placement).slo_attainment for trace in traces]
    return float(np.nanmean(results))


@click.command()
@click.option("--keep-rates", is_flag=True, help="Sample at the fitted window's rates.")
@click.option("--only", metavar="TEXT", default="", help="Cases whose name contains it.")
def main(keep_rates: bool, only: str) -> None:
    """Print a markdown table of mean absolute errors in points of attainment."""
    click.echo("| traffic | pairs | " + " | ".join(COLUMNS) + " |")
    click.echo("|---" * (len(COLUMNS) + 2) + "|")
    for name, windows in CASES.items():
        if only not in name:
            continue
        rng = np.random.default_rng(1)
        found = [
            errors(pair, rng, keep_rates=keep_rates)
            for pair in windows()
            if min(trace.num_requests for trace in pair)
        ]
        if not found:
            continue
        means = [100 * np.mean([np.abs(one[column]) for one in found]) for column in COLUMNS]
        cells = " | ".join(f"{mean:.2f}" for mean in means)
        click.echo(f"| {name} | {len(found)} | {cells} |")


if __name__ == "__main__":
    main()
