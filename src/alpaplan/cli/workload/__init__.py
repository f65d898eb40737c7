"""`alpaplan workload`: make workloads and traces from request logs, and look at them."""

from __future__ import annotations

import click

from alpaplan.cli.lazy_group import LazyGroup

COMMANDS = {
    "fit": "Fit arrival processes to a trace.",
    "import": "Make a trace of a request log.",
    "generate": "Sample a trace of a workload.",
    "stats": "Show how many requests a workload or trace has, and how bursty they are.",
}
"""Subcommand -> its line in the help."""


@click.group(cls=LazyGroup, package="alpaplan.cli.workload", summaries=COMMANDS)
def workload() -> None:
    """Make workloads and traces from request logs, and look at them."""
