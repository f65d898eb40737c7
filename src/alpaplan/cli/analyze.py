"""`alpaplan analyze`: what queueing theory says of a workload on a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_result

if TYPE_CHECKING:
    from alpaplan.analysis.sharing import SharingAnalysis


@click.command()
@options.cluster
@options.workload
@options.profiles
@options.output_format
@options.plot
@user_errors
def analyze(
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    output_format: str,
    plot: Path | None,
) -> None:
    """Show by queueing theory why devices should be shared, or why not.

    For each model: its load, at which utilization its objective breaks, and how many devices it
    would need alone. For each profiled pipeline: between which utilizations the waits that it saves
    are worth more than its overheads.
    """
    from alpaplan.files.writing import require_writable
    from alpaplan.planning.inputs import load_inputs
    from alpaplan.planning.paths import InputPaths
    from alpaplan.planning.sharing import analyze as analyze_inputs
    from alpaplan.report.figure import plot_format

    if plot is not None:
        plot_format(plot)
        require_writable(plot)
    analysis = analyze_inputs(load_inputs(InputPaths(cluster, workload, profiles)))
    if plot is not None:
        _draw(analysis, plot)
    if output_format == "json":
        print_json(analysis.to_json_dict())
    else:
        _print_tables(analysis)


def _draw(analysis: SharingAnalysis, path: Path) -> None:
    from alpaplan.files.writing import write_atomically
    from alpaplan.report.figure import figure_bytes, plot_format
    from alpaplan.report.sharing_plot import overheads_figure

    write_atomically(path, figure_bytes(overheads_figure(analysis), plot_format(path)))


def _print_tables(analysis: SharingAnalysis) -> None:
    from alpaplan.report.sharing import analysis_tables

    print_result(analysis_tables(analysis))
