"""`alpaplan plan` as a process: terminals, signals and pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.workspace import INPUTS, WORKLOAD, Workspace

PLAN = (sys.executable, "-m", "alpaplan", "plan", *INPUTS)
QUICK = ("--method", "round-robin")


def read_until(descriptor: int, wanted: bytes) -> bytes:
    """Read from a terminal until some text comes."""
    seen = b""
    while wanted not in seen:
        seen += os.read(descriptor, 4096)
    return seen


@pytest.mark.slow
def test_interrupt_ends_with_the_best_plan_so_far(workspace: Workspace) -> None:
    workspace.replace("cluster.yaml", "count: 1", "count: 64")
    crowd = (
        "- {name: m, count: 500, profile: p, slo_s: 1, arrivals: {process: poisson, rate_rps: 2}}"
    )
    workspace.write("workload.yaml", WORKLOAD.split("  - ")[0] + f"  {crowd}\n")
    terminal, stderr = os.openpty()
    with subprocess.Popen((*PLAN, "-o", "plan.yaml"), stdout=subprocess.PIPE, stderr=stderr) as run:
        os.close(stderr)
        read_until(terminal, b"searching")
        run.send_signal(signal.SIGINT)
        last_words = read_until(terminal, b"best plan so far")
        output, _ = run.communicate(timeout=60)
    os.close(terminal)
    assert run.returncode == 130
    assert b"Traceback" not in output + last_words
    assert b"SLO attainment" in output
    workspace.run("validate", "plan.yaml")
    assert workspace.plan()["provenance"]["stopped_early"] == "interrupt"


@pytest.mark.slow
def test_no_progress_where_there_is_no_terminal(workspace: Workspace) -> None:
    done = subprocess.run((*PLAN, *QUICK, "-o", "plan.yaml"), capture_output=True, check=True)
    assert done.stderr == b""
    assert b"\x1b" not in done.stdout


@pytest.mark.slow
def test_a_reader_that_stops_early(workspace: Workspace) -> None:
    with subprocess.Popen(
        (*PLAN, *QUICK, "-q"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path.cwd()
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.readline() == b"kind: placement-plan\n"
        run.stdout.close()
        said = run.stderr.read().splitlines()
        assert all(line.startswith(b"the engines of this plan cannot be exported") for line in said)
    assert run.returncode in (0, 141)
