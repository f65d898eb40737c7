"""Recorded arrivals in whole seconds: spread once, the same for whatever reads them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from alpaplan.cli import main
from alpaplan.errors import AlpaplanWarning
from alpaplan.files.document import load_document
from alpaplan.planning.library import load_inputs
from alpaplan.planning.recordings import load_recordings
from alpaplan.specs.workload import WorkloadSpec
from alpaplan.workload.arrivals.renewal import Poisson
from tests.cli.runner import invoke
from tests.cli.workspace import INPUTS, Workspace

RECORDED = """\
kind: workload
version: 1
name: recorded
models:
  - {name: a, profile: p, slo_s: 500ms, arrivals: {process: trace, path: t.csv}}
  - {name: b, profile: p, slo_s: 500ms, arrivals: {process: trace, path: t.csv}}
"""
SAID = "alpaplan: t.csv: times are in ticks of 1 s"
PLAN = ("--method", "selective-replication", "-o", "plan.yaml")


@pytest.fixture
def coarse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a workspace with a workload of two models recorded in whole seconds."""
    monkeypatch.chdir(tmp_path)
    workspace = Workspace.make(tmp_path)
    times = np.floor(Poisson(16.0).sample(400.0, np.random.default_rng(9)))
    rows = "".join(f"{time:g},{'ab'[index % 2]}\n" for index, time in enumerate(times))
    workspace.write("t.csv", "arrival_s,model\n" + rows)
    workspace.write("workload.yaml", RECORDED)
    return workspace


def test_a_file_is_spread_once(coarse: Workspace) -> None:
    document = load_document(Path("workload.yaml"), WorkloadSpec)
    with pytest.warns(AlpaplanWarning, match="in ticks of 1 s") as said:
        files = load_recordings(document).arrivals
    assert len(said) == 1
    assert files["a"].trace is files["b"].trace
    assert np.unique(files["a"].trace.arrival_s).size > 6000
    with pytest.warns(AlpaplanWarning, match="kept as recorded"):
        kept = load_recordings(document, as_recorded=True).arrivals
    assert np.unique(kept["a"].trace.arrival_s).size <= 400


def test_exact_times_stay_as_they_are(coarse: Workspace) -> None:
    coarse.write("t.csv", "arrival_s,model\n" + "".join(f"{t / 7},a\n" for t in range(200)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load_recordings(load_document(Path("workload.yaml"), WorkloadSpec)).arrivals
    assert found["a"].trace.arrival_s.tolist() == [t / 7 for t in range(200)]


def test_a_plan_its_simulation_and_analysis(coarse: Workspace) -> None:
    planned = coarse.run_plan(*PLAN)
    assert planned.stderr.startswith(SAID)
    assert coarse.plan()["prediction"]["slo_attainment"] > 0.99
    assert "as_recorded" not in coarse.read("plan.yaml")
    simulated = coarse.run("simulate", "plan.yaml", "--format", "json")
    assert simulated.stderr.startswith(SAID)
    assert json.loads(simulated.stdout)["slo_attainment"] > 0.99
    replayed = coarse.run("simulate", "plan.yaml", "--trace", "t.csv", "--format", "json")
    assert replayed.stdout == simulated.stdout
    assert replayed.stderr.count(SAID) == 1  # read twice, as the workload's and to replay
    analyzed = coarse.run("analyze", *INPUTS, "--format", "json")
    assert analyzed.stderr.startswith(SAID)
    assert coarse.run("compare", "plan.yaml", "plan.yaml").stderr.startswith(SAID)


def test_as_recorded_stands_in_the_plan(coarse: Workspace) -> None:
    coarse.run_plan(*PLAN, "--as-recorded")
    assert coarse.plan()["provenance"]["as_recorded"] is True
    assert coarse.plan()["prediction"]["slo_attainment"] < 0.95
    assert coarse.run("plan", "--check", "plan.yaml").stdout == "plan.yaml: current\n"
    kept = coarse.run("simulate", "plan.yaml", "--format", "json")
    assert "kept as recorded" in kept.stderr
    assert json.loads(kept.stdout)["slo_attainment"] < 0.95


def test_statistics_and_samples(coarse: Workspace) -> None:
    for file in ("t.csv", "workload.yaml"):
        result = coarse.run("workload", "stats", file, "--format", "json")
        assert result.stderr.startswith(SAID)
        assert json.loads(result.stdout)["cv"] == pytest.approx(1, abs=0.1)
        kept = coarse.run("workload", "stats", file, "--format", "json", "--as-recorded")
        assert json.loads(kept.stdout)["cv"] > 3
    generate = ("workload", "generate", "workload.yaml", "--duration", "400s", "-o", "g.csv")
    assert coarse.run(*generate).stderr.startswith(SAID)
    assert not invoke(main, ["workload", "stats", "g.csv"]).stderr


def test_a_wrong_model_is_named_at_its_line(coarse: Workspace) -> None:
    coarse.write("t.csv", coarse.read("t.csv") + "500,x\n")
    lines = len(coarse.read("t.csv").splitlines())
    result = coarse.run_plan("--trace", "t.csv", *PLAN, exit_code=2)
    assert f"t.csv:{lines}: model: must be one of the workload's, found 'x'" in result.stderr


def test_the_library_warns(coarse: Workspace) -> None:
    with pytest.warns(AlpaplanWarning, match="in ticks of 1 s"):
        load_inputs("cluster.yaml", "workload.yaml", "profiles")
