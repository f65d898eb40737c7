from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest
from click.testing import Result

from alpaplan.cli import main
from alpaplan.specs.workload import MAX_MODELS
from tests.cli.runner import invoke
from tests.cli.workspace import CLUSTER, HAND_WRITTEN, PROFILE, Workspace
from tests.conftest import UNDERSTOOD
from tests.files.examples import EXAMPLES, recorded_workload


def validate(*paths: Path | str) -> Result:
    return invoke(main, ["validate", *map(str, paths)])


SUMMARIES = {
    "cluster": "cluster 'c' (17 devices in 2 node pools)",
    "workload": "workload 'w' (9 models)",
    "model-profile": "model-profile 'p' (1 configuration on v100-16gb)",
    "layer-profile": "layer-profile 'l' (1 layer on v100-16gb)",
    "device": "device 'd' (96 GiB; fp32, fp16, bf16, fp8)",
    "placement-plan": "placement-plan (1 group, 1 replica)",
    "placement-schedule": "placement-schedule (2 placements, the last from 3600 s)",
    "export-models": "export-models (2 names)",
    "export-nodes": "export-nodes (2 nodes, 2 device UUIDs)",
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_document_in_order(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "document.yaml"
    path.write_text(EXAMPLES[kind])
    result = validate(path)
    assert result.exit_code == 0
    assert result.stdout == f"{path}: ok: {SUMMARIES[kind]}\n"
    assert result.stderr == ""


def test_traces_and_workloads_that_name_them(tmp_path: Path) -> None:
    trace = tmp_path / "t.csv.gz"
    trace.write_bytes(gzip.compress(b"arrival_s,model\n" + b"1,a\n2,b\n" + b"3,a\n" * 1500))
    workload = recorded_workload(tmp_path, ("a", "t.csv.gz"), ("quiet", "t.csv.gz")).path
    result = validate(trace, workload)
    assert result.exit_code == 0
    summary = "2 models, 2 with recorded arrivals, 1 of them without a row"
    assert result.stdout.splitlines() == [
        f"{trace}: ok: trace (1,502 requests of 2 models)",
        f"{workload}: ok: workload 'w' ({summary})",
    ]


def test_all_files_are_checked_whatever_is_wrong_with_some(tmp_path: Path) -> None:
    good, bad, trace = (tmp_path / name for name in ("good.yaml", "bad.yaml", "bad.csv"))
    good.write_text(EXAMPLES["cluster"])
    bad.write_text("kind: cluster\n")
    trace.write_text("arrival_s,model\nx,a\n")
    workload = recorded_workload(tmp_path, ("a", "bad.csv")).path
    result = validate(bad, tmp_path / "absent.yaml", trace, workload, good)
    assert result.exit_code == 2
    assert result.stdout == f"{good}: ok: {SUMMARIES['cluster']}\n"
    assert result.stderr.splitlines() == [
        f"{bad}:1: missing key 'version' (this alpaplan reads 1)",
        f"{bad}:1: missing key 'name'",
        f"{bad}:1: missing key 'node_pools'",
        f"{tmp_path / 'absent.yaml'}: no such file or directory",
        f"{trace}:2: arrival_s: must be a number, found 'x'",
    ]


def test_a_folder_stands_for_its_yaml_files(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml"):
        (tmp_path / name).write_text(EXAMPLES["model-profile"])
    (tmp_path / "README.md").write_text("# Profiles")
    result = validate(tmp_path)
    assert result.exit_code == 0
    assert [line.split(": ")[0] for line in result.stdout.splitlines()] == [
        str(tmp_path / "a.yaml"),
        str(tmp_path / "b.yml"),
    ]


def test_devices_that_two_groups_have_at_a_time(workspace: Workspace) -> None:
    twice = HAND_WRITTEN.replace("devices: [2, 3]", "devices: [1, 2]")
    groups = twice.partition("groups:\n")[2].replace("\n  ", "\n      ").removeprefix("  ")
    schedule = (
        "kind: placement-schedule\nversion: 1\nplacements:\n"
        f"  - start_s: 0\n    groups:\n      {groups}"
    )
    for text, where in ((twice, ""), (schedule, "placements[0].")):
        workspace.write("twice.yaml", text)
        said = workspace.run("validate", "twice.yaml", exit_code=2).stderr
        assert f"{where}groups[1].devices[0].devices[0]: group 'idle' must have devices of" in said
        assert "device 1 of n-0 belongs to 'left'" in said


def test_an_impossible_name() -> None:
    result = validate("n" * 300)
    assert (result.exit_code, result.stderr) == (2, f"{'n' * 300}: file name too long\n")


def test_without_files_is_a_usage_error() -> None:
    result = validate()
    assert result.exit_code == 2
    assert "Missing argument 'FILE...'" in result.stderr


BATCHING = "serving: {max_batch_size: 8}\n"


def test_clusters_that_allow_larger_batches_than_were_profiled_are_told_of(
    workspace: Workspace,
) -> None:
    workspace.write("cluster.yaml", CLUSTER + BATCHING)
    workspace.write("profiles/q.yaml", PROFILE.replace("name: p", "name: q"))
    where = "alpaplan: cluster.yaml:6: serving.max_batch_size: 8 is above every batch size profiled"
    together = workspace.run("validate", "cluster.yaml", "profiles")
    assert together.stderr.splitlines() == [
        f"{where} for 'p': its largest is 1",
        f"{where} for 'q': its largest is 1",
    ]
    used = workspace.run("validate", "cluster.yaml", "workload.yaml", "profiles")
    assert used.stderr == f"{where} for models 'a', 'b', 'c' (profile 'p'): its largest is 1\n"
    assert workspace.run("validate", "cluster.yaml", "workload.yaml").stderr == ""
    workspace.replace("profiles/p.yaml", "{1: [70ms]}", "{1: [70ms], 8: [300ms]}")
    assert workspace.run("validate", "cluster.yaml", "workload.yaml", "profiles").stderr == ""


@pytest.mark.slow
def test_all_shared_cases_are_in_order(shared_cases: Path) -> None:
    folders = [case for kind in UNDERSTOOD for case in sorted((shared_cases / kind).glob("*/"))]
    found = [path for folder in folders for path in (*folder.glob("*.yaml"), folder / "profiles")]
    paths = [path for path in found if not path.name.startswith("refused-")]
    result = validate(*paths)
    told = result.stderr.splitlines()
    assert all("is above every batch size profiled" in line for line in told)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > len(paths) > 30


@pytest.mark.slow
def test_recorded_arrivals_of_the_most_models_take_seconds(tmp_path: Path) -> None:
    rows = (f"{index},m-{index}\n" for index in range(MAX_MODELS - 1))
    (tmp_path / "t.csv").write_text("arrival_s,model\n" + "".join(rows))
    arrivals = "{process: trace, path: t.csv}"
    models = f"{{name: m, count: {MAX_MODELS}, profile: p, slo_s: 1s, arrivals: {arrivals}}}"
    path = tmp_path / "w.yaml"
    path.write_text(f"kind: workload\nversion: 1\nname: w\nmodels: [{models}]\n")
    begin_s = time.process_time()
    result = validate(path)
    taken_s = time.process_time() - begin_s
    summary = "100,000 models, 100,000 with recorded arrivals, 1 of them without a row"
    assert result.stdout == f"{path}: ok: workload 'w' ({summary})\n"
    assert taken_s < 20  # one or two; forty where each name is looked for among all others
