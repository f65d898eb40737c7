"""`alpaplan profile show`: profiles and folders, tables and JSON, plots, batch sizes, bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.workspace import PROFILE, Workspace

BATCHES = """\
kind: model-profile
version: 1
name: q
source: by hand
configs:
  - device: gpu
    intra_op: 1
    inter_op: 1
    stage_weight_bytes: [6GB]
    stage_latency_s: {1: [100ms], 4: [250ms]}
    stage_activation_bytes: {1: [1GB], 4: [4GB]}
  - device: gpu
    intra_op: 2
    inter_op: 1
    stage_weight_bytes: [3GB]
    stage_latency_s: {1: [70ms], 2: [90ms]}
"""
OVERHEAD = {
    "communication": 0.1,
    "intra_op_communication": 0.0,
    "inter_op_communication": 0.1,
    "imbalance": 0.1,
    "total": 0.2,
}
ENDINGS = "a plot's name must end in one of .svg, .png, .pdf"


def shown(workspace: Workspace, *arguments: str) -> list[dict[str, Any]]:
    """Return the profiles of the JSON."""
    result = workspace.run("profile", "show", *arguments, "--format", "json")
    found: dict[str, list[dict[str, Any]]] = json.loads(result.stdout)
    assert list(found) == ["profiles"]
    return found["profiles"]


def test_the_tables(workspace: Workspace) -> None:
    result = workspace.run("profile", "show", "profiles/p.yaml")
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == "p on gpu, batch size 1"
    assert "Overhead over intra_op 1, inter_op 1" in lines
    cells = [line.split() for line in lines]
    assert ["1", "2", "2", "110", "ms", "16.67", "8.333", "3", "GB"] in cells
    assert ["1", "2", "10.0%", "0.0%", "10.0%", "10.0%", "20.0%"] in cells


def test_the_json(workspace: Workspace) -> None:
    (found,) = shown(workspace, "profiles/p.yaml")
    assert (found["name"], found["source"], found["left_out"]) == ("p", None, [])
    assert [(c["intra_op"], c["inter_op"]) for c in found["configs"]] == [(1, 1), (1, 2), (2, 1)]
    pipeline = found["configs"][1]
    assert pipeline.pop("overhead") == pytest.approx(OVERHEAD)
    assert pipeline == {
        "device": "gpu",
        "intra_op": 1,
        "inter_op": 2,
        "num_devices": 2,
        "batch_size": 1,
        "interpolated": False,
        "reference": False,
        "latency_s": 0.11,
        "throughput_rps": pytest.approx(1 / 0.06),
        "throughput_rps_per_device": pytest.approx(1 / 0.12),
        "memory_bytes": 3 * 10**9,
    }


def test_several_files_and_folders_in_the_order_given(workspace: Workspace) -> None:
    workspace.write("profiles/b.yml", BATCHES)
    workspace.write("profiles/cluster.yaml", workspace.read("cluster.yaml"))
    workspace.write("profiles/README.md", "# Profiles")
    found = shown(workspace, "profiles/p.yaml", "profiles")
    assert [profile["name"] for profile in found] == ["p", "q", "p"]


def test_a_batch_size_between_profiled_ones_is_marked(workspace: Workspace) -> None:
    workspace.write("q.yaml", BATCHES)
    both, one = (shown(workspace, "q.yaml", "--batch", size)[0] for size in ("2", "3"))
    assert [c["interpolated"] for c in both["configs"]] == [True, False]
    assert [c["latency_s"] for c in both["configs"]] == pytest.approx([0.15, 0.09])
    assert [c["memory_bytes"] for c in both["configs"]] == [8 * 10**9, 3 * 10**9]
    assert [c["throughput_rps"] for c in one["configs"]] == pytest.approx([15.0])
    assert one["left_out"] == [
        {"device": "gpu", "intra_op": 2, "inter_op": 1, "batch_sizes": [1, 2]}
    ]
    result = workspace.run("profile", "show", "q.yaml", "--batch", "2")
    assert "~150 ms" in result.stdout
    assert "~ not profiled: the row is interpolated" in result.stdout


def test_the_best_batch_within_an_objective(workspace: Workspace) -> None:
    workspace.write("q.yaml", BATCHES)
    (found,) = shown(workspace, "q.yaml", "--slo", "180ms")
    one, both = found["configs"]
    assert one["best_batch"] == {
        "batch_size": 2,
        "interpolated": True,
        "latency_s": pytest.approx(0.15),
        "throughput_rps": pytest.approx(2 / 0.15),
        "memory_bytes": 8 * 10**9,
    }
    assert both["best_batch"]["batch_size"] == 2
    assert [c["best_batch"] for c in shown(workspace, "q.yaml", "--slo", "1us")[0]["configs"]] == [
        None,
        None,
    ]
    result = workspace.run("profile", "show", "q.yaml", "--slo", "0.18s", "--plot", "q.svg")
    assert "Batch size with most requests/s within 180 ms" in result.stdout.splitlines()
    assert "best batch size within 180 ms" in workspace.read("q.svg")


def test_what_is_left_out_is_said_on_stderr(workspace: Workspace) -> None:
    workspace.write("q.yaml", BATCHES)
    result = workspace.run("profile", "show", "profiles", "q.yaml", "--batch", "4")
    within = "batch size must be within the profiled range"
    assert result.stderr.splitlines() == [
        f"profiles/p.yaml: left out every configuration: {within} (1 only), found 4",
        f"q.yaml: left out gpu (2, 1): {within} (1 to 2), found 4",
    ]
    assert result.stdout.startswith("q on gpu, batch size 4\n")
    assert "p on gpu" not in result.stdout


def test_long_lists_of_what_is_left_out_are_counted(workspace: Workspace) -> None:
    more = "".join(
        f"""\
  - device: gpu
    intra_op: {intra_op}
    inter_op: 1
    stage_weight_bytes: [3GB]
    stage_latency_s: {{1: [70ms]}}
