"""`alpaplan profile`: make model profiles and show what they say."""

from __future__ import annotations

from functools import partial

import click

from alpaplan.cli.errors import debug_option
from alpaplan.cli.lazy_group import LazyGroup

COMMANDS = {
    "partition": "Cut a model's layers into balanced pipeline stages.",
    "estimate": "Estimate a profile from a model's config.json.",
    "import": "Import profiles from a benchmark table or another tool.",
    "show": "Show latency, throughput, memory and overhead of profiles.",
}
"""Subcommand -> its line in the help."""


@click.group(cls=LazyGroup, package="alpaplan.cli.profile", summaries=COMMANDS)
@partial(debug_option, hidden=True)
def profile() -> None:
    """Make model profiles and show what they say."""
