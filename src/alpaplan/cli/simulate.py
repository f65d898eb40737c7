"""`alpaplan simulate`: what a plan does under a trace, or under samples of its workload."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.drawing import load_inputs_to_draw, require_plot, write_plot
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_message, print_result

if TYPE_CHECKING:
    from alpaplan.analysis.drift import Drift
    from alpaplan.files.document import Document
    from alpaplan.planning.what_if import WhatIf
    from alpaplan.simulator import SimulationSummary
    from alpaplan.specs.schedule import PlanOrSchedule


@click.command()
@click.argument("plan", type=click.Path(path_type=Path), metavar="PLAN")
@options.inputs_of_plan
@options.trace
@options.as_recorded
@options.duration
@options.seed
@options.dispatch
@options.what_ifs
@options.closed_loop
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
    as_recorded: bool,
    duration_s: float | None,
    seed: int | None,
    dispatch: str | None,
    lost_nodes: tuple[str, ...],
    rate_scale: float,
    model_rate_scales: tuple[tuple[str, float], ...],
    clients: tuple[tuple[str, int], ...],
    window_s: float | None,
    plot: Path | None,
    require_attainment: float | None,
    output_format: str,
) -> None:
    """Simulate a plan or a schedule on a trace or on sampled arrivals.

    Inputs that are not given are those that PLAN was made from, found relative to it. Without
    --trace, the workload's recorded arrivals are replayed and the others are sampled with --seed.
    With --window, attainment is also shown over time, and where it is below what the plan
    predicts. With --without, --rate-scale and --model-rate-scale, nodes are lost or there is more
    or less traffic than stated; nothing is planned anew.
    """
    from alpaplan.analysis.drift import drift_of
    from alpaplan.analysis.engine_versions import differing_engines
    from alpaplan.cli.step_progress import busy
    from alpaplan.files.document import load_one_of
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.runs import arrivals_for
    from alpaplan.planning.runs import simulate as simulate_plan
    from alpaplan.planning.what_if import RateScales, WhatIf, without_nodes
    from alpaplan.report.engine_versions import describe_engines
    from alpaplan.specs.choices import Dispatch
    from alpaplan.specs.plan import PlanSpec
    from alpaplan.specs.schedule import ScheduleSpec

    if plot is not None and window_s is None:
        raise click.UsageError("--plot draws windows of time: give their length with --window")
    require_plot(plot, [plan, trace])
    if clients and window_s is not None:
        raise click.UsageError("with --closed-loop there are no times to divide with --window")
    if trace is not None and duration_s is not None:
        raise click.UsageError("give either --trace or --duration, not both")
    document: Document[PlanOrSchedule] = load_one_of(plan, PlanSpec, ScheduleSpec)
    what_if = WhatIf(lost_nodes, RateScales(rate_scale, dict(model_rate_scales)))
    given = InputPaths(cluster, workload, profiles, as_recorded=as_recorded)
    if isinstance(document.spec, ScheduleSpec) and trace is None and duration_s is None:
        # Its windows are of the trace's own times, which recorded arrivals of a workload lose.
        trace = given.trace_or_that_of(document)
    paths = given.or_those_of(document)
    with busy("simulating"):
        inputs = load_inputs_to_draw(paths, plot)
        inputs.require_valid(document)
        what_if.require_known(inputs)
        arrivals = arrivals_for(inputs, trace, duration_s, seed or 0, what_if.rates)
        left = without_nodes(document.spec, lost_nodes)
        rule = None if dispatch is None else Dispatch(dispatch)
        simulation = simulate_plan(inputs, left, arrivals, rule, dict(clients))
        drift = None
        if window_s is not None:
            drift = drift_of(arrivals, simulation.replay, window_s, document.spec.prediction)
    engines = differing_engines(left, inputs.workload.models, inputs.profiles)
    if engines:
        print_message(f"note: {describe_engines(engines)}")
    if drift is not None and plot is not None:
        from alpaplan.report.drift_plot import drift_figure

        write_plot(plot, drift_figure(drift))
    _print(simulation.summary, what_if, drift, output_format)
    _require(simulation.summary.slo_attainment, require_attainment)


def _require(found: float, required: float | None) -> None:
    """End with 1 if less is attained than is required."""
    if required is not None and not found >= required:
        print_message(f"SLO attainment {found:.6g} is below the required {required:.6g}")
        sys.exit(1)


def _print(
    summary: SimulationSummary, what_if: WhatIf, drift: Drift | None, output_format: str
) -> None:
    if output_format == "json":
        changed = what_if.to_json_dict() | (drift.to_json_dict() if drift is not None else {})
        print_json(summary.to_json_dict() | changed)
        return
    from rich.console import Group

    from alpaplan.report.drift import drift_tables
    from alpaplan.report.simulation import simulation_tables
    from alpaplan.report.what_if import what_if_lines

    shown = [*what_if_lines(what_if), simulation_tables(summary)]
    if drift is not None:
        shown.append(drift_tables(drift))
    print_result(Group(*shown))
