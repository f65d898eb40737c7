"""`alpaplan plan`: search for a placement plan, or check that a committed one is current."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.inputs_of_plan import inputs_of_plan, require_inputs
from alpaplan.cli.output import STANDARD_OUTPUT, print_result, require_target, write_document

if TYPE_CHECKING:
    from alpaplan.cli.inputs import Inputs
    from alpaplan.files.document import Document
    from alpaplan.search.planner import PlanResult
    from alpaplan.specs.plan import PlanSpec


@dataclass(frozen=True)
class _Settings:
    """How to search: what a plan's provenance records, and what only this run is told."""

    method: str
    seed: int
    effort: str
    max_evaluations: int | None
    time_limit_s: float | None
    jobs: int
    quiet: bool


@click.command()
@options.cluster
@options.workload
@options.profiles
@options.planning_trace
@options.output
@options.method
@options.seed
@options.effort
@options.jobs
@options.time_limit
@options.max_evaluations
@options.check
@options.require_attainment
@options.explain
@options.quiet
@user_errors
def plan(
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    trace: Path | None,
    output: Path | None,
    method: str | None,
    seed: int | None,
    effort: str | None,
    jobs: int | None,
    time_limit_s: float | None,
    max_evaluations: int | None,
    check: Path | None,
    require_attainment: float | None,
    explain: bool,
    quiet: bool,
) -> None:
    """Find a placement plan for a cluster and a workload.

    Writes the plan, and prints a summary of it. The same inputs and seed give the same plan, byte
    for byte, unless the clock ends the search. Ctrl-C ends it with the best plan so far.

    With --check nothing is written: the inputs and settings that PLAN was made from are planned
    again, and the exit status is 1 if the result differs.
    """
    committed = None
    given = cluster, workload, profiles, trace
    if check is not None:
        committed = _load_committed(output or check if check == STANDARD_OUTPUT else check)
        given = inputs_of_plan(committed, *given)
    paths = require_inputs(*given)
    settings = _settings(
        committed, method, seed, effort, max_evaluations, time_limit_s, jobs, quiet
    )

    from alpaplan.cli.inputs import load_inputs
    from alpaplan.files.plan_yaml import plan_to_yaml

    inputs = load_inputs(*paths)
    target = committed.path if committed is not None else (output or STANDARD_OUTPUT)
    if committed is None:
        require_target(target)
    document, result = _search(inputs, settings, target.parent)
    if committed is not None:
        _report_check(committed, document)
    else:
        write_document(target, plan_to_yaml(document))
        if not quiet:
            to_stderr = target == STANDARD_OUTPUT
            _print_summary(inputs, result, document, explain=explain, to_stderr=to_stderr)
    _exit(result, require_attainment)


def _search(inputs: Inputs, settings: _Settings, base: Path) -> tuple[PlanSpec, PlanResult]:
    import numpy as np

    from alpaplan import __version__
    from alpaplan.cli.inputs import path_from, spec_errors_of
    from alpaplan.cli.progress import interruptible, search_progress
    from alpaplan.export.plan import plan_document
    from alpaplan.problem.checker import check_plan
    from alpaplan.problem.feasibility import check_feasible, check_servable
    from alpaplan.search.effort import Effort
    from alpaplan.search.methods import METHODS
    from alpaplan.search.planner import solve
    from alpaplan.search.stopping import TimeLimit, first_of
    from alpaplan.specs.plan import Provenance
    from alpaplan.workload.arrival_sets import make_arrival_sets

    check_feasible(inputs.problem, inputs.profile_specs())
    check_servable(inputs.problem)
    effort = Effort(settings.effort)
    max_work = METHODS[settings.method].max_work(effort, inputs.problem.num_models)
    limits = [] if settings.time_limit_s is None else [TimeLimit(settings.time_limit_s)]
    with (
        interruptible() as interrupt,
        search_progress(max_work, settings.max_evaluations, enabled=not settings.quiet) as listener,
    ):
        with spec_errors_of({"workload": inputs.workload}):
            arrivals_rng, search_rng = np.random.default_rng(settings.seed).spawn(2)
            pause_s = float(inputs.problem.slo_s.max())
            arrivals = make_arrival_sets(inputs.models, inputs.recorded, arrivals_rng, pause_s)
        result = solve(
            inputs.problem,
            arrivals,
            settings.method,
            rng=search_rng,
            effort=effort,
            max_evaluations=settings.max_evaluations,
            stop=first_of(interrupt, *limits),
            jobs=settings.jobs,
            on_evaluation=listener,
        )
    provenance = Provenance(
        alpaplan=__version__,
        method=settings.method,
        seed=settings.seed,
        effort=settings.effort,
        max_evaluations=settings.max_evaluations,
        stopped_early=result.stop_reason.value if result.stop_reason else None,
        trace=None if inputs.trace is None else path_from(base, inputs.trace),
        inputs=inputs.records(base),
    )
    profiles = inputs.profile_specs()
    document = plan_document(inputs.problem, result, profiles, provenance, arrivals.source)
    issues = check_plan(inputs.cluster.spec, inputs.workload.spec, profiles, document)
    if issues:
        raise RuntimeError("the plan fails its own check: " + "; ".join(i.message for i in issues))
    return document, result


