"""What plans do under given arrivals: one plan in detail, or several beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from alpaplan.analysis.comparison import CommonTraces, Comparison, PlanRuns
from alpaplan.analysis.comparison import compare as compare_runs
from alpaplan.errors import AlpaplanError, did_you_mean
from alpaplan.files.trace_csv import TraceFile
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.placements import placement_of_plan
from alpaplan.planning.schedule_document import plan_of_placement, schedule_of_document
from alpaplan.planning.traces import read_trace_of
from alpaplan.planning.what_if import AS_STATED, RateScales, with_rates
from alpaplan.problem import Placement, PlacementProblem
from alpaplan.simulator import (
    GroupStatistics,
    Replay,
    ScheduleSimulator,
    SimulationSummary,
    Simulator,
    placement_statistics,
    summarize,
    summarize_groups,
)
from alpaplan.specs.choices import Dispatch, rule_for_llms
from alpaplan.specs.plan import GroupSpec, PlanSpec
from alpaplan.specs.schedule import PlanOrSchedule, ScheduleSpec
from alpaplan.workload.trace import Trace

DEFAULT_RUNS = 10
"""Sampled runs (a count; 5 to 30): the interval of a difference narrows with their root."""


@dataclass(frozen=True)
class Simulation:
    """What a plan or a schedule did under one trace.

    Parameters
    ----------
    summary
        Counts, attainment and latencies of all, each model and each group; of a schedule those of
        each placement too.
    trace
        The requests.
    replay
        The fate of each of them.
    """

    summary: SimulationSummary
    trace: Trace
    replay: Replay


def arrivals_for(
    inputs: Inputs,
    trace: Path | None,
    duration_s: float | None = None,
    seed: int = 0,
    rates: RateScales = AS_STATED,
    *,
    others: bool = False,
) -> Trace:
    """Return the requests to simulate: those of a trace file, or a sample of the workload.

    Parameters
    ----------
    inputs
        The workload's models.
    trace
        File; None to replay the workload's recorded arrivals and to sample the others.
    duration_s, seed
        Length of a sample, and what chooses it.
    rates
        How many times as fast requests come as stated or recorded.
    others
        Leave out the file's requests of models that the workload does not have; else they are
        errors.

    Raises
    ------
    InputError
        With everything wrong with the file, models that the workload does not have included; or
        if a sample would have too many arrivals.
    """
    if trace is not None:
        return rates.of_trace(recorded_requests(inputs, trace, others=others).trace)
    scaled = with_rates(inputs, rates.everyone, rates.by_model)
    return scaled.workload.sample(duration_s, seed)


def recorded_requests(inputs: Inputs, trace: Path, *, others: bool = False) -> TraceFile:
    """Return the requests of a trace file, with their own times.

    Parameters
    ----------
    inputs, trace, others
        See `arrivals_for`.

    Raises
    ------
    InputError
        With everything wrong with the file, models that the workload does not have included.
    """
    kept = inputs.files.as_recorded
    llms = [model.name for model in inputs.workload.models if model.is_llm]
    names = inputs.problem.model_names
    return read_trace_of(trace, names, llms=llms, as_recorded=kept, others=others)


def simulate(
    inputs: Inputs,
    plan: PlanOrSchedule,
    arrivals: Trace,
    dispatch: Dispatch | None = None,
    clients: Mapping[str, int] | None = None,
) -> Simulation:
    """Run a plan or a schedule on a trace.

    Parameters
    ----------
    inputs
        What the plan is for; `Inputs.require_valid` has to find nothing wrong with it.
    plan
        The plan or schedule.
    arrivals
        Requests of the inputs' models.
    dispatch
        Dispatch rule; None for the plan's, as that is deployed, else the cluster's.
    clients
        LLM -> how many clients send its requests, each once the one before is answered, in place of
        the times in the trace.

    Raises
    ------
    AlpaplanError
        If clients are of a model that is no LLM of the workload, or a schedule changes.
    """
    if isinstance(plan, ScheduleSpec):
        return _simulate_schedule(inputs, plan, arrivals, dispatch, clients)
    problem, placement = _deployed(inputs, plan, dispatch)
    simulator = Simulator(problem, arrivals)
    if clients:
        arrivals, replay = _closed_loop(simulator, placement, _numbers_of(inputs, clients))
    else:
        replay = simulator.replay(placement)
    names = [group.name for group in plan.groups if group.replicas]
    summary = summarize(problem, placement, arrivals, replay, names)
    return Simulation(_with_groups(summary, plan.groups), arrivals, replay)


def _with_groups(summary: SimulationSummary, groups: Iterable[GroupSpec]) -> SimulationSummary:
    """Return a summary that has groups without replicas too, each name where it is first."""
    served = {group.name: group for group in summary.groups}
    names = dict.fromkeys(group.name for group in groups)
    everyone = (served.get(name, GroupStatistics(name, 0, 0, 0.0)) for name in names)
    return replace(summary, groups=tuple(everyone))


def _simulate_schedule(
    inputs: Inputs,
    document: ScheduleSpec,
    arrivals: Trace,
    dispatch: Dispatch | None,
    clients: Mapping[str, int] | None,
) -> Simulation:
    if len(document.placements) == 1:
        simulation = simulate(inputs, plan_of_placement(document, 0), arrivals, dispatch, clients)
    elif clients:
        _numbers_of(inputs, clients)
        raise AlpaplanError(
            "clients that wait for answers are simulated on one placement, not on a schedule that "
            "changes it: its times would mean nothing"
        )
    else:
        problem = _ruled_by(inputs, document, dispatch)
        schedule = schedule_of_document(problem, inputs.cluster, document)
        names, replay = ScheduleSimulator(problem, arrivals).replay(schedule).by_name()
        summary = summarize_groups(problem, arrivals, replay, names)
        groups = [group for each in document.placements for group in each.groups]
        simulation = Simulation(_with_groups(summary, groups), arrivals, replay)
    start_s = np.array([each.start_s for each in document.placements])
    placements = placement_statistics(start_s, simulation.trace, simulation.replay)
    return replace(simulation, summary=replace(simulation.summary, placements=placements))


def _numbers_of(inputs: Inputs, clients: Mapping[str, int]) -> dict[int, int]:
    """Return the clients by the numbers of their models."""
    llms = {model.name: m for m, model in enumerate(inputs.workload.models) if model.is_llm}
    unknown = [name for name in clients if name not in llms]
    if unknown:
        name = unknown[0]
        raise AlpaplanError(
            f"a closed loop must be for an LLM of the workload, "
            f"found {name!r}{did_you_mean(name, llms)}"
        )
    return {llms[name]: number for name, number in clients.items()}


def _closed_loop(
    simulator: Simulator, placement: Placement, clients: Mapping[int, int]
) -> tuple[Trace, Replay]:
    """Return the requests with the times at which they were sent, and their fates."""
    sent_s, replay = simulator.replay_closed_loop(placement, clients)
    end_to_end_s = replay.latency_s if replay.engines is None else replay.engines.end_to_end_s
    last_s = float((sent_s + np.nan_to_num(end_to_end_s)).max(initial=0.0))
    return replace(simulator.trace, arrival_s=sent_s, duration_s=last_s), replay


def compare(
    inputs: Inputs,
    plans: Sequence[tuple[str, PlanSpec]],
    arrivals: CommonTraces,
    dispatch: Dispatch | None = None,
) -> Comparison:
    """Run several plans on the same arrivals.

    Parameters
    ----------
    inputs, dispatch
        See `simulate`.
    plans
        Names and plans; the others are compared with the first.
    arrivals
        What all of them run on.
    """
    runs = []
    for name, plan in plans:
        problem, placement = _deployed(inputs, plan, dispatch)
        replays = tuple(Simulator(problem, trace).replay(placement) for trace in arrivals.traces)
        runs.append(PlanRuns(name, placement, replays))
    return compare_runs(inputs.problem, arrivals, runs)


def arrivals_to_compare_on(
    inputs: Inputs,
    trace: Path | None,
    runs: int | None,
    duration_s: float | None,
    seed: int,
    rates: RateScales = AS_STATED,
) -> CommonTraces:
    """Return a trace file, the workload's recorded arrivals, or several samples of it.

    Parameters
    ----------
    inputs, trace, duration_s, rates
        See `arrivals_for`.
    runs
        How many samples; None for `DEFAULT_RUNS`. Recorded arrivals are one run.
    seed
        Of the first sample; the next ones have the seeds that follow.
    """
    if trace is not None or inputs.workload.is_recorded:
        return CommonTraces("trace", (arrivals_for(inputs, trace, duration_s, seed, rates),))
    seeds = range(seed, seed + (runs or DEFAULT_RUNS))
    samples = tuple(arrivals_for(inputs, None, duration_s, each, rates) for each in seeds)
    return CommonTraces("sampled", samples)


def _deployed(
    inputs: Inputs, plan: PlanSpec, dispatch: Dispatch | None
) -> tuple[PlacementProblem, Placement]:
    """Return the problem under the plan's dispatch rule, and the plan's groups with replicas."""
    problem = _ruled_by(inputs, plan, dispatch)
    return problem, placement_of_plan(problem, inputs.cluster, plan)


def _ruled_by(inputs: Inputs, plan: PlanOrSchedule, dispatch: Dispatch | None) -> PlacementProblem:
    """Return the problem under a dispatch rule; None for the plan's, else the cluster's."""
    if dispatch is None:
        dispatch = plan.routing.dispatch if plan.routing is not None else inputs.problem.dispatch
    if dispatch is not Dispatch.SHORTEST_QUEUE and inputs.problem.engines is not None:
        raise AlpaplanError(f"the dispatch rule {rule_for_llms(dispatch)}")
    return replace(inputs.problem, dispatch=dispatch)
