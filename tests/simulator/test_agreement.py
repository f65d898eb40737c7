"""The agreement cases: AlpaServe's published simulator, and an independent slow one."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from alpaplan.planning.placements import placement_of_plan
from alpaplan.problem.build import build_problem
from alpaplan.simulator import Simulator, summarize
from alpaplan.specs.choices import Dispatch
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.workload import WorkloadSpec
from alpaplan.workload.trace import Trace
from tests.simulator.cases import COMPILED, Case

EXPECTED = {
    Dispatch.EARLIEST_FINISH: "expected.json",
    Dispatch.SHORTEST_QUEUE: "expected-shortest-queue.json",
}


def read_yaml(path: Path) -> object:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def read_case(folder: Path) -> tuple[Case, list[str]]:
    cluster = ClusterSpec.model_validate(read_yaml(folder / "cluster.yaml"))
    workload = WorkloadSpec.model_validate(read_yaml(folder / "workload.yaml"))
    plan = PlanSpec.model_validate(read_yaml(folder / "plan.yaml"))
    files = (folder / "profiles").glob("*.yaml")
    profiles = [ModelProfileSpec.model_validate(read_yaml(path)) for path in files]
    problem = build_problem(cluster, workload, {profile.name: profile for profile in profiles})
    with gzip.open(folder / "trace.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    trace = Trace(
        np.array([float(row["arrival_s"]) for row in rows]),
        np.array([problem.model_names.index(row["model"]) for row in rows], dtype=np.int32),
        problem.model_names,
        float(rows[-1]["arrival_s"]),
    )
    placement = placement_of_plan(problem, cluster, plan)
    return Case(problem, placement, trace), [group.name for group in plan.groups if group.replicas]


@pytest.mark.parametrize("rule", EXPECTED)
@pytest.mark.parametrize("number", range(1, 6 if COMPILED else 2))
def test_counts_and_latency_agree(shared_cases: Path, number: int, rule: Dispatch) -> None:
    folder = shared_cases / "simulator" / f"sim-{number:02}"
    expected = json.loads((folder / EXPECTED[rule]).read_text(encoding="utf-8"))
    case, group_names = read_case(folder)
    problem = dataclasses.replace(case.problem, dispatch=rule)
    simulator = Simulator(problem, case.trace)
    replay = simulator.replay(case.placement)
    summary = summarize(problem, case.placement, case.trace, replay, group_names)
    counts = summary.to_json_dict()
    for axis in ("models", "groups"):
        found = {
            row["name"]: {"requests": row["requests"], "attained": row["attained"]}
            for row in counts[axis]
        }
        assert found == expected[axis]
    assert summary.attained == expected["attained"]
    assert summary.slo_attainment == expected["slo_attainment"]
    assert summary.latency.mean_s == pytest.approx(expected["latency_mean_s"], rel=1e-9)
    evaluation = simulator.evaluate(case.placement)
    assert evaluation.mean_latency_s == pytest.approx(expected["latency_mean_s"], rel=1e-9)
    if "latency_p99_s" in expected:
        assert summary.latency.p99_s == pytest.approx(expected["latency_p99_s"], rel=1e-9)
