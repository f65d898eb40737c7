"""`alpaplan simulate`: what a plan does under a trace, or under samples of its workload."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.inputs_of_plan import inputs_of_plan, require_inputs

if TYPE_CHECKING:
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
    require_attainment: float | None,
    output_format: str,
) -> None:
    """Simulate a plan on a trace, or on arrivals sampled from its workload.

    Inputs that are not given are those that the plan names in its provenance, found relative to
    the plan. Without --trace, recorded arrivals of the workload are replayed and the others are
    sampled; --seed chooses the sample.
    """
    from alpaplan.cli.inputs import load_inputs, require_valid_plan
    from alpaplan.cli.plan_runs import arrivals_of_trace, arrivals_of_workload
    from alpaplan.files.document import load_document
    from alpaplan.specs.plan import PlanSpec

    if trace is not None and duration_s is not None:
        raise click.UsageError("--duration belongs to sampled arrivals, found it beside --trace")
    document = load_document(plan, PlanSpec)
    paths = require_inputs(*inputs_of_plan(document, cluster, workload, profiles))
    inputs = load_inputs(*paths)
    require_valid_plan(inputs, document)
    if trace is not None:
        arrivals = arrivals_of_trace(inputs, trace)
    else:
        arrivals = arrivals_of_workload(inputs, duration_s, seed or 0)
    summary = _simulate(inputs, document, arrivals, dispatch)
    if output_format == "json":
        click.echo(json.dumps(summary.to_json_dict(), indent=2, allow_nan=False))
    else:
        _print_tables(summary)
    if require_attainment is not None and not summary.slo_attainment >= require_attainment:
        found = summary.slo_attainment
        text = f"SLO attainment {found:.6g} is below the required {require_attainment:.6g}"
        click.echo(text, err=True)
        sys.exit(1)


def _simulate(
    inputs: Inputs, document: Document[PlanSpec], arrivals: Trace, dispatch: str | None
) -> SimulationSummary:
    from dataclasses import replace

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
    return replace(summary, groups=everyone)


def _print_tables(summary: SimulationSummary) -> None:
    from alpaplan.cli.output import print_result
    from alpaplan.report.simulation import simulation_tables

    print_result(simulation_tables(summary))
