from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alpaplan.files.trace_csv import read_trace
from tests.cli.workspace import HAND_WRITTEN, INPUTS, Workspace

RECORDED = """\
kind: workload
version: 1
name: recorded
models:
  - {name: a, profile: p, slo_s: 500ms, arrivals: {process: trace, path: recorded.csv}}
  - {name: b, profile: p, slo_s: 500ms, arrivals: {process: poisson, rate_rps: 9}}
"""


def generate(workspace: Workspace, *arguments: str) -> tuple[str, str]:
    result = workspace.run("workload", "generate", *arguments)
    return result.stdout, result.stderr


def test_a_trace_is_what_simulate_samples(workspace: Workspace) -> None:
    workspace.write("plan.yaml", HAND_WRITTEN)
    sample = ("--duration", "2min", "--seed", "3")
    out, err = generate(workspace, "workload.yaml", *sample, "-o", "t.csv.gz")
    assert err == ""
    outcomes = [
        json.loads(workspace.run("simulate", "plan.yaml", *INPUTS, *of, "--format", "json").stdout)
        for of in (("--trace", "t.csv.gz"), sample)
    ]
    for outcome in outcomes:
        del outcome["goodput_rps"]  # over the time that was observed, which a file does not say
        for group in outcome["groups"]:
            del group["utilization"]
    assert outcomes[0] == outcomes[1]
    assert out.startswith(f"{outcomes[0]['requests']:,} requests of 3 models in 120 s, ")


def test_seeds(workspace: Workspace) -> None:
    texts = []
    for seed in ("0", "0", "1"):
        generate(workspace, "workload.yaml", "--duration", "1min", "--seed", seed, "-o", "t.csv")
        texts.append(workspace.read("t.csv"))
    assert texts[0] == texts[1] != texts[2]


LLMS = """\
kind: workload
version: 1
name: llms
models:
  - name: chat
    profile: p
    slo: {ttft_s: 1s}
    max_context_tokens: 1000
    arrivals: {process: poisson, rate_rps: 9}
    lengths: {process: trace, path: recorded.csv}
  - name: replayed
    profile: p
    slo_s: 9s
    max_context_tokens: 1000
    arrivals: {process: trace, path: recorded.csv}
  - {name: embed, profile: p, slo_s: 1s, arrivals: {process: poisson, rate_rps: 9}}
"""


def test_token_counts_of_llms(workspace: Workspace) -> None:
    rows = "1,chat,500,20\n2,replayed,7,8\n3,chat,5,2\n9,replayed,9,10\n"
    workspace.write("recorded.csv", f"arrival_s,model,input_tokens,output_tokens\n{rows}")
    workspace.write("w.yaml", LLMS)
    out, err = generate(workspace, "w.yaml", "--duration", "1min", "-o", "t.csv")
    assert out.endswith("requests/s, with token counts\n")
    assert "the recorded arrivals end after 8 s" in err
    found: dict[str, list[tuple[str, str]]] = {"chat": [], "replayed": [], "embed": []}
    for row in csv.DictReader(workspace.read("t.csv").splitlines()):
        found[row["model"]].append((row["input_tokens"], row["output_tokens"]))
    assert set(found["chat"]) == {("500", "20"), ("5", "2")}
    assert found["replayed"] == [("7", "8"), ("9", "10")]
    assert set(found["embed"]) == {("", "")}


def test_recorded_arrivals_are_replayed(workspace: Workspace) -> None:
    workspace.write("recorded.csv", "arrival_s,model\n5,a\n7.5,a\n9,other\n25,a\n")
    workspace.write("w.yaml", RECORDED)
    out, err = generate(workspace, "w.yaml", "--duration", "10s", "-o", "t.csv")
    trace = read_trace(workspace.folder / "t.csv").trace
    of_a = trace.arrival_s[trace.model == trace.model_names.index("a")]
    assert of_a.tolist() == [0.0, 2.5]
    assert "in 10 s" in out
    assert err == ""
    _, err = generate(workspace, "w.yaml", "--duration", "1h", "-o", "t.csv")
    assert err == "alpaplan: the recorded arrivals end after 20 s\n"


def test_the_example_logs_are_the_samples_that_they_say(
    repository: Path, workspace: Workspace
) -> None:
    folder = repository / "examples" / "traffic"
    logged = {}
    for name, duration in (("services", "20min"), ("functions", "30min")):
        sample = (str(folder / f"{name}.yaml"), "--duration", duration, "--seed", "1")
        generate(workspace, *sample, "-o", "t.csv")
        with Path("t.csv").open(newline="") as stream:
            rows = [(float(row["arrival_s"]), row["model"]) for row in csv.DictReader(stream)]
        logged[name] = rows
    nine = datetime(2026, 3, 2, 9)
    expected = [
        f"{(nine + timedelta(seconds=time)).isoformat(timespec='milliseconds')},{service}"
        for time, service in logged["services"]
    ]
    text = (folder / "requests.csv").read_text(encoding="ascii")
    assert text.splitlines() == ["timestamp,service", *expected]
    counts = Counter((name, f"minute_{int(time // 60)}") for time, name in logged["functions"])
    with (folder / "minutes.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            name = row.pop("function")
            assert row == {minute: str(counts[name, minute]) for minute in row}


@pytest.mark.parametrize("target", ["/dev/stdout", "-"])
def test_a_trace_through_a_pipe(workspace: Workspace, target: str) -> None:
    program = "from alpaplan.cli import main; main()"
    arguments = ("workload", "generate", "workload.yaml", "--duration", "1s", "-o", target)
    done = subprocess.run(
        (sys.executable, "-c", program, *arguments), capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("arrival_s,model\n")
    assert done.stdout.endswith(("a\n", "b\n", "c\n"))
    assert "-" not in workspace.names()
    assert re.fullmatch(r"\d+ requests of 3 models in 1 s, [\d.]+ requests/s\n", done.stderr)


@pytest.mark.parametrize("target", ["/dev/stdout", "-"])
def test_a_trace_behind_what_a_file_has(workspace: Workspace, target: str) -> None:
    program = "from alpaplan.cli import main; main()"
    arguments = ("workload", "generate", "workload.yaml", "--duration", "1s", "-o", target)
    workspace.write("kept.csv", "# kept\n")
    with Path("kept.csv").open("ab") as stream:
        subprocess.run((sys.executable, "-c", program, *arguments), stdout=stream, check=True)
    assert workspace.read("kept.csv").startswith("# kept\narrival_s,model\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--duration", "1min", "-o", "absent/t.csv"), "absent/t.csv: cannot be written"),
        (("-o", "t.csv"), "Missing option '--duration'"),
        (("--duration", "1min"), "Missing option '-o' / '--output'"),
        (("--duration", "1us", "-o", "t.csv"), "workload.yaml: must have requests within 1e-06 s"),
        (("--duration", "9999999h", "-o", "t.csv"), "workload.yaml:5: models[0].arrivals: must be"),
    ],
)
def test_bad_usage(workspace: Workspace, arguments: tuple[str, ...], message: str) -> None:
    result = workspace.run("workload", "generate", "workload.yaml", *arguments, exit_code=2)
    assert message in result.stderr
    assert "t.csv" not in workspace.names()
