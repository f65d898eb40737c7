"""Plans inputs as `alpaplan plan` does, with the clock and the memory watched."""

from __future__ import annotations

import inspect
import json
import multiprocessing
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, TypeVar

import click
import numpy as np

from alpaplan.cli.inputs import Inputs, load_inputs
from alpaplan.problem import Placement
from alpaplan.search.planner import PlanResult, solve
from alpaplan.simulator import Simulator
from alpaplan.workload.arrival_sets import ArrivalSets, make_arrival_sets
from alpaplan.workload.trace import Trace

Result = TypeVar("Result")

REPOSITORY = Path(__file__).resolve().parents[2]
QUALITY_CASES = REPOSITORY.parent / "shared" / "cases" / "quality"
"""The quality cases, which lie beside the repository."""


@dataclass(frozen=True)
class Planned:
    """A plan, and what it took.

    Parameters
    ----------
    result
        What the search found.
    plan_s, plan_cpu_s
        Seconds for arrivals, search and prediction together: by the clock, and of all cores, which
        says more where the machine is busy with something else.
    num_training_requests
        Requests that candidates were scored on.
    """

    result: PlanResult
    plan_s: float
    plan_cpu_s: float
    num_training_requests: int


def load_folder(folder: Path) -> Inputs:
    """Load `cluster.yaml`, `workload.yaml` and `profiles` of a folder."""
    return load_inputs(folder / "cluster.yaml", folder / "workload.yaml", folder / "profiles")


def plan_inputs(
    inputs: Inputs, method: str, seed: int, jobs: int, options: Mapping[str, Any]
) -> Planned:
    """Sample arrivals and search, as `alpaplan plan` does.

    Parameters
    ----------
    options
        Further arguments, of `solve` or `make_arrival_sets` or both, such as ``max_evaluations``.

    Raises
    ------
    click.UsageError
        If neither takes one of the options.
    """
    for_solve, for_arrivals = taken_by(solve, options), taken_by(make_arrival_sets, options)
    unknown = options.keys() - for_solve.keys() - for_arrivals.keys()
    if unknown:
        raise click.UsageError(f"planning takes no option {sorted(unknown)}")
    start_s, cpu_start_s = perf_counter(), process_time()
    arrivals_rng, search_rng = np.random.default_rng(seed).spawn(2)
    arrivals = draw_arrivals(inputs, arrivals_rng, **for_arrivals)
    result = solve(inputs.problem, arrivals, method, rng=search_rng, jobs=jobs, **for_solve)
    return Planned(
        result=result,
        plan_s=perf_counter() - start_s,
        plan_cpu_s=process_time() - cpu_start_s,
        num_training_requests=arrivals.training.num_requests,
    )


def draw_arrivals(inputs: Inputs, rng: np.random.Generator, **options: Any) -> ArrivalSets:
    """Draw the arrivals to plan on, as `alpaplan plan` does."""
    pause_s = float(inputs.problem.slo_s.max())
    return make_arrival_sets(inputs.models, inputs.recorded, rng, pause_s, **options)


def taken_by(function: Callable[..., object], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a function has a parameter for."""
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in parameters}


def read_options(texts: Sequence[str]) -> dict[str, Any]:
    """Read ``name=value`` texts; a value that is no JSON is a text."""
    options: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            options[name] = json.loads(value)
        except json.JSONDecodeError:
            options[name] = value
    return options


def warm_up(inputs: Inputs) -> None:
    """Load the compiled kernel, which a process does once."""
    problem = inputs.problem
    nothing = Trace(np.zeros(1), np.zeros(1, dtype=np.int32), problem.model_names, 1.0)
    shape, profile = (int(index) for index in np.argwhere(problem.supported)[0])
    replicas = (problem.profile_of_model == profile)[np.newaxis]
    Simulator(problem, nothing).evaluate(Placement(np.array([shape]), replicas))


def in_a_process_of_its_own(function: Callable[..., Result], *arguments: object) -> Result:
    """Call a function where nothing was allocated before, so that its peak memory is its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as executor:
        return executor.submit(function, *arguments).result()


def peak_memory_bytes() -> int:
    """Return the most memory that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
