"""The library's face: the commands' pipeline, called from Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import alpaplan
from alpaplan.errors import InputError, SpecError
from alpaplan.specs.choices import Dispatch
from alpaplan.workload.trace import Trace
from tests.cli.workspace import HAND_WRITTEN, INPUTS, Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    return Workspace.make(tmp_path)


@pytest.fixture
def inputs(workspace: Workspace) -> alpaplan.Inputs:
    return alpaplan.load_inputs("cluster.yaml", "workload.yaml", "profiles")


@pytest.fixture
def planned(inputs: alpaplan.Inputs) -> alpaplan.Planned:
    return alpaplan.plan(inputs, method="round-robin", seed=1)


def test_everything_that_is_promised_is_there() -> None:
    for name in alpaplan.__all__:
        assert getattr(alpaplan, name) is not None
        assert name in dir(alpaplan)
    with pytest.raises(AttributeError, match="has no attribute 'paln'"):
        _ = alpaplan.paln


def test_importing_it_loads_nothing_heavy() -> None:
    program = "import alpaplan, sys; sys.exit('numpy' in sys.modules or 'pydantic' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_plan_is_the_same_as_that_of_the_command(
    workspace: Workspace, planned: alpaplan.Planned
) -> None:
    (workspace.folder / "out").mkdir()
    alpaplan.write_plan(planned, "out/plan.yaml")
    options = (*INPUTS, "--method", "round-robin", "--seed", "1", "-q")
    workspace.run("plan", *options, "-o", "out/command.yaml")
    assert workspace.read("out/plan.yaml") == workspace.read("out/command.yaml")
    assert workspace.run("plan", "--check", "out/plan.yaml").stdout == "out/plan.yaml: current\n"


def test_inputs_of_a_plan_are_found_again(planned: alpaplan.Planned) -> None:
    alpaplan.write_plan(planned, "plan.yaml")
    document = alpaplan.load_plan("plan.yaml")
    again = alpaplan.load_inputs(plan=document)
    assert again.workload.spec == planned.inputs.workload.spec
    assert again.problem.model_names == planned.inputs.problem.model_names


def test_results_are_arrays_and_numbers(planned: alpaplan.Planned) -> None:
    placement = planned.placement
    num_groups = len(planned.document.groups)
    assert placement.replicas.shape == (num_groups, 3)
    assert placement.shapes.shape == (num_groups,)
    assert 0 < planned.prediction.slo_attainment <= 1


def test_simulate_gives_what_the_command_shows(
    workspace: Workspace, inputs: alpaplan.Inputs, planned: alpaplan.Planned
) -> None:
    alpaplan.write_plan(planned, "plan.yaml")
    simulation = alpaplan.simulate(inputs, planned, seed=4)
    shown = workspace.run("simulate", "plan.yaml", "--seed", "4").stdout
    assert f"of {simulation.summary.requests:,} requests" in shown
    latency_s = simulation.replay.latency_s
    assert latency_s.shape == simulation.trace.arrival_s.shape
    assert np.isfinite(latency_s).sum() == simulation.summary.attained
    of_file = alpaplan.simulate(inputs, alpaplan.load_plan("plan.yaml"), seed=4)
    np.testing.assert_array_equal(of_file.replay.latency_s, latency_s)


def test_arrivals_may_be_a_trace_or_a_file(
    workspace: Workspace, inputs: alpaplan.Inputs, planned: alpaplan.Planned
) -> None:
    times_s = np.arange(20) / 4
    # In another order than the workload's, and without one of its models.
    trace = Trace(times_s, (np.arange(20) % 2).astype(np.int32), ("b", "a"), 5.0)
    rows = "".join(f"{t},{'ba'[i % 2]}\n" for i, t in enumerate(times_s))
    workspace.write("t.csv", f"arrival_s,model\n{rows}")
    for rule in Dispatch:
        one, other = (
            alpaplan.simulate(inputs, planned, arrivals=each, dispatch=rule)
            for each in (trace, "t.csv")
        )
        assert one.summary.attained == other.summary.attained
        assert [model.requests for model in one.summary.models] == [10, 10, 0]


def test_compare_runs_all_plans_on_the_same_arrivals(
    workspace: Workspace, inputs: alpaplan.Inputs, planned: alpaplan.Planned
) -> None:
    workspace.write("hand.yaml", HAND_WRITTEN)
    plans: dict[str, alpaplan.Plan] = {
        "mine": planned,
        "hand": alpaplan.load_plan("hand.yaml"),
        "same": planned,
    }
    comparison = alpaplan.compare(inputs, plans, num_runs=3, seed=2)
    mine, hand, same = comparison.plans
    assert (mine.name, hand.name, same.name) == ("mine", "hand", "same")
    assert same.slo_attainment == mine.slo_attainment
    expected = [alpaplan.simulate(inputs, planned, seed=seed).summary for seed in (2, 3, 4)]
    attained = sum(summary.attained for summary in expected)
    requests = sum(summary.requests for summary in expected)
    assert mine.slo_attainment == pytest.approx(attained / requests)


def test_plans_that_do_not_fit_are_refused(
    workspace: Workspace, inputs: alpaplan.Inputs, planned: alpaplan.Planned
) -> None:
    workspace.write("hand.yaml", HAND_WRITTEN.replace("model: c", "model: d"))
    document = alpaplan.load_plan("hand.yaml")
    with pytest.raises(InputError, match=r"hand.yaml:9: groups\[0\].replicas\[2\].model: .*'d'"):
        alpaplan.simulate(inputs, document)
    with pytest.raises(SpecError, match="must hold models of the workload, found 'd'"):
        alpaplan.simulate(inputs, document.spec)


def test_a_search_can_be_watched_and_stopped(inputs: alpaplan.Inputs) -> None:
    seen: list[int] = []
    alpaplan.plan(
        inputs,
        max_evaluations=5,
        effort="low",
        jobs=1,
        on_evaluation=lambda used, _score: seen.append(used.work),
    )
    assert len(seen) >= 5


def test_a_search_starts_from_a_plan_that_runs(
    workspace: Workspace, inputs: alpaplan.Inputs, planned: alpaplan.Planned
) -> None:
    alpaplan.write_plan(planned, workspace.folder / "running.yaml")
    running = alpaplan.load_plan(workspace.folder / "running.yaml")
    found = alpaplan.plan(inputs, max_evaluations=20, start_from=running, move_cost=100)
    assert found.result.loaded_bytes == 0
    assert found.document.provenance is not None
    assert found.document.provenance.start is not None
    assert found.document.provenance.start.sha256 == running.sha256
