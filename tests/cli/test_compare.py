"""`alpaplan compare`: the same arrivals for all plans, inputs of the first, tables and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.workspace import HAND_WRITTEN, INPUTS, Workspace

ONE_DEVICE = """\
kind: placement-plan
version: 1
groups:
  - name: single
    device: gpu
    intra_op: 1
    inter_op: 1
    devices: [{node: n-0, devices: [0]}]
    replicas: [{model: a}]
"""
TRACE = "arrival_s,model\n0,a\n0,b\n0.01,a\n0.02,a\n0.03,a\n0.04,a\n0.05,a\n0.06,a\n0.07,a\n5,b\n"


@pytest.fixture
def planned(workspace: Workspace) -> Workspace:
    """Return a workspace with two plans written by hand, and a trace."""
    workspace.write("plan.yaml", HAND_WRITTEN)
    workspace.write("one.yaml", ONE_DEVICE)
    workspace.write("trace.csv", TRACE)
    return workspace


def compare(workspace: Workspace, *arguments: str) -> dict[str, Any]:
    """Compare the two plans, and return the JSON."""
    plans = ("plan.yaml", "one.yaml")
    result = workspace.run("compare", *plans, *INPUTS, "--format", "json", *arguments)
    assert result.stderr == ""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_trace_worked_out_by_hand(planned: Workspace) -> None:
    # The pipeline loses one of ten (see test_simulate); one device of 100 ms serves the first
    # five of a within 500 ms, and has no b.
    found = compare(planned, "--trace", "trace.csv")
    assert found["arrivals"] == {"source": "trace", "runs": 1, "requests": 10, "duration_s": 5.0}
    pipeline, single = found["plans"]
    assert (pipeline["plan"], pipeline["attained"], pipeline["difference"]) == (
        "plan.yaml",
        9,
        None,
    )
    assert (single["attained"], single["slo_attainment"]) == (5, 0.5)
    assert single["difference"]["slo_attainment"] == pytest.approx(-0.4)
    low, high = single["difference"]["interval_95"]
    assert low < -0.4 < high
    assert (pipeline["devices"], pipeline["replicas"]) == (2, 3)
    assert single["groups"] == [{"device": "gpu", "intra_op": 1, "inter_op": 1, "count": 1}]
    assert [model["attained"] for model in pipeline["models"]] == [7, 2, 0]
    assert [model["slo_attainment"] for model in single["models"]] == [0.625, 0.0, None]


def test_runs_are_those_of_simulate(planned: Workspace) -> None:
    options = ("--duration", "2min")
    found = compare(planned, *options, "--runs", "3", "--seed", "5")
    assert found["arrivals"]["runs"] == 3
    assert found["arrivals"]["duration_s"] == 360
    for plan in found["plans"]:
        attained = 0
        for seed in ("5", "6", "7"):
            arguments = (plan["plan"], *INPUTS, *options, "--seed", seed, "--format", "json")
            attained += json.loads(planned.run("simulate", *arguments).stdout)["attained"]
        assert plan["attained"] == attained


def test_numbers_agree_with_each_other(planned: Workspace) -> None:
    found = compare(planned, "--duration", "2min")
    first, second = found["plans"]
    assert first["requests"] == second["requests"] == found["arrivals"]["requests"]
    for plan in found["plans"]:
        assert sum(model["attained"] for model in plan["models"]) == plan["attained"]
        assert plan["goodput_rps"] == plan["attained"] / found["arrivals"]["duration_s"]
    difference = second["slo_attainment"] - first["slo_attainment"]
    assert second["difference"]["slo_attainment"] == pytest.approx(difference)


def test_tables_put_the_plans_side_by_side(planned: Workspace) -> None:
    arguments = ("plan.yaml", "one.yaml", *INPUTS, "--trace", "trace.csv")
    output = planned.run("compare", *arguments).stdout
    assert output.startswith("10 requests of a trace, 5 s, the same for all plans\n")
    lines = [line.split() for line in output.splitlines() if line.strip()]
    rows = {line[0]: line for line in lines}
    assert rows["SLO"] == ["SLO", "attainment", "90.00%", "50.00%"]
    assert rows["gain"] == ["gain", "over", "first", "plan", "-", "-40.00", "points"]
    assert rows["a"] == ["a", "8", "87.50%", "62.50%"]
    assert rows["b"] == ["b", "2", "100.00%", "0.00%"]
    assert "c" not in rows


def test_inputs_are_the_first_plan_s(planned: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (planned.folder / "plans").mkdir()
    planned.run_plan("-q", "-o", "plans/made.yaml", "--method", "round-robin")
    monkeypatch.chdir(planned.folder.parent)
    options = ("--trace", "work/trace.csv")
    arguments = ("compare", "work/plans/made.yaml", "work/one.yaml", *options)
    assert "work/one.yaml" in planned.run(*arguments).stdout
    swapped = ("compare", "work/one.yaml", "work/plans/made.yaml", *options)
    assert "missing option -c/--cluster" in planned.run(*swapped, exit_code=2).stderr


def test_recorded_arrivals_are_one_run(planned: Workspace) -> None:
    text = planned.read("workload.yaml")
    for process in (
        "{process: gamma, rate_rps: 12, cv: 3}",
        "{process: poisson, rate_rps: 9}",
        "{process: poisson, rate_rps: 5}",
    ):
        text = text.replace(process, "{process: trace, path: trace.csv}")
    planned.write("workload.yaml", text)
    planned.write("trace.csv", TRACE + "5,c\n")
    found = compare(planned)
    assert (found["arrivals"]["source"], found["arrivals"]["requests"]) == ("trace", 11)
    arguments = ("compare", "plan.yaml", "one.yaml", *INPUTS, "--runs", "3")
    assert "there is only one run" in planned.run(*arguments, exit_code=2).stderr


def test_everything_wrong_with_any_plan_at_once(planned: Workspace) -> None:
    planned.write("one.yaml", ONE_DEVICE.replace("model: a", "model: aa"))
    planned.write("plan.yaml", HAND_WRITTEN.replace("model: b", "model: bb"))
    result = planned.run("compare", "plan.yaml", "one.yaml", *INPUTS, exit_code=2)
    first, second = result.stderr.splitlines()
    assert first.startswith("plan.yaml:9: groups[0].replicas[1].model:")
    assert second.startswith("one.yaml:9: groups[0].replicas[0].model:")
    absent = planned.run("compare", "no.yaml", "neither.yaml", *INPUTS, exit_code=2)
    assert [line.split(":")[0] for line in absent.stderr.splitlines()] == [
        "no.yaml",
        "neither.yaml",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan.yaml", *INPUTS], "give at least two plans to compare, found 1"),
        ([], "give at least two plans to compare, found 0"),
        (["plan.yaml", "one.yaml", *INPUTS, "--runs", "1"], "'--runs'"),
        (
            ["plan.yaml", "one.yaml", *INPUTS, "--runs", "3", "--trace", "trace.csv"],
            "give either --trace or --runs, not both",
        ),
        (
            ["plan.yaml", "one.yaml", *INPUTS, "--duration", "9s", "--trace", "trace.csv"],
            "give either --trace or --duration, not both",
        ),
    ],
)
def test_bad_usage(planned: Workspace, arguments: list[str], message: str) -> None:
    result = planned.run("compare", *arguments, exit_code=2)
    assert message in result.stderr
    assert result.stdout == ""


def test_agrees_with_the_agreement_cases(shared_cases: Path, workspace: Workspace) -> None:
    case = shared_cases / "simulator" / "sim-01"
    options = [
        *("-c", str(case / "cluster.yaml"), "-w", str(case / "workload.yaml")),
        *("-p", str(case / "profiles"), "--trace", str(case / "trace.csv.gz")),
        *("--dispatch", "earliest-finish", "--format", "json"),
    ]
    plan = str(case / "plan.yaml")
    found = json.loads(workspace.run("compare", plan, plan, *options).stdout)
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert [plan["attained"] for plan in found["plans"]] == [expected["attained"]] * 2


def test_what_if_is_the_same_for_all_plans(planned: Workspace) -> None:
    slower = compare(planned, "--trace", "trace.csv", "--rate-scale", "0.1")
    assert [plan["attained"] for plan in slower["plans"]] == [10, 8]
    assert slower["arrivals"]["duration_s"] == 50
    lost = compare(planned, "--without", "n-0", "--duration", "60s", "--model-rate-scale", "a=2")
    assert [plan["attained"] for plan in lost["plans"]] == [0, 0]
    assert lost["what_if"] == {
        "without": ["n-0"], "rate_scale": 1.0, "model_rate_scale": {"a": 2.0},
    }  # fmt: skip
    plans = ("compare", "plan.yaml", "one.yaml", *INPUTS, "--duration", "60s")
    assert "What if: requests 2 times as fast" in planned.run(*plans, "--rate-scale", "2").stdout
