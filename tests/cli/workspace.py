"""A folder with small inputs, and the command run in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from click.testing import Result

from alpaplan.cli import main
from tests.cli.runner import invoke

CLUSTER = """\
kind: cluster
version: 1
name: small
node_pools:
  - {name: n, count: 1, device: gpu, devices_per_node: 4, device_memory_bytes: 10GB}
"""

WORKLOAD = """\
kind: workload
version: 1
name: small
models:
  - {name: a, profile: p, slo_s: 500ms, arrivals: {process: gamma, rate_rps: 12, cv: 3}}
  - {name: b, profile: p, slo_s: 500ms, arrivals: {process: poisson, rate_rps: 9}}
  - {name: c, profile: p, slo_s: 500ms, arrivals: {process: poisson, rate_rps: 5}}
"""

PROFILE = """\
kind: model-profile
version: 1
name: p
configs:
  - device: gpu
    intra_op: 1
    inter_op: 1
    stage_weight_bytes: [6GB]
    stage_latency_s: {1: [100ms]}
  - device: gpu
    intra_op: 1
    inter_op: 2
    stage_weight_bytes: [3GB, 3GB]
    stage_latency_s: {1: [50ms, 60ms]}
  - device: gpu
    intra_op: 2
    inter_op: 1
    stage_weight_bytes: [3GB]
    stage_latency_s: {1: [70ms]}
"""

LLM_PROFILE = """\
kind: model-profile
version: 1
name: l
configs:
  - device: gpu
    intra_op: 1
    inter_op: 1
    stage_weight_bytes: [3GB]
    stage_kv_bytes_per_token: [1000000]
    stage_step_s: {1: [20ms], 64: [40ms]}
"""

HAND_WRITTEN = """\
kind: placement-plan
version: 1
groups:
  - name: left
    device: gpu
    intra_op: 1
    inter_op: 2
    devices: [{node: n-0, devices: [0, 1]}]
    replicas: [{model: a}, {model: b}, {model: c}]
  - name: idle
    device: gpu
    intra_op: 2
    inter_op: 1
    devices: [{node: n-0, devices: [2, 3]}]
"""

INPUTS = ("-c", "cluster.yaml", "-w", "workload.yaml", "-p", "profiles")


@dataclass(frozen=True)
class Workspace:
    """A folder with `CLUSTER`, `WORKLOAD` and `PROFILE`, which is the working folder."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Workspace:
        """Write the inputs."""
        workspace = cls(folder)
        (folder / "profiles").mkdir()
        workspace.write("cluster.yaml", CLUSTER)
        workspace.write("workload.yaml", WORKLOAD)
        workspace.write("profiles/p.yaml", PROFILE)
        return workspace

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a file in one place."""
        text = self.read(name)
        assert text.count(old) == 1, (old, text)
        self.write(name, text.replace(old, new))

    def read(self, name: str) -> str:
        """Read a file."""
        return (self.folder / name).read_text(encoding="utf-8")

    def plan(self, name: str = "plan.yaml") -> dict[str, Any]:
        """Read a plan."""
        loaded: dict[str, Any] = yaml.safe_load(self.read(name))
        return loaded

    def names(self) -> set[str]:
        """Return the names of everything in the folder."""
        return {path.name for path in self.folder.iterdir()}

    def run(self, *arguments: str, exit_code: int = 0) -> Result:
        """Run `alpaplan`, and make sure of its exit code and that there is no traceback."""
        result = invoke(main, arguments)
        ended_well = result.exception is None or isinstance(result.exception, SystemExit)
        assert ended_well, repr(result.exception)
        assert result.exit_code == exit_code, (result.exit_code, result.output)
        assert "Traceback" not in result.output
        return result

    def run_plan(self, *arguments: str, exit_code: int = 0) -> Result:
        """Run `alpaplan plan` on the inputs."""
        return self.run("plan", *INPUTS, *arguments, exit_code=exit_code)
