"""The quality cases: what AlpaServe's planners reach, what alpaplan does, and both in one table."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType

from alpaplan.files.trace_csv import read_trace
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.settings import PlanSettings
from alpaplan.report.tables import Table
from alpaplan.report.text import percent
from alpaplan.simulator import Simulator
from tests.benchmarks.planning import QUALITY_CASES, load_folder, timed_plan, warm_up


@dataclass(frozen=True)
class Reference:
    """AlpaServe's policy with the highest attainment on the test arrivals."""

    policy: str
    test_attainment: float
    plan_s: float


@dataclass(frozen=True)
class Run:
    """One plan of one case.

    Attainments are on the arrivals that were searched on, on those that the prediction is
    made from, and on the case's test arrivals.
    """

    seed: int
    test_attainment: float
    training_attainment: float
    predicted_attainment: float
    prediction_interval_95: tuple[float, float]
    plan_s: float
    plan_cpu_s: float
    num_evaluations: int

    @property
    def interval_holds(self) -> bool:
        """Whether the test attainment is where the plan says that one more run would be."""
        low, high = self.prediction_interval_95
        return low <= self.test_attainment <= high


@dataclass(frozen=True)
class CaseOutcome:
    """All runs of one case beside the reference."""

    name: str
    num_models: int
    num_devices: int
    reference: Reference
    runs: tuple[Run, ...]

    @property
    def miss_ratio(self) -> float:
        """SLO misses over those of the reference: the median run's, as attainment's median is."""
        theirs = 1 - self.reference.test_attainment
        ours = 1 - self.median("test_attainment")
        if theirs == 0:
            return 1.0 if ours == 0 else math.inf
        return ours / theirs

    def median(self, name: str) -> float:
        """Return the median over the runs of one of their numbers."""
        return statistics.median(float(getattr(run, name)) for run in self.runs)

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return {
            "case": self.name,
            "num_models": self.num_models,
            "num_devices": self.num_devices,
            "reference": asdict(self.reference),
            "miss_ratio": self.miss_ratio,
            "runs": [{**asdict(run), "interval_holds": run.interval_holds} for run in self.runs],
        }


def case_folders(numbers: Iterable[int] | None = None) -> list[Path]:
    """Return the folders of the given cases, of all without any."""
    if numbers is None:
        return sorted(path for path in QUALITY_CASES.glob("plan-*") if path.is_dir())
    return [QUALITY_CASES / f"plan-{number:02}" for number in numbers]


def load_case(folder: Path) -> tuple[Inputs, Simulator, Reference]:
    """Load a case: the planner's inputs, its test arrivals and what AlpaServe reaches."""
    inputs = load_folder(folder)
    trace = read_trace(folder / "test.csv.gz").trace.for_models(inputs.problem.model_names)
    published = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    policies = published["policies"]
    # Of equally good policies the one that is found sooner.
    best = max(policies, key=lambda p: (policies[p]["test_slo_attainment"], -_plan_s(policies, p)))
    # It is rounded there, which must not make an equal plan look worse or better.
    requests = published["test_requests"]
    attained = round(policies[best]["test_slo_attainment"] * requests)
    reference = Reference(best, attained / requests, _plan_s(policies, best))
    return inputs, Simulator(inputs.problem, trace), reference


def plan_case(inputs: Inputs, test: Simulator, settings: PlanSettings) -> Run:
    """Plan a case and score the plan on the test arrivals, which planning does not see."""
    warm_up(inputs)
    timed = timed_plan(inputs, settings)
    result = timed.planned.result
    best, prediction = result.best, result.prediction
    return Run(
        seed=settings.seed,
        test_attainment=test.evaluate(best.placement).slo_attainment,
        training_attainment=best.evaluation.slo_attainment,
        predicted_attainment=prediction.slo_attainment,
        prediction_interval_95=prediction.prediction_interval_95,
        plan_s=timed.plan_s,
        plan_cpu_s=timed.plan_cpu_s,
        num_evaluations=result.num_evaluations,
    )


def quality_table(outcomes: Sequence[CaseOutcome]) -> RenderableType:
    """Return a row for each case, and what they come to together."""
    numbers = ["reaches", "in", "alpaplan", "in", "misses", "lowest"]
    numbers += ["training", "predicted", "95% interval", "holds"]
    title = "Plan quality: attainment on test arrivals, medians over the runs"
    rows = Table(title, "case", "AlpaServe's best", *numbers, right=numbers)
    for outcome in outcomes:
        _add_row(rows, outcome)
    return Group(rows, *summary_lines(outcomes))


def quality_markdown(outcomes: Sequence[CaseOutcome]) -> str:
    """Return the table in short as Markdown, for documents."""
    columns = (
        *("case", "models x devices", "AlpaServe's best policy", "its attainment", "found in"),
        *("alpaplan's attainment", "misses over AlpaServe's", "found in"),
    )
    rows = [
        (
            outcome.name,
            f"{outcome.num_models} x {outcome.num_devices}",
            f"`{outcome.reference.policy}`",
            percent(outcome.reference.test_attainment),
            f"{outcome.reference.plan_s:.1f} s",
            percent(outcome.median("test_attainment")),
            f"{outcome.miss_ratio:.2f}",
            f"{outcome.median('plan_s'):.1f} s",
        )
        for outcome in outcomes
    ]
    return "\n".join([markdown_table(columns, rows), "", *summary_lines(outcomes)])


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown, numbers not aligned."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def summary_lines(outcomes: Sequence[CaseOutcome]) -> list[str]:
    """Return the geometric mean of the miss ratios, and how many are above 1."""
    ratios = [outcome.miss_ratio for outcome in outcomes]
    runs = [run for outcome in outcomes for run in outcome.runs]
    above = [o.name for o in outcomes if o.miss_ratio > 1]
    names = f" ({', '.join(above)})" if above else ""
    mean = 0.0 if 0.0 in ratios else statistics.geometric_mean(ratios)
    holds = sum(run.interval_holds for run in runs)
    return [
        f"prediction intervals that hold: {holds} of {len(runs)} runs",
        f"geometric mean of the miss ratios {mean:.3f}, cases above 1.0: {len(above)}{names}",
    ]


def _add_row(rows: Table, outcome: CaseOutcome) -> None:
    attainments = [run.test_attainment for run in outcome.runs]
    # Intervals have no median: shown is that of the run whose attainment is the median, or below.
    middle = sorted(outcome.runs, key=lambda run: run.test_attainment)[(len(attainments) - 1) // 2]
    low, high = middle.prediction_interval_95
    rows.add_row(
        outcome.name,
        outcome.reference.policy,
        percent(outcome.reference.test_attainment),
        f"{outcome.reference.plan_s:.1f} s",
        percent(outcome.median("test_attainment")),
        f"{outcome.median('plan_s'):.1f} s",
        f"x {outcome.miss_ratio:.3f}",
        percent(min(attainments)),
        percent(outcome.median("training_attainment")),
        percent(outcome.median("predicted_attainment")),
        f"{percent(low)} to {percent(high)}",
        f"{sum(run.interval_holds for run in outcome.runs)}/{len(outcome.runs)}",
    )


def _plan_s(policies: Mapping[str, Any], policy: str) -> float:
    return float(policies[policy]["plan_seconds"])
