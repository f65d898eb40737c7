"""`alpaplan analyze`: what queueing theory says of a workload on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.drawing import load_inputs_to_draw, write_plot
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_message, print_result

if TYPE_CHECKING:
    from alpaplan.analysis.sharing import SharingAnalysis


@click.command()
@options.inputs
@options.as_recorded
@options.output_format
@options.plot
@user_errors
def analyze(
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    as_recorded: bool,
    output_format: str,
    plot: Path | None,
) -> None:
    """Show by queueing theory whether models should share devices.

    For each model: its load, the utilization at which it misses its objective, and the number of
    devices that it would need on its own. For each profiled pipeline: the range of utilizations
    in which the waiting that it saves outweighs its overhead.
    """
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.sharing import analyze as analyze_inputs

    paths = InputPaths(cluster, workload, profiles, as_recorded=as_recorded)
    inputs = load_inputs_to_draw(paths, plot)
    analysis = analyze_inputs(inputs)
    if inputs.problem.batches is not None:
        print_message("note: the formulas know no batches: every request is served by itself")
    if inputs.problem.engines is not None:
        print_message(
            "note: of an LLM the formulas know an average request, its share of typical "
            "iterations, and one objective on its latency; they leave out waits for iterations "
            "and KV caches"
        )
    if plot is not None:
        from alpaplan.report.sharing_plot import overheads_figure

        write_plot(plot, overheads_figure(analysis))
    if output_format == "json":
        print_json(analysis.to_json_dict())
    else:
        _print_tables(analysis)


def _print_tables(analysis: SharingAnalysis) -> None:
    from alpaplan.report.sharing import analysis_tables

    print_result(analysis_tables(analysis))
