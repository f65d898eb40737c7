"""Random small problems, and the same with models reversed and renamed: the same plans.

``python -m tests.benchmarks.renamed_problems --problems 300``. Every plan goes through the
independent checker, and both plans of a problem run on the same unseen arrivals. ``auto`` looks at
models in an order that follows from what they are, and so do their random streams, so that
predictions are equal to the last digit.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from alpaplan.errors import InfeasibleError
from alpaplan.planning import library
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import Planned
from alpaplan.problem.checker import check_plan
from alpaplan.specs.choices import Effort
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.workload import WorkloadSpec

UNSEEN_SEED = 1_000_003
"""Of the arrivals on which both plans of a problem run."""

NUM_RUNS = 10

SMALL = 0.005
"""Differences of attainment up to this are not worth a line (a fraction)."""


@dataclass(frozen=True)
class Outcome:
    """What became of one problem.

    Parameters
    ----------
    first, second
        Predicted attainment, as stated and with models reversed and renamed.
    first_interval, second_interval
        Their 95% confidence intervals.
    difference
        Attainment of the second plan minus the first's, on the same arrivals.
    is_certain
        Whether that difference is one at 95%.
    """

    first: float
    second: float
    first_interval: tuple[float, float]
    second_interval: tuple[float, float]
    difference: float
    is_certain: bool

    @property
    def second_inside_first(self) -> bool:
        """Whether the second prediction lies in the first one's interval."""
        return self.first_interval[0] <= self.second <= self.first_interval[1]

    @property
    def intervals_agree(self) -> bool:
        """Whether the predictions differ by no more than both intervals allow."""
        halves = [(high - low) / 2 for low, high in (self.first_interval, self.second_interval)]
        return abs(self.first - self.second) <= math.hypot(*halves)


def draw_problem(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], list[Any]]:
    """Return the documents of a cluster, a workload and its profiles."""
    devices_per_node = int(rng.choice([2, 4]))
    pool: dict[str, Any] = {
        "name": "n",
        "count": int(rng.integers(1, 3)),
        "device": "gpu",
        "devices_per_node": devices_per_node,
        "device_memory_bytes": int(rng.integers(12, 30)) * 10**9,
    }
    num_devices = pool["count"] * devices_per_node
    num_models = int(rng.integers(2, 7))
    profiles, models = [], []
    for m in range(num_models):
        latency_s = float(rng.uniform(0.02, 0.3))
        weight_bytes = int(rng.uniform(2e9, 10e9))
        profiles.append(_profile(f"p{m}", latency_s, weight_bytes))
        rate_rps = float(rng.uniform(0.2, 0.9)) * num_devices / num_models / latency_s
        arrivals = {"process": "gamma", "rate_rps": rate_rps, "cv": float(rng.uniform(0.5, 4))}
        slo_scale = float(rng.uniform(2, 8))
        entry = {"name": f"m{m}", "profile": f"p{m}", "slo_scale": slo_scale, "arrivals": arrivals}
        models.append(entry)
    cluster = {"kind": "cluster", "version": 1, "name": "c", "node_pools": [pool]}
    return cluster, {"kind": "workload", "version": 1, "name": "w", "models": models}, profiles


