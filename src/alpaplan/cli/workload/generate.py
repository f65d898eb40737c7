"""`alpaplan workload generate`: sample a trace of a workload."""

from __future__ import annotations

from pathlib import Path

import click

from alpaplan.cli import options
from alpaplan.cli.errors import user_errors
from alpaplan.cli.output import print_message
from alpaplan.cli.quantities import Seconds


@click.command()
@click.argument("workload", type=click.Path(path_type=Path), metavar="WORKLOAD")
@click.option(
    "--duration",
    "duration_s",
    type=Seconds(),
    metavar="DURATION",
    required=True,
    help="Length of the trace (e.g. 10min).",
)
@options.seed
@options.as_recorded
@options.trace_output
@user_errors
def generate(
    workload: Path, duration_s: float, seed: int | None, as_recorded: bool, output: Path
) -> None:
    """Sample a trace from a workload.

    Recorded arrivals are replayed and the others sampled: the trace has the arrivals that
    `alpaplan simulate` uses with the same --duration and --seed.
    """
    import numpy as np

    from alpaplan.cli.step_progress import busy
    from alpaplan.cli.workload.summary import print_summary
    from alpaplan.files.trace_csv import write_trace
    from alpaplan.files.writing import require_writable
    from alpaplan.planning.served_workload import ServedWorkload
    from alpaplan.units import format_seconds

    require_writable(output, [workload])
    served = ServedWorkload.load(workload, as_recorded=as_recorded)
    require_writable(output, served.paths)
    with busy("sampling"):
        trace = served.sample_some(duration_s, seed or 0)
        write_trace(trace, output)
    num_models = int(np.count_nonzero(trace.requests_per_model()))
    print_summary(
        output,
        trace.num_requests,
        num_models,
        trace.duration_s,
        has_tokens=trace.input_tokens is not None,
    )
    if trace.duration_s < duration_s:
        recorded = format_seconds(trace.duration_s)
        print_message(f"alpaplan: the recorded arrivals end after {recorded}")
