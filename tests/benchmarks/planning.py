"""Plans inputs as `alpaplan plan` does, with the clock and the memory watched."""

from __future__ import annotations

import multiprocessing
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeVar

import numpy as np

from alpaplan.planning.inputs import Inputs, load_inputs
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.plan import Planned, plan
from alpaplan.planning.settings import PlanSettings
from alpaplan.problem import Placement
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace

Result = TypeVar("Result")

REPOSITORY = Path(__file__).resolve().parents[2]
QUALITY_CASES = REPOSITORY.parent / "shared" / "cases" / "quality"
ROOMY_CASES = QUALITY_CASES.with_name("roomy")
"""The quality cases and the roomy ones, which lie beside the repository."""


@dataclass(frozen=True)
class TimedPlan:
    """A plan, and the seconds that it took.

    Parameters
    ----------
    planned
        The plan.
    plan_s, plan_cpu_s
        Seconds for arrivals, search and prediction together: by the clock, and of all cores, which
        says more where the machine is busy with something else.
    """

    planned: Planned
    plan_s: float
    plan_cpu_s: float


def load_folder(folder: Path) -> Inputs:
    """Load `cluster.yaml`, `workload.yaml` and `profiles` of a folder."""
    names = ("cluster.yaml", "workload.yaml", "profiles")
    return load_inputs(InputPaths(*(folder / name for name in names)))


def timed_plan(inputs: Inputs, settings: PlanSettings) -> TimedPlan:
    """Plan as `alpaplan plan` does, and watch the clocks."""
    start_s, cpu_start_s = perf_counter(), process_time()
    planned = plan(inputs, settings)
    return TimedPlan(planned, perf_counter() - start_s, process_time() - cpu_start_s)


def warm_up(inputs: Inputs) -> None:
    """Load the compiled kernel, which a process does once."""
    problem = inputs.problem
    nothing = Trace(np.empty(0), np.empty(0, dtype=np.int32), problem.model_names, 1.0)
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
