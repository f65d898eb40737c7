"""Switches off each ingredient of the method `auto` in turn, and measures what that loses.

Run with ``python -m tests.benchmarks.ablation --cases 1 --seeds 1 --effort low`` for a first look
at one case: one plan of it by the complete method and by each variant, and a Markdown table of all
variants. Variants have the same budget in work, the same seeds and the same test arrivals, so their
SLO misses are compared run by run; with few runs the differences are mostly noise.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import click

from alpaplan.planning.settings import PlanSettings
from alpaplan.specs.choices import Effort
from tests.benchmarks import options
from tests.benchmarks.quality import case_folders, load_case, markdown_table, plan_case
from tests.benchmarks.variants import COMPLETE, Variant, all_variants

FEWEST_MISSES = 0.5
"""Misses, in requests, that a plan without any counts as, so that ratios have a logarithm."""


@dataclass(frozen=True)
class Measurement:
    """One plan by one variant.

    Parameters
    ----------
    variant, case, seed
        What was planned, and how.
    miss_ratio
        SLO misses on the test arrivals over those of AlpaServe's best policy.
    plan_cpu_s, num_evaluations
        What it took.
    """

    variant: str
    case: str
    seed: int
    miss_ratio: float
    plan_cpu_s: float
    num_evaluations: int


@dataclass(frozen=True)
class Comparison:
    """A variant's misses over those of the complete method, in the same cases with the same seeds.

    Parameters
    ----------
    factor
        Geometric mean over the pairs of runs.
    standard_error
        Of its logarithm, as if the pairs were independent. Runs of one case are not quite.
    num_worse, num_pairs
        Pairs in which the variant missed more, and all pairs.
    """

    factor: float
    standard_error: float
    num_worse: int
    num_pairs: int

    @classmethod
    def of(cls, ours: Sequence[Measurement], complete: Sequence[Measurement]) -> Comparison:
        """Compare the runs of a variant with those of the complete method."""
        known = {(run.case, run.seed): run.miss_ratio for run in complete}
        logs = [math.log(run.miss_ratio / known[run.case, run.seed]) for run in ours]
        error = statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
        worse = sum(log > 0 for log in logs)
        return cls(math.exp(statistics.fmean(logs)), error, worse, len(logs))

    @property
    def verdict(self) -> str:
        """What the ingredient gains, in a word: by more than two standard errors, or not."""
        if not abs(math.log(self.factor)) > 2 * self.standard_error:
            return "within noise"
        return "gains" if self.factor > 1 else "loses"


def measure(folder: Path, seed: int, effort: Effort, names: Sequence[str]) -> list[Measurement]:
    """Plan one case with one seed by each of the named variants."""
    inputs, test, reference = load_case(folder)
    fewest = FEWEST_MISSES / test.trace.num_requests
    theirs = max(1 - reference.test_attainment, fewest)
    variants = {variant.name: variant for variant in all_variants()}
    measurements = []
    for name in names:
        with variants[name].applied():
            run = plan_case(inputs, test, PlanSettings(seed=seed, effort=effort, jobs=1))
        ratio = max(1 - run.test_attainment, fewest) / theirs
        measurements.append(
            Measurement(name, folder.name, seed, ratio, run.plan_cpu_s, run.num_evaluations)
        )
    return measurements


def ablation_table(variants: Sequence[Variant], measurements: Sequence[Measurement]) -> str:
    """Return a row for each variant, as Markdown, the complete method first."""
    columns = (
        *("variant", "misses over AlpaServe's", "over the complete method's", "worse in"),
        *("the ingredient", "CPU seconds", "evaluations"),
    )
    runs = {v.name: [m for m in measurements if m.variant == v.name] for v in variants}
    rows = []
    for variant in variants:
        ours = runs[variant.name]
        shown = ("1", "", "")
        if variant.name != COMPLETE.name:
            compared = Comparison.of(ours, runs[COMPLETE.name])
            spread = compared.factor * compared.standard_error
            shown = (
                f"{compared.factor:.3f} +- {spread:.3f}",
                f"{compared.num_worse} of {compared.num_pairs}",
                compared.verdict,
            )
        rows.append(
            (
                variant.name,
                f"{statistics.geometric_mean(run.miss_ratio for run in ours):.3f}",
                *shown,
                f"{statistics.fmean(run.plan_cpu_s for run in ours):.1f}",
                f"{statistics.fmean(run.num_evaluations for run in ours):,.0f}",
            )
        )
    return markdown_table(columns, rows)


@click.command()
@options.cases
@options.seeds
@options.first_seed
@click.option("--variants", metavar="WORD,...", help="Only variants with such a word.")
@options.effort(Effort.LOW)
@options.plans_at_once
@options.json_file
def main(
    cases: list[int] | None,
    seeds: int,
    first_seed: int,
    variants: str | None,
    effort: str,
    jobs: int,
    json_file: Path | None,
) -> None:
    """Print a table of what each ingredient of the method `auto` gains."""
    folders = case_folders(cases)
    if not folders or not all(folder.is_dir() for folder in folders):
        raise click.UsageError("no such cases")
    words = [] if variants is None else variants.split(",")
    chosen = [COMPLETE] + [
        variant
        for variant in all_variants()
        if variant != COMPLETE and (not words or any(word in variant.name for word in words))
    ]
    names = [variant.name for variant in chosen]
    measurements: list[Measurement] = []
    started_s = perf_counter()
    with ProcessPoolExecutor(max_workers=jobs) as executor:
        todo = {
            executor.submit(measure, folder, seed, Effort(effort), names): (folder.name, seed)
            for seed in range(first_seed, first_seed + seeds)
            for folder in folders
        }
        for future in as_completed(todo):
            measurements += future.result()
            case, seed = todo[future]
            done = f"{len(measurements)} of {len(todo) * len(names)}"
            elapsed_s = perf_counter() - started_s
            click.echo(f"{elapsed_s:6.1f} s  {case} seed {seed}: {done} plans", err=True)
    if json_file is not None:
        text = json.dumps([asdict(measurement) for measurement in measurements], indent=2)
        json_file.write_text(text + "\n", encoding="utf-8")
    click.echo(ablation_table(chosen, measurements))


if __name__ == "__main__":
    main()
