"""`alpaplan plan --trace`: recorded requests in place of the workload's arrivals."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from tests.cli.workspace import INPUTS, WORKLOAD, Workspace

ROWS = "".join(f"{t / 20:g},{'ab'[t % 2]}\n" for t in range(2000))
SETTINGS = ("--max-evaluations", "20", "--effort", "low")


@pytest.fixture
def recorded(workspace: Workspace) -> Workspace:
    """Return a workspace with a trace of two of its three models, in a folder of its own."""
    (workspace.folder / "traces").mkdir()
    workspace.write("traces/t.csv", "arrival_s,model\n" + ROWS)
    return workspace


@pytest.fixture
def planned(recorded: Workspace) -> Workspace:
    """Return the workspace with a plan on the trace."""
    (recorded.folder / "plans").mkdir()
    recorded.run_plan("--trace", "traces/t.csv", "-o", "plans/plan.yaml", "-q", *SETTINGS)
    return recorded


def test_the_summary_says_what_was_assumed(recorded: Workspace) -> None:
    result = recorded.run_plan("--trace", "traces/t.csv", "-o", "plan.yaml", *SETTINGS)
    assert result.stderr == ""
    assert (
        "arrivals: 2,000 recorded requests of 2 models over 100 s from traces/t.csv: the first "
        "75% of the time is planned on, the rest tests the plan; the workload's own arrivals are "
        "ignored; models without rows: c" in " ".join(result.stdout.split())
    )
    arrivals = recorded.plan()["prediction"]["arrivals"]
    assert arrivals["source"] == "held-out"
    assert arrivals["requests"] == 500


def test_the_trace_stands_in_the_provenance(planned: Workspace) -> None:
    made = planned.plan("plans/plan.yaml")["provenance"]
    assert made["trace"] == "../traces/t.csv"
    assert [item["role"] for item in made["inputs"]] == ["cluster", "workload", "profile", "trace"]
    assert made["inputs"][-1]["path"] == "../traces/t.csv"


def test_without_it_nothing_is_said_of_traces(workspace: Workspace) -> None:
    result = workspace.run_plan("-o", "plan.yaml", *SETTINGS)
    assert "recorded requests" not in result.stdout
    assert "trace" not in workspace.read("plan.yaml")


def test_it_is_the_plan_of_a_workload_that_names_the_trace(planned: Workspace) -> None:
    entry = "  - {{name: {}, profile: p, slo_s: 500ms, arrivals: {{process: trace, path: {}}}}}\n"
    head = WORKLOAD.split("  - {")[0]
    named = "".join(entry.format(name, "traces/t.csv") for name in "abc")
    planned.write("named.yaml", head + named)
    options = ("-c", "cluster.yaml", "-w", "named.yaml", "-p", "profiles")
    planned.run("plan", *options, "-o", "plans/named.yaml", "-q", *SETTINGS)
    mine, other = (planned.plan(f"plans/{name}.yaml") for name in ("plan", "named"))
    for key in ("groups", "prediction", "models"):
        assert mine[key] == other[key]
    assert "trace" not in other["provenance"]


def test_check_finds_the_trace_again(planned: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(planned.folder.parent)
    check = ("plan", "--check", "work/plans/plan.yaml")
    assert planned.run(*check).stdout == "work/plans/plan.yaml: current\n"
    planned.write("traces/t.csv", planned.read("traces/t.csv") + "100,c\n")
    lines = planned.run(*check, exit_code=1).stdout.splitlines()
    assert "  input ../traces/t.csv: trace has changed since planning" in lines


def test_check_with_another_trace_or_workload(planned: Workspace) -> None:
    planned.write("other.csv", "arrival_s,model\n" + ROWS)
    check = ("plan", "--check", "plans/plan.yaml")
    lines = planned.run(*check, "--trace", "other.csv", exit_code=1).stdout.splitlines()
    assert "  trace: was ../traces/t.csv, is now ../other.csv" in lines
    # The trace stands for the arrivals of the workload that it was given with.
    lines = planned.run(*check, "-w", "workload.yaml", exit_code=1).stdout.splitlines()
    assert "  trace: was ../traces/t.csv, is now not given" in lines
    assert "  input ../traces/t.csv: no longer used" in lines


def test_simulate_and_compare_replay_it(planned: Workspace) -> None:
    plan = "plans/plan.yaml"
    replayed = planned.run("simulate", plan).stdout
    assert "of 2,000 requests" in replayed
    assert replayed == planned.run("simulate", plan, "--trace", "traces/t.csv").stdout
    assert replayed != planned.run("simulate", plan, "-w", "workload.yaml").stdout
    assert "2,000 requests of a trace" in planned.run("compare", plan, plan).stdout


def test_traces_that_the_workload_names_are_not_looked_at(recorded: Workspace) -> None:
    recorded.replace("workload.yaml", "{process: poisson, rate_rps: 5}",
                     "{process: trace, path: absent.csv}")  # fmt: skip
    recorded.run_plan("-o", "plan.yaml", "-q", *SETTINGS, exit_code=2)
    recorded.run_plan("--trace", "traces/t.csv", "-o", "plan.yaml", "-q", *SETTINGS)
    roles = [item["role"] for item in recorded.plan()["provenance"]["inputs"]]
    assert roles.count("trace") == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "0,a\n1,aa\n",
            "t.csv:3: model: must be one of the workload's, found 'aa'; did you mean 'a'?\n",
        ),
        ("", "t.csv:1: must have at least one row, found only the header\n"),
        ("1,a\n1,b\n", "t.csv: must span some time, found a single instant\n"),
        ("1,a\nx,b\n", "t.csv:3: arrival_s: must be a number, found 'x'\n"),
    ],
)
def test_a_bad_trace(workspace: Workspace, rows: str, message: str) -> None:
    workspace.write("t.csv", "arrival_s,model\n" + rows)
    result = workspace.run_plan("--trace", "t.csv", "-o", "plan.yaml", exit_code=2)
    assert (result.stdout, result.stderr) == ("", message)
    assert "plan.yaml" not in workspace.names()


def test_everything_wrong_is_said_at_once(workspace: Workspace) -> None:
    Path("profiles/p.yaml").write_text("kind: model-profile\nname: p\n", encoding="utf-8")
    options = (*INPUTS, "--trace", "absent.csv")
    lines = workspace.run("plan", *options, exit_code=2).stderr.splitlines()
    assert lines[0] == "absent.csv: no such file or directory"
    assert any(line.startswith("profiles/p.yaml:1: ") for line in lines[1:])


def test_a_pipe_is_read_once(recorded: Workspace) -> None:
    data = Path("traces/t.csv").read_bytes()
    os.mkfifo("pipe.csv")
    writer = threading.Thread(target=Path("pipe.csv").write_bytes, args=(data,))
    writer.start()
    recorded.run_plan("--trace", "pipe.csv", "-o", "plan.yaml", *SETTINGS)
    writer.join()
    record = recorded.plan()["provenance"]["inputs"][-1]
    sha256 = hashlib.sha256(data).hexdigest()
    assert record == {"role": "trace", "path": "pipe.csv", "sha256": sha256}
