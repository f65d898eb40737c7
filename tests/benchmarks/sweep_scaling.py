"""Time and memory of a sweep with 1, 2 and 4 processes.

Run ``python -m tests.benchmarks.sweep_scaling`` on an idle machine: it plans eight points of the
example `alpaserve-s3` three times, some five processor minutes.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import click

from alpaplan.files.shipped import shipped_examples
from alpaplan.planning.inputs import load_inputs
from alpaplan.planning.paths import InputPaths
from alpaplan.planning.settings import PlanSettings
from alpaplan.planning.sizes.sweep import sweep
from alpaplan.planning.tasks import local_runner
from alpaplan.specs.choices import Effort, SizeAxis

VALUES = tuple(0.8 + 0.05 * index for index in range(8))
"""Factors of the rates (plain numbers around what is stated)."""

PROCESSES = (1, 2, 4)


def main() -> None:
    """Print seconds, processor seconds and the largest process for each number of processes."""
    folder = shipped_examples() / "alpaserve-s3"
    inputs = load_inputs(InputPaths(folder / "cluster.yaml", folder / "workload.yaml"))
    settings = PlanSettings(effort=Effort.LOW)
    click.echo("processes      s  processor s  largest MB")
    for count in PROCESSES:
        before = _processor_s()
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as kept, local_runner(count, len(VALUES)) as runner:
            where = Path(kept)
            sweep(inputs, SizeAxis.RATE, VALUES, ["auto"], settings, runner, folder=where)
        took_s = time.monotonic() - begun
        largest = max(
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        used_s = _processor_s() - before
        click.echo(f"{count:9d} {took_s:6.1f} {used_s:12.1f} {largest / 1024:11.0f}")


def _processor_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
