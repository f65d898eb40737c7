"""What ``import alpaplan`` gives: the same pipeline as the commands, for notebooks and programs."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import overload

from alpaplan.analysis.comparison import CommonTraces, Comparison
from alpaplan.errors import SpecError
from alpaplan.files.document import Document, load_document
from alpaplan.files.overwriting import require_other
from alpaplan.files.plan_yaml import plan_to_yaml
from alpaplan.files.writing import write_atomically
from alpaplan.planning import plan as pipeline
from alpaplan.planning import runs
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.inputs import load_inputs as load_inputs_at
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.plan import Planned
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.start import DEFAULT_MOVE_COST, StartPlan
from alpaplan.planning.what_if import RateScales, WhatIf, without_nodes
from alpaplan.search.attempt import ProgressListener, ignore_progress
from alpaplan.search.methods import DEFAULT_METHOD
from alpaplan.search.stopping import StopCriterion, never
from alpaplan.specs.choices import Dispatch, Effort
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.schedule import PlanOrSchedule, ScheduleSpec
from alpaplan.workload.trace import Trace

AnyPath = str | os.PathLike[str]

Plan = Planned | Document[PlanSpec] | PlanSpec
"""A plan: one made just now, one from a file, or one put together in memory."""

Schedule = Document[ScheduleSpec] | ScheduleSpec
"""A schedule from a file, or one put together in memory."""


def load_inputs(
    cluster: AnyPath | None = None,
    workload: AnyPath | None = None,
    profiles: AnyPath | None = None,
    *,
    trace: AnyPath | None = None,
    plan: Document[PlanOrSchedule] | None = None,
    as_recorded: bool = False,
) -> Inputs:
    """Load everything that a plan is made from.

    Parameters
    ----------
    cluster, workload
        Files of the documents.
    profiles
        Folder of model profiles; None for the shipped ones.
    trace
        File of recorded requests (.csv, .csv.gz) in place of the workload's arrivals.
    plan
        A plan that was made before: inputs that are not given are those that it names.
    as_recorded
        Keep times that were recorded in long ticks (whole seconds, ...) in place of spreading
        requests that share a tick over it, with an `AlpaplanWarning`.

    Returns
    -------
    Inputs
        The specs, and the placement problem that they are as numpy arrays (`Inputs.problem`).

    Raises
    ------
    MissingInputError
        If there is no cluster or no workload.
    InputError
        With everything wrong with any of the files, a line each.
    """
    documents = (_path(cluster), _path(workload), _path(profiles))
    given = InputPaths(*documents, _path(trace), as_recorded=as_recorded)
    return load_inputs_at(given if plan is None else given.or_those_of(plan))


def plan(
    inputs: Inputs,
    *,
    method: str = DEFAULT_METHOD,
    seed: int = 0,
    effort: Effort | str = Effort.MEDIUM,
    max_evaluations: int | None = None,
    time_limit_s: float | None = None,
    jobs: int | None = None,
    start_from: Document[PlanSpec] | None = None,
    move_cost: float = DEFAULT_MOVE_COST,
    stop: StopCriterion = never,
    on_evaluation: ProgressListener = ignore_progress,
) -> Planned:
    """Search for a placement plan, and predict how it does.

    The same inputs and settings give the same plan, unless a clock or `stop` ends the search.

    Parameters
    ----------
    inputs
        What to plan, from `load_inputs` or `Inputs.of_specs`.
    method
        Search method; ``alpaplan plan --help`` lists them.
    seed
        Seed of all sampled arrivals and of the search.
    effort
        How much to search: ``"low"``, ``"medium"`` or ``"high"``.
    max_evaluations
        Placements that may be simulated; None for as many as the method takes.
    time_limit_s
        Seconds after which the best plan so far is returned.
    jobs
        Attempts side by side, in threads; None for one a core. The plan does not depend on it.
    start_from
        A plan that runs, from `load_plan`: the search starts from that too, and moves away from it
        only as far as is worth the cost.
    move_cost
        Points of SLO attainment that have to be gained to load as many weights as it has.
    stop
        Asked before every evaluation, from any thread: why to stop now, or None to go on.
    on_evaluation
        Told of every simulated placement, from any thread.

    Returns
    -------
    Planned
        `document`: the plan as `write_plan` writes it. `prediction`: what to expect.
        `placement`: shapes int64[G] and replicas bool[G, M] of G groups and M models.

    Raises
    ------
    InfeasibleError
        If a model fits nowhere, no model can meet its objective, or the method finds nothing.
    InputError, SpecError
        If there are too many arrivals, or none to plan on or to judge by.
    InterruptedWithoutPlanError
        If the search was stopped before it had any placement.
    """
    settings = PlanSettings(method, seed, Effort(effort), max_evaluations, time_limit_s, jobs)
    start = None if start_from is None else StartPlan.of(start_from, move_cost)
    return pipeline.plan(inputs, settings, start=start, stop=stop, on_evaluation=on_evaluation)


def load_plan(path: AnyPath) -> Document[PlanSpec]:
    """Load a plan from a file.

    Raises
    ------
    InputError
        With everything wrong with the file, a line each.
    """
    return load_document(Path(path), PlanSpec)


def load_schedule(path: AnyPath) -> Document[ScheduleSpec]:
    """Load a schedule, placements that change, from a file.

    Raises
    ------
    InputError
        With everything wrong with the file, a line each.
    """
    return load_document(Path(path), ScheduleSpec)


def write_plan(plan: Planned | PlanSpec, path: AnyPath) -> None:
    """Write a plan as YAML, whole or not at all; the same plan gives the same bytes.

    Parameters
    ----------
    plan
        The plan. One made by `plan` names its inputs relative to the file.
    path
        Where it goes.

    Raises
    ------
    InputError
        If the file cannot be written, or is one that `plan` was made from.
    """
    target = Path(path)
    if isinstance(plan, Planned):
        require_other(target, plan.inputs.files.paths())
    document = plan.document_in(target.parent) if isinstance(plan, Planned) else plan
    write_atomically(target, plan_to_yaml(document).encode())


def simulate(
    inputs: Inputs,
    plan: Plan | Schedule,
    *,
    arrivals: Trace | AnyPath | None = None,
    duration_s: float | None = None,
    seed: int = 0,
    dispatch: Dispatch | str | None = None,
    without: Collection[str] = (),
    rate_scale: float = 1.0,
    model_rate_scales: Mapping[str, float] | None = None,
) -> runs.Simulation:
    """Run a plan or a schedule on a trace, or on arrivals sampled from the inputs' workload.

    Parameters
    ----------
    inputs
        What the plan is for.
    plan
        The plan or schedule.
    arrivals
        Requests, or a trace file of them; None to replay the workload's recorded arrivals and to
        sample the others.
    duration_s, seed
        Length of a sample in seconds, None for as many requests as planning uses, and its seed.
    dispatch
        ``"shortest-queue"`` or ``"earliest-finish"``; None for the plan's rule, else the cluster's.
    without
        Nodes that are gone, with every group that has a device on one of them.
    rate_scale, model_rate_scales
        How many times as fast the requests of all models, and of single ones besides, come.

    Returns
    -------
    Simulation
        `summary`: attainment, goodput and latencies of all, each model and each group, and of a
        schedule each placement.
        `replay`: latency_s float64[N] and group int32[N] of each of the N requests.

    Raises
    ------
    InputError, SpecError
        With everything wrong with the trace, or with the plan for these inputs.
    AlpaplanError
        If there is no such node or model.
    """
    what_if = _what_if(inputs, without, rate_scale, model_rate_scales)
    spec = without_nodes(_valid(inputs, plan), what_if.lost_nodes)
    if isinstance(arrivals, Trace):
        trace = what_if.rates.of_trace(arrivals.for_models(inputs.problem.model_names))
    else:
        trace = runs.arrivals_for(inputs, _path(arrivals), duration_s, seed, what_if.rates)
    return runs.simulate(inputs, spec, trace, None if dispatch is None else Dispatch(dispatch))


def compare(
    inputs: Inputs,
    plans: Mapping[str, Plan],
    *,
    arrivals: Trace | AnyPath | None = None,
    num_runs: int | None = None,
    duration_s: float | None = None,
    seed: int = 0,
    dispatch: Dispatch | str | None = None,
    without: Collection[str] = (),
    rate_scale: float = 1.0,
    model_rate_scales: Mapping[str, float] | None = None,
) -> Comparison:
    """Run several plans on the same arrivals; the others are compared with the first.

    Parameters
    ----------
    inputs, arrivals, duration_s, dispatch, without, rate_scale, model_rate_scales
        See `simulate`.
    plans
        Name -> plan.
    num_runs, seed
        How many samples of the workload, None for 10, with the seeds `seed`, `seed` + 1, ...

    Returns
    -------
    Comparison
        Attainment and latencies of each plan, and its difference to the first with an interval.

    Raises
    ------
    InputError, SpecError
        With everything wrong with the trace, or with a plan for these inputs.
    AlpaplanError
        If there is no such node or model.
    """
    what_if = _what_if(inputs, without, rate_scale, model_rate_scales)
    specs = [
        (name, without_nodes(_valid(inputs, each), what_if.lost_nodes))
        for name, each in plans.items()
    ]
    if isinstance(arrivals, Trace):
        trace = what_if.rates.of_trace(arrivals.for_models(inputs.problem.model_names))
        common = CommonTraces("trace", (trace,))
    else:
        common = runs.arrivals_to_compare_on(
            inputs, _path(arrivals), num_runs, duration_s, seed, what_if.rates
        )
    return runs.compare(inputs, specs, common, None if dispatch is None else Dispatch(dispatch))


def _path(path: AnyPath | None) -> Path | None:
    return None if path is None else Path(path)


def _what_if(
    inputs: Inputs,
    without: Collection[str],
    rate_scale: float,
    model_rate_scales: Mapping[str, float] | None,
) -> WhatIf:
    what_if = WhatIf(tuple(without), RateScales(rate_scale, model_rate_scales or {}))
    what_if.require_known(inputs)
    return what_if


@overload
def _valid(inputs: Inputs, plan: Plan) -> PlanSpec: ...
@overload
def _valid(inputs: Inputs, plan: Plan | Schedule) -> PlanOrSchedule: ...
def _valid(inputs: Inputs, plan: Plan | Schedule) -> PlanOrSchedule:
    """Return what a plan says, if it fits the inputs."""
    if isinstance(plan, Document):
        inputs.require_valid(plan)
        return plan.spec
    spec = plan.document if isinstance(plan, Planned) else plan
    issues = inputs.issues_of(spec)
    if issues:
        raise SpecError("plan", issues)
    return spec
