"""`alpaplan simulate`: what a plan does under a trace, or under samples of its workload."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.inputs_of_plan import inputs_of_plan, require_inputs
from alpaplan.cli.output import print_json, print_result

if TYPE_CHECKING:
    from alpaplan.analysis.drift import Drift
    from alpaplan.cli.inputs import Inputs
    from alpaplan.files.document import Document
    from alpaplan.simulator import SimulationSummary
    from alpaplan.specs.plan import PlanSpec
    from alpaplan.workload.trace import Trace


@click.command()
@click.argument("plan", type=click.Path(path_type=Path), metavar="PLAN")
@options.cluster
@options.workload
@options.profiles
@options.trace
@options.duration
@options.seed
@options.dispatch
@options.window
@options.plot
@options.require_attainment
@options.output_format
@user_errors
def simulate(
    plan: Path,
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    trace: Path | None,
    duration_s: float | None,
    seed: int | None,
    dispatch: str | None,
    window_s: float | None,
    plot: Path | None,
    require_attainment: float | None,
    output_format: str,
) -> None:
    """Simulate a plan on a trace, or on arrivals sampled from its workload.

    Inputs that are not given are those that the plan names in its provenance, found relative to
    the plan. Without --trace, recorded arrivals of the workload are replayed and the others are
    sampled; --seed chooses the sample. With --window the attainment is shown over time, too, and
    where it is below what the plan predicts; --plot draws that.
    """
    from alpaplan.cli.inputs import load_inputs, require_valid_plan
    from alpaplan.cli.plan_runs import arrivals_of_trace, arrivals_of_workload
    from alpaplan.cli.step_progress import busy
    from alpaplan.files.document import load_document
    from alpaplan.files.writing import require_writable
    from alpaplan.report.figure import plot_format
    from alpaplan.specs.plan import PlanSpec

    if plot is not None:
        if window_s is None:
            raise click.UsageError("--plot shows windows of time: give their length with --window")
        plot_format(plot)
        require_writable(plot)
    if trace is not None and duration_s is not None:
        raise click.UsageError("--duration belongs to sampled arrivals, found it beside --trace")
    document = load_document(plan, PlanSpec)
    paths = require_inputs(*inputs_of_plan(document, cluster, workload, profiles))
    with busy("simulating"):
        inputs = load_inputs(*paths)
        require_valid_plan(inputs, document)
        if trace is not None:
            arrivals = arrivals_of_trace(inputs, trace)
        else:
            arrivals = arrivals_of_workload(inputs, duration_s, seed or 0)
        summary, drift = _simulate(inputs, document, arrivals, dispatch, window_s)
    if drift is not None and plot is not None:
        _draw(drift, plot)
    if output_format == "json":
        shown = summary.to_json_dict() | (drift.to_json_dict() if drift is not None else {})
        print_json(shown)
    else:
        _print_tables(summary, drift)
    if require_attainment is not None and not summary.slo_attainment >= require_attainment:
        found = summary.slo_attainment
        text = f"SLO attainment {found:.6g} is below the required {require_attainment:.6g}"
        click.echo(text, err=True)
        sys.exit(1)


def _simulate(
    inputs: Inputs,
    document: Document[PlanSpec],
    arrivals: Trace,
    dispatch: str | None,
    window_s: float | None,
) -> tuple[SimulationSummary, Drift | None]:
    from dataclasses import replace

    from alpaplan.analysis.drift import drift_of
    from alpaplan.cli.plan_runs import PlanRunner
    from alpaplan.simulator import GroupStatistics, summarise

    runner = PlanRunner.of(inputs, document.spec, dispatch)
    names = [group.name for group in document.spec.groups if group.replicas]
    replay = runner.replay(arrivals)
    summary = summarise(runner.problem, runner.placement, arrivals, replay, names)
    served = {group.name: group for group in summary.groups}
    everyone = tuple(
        served.get(group.name, GroupStatistics(group.name, 0, 0, 0.0))
        for group in document.spec.groups
    )
    drift = None
    if window_s is not None:
        drift = drift_of(arrivals, replay, window_s, document.spec.prediction)
    return replace(summary, groups=everyone), drift


def _draw(drift: Drift, path: Path) -> None:
    from alpaplan.files.writing import write_atomically
    from alpaplan.report.drift_plot import drift_figure
    from alpaplan.report.figure import figure_bytes, plot_format

    write_atomically(path, figure_bytes(drift_figure(drift), plot_format(path)))


def _print_tables(summary: SimulationSummary, drift: Drift | None) -> None:
    from rich.console import Group

    from alpaplan.report.drift import drift_tables
    from alpaplan.report.simulation import simulation_tables

    shown = [simulation_tables(summary)]
    if drift is not None:
        shown.append(drift_tables(drift))
    print_result(Group(*shown))
