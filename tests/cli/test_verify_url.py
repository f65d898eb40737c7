"""`alpaplan verify --url` against a fake deployment."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from alpaplan.verification.http1 import message, read_head
from tests.cli.workspace import CLUSTER, HAND_WRITTEN, INPUTS, Workspace
from tests.verification.fake_server import FakeServer, serving

TRACE = "arrival_s,model\n0,a\n0.05,b\n0.1,c\n0.15,a\n"

LLM_WORKLOAD = """\
kind: workload
version: 1
name: llm
models:
  - name: chat
    profile: llm
    max_context_tokens: 1000
    slo: {ttft_s: 400ms, tpot_s: 200ms}
    lengths: {process: constant, input_tokens: 20, output_tokens: 5}
    arrivals: {process: poisson, rate_rps: 5}
"""

LLM_PROFILE = """\
kind: model-profile
version: 1
name: llm
configs:
  - device: gpu
    intra_op: 1
    inter_op: 1
    stage_weight_bytes: [6GB]
    stage_working_bytes: [0]
    stage_kv_bytes_per_token: [10000]
    stage_step_s: {1: [10ms], 101: [20ms]}
    stage_kv_read_s: [0]
    stage_attention_s: [0]
"""

LLM_PLAN = """\
kind: placement-plan
version: 1
groups:
  - name: only
    device: gpu
    intra_op: 1
    inter_op: 1
    devices: [{node: n-0, devices: [0]}]
    replicas: [{model: chat}]
"""

GROUP = "n-0-d0-1x2"
"""What exports call the group of `HAND_WRITTEN`."""


@pytest.fixture
def planned(workspace: Workspace) -> Workspace:
    """Return a workspace with a plan and a trace."""
    workspace.write("plan.yaml", HAND_WRITTEN)
    workspace.write("trace.csv", TRACE)
    return workspace


def arguments(server: FakeServer, *more: str) -> tuple[str, ...]:
    return ("verify", "plan.yaml", *INPUTS, "--url", server.url, "--trace", "trace.csv", *more)


def test_what_was_measured_stands_beside_what_was_predicted(planned: Workspace) -> None:
    with serving(FakeServer("abc", group=GROUP)) as server:
        result = planned.run(*arguments(server, "--format", "json", "--input-tokens", "7"))
    found = json.loads(result.stdout)
    first = result.stderr.splitlines()[0]
    assert first == (
        f"sending 4 requests of 28 input and 4 output tokens over 150 ms to {server.url}, "
        "and one of each model before"
    )
    assert (found["mode"], found["url"]) == ("url", server.url)
    assert (found["requests"], found["answered"], found["attained"]) == (4, 4, 4)
    assert found["errors"] == {}
    assert found["groups"] == [{"name": "left", "requests": 4, "simulated": 4}]
    model = found["models"][0]
    assert (model["name"], model["requests"], model["simulated"]) == ("a", 2, 2)
    assert model["interval_95"][0] < 1 == model["interval_95"][1]
    assert model["latency_s"]["p50"] == pytest.approx(0.01, abs=0.2)
    assert model["simulated_latency_s"]["p50"] == pytest.approx(0.125)  # 110 and 140 ms
    assert model["ttft_s"] is None
    # The first three do not count: one of each model.
    assert [asked["model"] for asked in server.asked] == ["a", "b", "c", "a", "b", "c", "a"]
    assert {len(asked["prompt"]) for asked in server.asked} == {7}
    assert {asked["max_tokens"] for asked in server.asked} == {1}


@pytest.mark.slow
def test_misses_are_counted_by_kind_and_are_no_error(planned: Workspace) -> None:
    trouble = {3: "503", 4: "close", 5: "503"}
    with serving(FakeServer("abc", trouble=trouble)) as server:
        result = planned.run(*arguments(server, "--format", "json"))
        shown = planned.run(*arguments(server, "--max-requests", "2")).stdout
    found = json.loads(result.stdout)
    assert found["errors"] == {"503": 2, "connection reset": 1}
    assert found["statuses"] == {"200": 1, "503": 2}
    assert (found["answered"], found["attained"], found["late"]) == (3, 1, 0)
    assert "2 of 2 requests" in shown.replace("\n", " ")
    # One of each model before the others, also of the one that gets none of them.
    assert [asked["model"] for asked in server.asked[-5:]] == ["a", "b", "c", "a", "b"]
    assert "95% interval" in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "exit_code"),
    [
        (("--tolerance", "100"), 0),
        (("--tolerance", "10"), 1),
        (("--require-attainment", "0.7"), 0),
        (("--require-attainment", "0.8"), 1),
    ],
)
def test_limits_decide_the_exit_code(
    planned: Workspace, limit: tuple[str, ...], exit_code: int
) -> None:
    with serving(FakeServer("abc", trouble={3: "500"})) as server:
        planned.run(*arguments(server, *limit), exit_code=exit_code)


@pytest.mark.slow
def test_late_answers_and_groups_without_the_model_are_counted(planned: Workspace) -> None:
    with serving(FakeServer("abc", latency_s=0.6, group="elsewhere")) as server:
        found = json.loads(planned.run(*arguments(server, "--format", "json")).stdout)
    assert (found["attained"], found["late"], found["wrong_group"]) == (0, 4, 4)
    assert found["groups"][-1] == {"name": "elsewhere", "requests": 4, "simulated": 0}


def test_models_that_are_not_served_are_named(planned: Workspace) -> None:
    with serving(FakeServer("b")) as server:
        error = planned.run(*arguments(server), exit_code=1).stderr
    assert error.splitlines()[-1] == f"{server.url} does not serve a, c"
    assert server.asked == []


def test_nobody_answers(planned: Workspace) -> None:
    with serving(FakeServer("abc")) as server:
        pass
    error = planned.run(*arguments(server), exit_code=2).stderr
    assert "must list models, found none (connection refused)" in error


class _Deep(FakeServer):
    """Answers everything with lists in lists."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(message("HTTP/1.1 200 OK", {}, b"[" * 100_000 + b"]" * 100_000))
        await writer.drain()


