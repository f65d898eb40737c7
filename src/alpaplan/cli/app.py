"""The `alpaplan` command: finds the subcommand and loads only that one's code."""

from __future__ import annotations

import click

from alpaplan import __version__
from alpaplan.cli.lazy_group import LazyGroup

COMMANDS = {
    "plan": "Find a placement plan for a cluster and a workload.",
    "simulate": "Simulate a plan on a trace or on sampled arrivals.",
    "compare": "Show several plans side by side on the same arrivals.",
    "analyze": "Show what queueing theory says of a workload on a cluster.",
    "profile": "Make model profiles, and look at them.",
    "workload": "Make workloads and traces from request logs, and look at them.",
    "validate": "Check files of any kind, and show everything wrong with them.",
    "schema": "Print the JSON Schema of a kind of document.",
    "init": "Copy an example to start from.",
}
"""Subcommand -> its line in the help."""


@click.group(
    cls=LazyGroup,
    package="alpaplan.cli",
    summaries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", prog_name="alpaplan")
def main() -> None:
    """Plan how to serve many large deep-learning models on one GPU cluster."""
