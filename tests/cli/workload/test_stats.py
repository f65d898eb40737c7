from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.workload.test_generate import RECORDED
from tests.cli.workspace import Workspace

TRACE = "arrival_s,model\n0,a\n1,b\n2,a\n6,a\n"


def stats(workspace: Workspace, *arguments: str) -> str:
    result = workspace.run("workload", "stats", *arguments)
    assert result.stderr == ""
    return result.stdout


def test_trace_table(workspace: Workspace) -> None:
    workspace.write("t.csv", TRACE)
    out = stats(workspace, "t.csv")
    assert out.startswith("0.667 requests/s of 2 models: 4 requests in 6 s\nModels\n")
    cells = next(line.split() for line in out.splitlines() if line.startswith(" a "))
    assert cells[:4] == ["a", "3", "0.5", "0.333"]


def test_trace_json(workspace: Workspace) -> None:
    workspace.write("t.csv", TRACE)
    found = json.loads(stats(workspace, "t.csv", "--format", "json"))
    windows = dict.fromkeys(("1s", "10s", "100s"))
    unknown = {
        "index_of_dispersion": windows,
        "index_of_dispersion_limit": None,
        "peak_over_mean": None,
    }
    of_b = {"name": "b", "process": "trace", "requests": 1, "rate_rps": 1 / 6, "cv": None}
    assert found["models"][1] == of_b | unknown
    del found["models"]
    together = {"source": "trace", "duration_s": 6, "requests": 4, "rate_rps": 4 / 6}
    assert found == together | unknown | {"cv": pytest.approx(np.std([1, 1, 4]) / 2)}


def test_token_counts(workspace: Workspace) -> None:
    rows = "0,a,100,7\n1,b,,\n2,a,300,5\n6,a,200,6\n"
    workspace.write("t.csv", f"arrival_s,model,input_tokens,output_tokens\n{rows}")
    lines = stats(workspace, "t.csv").splitlines()
    first = lines.index("Tokens")
    (row,) = [line.split() for line in lines[first:] if line.startswith(" a ")]
    assert row == ["a", "200", "200", "280", "298", "6", "6", "6.8", "6.98", "305", "-1.00"]
    assert not any(line.startswith(" b ") for line in lines[first:])
    of_a, of_b = json.loads(stats(workspace, "t.csv", "--format", "json"))["models"]
    assert of_a["input_tokens"] == {
        "mean": 200, "cv": pytest.approx(6**-0.5), "p50": 200, "p90": 280, "p99": 298, "max": 300,
    }  # fmt: skip
    assert of_a["total_tokens"]["max"] == 305
    assert of_a["token_correlation"] == pytest.approx(-1)
    assert "input_tokens" not in of_b


def test_workload(workspace: Workspace) -> None:
    out = stats(workspace, "workload.yaml")
    rows = [line.split() for line in out.splitlines() if line.startswith((" a ", " b ", " all"))]
    assert rows == [
        ["a", "gamma", "12", "3", "9"],
        ["b", "poisson", "9", "1", "1"],
        ["all", *rows[2][1:]],
    ]
    assert rows[2][1:] == ["26", "-", f"{(12 * 9 + 9 + 5) / 26:.3g}"]
    found = json.loads(stats(workspace, "workload.yaml", "--format", "json"))
    assert [found[key] for key in ("source", "requests", "rate_rps")] == ["workload", None, 26]


def test_workload_with_a_recording(workspace: Workspace) -> None:
    workspace.write("w.yaml", RECORDED)
    workspace.write("recorded.csv", TRACE)
    found = json.loads(stats(workspace, "w.yaml", "--format", "json"))
    assert [model["requests"] for model in found["models"]] == [3, None]
    assert found["rate_rps"] == pytest.approx(9 + 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["t.csv", "workload.yaml"])
def test_plot(workspace: Workspace, file: str) -> None:
    workspace.write("t.csv", TRACE)
    stats(workspace, file, "--plot", "plot.svg")
    title = "t.csv" if file == "t.csv" else "small, sampled with seed 0"
    assert title in workspace.read("plot.svg")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("absent.csv",), "absent.csv: no such file"),
        (("cluster.yaml",), "cluster.yaml:1: kind: must be 'workload', found 'cluster'"),
        (("t.csv", "--plot", "plot.pgn"), "found '.pgn'; did you mean '.png'?"),
        (("t.csv", "--plot", "absent/plot.png"), "absent/plot.png: cannot be written"),
        (("instant.csv", "--plot", "plot.png"), "instant.csv: must have requests at different"),
    ],
)
def test_bad_usage(workspace: Workspace, arguments: tuple[str, ...], message: str) -> None:
    workspace.write("t.csv", TRACE)
    workspace.write("instant.csv", "arrival_s,model\n0,a\n5e-324,a\n")
    result = workspace.run("workload", "stats", *arguments, exit_code=2)
    assert message in result.stderr
    assert result.stdout == ""
    assert "plot.png" not in workspace.names()


def test_statistics_of_an_imported_production_log(shared_cases: Path, workspace: Workspace) -> None:
    log = shared_cases / "traces" / "dev_azure_llm_2023.csv.gz"
    workspace.run("workload", "import", str(log), "--from", "azure-llm", "-o", "t.csv.gz")
    found = json.loads(stats(workspace, "t.csv.gz", "--format", "json"))
    with gzip.open(log, "rt") as stream:
        rows = [
            (float(row["timestamp_s"]), row["function_or_model"]) for row in csv.DictReader(stream)
        ]
    times = np.array([time for time, _ in rows])
    assert found["requests"] == len(rows) == 14_755
    assert found["duration_s"] == times[-1] - times[0] == pytest.approx(1740, abs=0.01)
    assert found["rate_rps"] == pytest.approx(14_755 / (times[-1] - times[0]))
    assert found["cv"] == pytest.approx(np.diff(times).std() / np.diff(times).mean())
    assert (round(found["rate_rps"], 2), round(found["cv"], 2)) == (8.48, 1.35)
    for model in found["models"]:
        own = np.array([time for time, name in rows if name == model["name"]])
        assert model["requests"] == own.size
        assert model["cv"] == pytest.approx(np.diff(own).std() / np.diff(own).mean())
        for window_s in (1, 10, 100):
            num_windows = int(1739.9981 // window_s)
            edges = np.arange(num_windows + 1) * window_s
            counts, _ = np.histogram(own[own < edges[-1]], edges)
            expected = counts.var(ddof=1) / counts.mean()
            assert model["index_of_dispersion"][f"{window_s}s"] == pytest.approx(expected)
