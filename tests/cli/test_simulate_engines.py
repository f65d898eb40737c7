"""`alpaplan simulate` of a workload with an LLM: what JSON has, the rule, and closed loops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.workspace import INPUTS, LLM_PROFILE, Workspace

WORKLOAD = """\
kind: workload
version: 1
name: mixed
models:
  - {name: a, profile: p, slo_s: 500ms, arrivals: {process: poisson, rate_rps: 2}}
  - name: chat
    profile: l
    slo: {ttft_s: 500ms, tpot_s: 60ms}
    max_context_tokens: 400
    lengths: {process: constant, input_tokens: 64, output_tokens: 3}
    arrivals: {process: poisson, rate_rps: 1}
"""
PLAN = """\
kind: placement-plan
version: 1
groups:
  - name: fixed
    device: gpu
    intra_op: 1
    inter_op: 1
    devices: [{node: n-0, devices: [0]}]
    replicas: [{model: a}]
  - name: engines
    device: gpu
    intra_op: 1
    inter_op: 1
    devices: [{node: n-0, devices: [1]}]
    replicas: [{model: chat}]
"""
COUNTS = {"name", "requests", "attained"}
STATISTICS = {"mean", "p50", "p90", "p99"}


@pytest.fixture
def engines(workspace: Workspace) -> Workspace:
    """Return a workspace with an LLM, a fixed-service model, and a plan of both."""
    workspace.write("profiles/l.yaml", LLM_PROFILE)
    workspace.write("workload.yaml", WORKLOAD)
    workspace.write("plan.yaml", PLAN)
    return workspace


def simulate(workspace: Workspace, *arguments: str) -> dict[str, Any]:
    """Return the JSON of a simulation of the plan."""
    result = workspace.run("simulate", "plan.yaml", *INPUTS, "--format", "json", *arguments)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_json_has_tokens_of_llms_alone(engines: Workspace) -> None:
    found = simulate(engines, "--duration", "1min")
    fixed, chat = found["models"]
    of_all = {*COUNTS, "slo_attainment", "latency_s"}
    assert fixed.keys() == of_all
    assert chat.keys() == {*of_all, "served", "output_tokens", "ttft_s", "tpot_s"}
    assert found["ttft_s"] == chat["ttft_s"]
    assert found["tpot_s"].keys() == STATISTICS
    assert chat["served"] == chat["requests"] > 30
    assert chat["output_tokens"] == 3 * chat["served"]
    of_fixed, of_engines = found["groups"]
    assert of_fixed.keys() == {*COUNTS, "utilization"}
    assert of_engines.keys() == {*COUNTS, "utilization", "replicas"}
    (replica,) = of_engines["replicas"]
    # 10 GB less weights of 3; the cache has no part of what is reserved, which is nothing here.
    assert (replica["model"], replica["kv_tokens"], replica["preemptions"]) == ("chat", 7000, 0)
    assert 66 <= replica["kv_peak_tokens"] <= 7000


def test_without_served_requests_tokens_take_no_time(engines: Workspace) -> None:
    header = "arrival_s,model,input_tokens,output_tokens"
    engines.write("trace.csv", f"{header}\n0,a,,\n1,chat,300,101\n")
    found = simulate(engines, "--trace", "trace.csv")
    nothing = dict.fromkeys(STATISTICS)
    assert found["ttft_s"] == found["tpot_s"] == nothing
    fixed, chat = found["models"]
    assert fixed["attained"] == 1
    # It is too long for the context: it fails at once, and counts in its model alone.
    assert (chat["requests"], chat["served"], chat["output_tokens"]) == (1, 0, 0)
    assert chat["ttft_s"] == chat["tpot_s"] == chat["latency_s"] == nothing
    assert [group["requests"] for group in found["groups"]] == [1, 0]
    # One token has no time between tokens.
    engines.write("trace.csv", f"{header}\n0,a,,\n1,chat,64,1\n")
    found = simulate(engines, "--trace", "trace.csv")
    assert found["ttft_s"]["p50"] == pytest.approx(0.04)
    assert found["tpot_s"] == nothing


def test_utilization_is_of_stages_in_iterations(engines: Workspace) -> None:
    header = "arrival_s,model,input_tokens,output_tokens"
    engines.write("trace.csv", f"{header}\n5,chat,64,3\n6,chat,64,3\n")
    # Twice 40 ms for a prompt and 20 ms for each token that follows; it ends after 1.08 s.
    found = simulate(engines, "--trace", "trace.csv")
    assert [group["utilization"] for group in found["groups"]] == [0, pytest.approx(0.16 / 1.08)]
    assert found["goodput_rps"] == 2
    # The host's time is the first stage's.
    cluster = engines.read("cluster.yaml")
    engines.write("cluster.yaml", cluster + "serving: {iteration_overhead_s: 10ms}\n")
    found = simulate(engines, "--trace", "trace.csv")
    assert found["groups"][1]["utilization"] == pytest.approx(0.22 / 1.11)


@pytest.mark.parametrize("command", [("simulate", "plan.yaml"), ("compare", "plan.yaml", "b.yaml")])
def test_llms_need_the_shortest_queue_whoever_says_otherwise(
    engines: Workspace, command: tuple[str, ...]
) -> None:
    engines.write("b.yaml", PLAN)
    refusal = "must be shortest-queue, since the workload has LLMs"
    by_option = (*command, *INPUTS, "--dispatch", "earliest-finish")
    assert refusal in engines.run(*by_option, exit_code=2).stderr
    engines.write("plan.yaml", PLAN + "routing: {dispatch: earliest-finish}\n")
    assert refusal in engines.run(*command, *INPUTS, exit_code=2).stderr
    engines.write("plan.yaml", PLAN)
    cluster = engines.read("cluster.yaml")
    engines.write("cluster.yaml", cluster + "serving: {dispatch: earliest-finish}\n")
    assert refusal in engines.run(*command, *INPUTS, exit_code=2).stderr


def test_a_closed_loop_takes_the_lengths_of_a_sample_and_not_its_times(engines: Workspace) -> None:
    sample = ("--duration", "1min", "--seed", "3")
    as_sampled = simulate(engines, *sample)
    engines.run("workload", "generate", "workload.yaml", *sample, "-o", "t.csv")
    alone = simulate(engines, *sample, "--closed-loop", "chat=1")
    fixed, chat = alone["models"]
    # Other models come as before.
    assert fixed == as_sampled["models"][0]
    assert chat["requests"] == as_sampled["models"][1]["requests"]
    # One at a time: a prompt of 64 tokens, and two more of 20 ms each.
    for name, seconds in (("ttft_s", 0.04), ("tpot_s", 0.02), ("latency_s", 0.08)):
        assert list(chat[name].values()) == pytest.approx([seconds] * 4)
    assert alone["groups"][1]["replicas"][0]["kv_peak_tokens"] == 66
    assert simulate(engines, "--trace", "t.csv", "--closed-loop", "chat=1")["models"] == [
        fixed,
        chat,
    ]