def _profile(name: str, latency_s: float, weight_bytes: int) -> dict[str, Any]:
    configs = []
    for intra_op, inter_op in ((1, 1), (1, 2), (2, 1), (1, 4), (2, 2)):
        stage_s = latency_s / intra_op**0.8 / inter_op * 1.05
        configs.append(
            {
                "device": "gpu",
                "intra_op": intra_op,
                "inter_op": inter_op,
                "stage_weight_bytes": [weight_bytes // (intra_op * inter_op)] * inter_op,
                "stage_latency_s": {1: [stage_s] * inter_op},
            }
        )
    return {"kind": "model-profile", "version": 1, "name": name, "configs": configs}


def reversed_and_renamed(workload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the same workload with other names in the other order, and new name -> old one."""
    old = [model["name"] for model in workload["models"]]
    renamed = dict(zip(old, (f"x{number}" for number in range(len(old))), strict=True))
    models = [{**model, "name": renamed[model["name"]]} for model in reversed(workload["models"])]
    return {**workload, "models": models}, {new: name for name, new in renamed.items()}


def solve_both(rng: np.random.Generator, effort: Effort) -> Outcome | None:
    """Plan a problem and its other form; None if there is no placement."""
    cluster, workload, profiles = draw_problem(rng)
    other, old_names = reversed_and_renamed(workload)
    inputs = _inputs(cluster, workload, profiles)
    try:
        first = _checked(inputs, effort)
        second = _checked(_inputs(cluster, other, profiles), effort)
    except InfeasibleError:
        return None
    plans = {"first": first.document, "second": _with_names(second.document, old_names)}
    compared = library.compare(inputs, plans, num_runs=NUM_RUNS, seed=UNSEEN_SEED)
    difference = compared.plans[1].difference
    assert difference is not None
    interval = difference.interval_95
    return Outcome(
        first.prediction.slo_attainment,
        second.prediction.slo_attainment,
        first.prediction.confidence_interval_95,
        second.prediction.confidence_interval_95,
        difference.slo_attainment,
        interval is not None and not interval[0] <= 0 <= interval[1],
    )


def _inputs(cluster: Any, workload: Any, profiles: list[Any]) -> Inputs:
    return Inputs.of_specs(
        ClusterSpec.model_validate(cluster),
        WorkloadSpec.model_validate(workload),
        {each["name"]: ModelProfileSpec.model_validate(each) for each in profiles},
    )


def _checked(inputs: Inputs, effort: Effort) -> Planned:
    planned = library.plan(inputs, effort=effort, jobs=1)
    issues = check_plan(inputs.cluster, inputs.workload.spec, inputs.profiles, planned.document)
    assert issues == [], issues
    return planned


def _with_names(plan: PlanSpec, old_names: dict[str, str]) -> PlanSpec:
    """Return the groups and replicas of a plan, with other names of models."""
    groups = [
        group.model_copy(
            update={
                "replicas": tuple(
                    replica.model_copy(update={"model": old_names[replica.model]})
                    for replica in group.replicas
                )
            }
        )
        for group in plan.groups
    ]
    return PlanSpec(kind=plan.kind, version=plan.version, groups=tuple(groups))


def main() -> None:
    """Plan problems and print how often the two forms differ."""
    parser = argparse.ArgumentParser(description="Plan problems with models in two orders.")
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--effort", type=Effort, default=Effort.LOW)
    options = parser.parse_args()
    start_s = time.monotonic()
    found = []
    for number in range(options.first, options.first + options.problems):
        outcome = solve_both(np.random.default_rng([7, number]), options.effort)
        if outcome is None:
            continue
        found.append(outcome)
        if outcome.is_certain and abs(outcome.difference) > SMALL:
            sys.stdout.write(f"problem {number}: {outcome}\n")
    sys.stdout.write(summary(found, time.monotonic() - start_s))


def summary(found: list[Outcome], took_s: float) -> str:
    """Return how often the two forms of a problem differ."""
    certain = [abs(outcome.difference) for outcome in found if outcome.is_certain]
    return "\n".join(
        [
            f"{len(found)} problems in {took_s:.0f} s, all plans pass the checker",
            f"predictions equal: {sum(o.first == o.second for o in found)}",
            f"second outside first's interval: {sum(not o.second_inside_first for o in found)}",
            f"predictions differ at 95%: {sum(not o.intervals_agree for o in found)}",
            f"plans equal on the same arrivals: {sum(o.difference == 0 for o in found)}",
            f"plans differ on the same arrivals at 95%: {len(certain)}",
            *(
                f"  by more than {points} points: {sum(each > points / 100 for each in certain)}"
                for points in (0.1, 0.5, 1.0, 2.0)
            ),
            "",
        ]
    )


if __name__ == "__main__":
    main()