def test_what_lists_no_models_is_said(planned: Workspace) -> None:
    with serving(_Deep("abc")) as server:
        error = planned.run(*arguments(server), exit_code=2).stderr
    assert "must list models, found something else" in error


def test_the_key_is_sent_and_never_printed(
    planned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "very-secret")
    with serving(FakeServer("abc", key="very-secret")) as server:
        good = planned.run(*arguments(server, "--api-key-env", "KEY"))
        without = planned.run(*arguments(server), exit_code=2)
        monkeypatch.setenv("KEY", "very-secret\n")
        broken = planned.run(*arguments(server, "--api-key-env", "KEY"), exit_code=2)
        missing = planned.run(*arguments(server, "--api-key-env", "NONE"), exit_code=2)
    assert "found status 401" in without.stderr
    assert "must hold a key, found nothing" in missing.stderr
    for result in (good, without, broken, missing):
        assert "very-secret" not in result.stdout + result.stderr


@pytest.mark.slow
def test_tokens_of_llms_are_timed_as_they_come(workspace: Workspace) -> None:
    workspace.write("cluster.yaml", CLUSTER)
    workspace.write("workload.yaml", LLM_WORKLOAD)
    workspace.write("profiles/llm.yaml", LLM_PROFILE)
    workspace.write("plan.yaml", LLM_PLAN)
    workspace.write(
        "trace.csv",
        "arrival_s,model,input_tokens,output_tokens\n0,chat,30,4\n0.1,chat,10,1\n0.2,chat,5,11\n",
    )
    with serving(FakeServer(["chat"], latency_s=0.1, token_s=0.02)) as server:
        result = planned_json(workspace, server)
        shown = workspace.run(*arguments(server)).stdout
    (model,) = result["models"]
    assert (result["attained"], result["errors"]) == (3, {})
    assert model["ttft_s"]["p50"] == pytest.approx(0.1, abs=0.15)
    assert 0.02 <= model["tpot_s"]["p50"] < 0.2
    assert [len(asked["prompt"]) for asked in server.asked[1:4]] == [30, 10, 5]
    assert [asked["min_tokens"] for asked in server.asked[1:4]] == [4, 1, 11]
    assert all(asked["stream"] and asked["ignore_eos"] for asked in server.asked)
    assert "TTFT, measured / predicted" in shown
    with serving(FakeServer(["chat"], latency_s=0.0, token_s=0.25)) as server:
        result = planned_json(workspace, server)
    # One token alone has no time between tokens.
    assert (result["attained"], result["late"]) == (1, 2)
    with serving(FakeServer(["chat"], most_tokens=3)) as server:
        result = planned_json(workspace, server)
    assert (result["attained"], result["errors"]) == (1, {"short answer": 2})


def planned_json(workspace: Workspace, server: FakeServer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(workspace.run(*arguments(server, "--format", "json")).stdout)
    return found


@pytest.mark.slow
def test_ctrl_c_shows_what_was_sent_by_then(planned: Workspace) -> None:
    rows = [f"{0.05 * n if n < 5 else 60 + n},a" for n in range(10)]
    planned.write("trace.csv", "arrival_s,model\n" + "\n".join(rows) + "\n")
    program = "from alpaplan.cli import main; main()"
    with (
        serving(FakeServer("abc")) as server,
        subprocess.Popen(
            [sys.executable, "-c", program, *arguments(server, "--format", "json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path.cwd(),
        ) as run,
    ):
        while len(server.asked) < 8:  # three before the trace, and five of it
            assert run.poll() is None
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        output, error = run.communicate(timeout=60)
    assert run.returncode == 130, error
    assert 4 <= json.loads(output)["requests"] <= 5
    assert "interrupted: these are the requests that were sent by then" in error
