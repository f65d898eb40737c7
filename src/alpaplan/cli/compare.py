"""`alpaplan compare`: several plans side by side on the same arrivals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.inputs_of_plan import inputs_of_plan, require_inputs
from alpaplan.cli.output import print_json, print_result

if TYPE_CHECKING:
    from alpaplan.analysis.comparison import CommonTraces, Comparison
    from alpaplan.cli.inputs import Inputs
    from alpaplan.files.document import Document
    from alpaplan.specs.plan import PlanSpec

DEFAULT_RUNS = 10
"""Sampled runs (a count; 5 to 30): the interval of a difference narrows with their root."""


@click.command()
@click.argument("plans", type=click.Path(path_type=Path), metavar="PLAN...", nargs=-1)
@options.cluster
@options.workload
@options.profiles
@options.trace
@options.runs
@options.duration
@options.seed
@options.dispatch
@options.output_format
@user_errors
def compare(
    plans: tuple[Path, ...],
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    trace: Path | None,
    runs: int | None,
    duration_s: float | None,
    seed: int | None,
    dispatch: str | None,
    output_format: str,
) -> None:
    """Show plans side by side on the same arrivals: a trace, or samples of the workload.

    All plans see the same arrivals, so that they differ by what they do and not by luck. Inputs
    that are not given are those of the first plan, which the others are compared with. Run number
    i of the samples is what `alpaplan simulate` shows for the seed SEED + i.
    """
    from alpaplan.cli.inputs import load_inputs
    from alpaplan.cli.step_progress import busy

    if len(plans) < 2:
        raise click.UsageError(f"must be given at least two plans, found {len(plans)}")
    for name, value in (("--duration", duration_s), ("--runs", runs)):
        if trace is not None and value is not None:
            raise click.UsageError(f"{name} belongs to sampled arrivals, found it beside --trace")
    documents = _load_plans(plans)
    paths = require_inputs(*inputs_of_plan(documents[0], cluster, workload, profiles))
    with busy("simulating"):
        inputs = load_inputs(*paths)
        _require_valid(inputs, documents)
        arrivals = _arrivals(inputs, trace, runs, duration_s, seed or 0)
        comparison = _compare(inputs, documents, arrivals, dispatch)
    if output_format == "json":
        print_json(comparison.to_json_dict())
    else:
        _print_tables(comparison)


def _load_plans(paths: tuple[Path, ...]) -> list[Document[PlanSpec]]:
    from alpaplan.errors import InputError
    from alpaplan.files.document import load_document
    from alpaplan.specs.plan import PlanSpec

    documents: list[Document[PlanSpec]] = []
    lines: list[str] = []
    for path in paths:
        try:
            documents.append(load_document(path, PlanSpec))
        except InputError as error:
            lines += error.lines
    if lines:
        raise InputError(lines)
    return documents


def _require_valid(inputs: Inputs, documents: list[Document[PlanSpec]]) -> None:
    """Make sure that all plans fit the inputs; raise `InputError` with all that do not."""
    from alpaplan.cli.inputs import require_valid_plan
    from alpaplan.errors import InputError

    lines: list[str] = []
    for document in documents:
        try:
            require_valid_plan(inputs, document)
        except InputError as error:
            lines += error.lines
    if lines:
        raise InputError(lines)


def _arrivals(
    inputs: Inputs, trace: Path | None, runs: int | None, duration_s: float | None, seed: int
) -> CommonTraces:
    from alpaplan.analysis.comparison import CommonTraces
    from alpaplan.cli.plan_runs import arrivals_of_trace, arrivals_of_workload

    if trace is not None:
        return CommonTraces("trace", (arrivals_of_trace(inputs, trace),))
    if len(inputs.recorded) == len(inputs.models):
        if runs is not None:
            what = "the arrivals of all models are recorded, so that there is one run"
            raise click.UsageError(f"--runs belongs to sampled arrivals: {what}")
        return CommonTraces("trace", (arrivals_of_workload(inputs, duration_s, seed),))
    return CommonTraces(
        "sampled",
        tuple(
            arrivals_of_workload(inputs, duration_s, seed + run)
            for run in range(runs or DEFAULT_RUNS)
        ),
    )


def _compare(
    inputs: Inputs,
    documents: list[Document[PlanSpec]],
    arrivals: CommonTraces,
    dispatch: str | None,
) -> Comparison:
    from alpaplan.analysis.comparison import PlanRuns, compare
    from alpaplan.cli.plan_runs import PlanRunner

    runs = []
    for document in documents:
        runner = PlanRunner.of(inputs, document.spec, dispatch)
        replays = tuple(runner.replay(trace) for trace in arrivals.traces)
        runs.append(PlanRuns(str(document.path), runner.placement, replays))
    return compare(inputs.problem, arrivals, runs)


def _print_tables(comparison: Comparison) -> None:
    from alpaplan.report.comparison import comparison_tables

    print_result(comparison_tables(comparison))
