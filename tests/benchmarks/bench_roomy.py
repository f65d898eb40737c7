"""Plans every roomy case and judges the plans as the cases' rule says.

Run with ``python -m tests.benchmarks.bench_roomy``. Goal: no plan is worse than the reference in
anything.
"""

from __future__ import annotations

import click
from rich.console import Console

from alpaplan.planning.settings import PlanSettings
from alpaplan.specs.choices import Effort
from tests.benchmarks import options
from tests.benchmarks.planning import ROOMY_CASES, timed_plan, warm_up
from tests.benchmarks.roomy import RoomyRun, load_roomy_case, roomy_cases, roomy_table

WIDTH = 160
"""Columns of the table: it is kept whole, whatever reads it."""


@click.command()
@options.seeds
@options.first_seed
@options.cases
@options.method
@options.effort(Effort.MEDIUM)
@options.jobs
def main(
    seeds: int, first_seed: int, cases: list[int] | None, method: str, effort: str, jobs: int
) -> None:
    """Print what plans of the roomy cases do beside the references."""
    folders = roomy_cases(cases)
    if not folders or not all(folder.is_dir() for folder in folders):
        raise click.UsageError(f"no such cases in {ROOMY_CASES}")
    loaded = [load_roomy_case(folder) for folder in folders]
    runs = []
    for case in loaded:
        warm_up(case.inputs)
        for seed in range(first_seed, first_seed + seeds):
            settings = PlanSettings(method, seed, Effort(effort), jobs=jobs)
            timed = timed_plan(case.inputs, settings)
            figures = case.figures(timed.planned.document)
            failures = tuple(figures.failures(case.reference))
            num_replicas = int(timed.planned.placement.replicas.sum())
            runs.append(
                RoomyRun(case.name, seed, figures, failures, num_replicas, timed.plan_cpu_s)
            )
            found = ", ".join(failures) or "holds"
            click.echo(f"{case.name} seed {seed}: {found}, {timed.plan_cpu_s:.1f} s", err=True)
    Console(width=WIDTH, highlight=False).print(roomy_table(loaded, runs))


if __name__ == "__main__":
    main()
