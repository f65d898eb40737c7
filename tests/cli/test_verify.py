"""`alpaplan verify` with stubs: exit codes, output, and that nothing is left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.workspace import HAND_WRITTEN, INPUTS, Workspace

VERIFY = ("verify", "plan.yaml", *INPUTS, "--duration", "3s", "--scale", "1")

TWO_GROUPS = HAND_WRITTEN.replace(
    "  - name: idle\n",
    "  - name: right\n",
).replace("[2, 3]}]\n", "[2, 3]}]\n    replicas: [{model: a}, {model: b}]\n")


@pytest.fixture
def planned(workspace: Workspace) -> Workspace:
    """Return a workspace with a plan."""
    workspace.write("plan.yaml", TWO_GROUPS)
    return workspace


@pytest.mark.slow
def test_stubs_behind_the_router_do_what_was_simulated(planned: Workspace, envoy: Path) -> None:
    arguments = (*VERIFY, "--format", "json", "--envoy", str(envoy), "--tolerance", "20")
    found = json.loads(planned.run(*arguments).stdout)
    assert found["mode"] == "stubs"
    assert found["requests"] == found["answered"] > 30
    assert set(found["statuses"]) <= {"200", "429"}
    assert found["wrong_group"] == 0
    assert found["agrees"] is True
    assert [model["name"] for model in found["models"]] == ["a", "b", "c"]
    assert {group["name"] for group in found["groups"]} == {"left", "right"}
    simulated = planned.run("simulate", "plan.yaml", *INPUTS, *VERIFY[-4:-2], "--format", "json")
    assert found["simulated"]["attained"] == json.loads(simulated.stdout)["attained"]


@pytest.mark.slow
def test_a_difference_above_the_tolerance_is_said_and_exits_with_1(
    planned: Workspace, envoy: Path
) -> None:
    # Nobody answers `c` any more, and the simulation knows that; requests of it are not found.
    planned.replace("plan.yaml", ", {model: c}", "")
    planned.write("trace.csv", "arrival_s,model\n0,c\n0,a\n")
    arguments = ("verify", "plan.yaml", *INPUTS, "--trace", "trace.csv", "--envoy", str(envoy))
    shown = planned.run(*arguments).stdout
    assert "50.00% measured, 50.00% simulated" in shown
    assert "1 with status 404" in shown
    assert "Stubs answered in place of engines" in shown
    # An objective that leaves the way through the router no time at all.
    planned.replace(
        "workload.yaml", "name: a, profile: p, slo_s: 500ms", "name: a, profile: p, slo_s: 111ms"
    )
    result = planned.run(*arguments, "--scale", "0.01", exit_code=1)
    assert "-50.00 points (at most 1.5 are allowed)" in result.stdout.replace("\n", " ")


def test_what_stubs_cannot_do(planned: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("alpaplan.verification.envoy.MODULE", "no_such_package")
    error = planned.run(*VERIFY, exit_code=2).stderr
    assert "there is no Envoy to run the router with" in error
    assert "alpaplan[verify]" in error
    error = planned.run(*VERIFY, "--envoy", "/nowhere/envoy", exit_code=2).stderr
    assert "--envoy must be a program, found '/nowhere/envoy'" in error
    for option in ("--max-requests", "--api-key-env", "--require-attainment"):
        error = planned.run(*VERIFY, option, "1", exit_code=2).stderr
        assert f"{option} says something only with --url" in error
    error = planned.run(*VERIFY, "--trace", "trace.csv", exit_code=2).stderr
    assert "give either --trace or --duration" in error


def test_plans_with_llms_need_a_deployment(repository: Path, workspace: Workspace) -> None:
    plan = str(repository / "examples" / "llm-h100" / "plan.yaml")
    error = workspace.run("verify", plan, exit_code=2).stderr
    assert "there are no stubs of LLMs yet" in error
    assert "--url" in error


def processes_of(parent: int) -> list[int]:
    """Return the processes that a process and its children started."""
    done = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    found = [parent]
    for pid in found:
        found += [child for child, above in pairs if above == pid]
    return found[1:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_nothing_is_left_running(
    planned: Workspace, envoy: Path, number: int, exit_code: int
) -> None:
    program = "from alpaplan.cli import main; main()"
    arguments = (*VERIFY[:-4], "--duration", "60s", "--envoy", str(envoy))
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        # Two stubs, a keeper and its Envoy.
        while len(children := processes_of(run.pid)) < 4:
            assert run.poll() is None
            time.sleep(0.1)
        time.sleep(1.0)
        run.send_signal(number)
        output, error = run.communicate(timeout=60)
    assert run.returncode == exit_code
    assert output == ""
    assert "Traceback" not in error
    for _ in range(100):
        left = [pid for pid in children if is_running(pid)]
        if not left:
            break
        time.sleep(0.1)
    assert left == []
    assert [path for path in planned.folder.iterdir() if "alpaplan-verify" in path.name] == []


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split(")")[1].split()[0]
