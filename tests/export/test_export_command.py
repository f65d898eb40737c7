"""The command: options, folders, ports, and everything wrong at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alpaplan.cli import main
from alpaplan.errors import InputError
from alpaplan.files.writing import write_atomically
from tests.cli.runner import invoke
from tests.export.export_cases import ODD, TARGETS, edited, group, run_export, write_case
from tests.export.export_checker import check_export, value_of
from tests.export.export_reader import document, started

ONE = [group("g0", (1, 1), [0], "fixed", ODD)]
TWO_NODES = [*ONE, group("g1", (1, 1), [0], "llm", node="n-1")]


def files_of(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    write_case(tmp_path, TWO_NODES, nodes=2)
    with edited(tmp_path / "models.yaml") as models:
        del models["models"]["p"]
    with edited(tmp_path / "nodes.yaml") as nodes:
        nodes["nodes"] = {"n-1": {"devices": {1: "GPU-x"}}}
    lines = run_export(tmp_path, "compose", exit_code=2).stderr.splitlines()
    where, nodes_file = tmp_path / "models.yaml", tmp_path / "nodes.yaml"
    assert lines == [
        f"{where}:3: models: must have model 'fixed' or its profile 'p', found neither",
        f"{where}:3: models: must have model {ODD!r} or its profile 'p', found neither",
        f"{nodes_file}:3: nodes.n-0: must have the address of node 'n-0', found none",
        f"{nodes_file}:4: nodes.n-1: must have the address of node 'n-1', found none",
    ]
    lines = run_export(tmp_path, "kubernetes", exit_code=2).stderr.splitlines()
    assert [line.partition(": must have ")[2] for line in lines[2:]] == [
        "the UUID of device 0 of node 'n-0', found none",
        "the UUID of device 0 of node 'n-1', found none",
    ]
    assert not (tmp_path / "out").exists()


def test_files_that_are_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_case(tmp_path, TWO_NODES, nodes=2)
    monkeypatch.chdir(tmp_path)
    inputs = ["-c", "cluster.yaml", "-w", "workload.yaml", "-p", "profiles"]
    result = invoke(main, ["export", "plan.yaml", "--to", "systemd", "-o", "out", *inputs])
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "--models: must have model 'fixed' or its profile 'p', but no file is given",
        f"--models: must have model {ODD!r} or its profile 'p', but no file is given",
        "--models: must have model 'llm' or its profile 'llm', but no file is given",
        "--nodes: must have the address of node 'n-0', but no file is given",
        "--nodes: must have the address of node 'n-1', but no file is given",
    ]


def test_what_the_document_of_models_must_not_say(tmp_path: Path) -> None:
    write_case(tmp_path, TWO_NODES, nodes=2)
    with edited(tmp_path / "models.yaml") as models:
        models["models"]["p"]["kv_cache_bytes"] = "2GB"
        models["models"]["llm"] |= {"kv_cache_bytes": 1, "max_model_len": 999}
    limit = "the cluster's process_overhead_bytes, 1000000000 bytes (1 GB)"
    of_plan = "the plan has the KV cache of the LLM 'llm'"
    lines = run_export(tmp_path, "launch", exit_code=2).stderr.splitlines()
    assert [line.partition(": models.")[2] for line in lines] == [
        f"p.kv_cache_bytes: must be at most {limit}, found 2000000000 bytes (2 GB)",
        "llm.max_model_len: must be the max_context_tokens of the LLM 'llm' (1000), found 999",
        f"llm.kv_cache_bytes: is for fixed-service models: {of_plan}",
    ]
    with edited(tmp_path / "models.yaml") as models:
        models["models"]["p"] = {
            "source": "--x",
            "args": ["--max_model_len=8", "-tp", "2", "--dtype", "half"],
            "env": {"CUDA_LAUNCH_BLOCKING": "1", "VLLM_PP_LAYER_PARTITION": "1", "a-b": "c"},
        }
        models["models"]["q"] = {"sauce": "x"}
    lines = run_export(tmp_path, "launch", exit_code=2).stderr.splitlines()
    assert len(lines) == 8
    assert "must not set --max-model-len, which the export sets" in lines[1]
    assert "must not set --tensor-parallel-size, which the export sets, found '-tp'" in lines[2]


def test_inputs_other_than_those_of_the_plan(tmp_path: Path) -> None:
    write_case(tmp_path, ONE)
    with edited(tmp_path / "plan.yaml") as plan:
        plan["provenance"] = {
            "alpaplan": "0.3.0",
            "method": "auto",
            "seed": 0,
            "inputs": [{"role": "cluster", "path": "cluster.yaml", "sha256": "0" * 64}],
        }
    result = run_export(tmp_path, "launch", exit_code=2)
    cluster = tmp_path / "cluster.yaml"
    plan_file = tmp_path / "plan.yaml"
    assert result.stderr.startswith(
        f"{cluster}: must be the cluster that {plan_file} was made from, found another one"
    )


def test_engines_keep_their_ports(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_case(first, [group("g0", (1, 1), [0], "fixed", ODD), group("g1", (1, 1), [1], "llm")])
    run_export(first, "launch")
    before = {e["name"]: e["port"] for e in document(first / "out")["engines"]}
    assert list(before.values()) == [8101, 8102, 8103]
    write_case(second, [group("g0", (1, 1), [1], "llm", "long"), group("g1", (1, 1), [0], ODD)])
    run_export(second, "launch", "--previous", str(first / "out" / "alpaplan-export.json"))
    said = check_export(second / "out", second, "launch")
    after = {e["name"]: e["port"] for e in said["engines"]}
    assert after == {
        "n-0-d1-1x1-llm": 8103,
        "n-0-d1-1x1-long": 8104,
        **{name: 8102 for name in before if after.get(name) == 8102},
    }
    assert len(after) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "must be a mapping of keys to values, found a list"),
        ("x", "not valid JSON"),
        (
            '{"kind": "plan", "version": 1, "files": [], "engines": []}',
            "kind: must be one of export",
        ),
        (
            '{"kind": "export", "version": 1, "files": [], "engines": [{"name": "e"}]}',
            "engines[0]: missing key 'port'",
        ),
    ],
)
def test_earlier_exports_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    write_case(tmp_path, ONE)
    earlier = tmp_path / "earlier.json"
    earlier.write_text(text)
    result = run_export(tmp_path, "envoy", "--previous", str(earlier), exit_code=2)
    assert result.stderr.startswith(f"{earlier}:1: ")
    assert message in result.stderr


def test_ports_run_out_and_clash(tmp_path: Path) -> None:
    write_case(tmp_path, TWO_NODES, nodes=2)
    few = run_export(tmp_path, "envoy", "--set", "base_port=65534", exit_code=2)
    assert "there are too few ports above base_port" in few.stderr
    run_export(tmp_path, "envoy")
    previous = str(tmp_path / "out" / "alpaplan-export.json")
    clash = ("--previous", previous, "--set", "router_port=8102")
    assert "router_port must not be" in run_export(tmp_path, "envoy", *clash, exit_code=2).stderr
    run_export(tmp_path, "envoy", "--set", "router_port=8101")
    assert [e["port"] for e in document(tmp_path / "out")["engines"]] == [8102, 8103, 8104]


def test_settings(tmp_path: Path) -> None:
    write_case(tmp_path, ONE)
    settings = {
        "base_port": 9000,
        "router_port": 9001,
        "engine_image": "registry/vllm:1",
        "engine_path": "/opt/vllm",
        "router_image": "registry/envoy:1",
        "router_path": "/opt/envoy",
        "router_folder": "/srv/envoy",
        "namespace": "ml",
    }
    options = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    for target in TARGETS:
        run_export(tmp_path, target, *options, output=target)
        assert document(tmp_path / target)["options"] == settings
    assert [e["port"] for e in document(tmp_path / "launch")["engines"]] == [9000, 9002]
    result = run_export(
        tmp_path, "launch", "--set", "image=x", "--set", "router_port=0", exit_code=2
    )
    assert "key must be one of base_port, router_port, engine_image" in result.stderr
    assert "router_port: must be a port from 1 to 65535, found '0'" in result.stderr
    result = run_export(tmp_path, "launch", "--allow-lossy", "tie", exit_code=2)
    assert "did you mean 'ties'?" in result.stderr


def test_an_export_replaces_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    write_case(tmp_path, TWO_NODES, nodes=2)
    run_export(tmp_path, "systemd")
    out = tmp_path / "out"
    (out / "nodes" / "n-0" / "mine.conf").write_text("kept")
    run_export(tmp_path, "compose")
    check_mine = out / "nodes" / "n-0" / "mine.conf"
    assert check_mine.read_text() == "kept"
    assert files_of(out) == {
        "alpaplan-export.json",
        *(f"envoy/{name}.yaml" for name in ("envoy", "listeners", "clusters", "groups")),
        *(f"nodes/{node}/compose.yaml" for node in ("n-0", "n-1")),
        "nodes/n-0/mine.conf",
    }
    run_export(tmp_path, "launch")
    assert not (out / "nodes" / "n-1").exists()


def test_folders_that_are_no_exports(tmp_path: Path) -> None:
    write_case(tmp_path, ONE)
    (tmp_path / "out").mkdir()
    run_export(tmp_path, "envoy")
    full = tmp_path / "full"
    full.mkdir()
    (full / "notes.txt").write_text("mine")
    assert (
        "must be empty, absent or an earlier"
        in run_export(tmp_path, "envoy", output="full", exit_code=2).stderr
    )
    assert files_of(full) == {"notes.txt"}
    assert "is a file" in run_export(tmp_path, "envoy", output="plan.yaml", exit_code=2).stderr
    document_file = tmp_path / "out" / "alpaplan-export.json"
    said = json.loads(document_file.read_text())
    said["files"][0]["path"] = "../plan.yaml"
    document_file.write_text(json.dumps(said))
    result = run_export(tmp_path, "launch", exit_code=2)
    assert "must be a path inside the folder, found '../plan.yaml'" in result.stderr
    assert (tmp_path / "plan.yaml").exists()


def test_a_new_export_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_case(tmp_path, ONE)

    def fail(path: Path, content: bytes) -> None:
        if path.name == "groups.yaml":
            raise InputError([f"{path}: cannot be written: no space left on device"])
        write_atomically(path, content)

    monkeypatch.setattr("alpaplan.export.folder.write_atomically", fail)
    result = run_export(tmp_path, "compose", exit_code=2)
    assert "no space left on device" in result.stderr
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    run_export(tmp_path, "compose", exit_code=2)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_check_says_which_files_differ(tmp_path: Path) -> None:
    write_case(tmp_path, TWO_NODES, nodes=2)
    out = tmp_path / "out"
    result = run_export(tmp_path, "compose", "--check", exit_code=1)
    assert len(result.stdout.splitlines()) == 7
    assert not out.exists()
    run_export(tmp_path, "compose")
    assert run_export(tmp_path, "compose", "--check").stdout == f"{out}: current\n"
    (out / "nodes" / "n-0" / "compose.yaml").write_text("x")
    (out / "envoy" / "groups.yaml").unlink()
    result = run_export(tmp_path, "compose", "--check", exit_code=1)
    assert result.stdout.splitlines() == [
        f"{out / 'envoy' / 'groups.yaml'}: is missing",
        f"{out / 'nodes' / 'n-0' / 'compose.yaml'}: differs",
    ]
    assert (out / "nodes" / "n-0" / "compose.yaml").read_text() == "x"
    run_export(tmp_path, "compose")
    changed = run_export(tmp_path, "envoy", "--check", exit_code=1).stdout
    assert f"{out / 'nodes' / 'n-1' / 'compose.yaml'}: would be removed" in changed


def test_one_node_needs_no_address(tmp_path: Path) -> None:
    write_case(tmp_path, ONE)
    (tmp_path / "empty.yaml").write_text("kind: export-nodes\nversion: 1\nnodes: {}\n")
    run_export(tmp_path, "compose", "--nodes", str(tmp_path / "empty.yaml"))
    assert {e["host"] for e in document(tmp_path / "out")["engines"]} == {"127.0.0.1"}
    (process, _) = started(tmp_path / "out", "compose")
    assert value_of("--host", process.args) == "127.0.0.1"
