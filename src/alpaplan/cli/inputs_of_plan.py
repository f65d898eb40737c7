"""Which inputs a command works on: those given, else those that a plan was made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from alpaplan.files.document import Document
    from alpaplan.specs.plan import PlanSpec

Paths = tuple[Path | None, Path | None, Path | None]
"""Cluster, workload, folder of profiles."""


def inputs_of_plan(
    plan: Document[PlanSpec], cluster: Path | None, workload: Path | None, profiles: Path | None
) -> Paths:
    """Fill in what is not given from the plan's provenance, relative to the plan."""
    made = plan.spec.provenance
    base = plan.path.parent
    paths = {record.role: base / record.path for record in (made.inputs if made else ())}
    folder = paths["profile"].parent if "profile" in paths else None
    return cluster or paths.get("cluster"), workload or paths.get("workload"), profiles or folder


def require_inputs(
    cluster: Path | None, workload: Path | None, profiles: Path | None
) -> tuple[Path, Path, Path]:
    """Make sure that all inputs are known.

    Raises
    ------
    click.UsageError
        Naming the options that are missing.
    """
    if cluster is None or workload is None or profiles is None:
        given = {"-c/--cluster": cluster, "-w/--workload": workload, "-p/--profiles": profiles}
        missing = ", ".join(name for name, path in given.items() if path is None)
        raise click.UsageError(f"missing option {missing}: no plan says where to find it")
    return cluster, workload, profiles
