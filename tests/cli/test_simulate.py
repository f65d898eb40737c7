"""`alpaplan simulate`: tables, JSON, inputs by provenance, and agreement with other simulators."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import alpaplan
from tests.cli.workspace import CLUSTER, HAND_WRITTEN, INPUTS, WORKLOAD, Workspace

EXPECTED = {
    "earliest-finish": "expected.json",
    "shortest-queue": "expected-shortest-queue.json",
}
TRACE = "arrival_s,model\n0,a\n0,b\n0.01,a\n0.02,a\n0.03,a\n0.04,a\n0.05,a\n0.06,a\n0.07,a\n5,b\n"


@pytest.fixture
def planned(workspace: Workspace) -> Workspace:
    """Return a workspace with a plan written by hand, and a trace."""
    workspace.write("plan.yaml", HAND_WRITTEN)
    workspace.write("trace.csv", TRACE)
    return workspace


def simulate(workspace: Workspace, *arguments: str) -> dict[str, Any]:
    """Simulate the plan written by hand, and return the JSON."""
    result = workspace.run("simulate", "plan.yaml", *INPUTS, "--format", "json", *arguments)
    assert result.stderr == ""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_trace_worked_out_by_hand(planned: Workspace) -> None:
    # Stages of 50 and 60 ms: the n-th of a burst finishes after 110 + 60 (n - 1) ms, so that the
    # ninth, which comes 70 ms after the first, is too late for 500 ms.
    found = simulate(planned, "--trace", "trace.csv")
    assert (found["requests"], found["attained"], found["slo_attainment"]) == (10, 9, 0.9)
    assert found["goodput_rps"] == pytest.approx(9 / 5)
    latencies_s = [0.11, 0.17, 0.22, 0.27, 0.32, 0.37, 0.42, 0.47, 0.11]
    assert found["latency_s"]["mean"] == pytest.approx(sum(latencies_s) / 9)
    assert found["latency_s"]["p50"] == pytest.approx(0.27)
    a, b, c = found["models"]
    assert (a["name"], a["requests"], a["attained"], a["slo_attainment"]) == ("a", 8, 7, 0.875)
    assert (b["requests"], b["attained"]) == (2, 2)
    nothing = {"mean": None, "p50": None, "p90": None, "p99": None}
    assert c == {
        "name": "c", "requests": 0, "attained": 0, "slo_attainment": None, "latency_s": nothing,
    }  # fmt: skip
    left, idle = found["groups"]
    assert (left["name"], left["requests"], left["attained"]) == ("left", 10, 9)
    assert left["utilization"] == pytest.approx(9 * 0.055 / 5.11)
    assert idle == {"name": "idle", "requests": 0, "attained": 0, "utilization": 0.0}


def test_sampled_arrivals_are_consistent(planned: Workspace) -> None:
    found = simulate(planned, "--duration", "20min")
    assert found["requests"] == pytest.approx(26 * 1200, rel=0.1)
    for key in ("requests", "attained"):
        assert sum(model[key] for model in found["models"]) == found[key]
        assert sum(group[key] for group in found["groups"]) == found[key]
    assert found["slo_attainment"] == found["attained"] / found["requests"]
    assert found["goodput_rps"] == pytest.approx(found["attained"] / 1200)
    latency_s = found["latency_s"]
    assert latency_s["p50"] < latency_s["p90"] < latency_s["p99"] <= 0.5
    assert 0 < found["groups"][0]["utilization"] < 1


def test_seed_chooses_the_sample(planned: Workspace) -> None:
    first, again, other = (
        simulate(planned, "--duration", "60s", "--seed", seed) for seed in ("1", "1", "2")
    )
    assert first == again
    assert first != other


def test_tables_name_everything(planned: Workspace) -> None:
    output = planned.run("simulate", "plan.yaml", *INPUTS, "--trace", "trace.csv").stdout
    assert output.startswith("SLO attainment 90.00%: 9 of 10 requests\n")
    rows = {line.split()[0]: line.split() for line in output.splitlines() if line.strip()}
    assert rows["left"][1:4] == ["10", "9", "9.7%"]
    assert rows["idle"] == ["idle", "0", "0", "0.0%"]
    assert rows["a"][1:4] == ["8", "7", "87.50%"]
    assert rows["c"] == ["c", "0", "0", "-", "-", "-", "-", "-"]


def test_dispatch_is_the_option_s_then_the_plan_s_then_the_cluster_s(planned: Workspace) -> None:
    # Two groups, one slow and one fast: after the first request at 0 the slow one is idle.
    both = HAND_WRITTEN.replace("[2, 3]}]\n", "[2, 3]}]\n    replicas: [{model: a}]\n")
    planned.write("trace.csv", "arrival_s,model\n0,a\n0.2,a\n")

    def requests(*arguments: str) -> list[int]:
        found = simulate(planned, "--trace", "trace.csv", *arguments)
        return [group["requests"] for group in found["groups"]]

    # At 0.2 s all queues are empty again, but the clock of the first group is later.
    planned.write("plan.yaml", both)
    assert requests() == [2, 0]
    assert requests("--dispatch", "earliest-finish") == [1, 1]
    planned.write("cluster.yaml", CLUSTER + "serving: {dispatch: earliest-finish}\n")
    assert requests() == [1, 1]
    planned.write("plan.yaml", both + "routing: {dispatch: shortest-queue}\n")
    assert requests() == [2, 0]


def test_inputs_are_found_relative_to_the_plan(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace.folder / "plans").mkdir()
    workspace.run_plan("-q", "-o", "plans/plan.yaml", "--method", "round-robin")
    here = workspace.run("simulate", "plans/plan.yaml").stdout
    monkeypatch.chdir(workspace.folder.parent)
    assert workspace.run("simulate", "work/plans/plan.yaml").stdout == here
    workspace.write("busier.yaml", WORKLOAD.replace("rate_rps: 12", "rate_rps: 24"))
    options = ("-w", "work/busier.yaml")
    assert workspace.run("simulate", "work/plans/plan.yaml", *options).stdout != here


def test_required_attainment(planned: Workspace) -> None:
    arguments = ("simulate", "plan.yaml", *INPUTS, "--trace", "trace.csv", "--require-attainment")
    planned.run(*arguments, "0.9")
    result = planned.run(*arguments, "0.91", exit_code=1)
    assert result.stderr == "SLO attainment 0.9 is below the required 0.91\n"
    assert result.stdout.startswith("SLO attainment 90.00%")


def test_a_trace_of_other_models(planned: Workspace) -> None:
    planned.write("workload.yaml", WORKLOAD.replace("name: b", "name: search"))
    planned.write("plan.yaml", HAND_WRITTEN.replace("model: b", "model: search"))
    planned.write("trace.csv", "arrival_s,model\n0,serach\n1,a\n")
    result = planned.run("simulate", "plan.yaml", *INPUTS, "--trace", "trace.csv", exit_code=2)
    assert result.stderr == (
        "trace.csv:2: model: must be one of the workload's, found 'serach'; "
        "did you mean 'search'?\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "{model: b}",
            "{model: bb}",
            "9: groups[0].replicas[1].model: group 'left' must hold models of the workload, found",
        ),
        (
            "inter_op: 2\n    devices: [{node: n-0, devices: [0, 1]}]",
            "inter_op: 2\n    devices: [{node: n-0, devices: [0, 2]}]",
            "14: groups[1].devices[0].devices[0]: group 'idle' must have devices of its own, but",
        ),
        (
            "node: n-0, devices: [2, 3]",
            "node: n-7, devices: [2, 3]",
            "14: groups[1].devices[0].node: group 'idle' must run on nodes of the cluster, found",
        ),
    ],
)
def test_a_plan_that_does_not_fit(planned: Workspace, old: str, new: str, message: str) -> None:
    planned.replace("plan.yaml", old, new)
    result = planned.run("simulate", "plan.yaml", *INPUTS, exit_code=2)
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"plan.yaml:{message}")


def test_a_plan_that_needs_too_much_memory(planned: Workspace) -> None:
    planned.replace("cluster.yaml", "10GB", "8GB")
    result = planned.run("simulate", "plan.yaml", *INPUTS, exit_code=2)
    assert result.stderr == (
        "plan.yaml:9: groups[0].replicas: group 'left' needs 9000000000 bytes (9 GB) on each "
        "device of stage 0, but only 8000000000 bytes (8 GB) are available\n"
    )


def test_windows_of_one_simulation(planned: Workspace) -> None:
    found = simulate(planned, "--trace", "trace.csv", "--window", "1s")
    whole = simulate(planned, "--trace", "trace.csv")
    assert {key: found[key] for key in whole} == whole
    assert "windows" not in whole
    counts = [(window["requests"], window["attained"]) for window in found["windows"]]
    assert counts == [(9, 8), (0, 0), (0, 0), (0, 0), (1, 1)]
    first, last = found["windows"][0], found["windows"][-1]
    assert (first["start_s"], first["end_s"]) == (0.0, 1.0)
    assert (last["start_s"], last["end_s"], last["slo_attainment"]) == (4.0, 5.0, 1.0)
    assert first["latency_s"]["p99"] == pytest.approx(0.47, rel=0.01)
    assert found["prediction"] is None


def test_windows_are_compared_with_the_plan_s_prediction(planned: Workspace) -> None:
    planned.run_plan("-q", "-o", "made.yaml", "--method", "round-robin", "--seed", "1")
    interval = planned.plan("made.yaml")["prediction"]["prediction_interval_95"]
    busier = WORKLOAD.replace("rate_rps: 12", "rate_rps: 40")
    planned.write("busier.yaml", busier)
    arguments = ("simulate", "made.yaml", "--duration", "2h", "--window", "40min")
    same = json.loads(planned.run(*arguments, "--format", "json").stdout)
    changed = ("-w", "busier.yaml", "--plot", "drift.svg")
    more = json.loads(planned.run(*arguments, *changed, "--format", "json").stdout)
    # Windows are longer than the runs of the prediction.
    assert same["prediction"]["slo_attainment_at_least"] == interval[0]
    assert more["prediction"] == {
        "slo_attainment_at_least": interval[0], "windows_below": 3, "first_below_s": 0.0,
    }  # fmt: skip
    tables = planned.run(*arguments, "-w", "busier.yaml").stdout
    assert "in 3 of 3 windows, first from 0 s on" in " ".join(tables.split())
    assert planned.read("drift.svg").startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-c", "cluster.yaml"], "missing option -w/--workload: neither given nor"),
        ([*INPUTS, "--duration", "1fortnight"], "'--duration': unknown unit 'fortnight'"),
        (
            [*INPUTS, "--duration", "1d", "--trace", "trace.csv"],
            "either --trace or --duration",
        ),
        ([*INPUTS, "--dispatch", "random"], "'--dispatch'"),
        ([*INPUTS, "--plot", "x.svg"], "--plot draws windows of time: give their length with"),
        ([*INPUTS, "--window", "1s", "--plot", "x.gif"], "x.gif: a plot's name must end in one"),
        # Before any work is done.
        (["-w", "no", "--window", "1s", "--plot", "no/x.svg"], "no/x.svg: cannot be written: no"),
        ([*INPUTS, "--window", "1us"], "must be at most 10,000 windows"),
        ([*INPUTS, "--trace", "absent.csv"], "absent.csv: no such file"),
        ([*INPUTS, "--trace", "plan.yaml"], "plan.yaml:1: must begin with 'arrival_s,model'"),
        ([*INPUTS, "--duration", "999999999h"], "must be at most"),
    ],
)
def test_bad_usage(planned: Workspace, arguments: list[str], message: str) -> None:
    result = planned.run("simulate", "plan.yaml", *arguments, exit_code=2)
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.slow
def test_json_through_a_pipe(planned: Workspace) -> None:
    program = "from alpaplan.cli import main; main()"
    arguments = ("simulate", "plan.yaml", *INPUTS, "--trace", "trace.csv", "--format", "json")
    done = subprocess.run((sys.executable, "-c", program, *arguments), capture_output=True)
    assert json.loads(done.stdout) == simulate(planned, "--trace", "trace.csv")
    assert (done.returncode, done.stderr) == (0, b"")


AGREEMENT = {
    **{f"simulator/sim-{number:02}": 1e-9 for number in range(1, 6)},
    **{f"batching/batch-{number:02}": 1e-6 for number in range(1, 5)},
}
"""Cases, and how far mean latencies may differ from what is expected (relative)."""


@pytest.mark.parametrize("rule", EXPECTED)
@pytest.mark.parametrize("name", AGREEMENT)
def test_agreement(shared_cases: Path, workspace: Workspace, name: str, rule: str) -> None:
    case = shared_cases / name
    inputs = [
        *("-c", str(case / "cluster.yaml")),
        *("-w", str(case / "workload.yaml")),
        *("-p", str(case / "profiles")),
        *("--trace", str(case / "trace.csv.gz")),
    ]
    plan = str(case / "plan.yaml")
    result = workspace.run("simulate", plan, *inputs, "--dispatch", rule, "--format", "json")
    found = json.loads(result.stdout)
    expected = json.loads((case / EXPECTED[rule]).read_text(encoding="utf-8"))
    means_s = {None: (found["latency_s"]["mean"], expected["latency_mean_s"])}
    for axis in ("models", "groups"):
        counts = {row["name"]: (row["requests"], row["attained"]) for row in found[axis]}
        for row_name, row in expected[axis].items():
            assert counts.pop(row_name) == (row["requests"], row["attained"])
        assert set(counts.values()) <= {(0, 0)}
    for row in found["models"]:
        expected_s = expected["models"][row["name"]].get("latency_mean_s")
        if expected_s is not None:
            means_s[row["name"]] = (row["latency_s"]["mean"], expected_s)
    for mean_s, expected_s in means_s.values():
        assert mean_s == pytest.approx(expected_s, rel=AGREEMENT[name])
    assert found["requests"] == expected["requests"]
    assert found["attained"] == expected["attained"]
    assert found["slo_attainment"] == expected["attained"] / expected["requests"]


LLM_CASES = [f"llm/llm-{number:02}" for number in range(1, 5)]


def assert_agrees(found: Any, expected: Any, where: str) -> None:
    """Assert that JSON has all that is expected, and that numbers differ by no more than 1e-9."""
    if isinstance(expected, dict):
        for key in expected.keys() - {"busy_s"}:  # JSON has it as a part of time only
            assert_agrees(found[key], expected[key], f"{where}/{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for index, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_agrees(one, other, f"{where}/{index}")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-9), where
    else:
        assert found == expected, where


@pytest.mark.parametrize("name", LLM_CASES)
def test_agreement_of_llm_engines(shared_cases: Path, workspace: Workspace, name: str) -> None:
    case = shared_cases / name
    shutil.copytree(case, workspace.folder, dirs_exist_ok=True)
    inputs = ("-c", "cluster.yaml", "-w", "workload.yaml", "-p", "profiles")
    arguments = ("simulate", "plan.yaml", *inputs, "--trace", "trace.csv.gz", "--format", "json")
    result = workspace.run(*arguments)
    assert result.exit_code == 0, result.stderr
    assert_agrees(json.loads(result.stdout), read_json(case / "expected.json"), name)
    closed = case / "closed-loop.json"
    if closed.exists():
        clients = [f"--closed-loop={model}={n}" for model, n in read_json(closed).items()]
        result = workspace.run(*arguments, *clients)
        assert result.exit_code == 0, result.stderr
        expected = read_json(case / "expected-closed-loop.json")
        assert_agrees(json.loads(result.stdout), expected, name)


@pytest.mark.parametrize("name", LLM_CASES)
def test_stages_of_llm_engines_are_as_busy(shared_cases: Path, name: str) -> None:
    case = shared_cases / name
    inputs = alpaplan.load_inputs(case / "cluster.yaml", case / "workload.yaml", case / "profiles")
    plan = alpaplan.load_plan(case / "plan.yaml")
    trace = case / "trace.csv.gz"
    evaluation = alpaplan.simulate(inputs, plan, arrivals=trace).replay.evaluation
    groups = read_json(case / "expected.json")["groups"]
    busy_s = {group["name"]: statistics.mean(group["busy_s"]) for group in groups}
    expected = [busy_s[group.name] for group in plan.spec.groups if group.replicas]
    assert evaluation.group_busy_s.tolist() == pytest.approx(expected, rel=1e-9)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_what_if_a_node_is_lost(planned: Workspace) -> None:
    found = simulate(planned, "--trace", "trace.csv", "--without", "n-0")
    assert (found["requests"], found["attained"], found["groups"]) == (10, 0, [])
    assert found["what_if"]["without"] == ["n-0"]
    shown = planned.run("simulate", "plan.yaml", *INPUTS, "--without", "n-0").stdout
    assert "What if: without n-0" in shown
    options = ("simulate", "plan.yaml", *INPUTS, "--without", "n0")
    error = planned.run(*options, exit_code=2).stderr
    assert "must be one of the cluster's nodes, found 'n0'; did you mean 'n-0'?" in error


def test_what_if_requests_come_faster(planned: Workspace) -> None:
    # The ninth of a burst is late by 10 ms: with gaps of 50 ms all are in time, and where the
    # second request of b comes with those of a, one of a more is late.
    slower = simulate(planned, "--trace", "trace.csv", "--rate-scale", "0.2")
    assert slower["attained"] == 10
    assert slower["goodput_rps"] == pytest.approx(10 / 25)
    faster = simulate(planned, "--trace", "trace.csv", "--model-rate-scale", "b=100")
    assert [model["attained"] for model in faster["models"][:2]] == [6, 2]
    stated = simulate(planned, "--duration", "10min")
    twice = simulate(planned, "--duration", "10min", "--rate-scale", "2")
    assert twice["requests"] == pytest.approx(2 * stated["requests"], rel=0.1)
    assert twice["slo_attainment"] < stated["slo_attainment"]
    assert "what_if" not in stated


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--rate-scale", "0", "must be above 0"),
        ("--model-rate-scale", "a", "must be MODEL=X (e.g. chat=1.5), found 'a'"),
        ("--model-rate-scale", "a=-1", "must be above 0"),
        ("--model-rate-scale", "d=2", "must be of a model of the workload, found 'd'"),
        ("--closed-loop", "a=0", "must be from 1 to 1,000,000, found '0'"),
        ("--closed-loop", "a=2", "a closed loop must be for an LLM of the workload, found 'a'"),
    ],
)
def test_what_ifs_that_are_refused(
    planned: Workspace, option: str, value: str, message: str
) -> None:
    arguments = ("simulate", "plan.yaml", *INPUTS, option, value)
    assert message in planned.run(*arguments, exit_code=2).stderr


@pytest.mark.parametrize("option", ["--model-rate-scale", "--closed-loop"])
def test_a_model_that_is_named_twice(planned: Workspace, option: str) -> None:
    twice = (option, "a=2", option, "b=1", option, "a=3")
    error = planned.run("simulate", "plan.yaml", *INPUTS, *twice, exit_code=2).stderr
    assert f"'{option}': must name a model once, found 'a' again" in error