"""
        for intra_op in range(3, 9)
    )
    workspace.write("q.yaml", BATCHES + more)
    result = workspace.run("profile", "show", "q.yaml", "--batch", "3")
    assert result.stderr.splitlines()[1] == (
        "q.yaml: left out gpu (3, 1), gpu (4, 1), gpu (5, 1), gpu (6, 1), 2 more: batch size must "
        "be within the profiled range (1 only), found 3"
    )


def test_nothing_at_that_batch_size_is_an_error(workspace: Workspace) -> None:
    workspace.write("q.yaml", BATCHES)
    result = workspace.run(
        "profile", "show", "q.yaml", "--batch", "5", "--plot", "a.svg", exit_code=2
    )
    assert result.stdout == ""
    within = "batch size must be within the profiled range"
    assert result.stderr.splitlines() == [
        f"q.yaml: left out gpu (1, 1): {within} (1 to 4), found 5",
        f"q.yaml: left out gpu (2, 1): {within} (1 to 2), found 5",
    ]
    assert "a.svg" not in workspace.names()


@pytest.mark.parametrize("size", ["0", "-1", "1.5", "x"])
def test_other_batch_sizes_are_usage_errors(workspace: Workspace, size: str) -> None:
    result = workspace.run("profile", "show", "profiles", "--batch", size, exit_code=2)
    assert "Invalid value for '--batch'" in result.stderr


def test_everything_wrong_with_all_files_is_shown_at_once(workspace: Workspace) -> None:
    workspace.write("bad.yaml", PROFILE.replace("[6GB]", "[6GB, 1GB]").replace("70ms", "-1"))
    workspace.write("profiles/text.yaml", "just text\n")
    result = workspace.run(
        *("profile", "show", "bad.yaml", "absent.yaml", "cluster.yaml", "profiles"), exit_code=2
    )
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "bad.yaml:8: configs[0].stage_weight_bytes: must have inter_op = 1 numbers, found 2",
        "bad.yaml:19: configs[2].stage_latency_s[1][0]: must be above 0, found -1",
        "absent.yaml: no such file or directory",
        "cluster.yaml:1: kind: must be 'model-profile', found 'cluster'",
        "profiles/text.yaml:1: must be a mapping that begins with 'kind', found 'just text'",
    ]


def test_a_folder_without_profiles(workspace: Workspace) -> None:
    (workspace.folder / "empty").mkdir()
    workspace.write("empty/cluster.yaml", workspace.read("cluster.yaml"))
    result = workspace.run("profile", "show", "empty", exit_code=2)
    assert result.stderr == "empty: has no model profiles\n"


def test_an_impossible_name(workspace: Workspace) -> None:
    name = "n" * 300
    result = workspace.run("profile", "show", name, exit_code=2)
    assert result.stderr == f"{name}: file name too long\n"


def test_without_a_profile_is_a_usage_error(workspace: Workspace) -> None:
    result = workspace.run("profile", "show", exit_code=2)
    assert "Missing argument 'PROFILE...'" in result.stderr


def test_a_plot_is_drawn_beside_the_tables(workspace: Workspace) -> None:
    plain = workspace.run("profile", "show", "profiles").stdout
    result = workspace.run("profile", "show", "profiles", "--plot", "a.PNG")
    assert (result.stdout, result.stderr) == (plain, "")
    first = (workspace.folder / "a.PNG").read_bytes()
    assert first.startswith(b"\x89PNG")
    workspace.run("profile", "show", "profiles", "--plot", "a.PNG", "--format", "json")
    assert (workspace.folder / "a.PNG").read_bytes() == first


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a.sgv", f"alpaplan: a.sgv: {ENDINGS}, found '.sgv'; did you mean '.svg'?"),
        ("-", f"alpaplan: -: {ENDINGS}, found no ending"),
        ("absent/a.svg", "absent/a.svg: cannot be written: no folder absent"),
        ("folder.svg", "folder.svg: cannot be written: is a directory, must be a file"),
    ],
)
def test_a_plot_that_cannot_be_written(workspace: Workspace, name: str, problem: str) -> None:
    (workspace.folder / "folder.svg").mkdir()
    before = workspace.names()
    result = workspace.run("profile", "show", "profiles", "--plot", name, exit_code=2)
    assert result.stderr == f"{problem}\n"
    assert result.stdout == ""
    assert workspace.names() == before


def test_a_reader_that_stops_early_gets_no_traceback(workspace: Workspace) -> None:
    program = (
        "import os\n"
        "reader, writer = os.pipe(); os.close(reader); os.dup2(writer, 1)\n"
        "from alpaplan.cli import main\n"
        "main(['profile', 'show', 'profiles'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=workspace.folder, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (141, b"")


def test_shipped_profiles(repository: Path, workspace: Workspace) -> None:
    found = shown(workspace, str(repository / "profiles"))
    assert len(found) >= 17
    for profile in found:
        if "left_out" not in profile:
            continue  # an LLM
        devices = {config["device"] for config in profile["configs"]}
        references = [c["device"] for c in profile["configs"] if c["reference"]]
        assert sorted(references) == sorted(devices)
        assert all(config["overhead"]["imbalance"] >= 0 for config in profile["configs"])


LLM = """\
kind: model-profile
version: 1
name: chat
configs:
  - device: gpu
    intra_op: 1
    inter_op: 1
    stage_weight_bytes: [6GB]
    stage_kv_bytes_per_token: [64kB]
    stage_step_s: {1: [4ms], 2048: [40ms]}
