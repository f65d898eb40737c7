"""Which inputs a command works on: those given, else those that a plan was made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from alpaplan.files.document import Document
    from alpaplan.specs.plan import PlanSpec

Paths = tuple[Path | None, Path | None, Path | None, Path | None]
"""Cluster, workload, folder of profiles, trace in place of the workload's arrivals."""


def inputs_of_plan(
    plan: Document[PlanSpec],
    cluster: Path | None,
    workload: Path | None,
    profiles: Path | None,
    trace: Path | None = None,
) -> Paths:
    """Fill in what is not given from the plan's provenance, relative to the plan.

    A trace that took the place of the workload's arrivals does so again, unless another workload
    is given.
    """
    made = plan.spec.provenance
    base = plan.path.parent
    paths = {record.role: base / record.path for record in (made.inputs if made else ())}
    folder = paths["profile"].parent if "profile" in paths else None
    if trace is None and workload is None and made is not None and made.trace is not None:
        trace = base / made.trace
    return (
        cluster or paths.get("cluster"),
        workload or paths.get("workload"),
        profiles or folder,
        trace,
    )


def require_inputs(
    cluster: Path | None, workload: Path | None, profiles: Path | None, trace: Path | None = None
) -> tuple[Path, Path, Path, Path | None]:
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
    return cluster, workload, profiles, trace
