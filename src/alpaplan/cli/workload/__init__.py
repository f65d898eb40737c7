"""`alpaplan workload`: make workloads and traces and show their statistics."""

from __future__ import annotations

from functools import partial

import click

from alpaplan.cli.errors import debug_option
from alpaplan.cli.lazy_group import LazyGroup

COMMANDS = {
    "fit": "Fit arrival processes to a trace and write a workload.",
    "import": "Convert a request log into a trace.",
    "generate": "Sample a trace from a workload.",
    "stats": "Show request rates and burstiness of a workload or trace.",
}
"""Subcommand -> its line in the help."""


@click.group(cls=LazyGroup, package="alpaplan.cli.workload", summaries=COMMANDS)
@partial(debug_option, hidden=True)
def workload() -> None:
    """Make workloads and traces and show their statistics."""
