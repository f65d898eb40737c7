"""`alpaplan workload stats`: how many requests there are, and how bursty they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alpaplan.cli import options
from alpaplan.cli.drawing import require_plot, write_plot
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_json, print_result
from alpaplan.errors import InputError
from alpaplan.printable import printable

if TYPE_CHECKING:
    from alpaplan.workload.trace import Trace
    from alpaplan.workload.traffic import TrafficSummary


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@options.as_recorded
@options.output_format
@options.plot
@user_errors
def stats(file: Path, as_recorded: bool, output_format: str, plot: Path | None) -> None:
    """Show request rates and burstiness of a workload or trace.

    FILE is a trace (.csv, .csv.gz), which is measured, or a workload document, whose processes
    have a known rate, CV and dispersion. For a workload, --plot draws a sample.
    """
    from alpaplan.cli.step_progress import busy

    require_plot(plot, [file])
    with busy(f"reading {file.name}"):
        traffic = _traffic(file, plot, as_recorded=as_recorded)
    if plot is not None and traffic.drawn is not None:
        from alpaplan.report.traffic_plot import traffic_figure
        from alpaplan.workload.statistics import MIN_DURATION_S

        if traffic.drawn.duration_s < MIN_DURATION_S:
            raise InputError([f"{file}: must have requests at different times to be drawn"])
        write_plot(plot, traffic_figure(traffic.drawn, traffic.title))
    if output_format == "json":
        print_json(traffic.summary.to_json_dict())
    else:
        _print_tables(traffic)


@dataclass(frozen=True)
class _Traffic:
    """What a file says: its numbers, the trace that it is, and what can be drawn."""

    summary: TrafficSummary
    trace: Trace | None
    drawn: Trace | None
    title: str


def _traffic(file: Path, plot: Path | None, *, as_recorded: bool) -> _Traffic:
    from alpaplan.files.trace_csv import is_trace_path, read_trace
    from alpaplan.planning.recordings import spread_recording
    from alpaplan.workload.traffic import traffic_of_trace, traffic_of_workload

    if is_trace_path(file):
        trace = spread_recording(read_trace(file), as_recorded=as_recorded).trace
        return _Traffic(traffic_of_trace(trace), trace, trace, printable(file.name))
    from alpaplan.planning.served_workload import ServedWorkload

    workload = ServedWorkload.load(file, as_recorded=as_recorded)
    require_plot(plot, workload.paths)
    return _Traffic(
        traffic_of_workload(workload.models, workload.recorded),
        None,
        workload.sample_some(None, 0) if plot is not None else None,
        f"{workload.spec.name}, sampled with seed 0",
    )


def _print_tables(traffic: _Traffic) -> None:
    from alpaplan.report.traffic import SPARKLINE_PARTS, traffic_tables
    from alpaplan.workload.statistics import rates_over_time

    rates: dict[str | None, list[float]] = {}
    if traffic.trace is not None:
        over_time = rates_over_time(traffic.trace, SPARKLINE_PARTS)
        rates = dict(zip(traffic.trace.model_names, over_time.tolist(), strict=True))
        rates[None] = over_time.sum(axis=0).tolist()
    print_result(traffic_tables(traffic.summary, rates))