"""


def test_an_llm_stands_among_others(workspace: Workspace) -> None:
    workspace.write("chat.yaml", LLM)
    found = shown(workspace, "profiles/p.yaml", "chat.yaml", "profiles/p.yaml")
    assert [profile["name"] for profile in found] == ["p", "chat", "p"]
    (config,) = found[1]["configs"]
    assert config["steps"] == [{"tokens": 1, "step_s": 0.004}, {"tokens": 2048, "step_s": 0.04}]
    assert (config["prompt_tokens"], config["prompt_s"]) == (2048, pytest.approx(0.04))
    assert config["decoding"][0] == {
        "running_requests": 1,
        "tpot_s": 0.004,
        "tokens_per_s": pytest.approx(250),
    }
    assert (config["memory_bytes"], config["kv_bytes_per_token"]) == (6 * 10**9, 64_000)
    text = workspace.run("profile", "show", "profiles/p.yaml", "chat.yaml").stdout
    assert text.index("p on gpu, batch size 1") < text.index("chat on gpu, prompt of 2,048 tokens")


def test_llms_have_a_plot_of_their_own(workspace: Workspace) -> None:
    workspace.write("chat.yaml", LLM)
    workspace.run("profile", "show", "chat.yaml", "--plot", "a.png")
    assert (workspace.folder / "a.png").read_bytes().startswith(b"\x89PNG")
    result = workspace.run(
        "profile", "show", "chat.yaml", "profiles/p.yaml", "--plot", "b.png", exit_code=2
    )
    assert result.stderr == (
        "alpaplan: --plot must show profiles of LLMs or of fixed-service models, found both; "
        "name those of one kind\n"
    )
