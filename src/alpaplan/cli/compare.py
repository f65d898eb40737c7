"""`alpaplan compare`: several plans side by side on the same arrivals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_result
from alpaplan.cli.quantities import WholeNumber
from alpaplan.errors import InputError

if TYPE_CHECKING:
    from alpaplan.analysis.comparison import Comparison
    from alpaplan.files.document import Document
    from alpaplan.planning.what_if import WhatIf
    from alpaplan.specs.plan import PlanSpec


@click.command()
@click.argument("plans", type=click.Path(path_type=Path), metavar="PLAN...", nargs=-1)
@options.inputs_of_plan
@options.trace
@options.as_recorded
@click.option(
    "--runs",
    type=WholeNumber(2, 1000),
    metavar="N",
    help="Number of sampled runs, each with its own seed.  [default: 10]",
)
@options.duration
@options.seed
@options.dispatch
@options.what_ifs
@options.output_format
@user_errors
def compare(
    plans: tuple[Path, ...],
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    trace: Path | None,
    as_recorded: bool,
    runs: int | None,
    duration_s: float | None,
    seed: int | None,
    dispatch: str | None,
    lost_nodes: tuple[str, ...],
    rate_scale: float,
    model_rate_scales: tuple[tuple[str, float], ...],
    output_format: str,
) -> None:
    """Compare plans on the same arrivals.

    The arrivals are a trace or samples of the workload, the same for all plans, so that
    differences are not due to chance. The first plan is the baseline; inputs that are not given
    are those that it was made from. Sampled run i has the arrivals that `alpaplan simulate` uses
    with the seed SEED + i. With --without, --rate-scale and --model-rate-scale, nodes are lost or
    there is more or less traffic than stated, for all plans.
    """
    from alpaplan.cli.step_progress import busy
    from alpaplan.planning.inputs import load_inputs
    from alpaplan.planning.located_errors import collected_errors
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.runs import arrivals_to_compare_on
    from alpaplan.planning.runs import compare as compare_plans
    from alpaplan.planning.what_if import RateScales, WhatIf, without_nodes
    from alpaplan.specs.choices import Dispatch

    if len(plans) < 2:
        raise click.UsageError(f"give at least two plans to compare, found {len(plans)}")
    for name, value in (("--duration", duration_s), ("--runs", runs)):
        if trace is not None and value is not None:
            raise click.UsageError(f"give either --trace or {name}, not both")
    documents = _load_plans(plans)
    what_if = WhatIf(lost_nodes, RateScales(rate_scale, dict(model_rate_scales)))
    given = InputPaths(cluster, workload, profiles, as_recorded=as_recorded)
    paths = given.or_those_of(documents[0])
    with busy("simulating"):
        inputs = load_inputs(paths)
        lines: list[str] = []
        for document in documents:
            with collected_errors(lines):
                inputs.require_valid(document)
        if lines:
            raise InputError(lines)
        if runs is not None and inputs.workload.is_recorded:
            what = "the arrivals of all models are recorded, so there is only one run"
            raise click.UsageError(f"--runs needs sampled arrivals: {what}")
        what_if.require_known(inputs)
        arrivals = arrivals_to_compare_on(inputs, trace, runs, duration_s, seed or 0, what_if.rates)
        named = [
            (str(document.path), without_nodes(document.spec, lost_nodes)) for document in documents
        ]
        rule = None if dispatch is None else Dispatch(dispatch)
        comparison = compare_plans(inputs, named, arrivals, rule)
    if output_format == "json":
        print_json(comparison.to_json_dict() | what_if.to_json_dict())
    else:
        _print_tables(comparison, what_if)


def _load_plans(paths: tuple[Path, ...]) -> list[Document[PlanSpec]]:
    """Load all plans; raise one `InputError` with everything that is wrong with any of them."""
    from alpaplan.files.document import load_document
    from alpaplan.planning.located_errors import collected_errors
    from alpaplan.specs.plan import PlanSpec

    documents: list[Document[PlanSpec]] = []
    lines: list[str] = []
    for path in paths:
        with collected_errors(lines):
            documents.append(load_document(path, PlanSpec))
    if lines:
        raise InputError(lines)
    return documents


def _print_tables(comparison: Comparison, what_if: WhatIf) -> None:
    from rich.console import Group

    from alpaplan.report.comparison import comparison_tables
    from alpaplan.report.what_if import what_if_lines

    print_result(Group(*what_if_lines(what_if), comparison_tables(comparison)))
