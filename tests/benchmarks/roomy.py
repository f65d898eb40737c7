"""The roomy cases: clusters with room to spare, where plans differ in what they leave to spare."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from alpaplan.files.trace_csv import read_trace
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.placements import placement_of_plan
from alpaplan.planning.what_if import without_nodes
from alpaplan.report.tables import Table
from alpaplan.report.text import percent
from alpaplan.simulator import Simulator
from alpaplan.specs.plan import PlanSpec
from tests.benchmarks.planning import ROOMY_CASES, load_folder

SCALES = (1, 2, 3)
"""Multiples of the stated rates that a plan is judged at."""

WORSE_THAN_STATED = 0.0005
WORSE_UNDER_STRAIN = (1.05, 0.001)
WORSE_LATENCY = 1.1
WORSE_AFTER_LOSS = 0.02
"""How much worse than the reference a plan may be, by the cases' rule: misses as stated (more),
misses under strain (a factor and more), mean latency (a factor), attainment after the worst loss
(less)."""


@dataclass(frozen=True)
class Figures:
    """What a plan does on a case's test arrivals.

    Parameters
    ----------
    attainments
        At each of `SCALES`.
    mean_latency_s
        At the stated rates.
    worst_node_loss
        Attainment at the stated rates without the node whose loss hurts most.
    """

    attainments: tuple[float, ...]
    mean_latency_s: float
    worst_node_loss: float

    def failures(self, reference: Figures) -> list[str]:
        """Name what is worse than the reference by more than a plan may be."""
        misses = [1 - attainment for attainment in self.attainments]
        theirs = [1 - attainment for attainment in reference.attainments]
        factor, more = WORSE_UNDER_STRAIN
        limits = [theirs[0] + WORSE_THAN_STATED, *(factor * miss + more for miss in theirs[1:])]
        found = [
            f"misses at {scale}x"
            for scale, miss, limit in zip(SCALES, misses, limits, strict=True)
            if miss > limit
        ]
        if self.mean_latency_s > WORSE_LATENCY * reference.mean_latency_s:
            found.append("latency")
        if self.worst_node_loss < reference.worst_node_loss - WORSE_AFTER_LOSS:
            found.append("node loss")
        return found


@dataclass(frozen=True)
class RoomyCase:
    """One case: the planner's inputs, what a plan is tested on, and a good plan's figures."""

    name: str
    inputs: Inputs
    tests: tuple[Simulator, ...]
    reference: Figures

    def figures(self, plan: PlanSpec) -> Figures:
        """Run a plan on the test arrivals, whole and without each of its nodes."""
        problem, cluster = self.inputs.problem, self.inputs.cluster
        placement = placement_of_plan(problem, cluster, plan)
        whole = [test.evaluate(placement) for test in self.tests]
        nodes = {part.node for group in plan.groups for part in group.devices}
        left = [placement_of_plan(problem, cluster, without_nodes(plan, [n])) for n in nodes]
        return Figures(
            tuple(evaluation.slo_attainment for evaluation in whole),
            whole[0].mean_latency_s,
            min(self.tests[0].evaluate(each).slo_attainment for each in left),
        )


@dataclass(frozen=True)
class RoomyRun:
    """One plan of one case."""

    case: str
    seed: int
    figures: Figures
    failures: tuple[str, ...]
    num_replicas: int
    plan_cpu_s: float

    def to_json_dict(self) -> dict[str, Any]:
        """Return the data for JSON."""
        return asdict(self)


def roomy_cases(numbers: Iterable[int] | None = None) -> list[Path]:
    """Return the folders of the given cases, of all without any."""
    if numbers is None:
        return sorted(path for path in ROOMY_CASES.glob("roomy-*") if path.is_dir())
    return [ROOMY_CASES / f"roomy-{number:02}" for number in numbers]


def load_roomy_case(folder: Path) -> RoomyCase:
    """Load a case."""
    inputs = load_folder(folder)
    traces = [read_trace(folder / f"test-{scale}x.csv.gz").trace for scale in SCALES]
    names = inputs.problem.model_names
    tests = tuple(Simulator(inputs.problem, trace.for_models(names)) for trace in traces)
    found = json.loads((folder / "reference.json").read_text(encoding="utf-8"))["reference"]
    reference = Figures(
        tuple(found[f"attainment_{scale}x"] for scale in SCALES),
        found["mean_latency_1x_s"],
        found["worst_node_loss_attainment"],
    )
    return RoomyCase(folder.name, inputs, tests, reference)


def roomy_table(cases: Iterable[RoomyCase], runs: Iterable[RoomyRun]) -> Table:
    """Return a row for each case's reference and for each run."""
    numbers = [*(f"{scale}x" for scale in SCALES), "latency", "worst loss", "replicas"]
    made = Table("Roomy cases", "case", "plan", *numbers, "worse in", right=numbers)
    every = list(runs)
    for case in cases:
        made.add_row(case.name, "reference", *_cells(case.reference), "", "")
        for run in every:
            if run.case == case.name:
                worse = ", ".join(run.failures) or "-"
                cells = _cells(run.figures)
                made.add_row("", f"seed {run.seed}", *cells, str(run.num_replicas), worse)
    return made


def _cells(figures: Figures) -> list[str]:
    shown = [percent(attainment, 3) for attainment in figures.attainments]
    return [*shown, f"{1000 * figures.mean_latency_s:.1f} ms", percent(figures.worst_node_loss)]
