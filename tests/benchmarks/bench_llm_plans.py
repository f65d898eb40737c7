"""Plans every case of LLM services, and compares with the best placement made by hand.

Run with ``python -m tests.benchmarks.bench_llm_plans``. Both are scored on the case's test
requests, which planning does not see. Goals: misses over those of the best placement by hand at
most 0.45 in the geometric mean, and nowhere above 1.0.
"""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from time import perf_counter, process_time

import click

from alpaplan.files.trace_csv import read_trace
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import plan
from alpaplan.planning.settings import PlanSettings
from alpaplan.simulator import Simulator
from alpaplan.specs.choices import Effort
from tests.benchmarks import options
from tests.benchmarks.planning import QUALITY_CASES, load_folder, warm_up

CASES = QUALITY_CASES.parent / "llm-plans"


def load_case(folder: Path) -> tuple[Inputs, Simulator, float]:
    """Load the planner's inputs, the test requests, and the best attainment by hand."""
    inputs = load_folder(folder)
    trace = read_trace(folder / "test.csv.gz").trace.for_models(inputs.problem.model_names)
    policies = json.loads((folder / "reference.json").read_text(encoding="utf-8"))["policies"]
    best = max(float(policy["test_slo_attainment"]) for policy in policies.values())
    return inputs, Simulator(inputs.problem, trace), best


@click.command()
@options.seeds
@click.option("--method", "methods", multiple=True, help="Methods.  [default: auto, dedicated]")
@options.effort(Effort.MEDIUM)
@options.jobs
def main(seeds: int, methods: tuple[str, ...], effort: str, jobs: int) -> None:
    """Print a row for each case and method, as Markdown."""
    folders = sorted(path for path in CASES.glob("llm-*") if path.is_dir())
    if not folders:
        raise click.UsageError(f"no cases in {CASES}")
    click.echo(
        "| case | models x devices | by hand | method | attainment | misses over those by hand "
        "| found in | processor time |\n|---|---|---|---|---|---|---|---|"
    )
    for method in methods or ("auto", "dedicated"):
        ratios = []
        for folder in folders:
            inputs, test, by_hand = load_case(folder)
            warm_up(inputs)
            runs = []
            for seed in range(seeds):
                start_s, cpu_start_s = perf_counter(), process_time()
                planned = plan(inputs, PlanSettings(method, seed, Effort(effort), jobs=jobs))
                took = (perf_counter() - start_s, process_time() - cpu_start_s)
                runs.append((test.evaluate(planned.placement).slo_attainment, *took))
            attainment, took_s, cpu_s = (statistics.median(run) for run in zip(*runs, strict=True))
            ratios.append((1 - attainment) / (1 - by_hand))
            num_devices = sum(pool.num_devices for pool in inputs.problem.pools)
            click.echo(
                f"| {folder.name} | {inputs.problem.num_models} x {num_devices} | {by_hand:.2%} "
                f"| `{method}` | {attainment:.2%} | {ratios[-1]:.2f} | {took_s:.0f} s "
                f"| {cpu_s:.0f} s |"
            )
        mean = math.exp(statistics.fmean(math.log(max(ratio, 1e-9)) for ratio in ratios))
        click.echo(f"geometric mean of {method}: {mean:.3f}, worst {max(ratios):.2f}")


if __name__ == "__main__":
    main()
