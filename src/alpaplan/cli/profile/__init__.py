"""`alpaplan profile`: make model profiles from what people have, and look at them."""

from __future__ import annotations

import click

from alpaplan.cli.lazy_group import LazyGroup

COMMANDS = {
    "partition": "Cut a model's layers into stages, so that the longest is shortest.",
    "estimate": "Estimate a profile from a model's config.json.",
    "import": "Make profiles of a benchmark table or of another tool's database.",
    "show": "Show latency, throughput, memory and overhead of each configuration.",
}
"""Subcommand -> its line in the help."""


@click.group(cls=LazyGroup, package="alpaplan.cli.profile", summaries=COMMANDS)
def profile() -> None:
    """Make model profiles, and look at them."""
