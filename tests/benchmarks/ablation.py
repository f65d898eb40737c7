"""Switches off each ingredient of the method `auto` in turn, and measures what that loses.

Run with ``python -m tests.benchmarks.ablation --cases 1 --seeds 1 --effort low`` for a first look
at one case: one plan of it by the complete method and by each variant, and a Markdown table of all
variants. Variants have the same budget in work, the same seeds and the same test arrivals, so their
SLO misses are compared run by run; with few runs the differences are mostly noise. With
``--size 480`` the problem is the large one of `tests.benchmarks.large_problems`, under traffic that
makes it miss some per cent.
"""

from __future__ import annotations

import json
import math
import statistics
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

import click

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.settings import PlanSettings
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import Effort
from tests.benchmarks import options
from tests.benchmarks.large_problems import SIZES, write_problem
from tests.benchmarks.planning import QUALITY_CASES, load_folder
from tests.benchmarks.quality import case_folders, load_case, markdown_table, plan_case
from tests.benchmarks.variants import COMPLETE, Variant, all_variants

LARGE_RATE_SCALE = 1.6
LARGE_TEST_SEED = 900
"""Traffic of the large problems as a multiple of theirs, and the seed of what plans of them are
tested on."""

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


@dataclass(frozen=True)
class Problem:
    """What is planned, what plans are tested on, and the misses that theirs are divided by."""

    name: str
    inputs: Inputs
    test: Simulator
    reference_misses: float


def load_problem(name: str) -> Problem:
    """Load a case by the name of its folder, or make a large problem by its number of models."""
    if name not in SIZES:
        inputs, test, reference = load_case(QUALITY_CASES / name)
        return Problem(name, inputs, test, 1 - reference.test_attainment)
    size = SIZES[name]
    busy = replace(size, total_rate_rps=LARGE_RATE_SCALE * size.total_rate_rps)
    with tempfile.TemporaryDirectory() as folder:
        write_problem(busy, Path(folder))
        inputs = load_folder(Path(folder))
    problem = inputs.problem
    unseen = inputs.workload.sample(None, LARGE_TEST_SEED)
    test = Simulator(problem, unseen.for_models(problem.model_names))
    return Problem(name, inputs, test, 1.0)


def measure(name: str, seed: int, effort: Effort, names: Sequence[str]) -> list[Measurement]:
    """Plan one problem with one seed by each of the named variants."""
    problem = load_problem(name)
    inputs, test = problem.inputs, problem.test
    fewest = FEWEST_MISSES / test.trace.num_requests
    theirs = max(problem.reference_misses, fewest)
    variants = {variant.name: variant for variant in all_variants()}
    measurements = []
    for variant in names:
        with variants[variant].applied():
            run = plan_case(inputs, test, PlanSettings(seed=seed, effort=effort, jobs=1))
        ratio = max(1 - run.test_attainment, fewest) / theirs
        measurements.append(
            Measurement(variant, name, seed, ratio, run.plan_cpu_s, run.num_evaluations)
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
@click.option("--size", type=click.Choice(list(SIZES)), help="A large problem, not the cases.")
@options.seeds
@options.first_seed
@click.option("--variants", metavar="WORD,...", help="Only variants with such a word.")
@options.effort(Effort.LOW)
@options.plans_at_once
@options.json_file
def main(
    cases: list[int] | None,
    size: str | None,
    seeds: int,
    first_seed: int,
    variants: str | None,
    effort: str,
    jobs: int,
    json_file: Path | None,
) -> None:
    """Print a table of what each ingredient of the method `auto` gains."""
    problems = [size] if size is not None else [folder.name for folder in case_folders(cases)]
    if not problems or not all(
        name in SIZES or (QUALITY_CASES / name).is_dir() for name in problems
    ):
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
            executor.submit(measure, problem, seed, Effort(effort), names): (problem, seed)
            for seed in range(first_seed, first_seed + seeds)
            for problem in problems
        }
        for future in as_completed(todo):
            measurements += future.result()
            problem, seed = todo[future]
            done = f"{len(measurements)} of {len(todo) * len(names)}"
            elapsed_s = perf_counter() - started_s
            click.echo(f"{elapsed_s:6.1f} s  {problem} seed {seed}: {done} plans", err=True)
    if json_file is not None:
        text = json.dumps([asdict(measurement) for measurement in measurements], indent=2)
        json_file.write_text(text + "\n", encoding="utf-8")
    click.echo(ablation_table(chosen, measurements))


if __name__ == "__main__":
    main()
