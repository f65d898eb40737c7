"""Exports read by the tools that they are for: Compose, systemd and Kubernetes' schemas.

Envoy's files are tried by Envoy in `tests.export.envoy`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.export.export_cases import ODD, group, run_export, write_case
from tests.export.export_reader import document, started

LOSSY = ("--allow-lossy", "process-overhead", "--allow-lossy", "multi-node")
"""What the examples with fixed-service models of the AlpaServe paper lose."""

EXAMPLES = sorted(path.parent.name for path in REPOSITORY.glob("examples/*/plan.yaml"))


def tool(name: str) -> str:
    """Return the path of a program, beside this Python or anywhere else."""
    scripts = Path(sys.executable).parent
    found = shutil.which(name, path=f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


def run(*command: str) -> str:
    """Run a tool, which has to end well without a warning."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stderr == ""
    return done.stdout


def export_example(name: str, target: str, folder: Path) -> Path:
    """Export a committed plan with documents for all of its models and nodes."""
    example = REPOSITORY / "examples" / name
    workload = yaml.safe_load((example / "workload.yaml").read_text(encoding="utf-8"))
    cluster = yaml.safe_load((example / "cluster.yaml").read_text(encoding="utf-8"))
    profiles = {model["profile"]: {"source": "org/model"} for model in workload["models"]}
    nodes = {
        f"{pool['name']}-{index}": {
            "address": f"10.0.{number}.{index}",
            "devices": {d: f"GPU-{number}-{index}-{d}" for d in range(pool["devices_per_node"])},
        }
        for number, pool in enumerate(cluster["node_pools"])
        for index in range(pool["count"])
    }
    for role, key, entries in (("models", "models", profiles), ("nodes", "nodes", nodes)):
        text = yaml.safe_dump({"kind": f"export-{role}", "version": 1, key: entries})
        (folder / f"{role}.yaml").write_text(text, encoding="utf-8")
    shutil.copytree(example, folder, dirs_exist_ok=True)
    program = "/bin/true"  # systemd looks whether programs are there
    settings = ("--set", f"engine_path={program}", "--set", f"router_path={program}")
    arguments = [str(folder / "plan.yaml"), "--to", target, "-o", str(folder / "out")]
    documents = ["--models", str(folder / "models.yaml"), "--nodes", str(folder / "nodes.yaml")]
    main = "from alpaplan.cli import main; main()"
    command = [sys.executable, "-c", main, "export", *arguments, *documents, *LOSSY, *settings]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "out"


def check_with_compose(folder: Path) -> None:
    """Let Compose read the files of all nodes, and give out what it made of them."""
    program = tool("docker-compose")
    engines = {engine["name"]: engine for engine in document(folder)["engines"]}
    read = set()
    for path in sorted(folder.glob("nodes/*/compose.yaml")):
        project = json.loads(run(program, "-f", str(path), "config", "--format", "json"))
        for name, service in project["services"].items():
            if name == "router":
                continue
            read.add(name)
            command = [word.replace("$$", "$") for word in service["command"]]
            assert command == engines[name]["args"]
    assert read == {*engines}


def check_with_systemd(folder: Path) -> None:
    """Let systemd look at all units of each node, and at the target that starts them."""
    program = tool("systemd-analyze")
    for node in sorted(folder.glob("nodes/*")):
        run(program, "verify", "--man=no", *(str(path) for path in sorted(node.iterdir())))


def check_with_kubernetes(folder: Path) -> None:
    """Compare all objects with the schemas of Kubernetes."""
    program = tool("kubernetes-validate")
    run(program, "--strict", "--quiet", str(folder / "alpaplan.yaml"))


CHECKS = {
    "compose": check_with_compose,
    "systemd": check_with_systemd,
    "kubernetes": check_with_kubernetes,
}


@pytest.mark.slow
@pytest.mark.parametrize("target", CHECKS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_tools_take_exports_of_the_examples(tmp_path: Path, name: str, target: str) -> None:
    CHECKS[target](export_example(name, target, tmp_path))


@pytest.mark.parametrize("target", CHECKS)
def test_the_tools_take_odd_names(tmp_path: Path, target: str) -> None:
    pool = '4Ä/"$(x) %n$$'
    groups = [
        group("g0", (1, 2), [0, 1], ODD, "fixed", node=f"{pool}-0"),
        group("g1", (1, 1), [2], "llm", "long", node=f"{pool}-0"),
    ]
    write_case(tmp_path, groups, pool=pool)
    settings = ("--set", "engine_path=/bin/true", "--set", "router_path=/bin/true")
    run_export(tmp_path, target, *settings)
    CHECKS[target](tmp_path / "out")
    assert len(started(tmp_path / "out", target)) == 4