def _settings(
    committed: Document[PlanSpec] | None,
    method: str | None,
    seed: int | None,
    effort: str | None,
    max_evaluations: int | None,
    time_limit_s: float | None,
    jobs: int | None,
    quiet: bool,
) -> _Settings:
    """Take what is given; else what a committed plan was made with; else the defaults."""
    from alpaplan.errors import did_you_mean
    from alpaplan.search.methods import METHODS

    made = committed.spec.provenance if committed is not None else None
    name = method or (made.method if made else "auto")
    if name not in METHODS:
        known = ", ".join(METHODS)
        raise click.UsageError(
            f"--method must be one of {known}, found {name!r}{did_you_mean(name, METHODS)}"
        )
    if seed is None:
        seed = made.seed if made else 0
    effort = effort or (made.effort if made else None) or "medium"
    if max_evaluations is None and made is not None:
        max_evaluations = made.max_evaluations
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    jobs = jobs or cores or 1
    return _Settings(name, seed, effort, max_evaluations, time_limit_s, jobs, quiet)


def _load_committed(path: Path) -> Document[PlanSpec]:
    from alpaplan.errors import InputError, Issue
    from alpaplan.files.document import load_document
    from alpaplan.specs.plan import PlanSpec

    committed = load_document(path, PlanSpec)
    made = committed.spec.provenance
    if made is None:
        issue = Issue((), "must have a provenance to be checked, found none (written by hand?)")
        raise InputError([committed.error_line(issue)])
    if made.stopped_early is not None:
        what = f"was ended by {made.stopped_early}, so planning again need not give the same; "
        issue = Issue(("provenance", "stopped_early"), what + "use --max-evaluations instead")
        raise InputError([committed.error_line(issue)])
    return committed


def _report_check(committed: Document[PlanSpec], current: PlanSpec) -> None:
    from alpaplan.report.difference import plan_differences

    differences = plan_differences(committed.spec, current)
    if not differences:
        click.echo(f"{committed.path}: current")
        return
    click.echo(f"{committed.path}: stale")
    for line in differences:
        click.echo(f"  {line}")
    sys.exit(1)


def _print_summary(
    inputs: Inputs, result: PlanResult, document: PlanSpec, *, explain: bool, to_stderr: bool
) -> None:
    from alpaplan.report.plan import plan_summary

    assumed = None if inputs.trace is None else _describe_trace(inputs, inputs.trace)
    summary = plan_summary(inputs.problem, result, document, assumed, explain=explain)
    print_result(summary, to_stderr=to_stderr)


def _describe_trace(inputs: Inputs, path: Path) -> str:
    from alpaplan.report.recording import describe_recording

    # All models have the same trace.
    return describe_recording(next(iter(inputs.recorded.values())), str(path))


def _exit(result: PlanResult, require_attainment: float | None) -> None:
    from alpaplan.search.stopping import StopReason

    if result.stop_reason is StopReason.INTERRUPT:
        click.echo("interrupted: this is the best plan so far", err=True)
        sys.exit(130)
    found = result.prediction.slo_attainment
    if require_attainment is not None and found < require_attainment:
        click.echo(
            f"predicted SLO attainment {found:.6g} is below the required {require_attainment:.6g}",
            err=True,
        )
        sys.exit(1)
