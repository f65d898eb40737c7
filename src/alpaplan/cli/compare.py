"""`alpaplan compare`: several plans side by side on the same arrivals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_result
from alpaplan.errors import InputError

if TYPE_CHECKING:
    from alpaplan.analysis.comparison import Comparison
    from alpaplan.files.document import Document
    from alpaplan.specs.plan import PlanSpec


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
    from alpaplan.cli.step_progress import busy
    from alpaplan.planning.inputs import load_inputs
    from alpaplan.planning.located_errors import collected_errors
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.runs import arrivals_to_compare_on
    from alpaplan.planning.runs import compare as compare_plans
    from alpaplan.specs.choices import Dispatch

    if len(plans) < 2:
        raise click.UsageError(f"must be given at least two plans, found {len(plans)}")
    for name, value in (("--duration", duration_s), ("--runs", runs)):
        if trace is not None and value is not None:
            raise click.UsageError(f"{name} belongs to sampled arrivals, found it beside --trace")
    documents = _load_plans(plans)
    paths = InputPaths(cluster, workload, profiles).or_those_of(documents[0])
    with busy("simulating"):
        inputs = load_inputs(paths)
        lines: list[str] = []
        for document in documents:
            with collected_errors(lines):
                inputs.require_valid(document)
        if lines:
            raise InputError(lines)
        if runs is not None and inputs.workload.is_recorded:
            what = "the arrivals of all models are recorded, so that there is one run"
            raise click.UsageError(f"--runs belongs to sampled arrivals: {what}")
        arrivals = arrivals_to_compare_on(inputs, trace, runs, duration_s, seed or 0)
        named = [(str(document.path), document.spec) for document in documents]
        rule = None if dispatch is None else Dispatch(dispatch)
        comparison = compare_plans(inputs, named, arrivals, rule)
    if output_format == "json":
        print_json(comparison.to_json_dict())
    else:
        _print_tables(comparison)


def _load_plans(paths: tuple[Path, ...]) -> list[Document[PlanSpec]]:
    """Load all plans, and say at once everything that is wrong with any of them."""
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


def _print_tables(comparison: Comparison) -> None:
    from alpaplan.report.comparison import comparison_tables

    print_result(comparison_tables(comparison))
