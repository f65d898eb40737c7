"""Plans every quality case, scores the plans on unseen arrivals, and compares with AlpaServe's.

Run with ``python -m tests.benchmarks.bench_quality``. Goals: SLO misses over those of AlpaServe's
best policy 0.6 in the geometric mean and nowhere above 1.0, and test attainment inside the
plan's 95% prediction interval in 9 of 10 cases.
"""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

import click
from rich.console import Console

from alpaplan.planning.settings import PlanSettings
from alpaplan.specs.choices import Effort
from tests.benchmarks import options
from tests.benchmarks.planning import QUALITY_CASES
from tests.benchmarks.quality import (
    CaseOutcome,
    case_folders,
    load_case,
    plan_case,
    quality_markdown,
    quality_table,
)

WIDTH = 160
"""Columns of the table: it is kept whole, whatever reads it."""


@click.command()
@options.seeds
@options.first_seed
@options.cases
@options.method
@options.effort(Effort.MEDIUM)
@options.jobs
@options.max_evaluations
@options.json_file
@click.option("--markdown", is_flag=True, help="Print a shorter table, as Markdown.")
def main(
    seeds: int,
    first_seed: int,
    cases: list[int] | None,
    method: str,
    effort: str,
    jobs: int,
    max_evaluations: int | None,
    json_file: Path | None,
    markdown: bool,
) -> None:
    """Print a table of plan quality beside AlpaServe's best policies."""
    folders = case_folders(cases)
    if not folders or not all(folder.is_dir() for folder in folders):
        raise click.UsageError(f"no such cases in {QUALITY_CASES}")
    outcomes = []
    started_s = perf_counter()
    for folder in folders:
        inputs, test, reference = load_case(folder)
        runs = []
        for seed in range(first_seed, first_seed + seeds):
            settings = PlanSettings(method, seed, Effort(effort), max_evaluations, jobs=jobs)
            runs.append(run := plan_case(inputs, test, settings))
            click.echo(
                f"{perf_counter() - started_s:6.1f} s  {folder.name} seed {seed}: "
                f"{run.test_attainment:.4f} (AlpaServe {reference.test_attainment:.4f}), "
                f"{run.num_evaluations} evaluations in {run.plan_s:.1f} s "
                f"({run.plan_cpu_s:.1f} s of all cores)",
                err=True,
            )
        num_devices = sum(pool.num_devices for pool in inputs.problem.pools)
        num_models = inputs.problem.num_models
        outcomes.append(CaseOutcome(folder.name, num_models, num_devices, reference, tuple(runs)))
    if json_file is not None:
        text = json.dumps([outcome.to_json_dict() for outcome in outcomes], indent=2)
        json_file.write_text(text + "\n", encoding="utf-8")
    if markdown:
        click.echo(quality_markdown(outcomes))
        return
    Console(width=WIDTH, highlight=False).print(quality_table(outcomes))


if __name__ == "__main__":
    main()
