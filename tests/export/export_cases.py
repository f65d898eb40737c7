"""Plans to export, with all that they are made from, in a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from click.testing import Result

from alpaplan.cli import main
from tests import builders as make
from tests.builders import GB
from tests.cli.runner import invoke

TARGETS = ("compose", "systemd", "kubernetes", "envoy", "launch")

ODD = 'a "b" \\c $HOME $$ $(id) 100% \';é'
"""A name with everything that some format takes for its own."""


def write_case(
    folder: Path,
    groups: Sequence[Mapping[str, Any]],
    *,
    overhead_bytes: int = GB,
    nodes: int = 1,
    pool: str = "n",
    dispatch: str | None = None,
    batch: int = 1,
    llms: bool = True,
) -> None:
    """Write a plan of some groups, each made by `group`, and its inputs.

    Models ``fixed`` and `ODD` are fixed-service models; ``llm`` and ``long`` are LLMs.
    """
    cluster = make.cluster(
        make.pool(pool, count=nodes), process_overhead_bytes=overhead_bytes, max_batch_size=batch
    )
    fixed = make.profile("p", weight_bytes=2 * GB, activation_bytes=GB // 10, batch_sizes=(1, 2))
    staged = fixed.model_dump(exclude_defaults=True)
    for config in staged["configs"]:
        size = 24 // config["inter_op"]
        config["stages"] = [{"layers": [first, first + size - 1]} for first in range(0, 24, size)]
    llm = make.llm_profile("llm", weight_bytes=2 * GB, working_bytes=GB // 10)
    uneven = llm.model_dump(exclude_defaults=True)
    for config in uneven["configs"]:
        *others, last = config["stage_weight_bytes"]
        config["stage_weight_bytes"] = [*others, last + GB // 2]
        if config["inter_op"] > 1:
            first, *others = config["stage_kv_bytes_per_token"]
            config["stage_kv_bytes_per_token"] = [2 * first, *others]
    models = [make.model("fixed", "p", slo_scale=5), make.model(ODD, "p")]
    if llms:
        long = make.llm_model("long", "llm", max_context_tokens=2000, slo_s=30.0)
        models += [make.llm_model("llm", "llm"), long]
    workload = make.workload(*models)
    (folder / "profiles").mkdir(parents=True)
    _write(folder / "cluster.yaml", cluster.model_dump(mode="json", exclude_defaults=True))
    _write(folder / "workload.yaml", workload.model_dump(mode="json", exclude_none=True))
    _write(folder / "profiles" / "p.yaml", staged)
    _write(folder / "profiles" / "llm.yaml", uneven)
    plan: dict[str, Any] = {"kind": "placement-plan", "version": 1, "groups": list(groups)}
    if dispatch is not None:
        plan["routing"] = {"dispatch": dispatch}
    _write(folder / "plan.yaml", plan)
    loaded = {
        "p": {"source": "org/p", "max_model_len": 512, "kv_cache_bytes": overhead_bytes // 2},
        "llm": {
            "source": "org/llm",
            "revision": "v1",
            "args": ["--dtype", "bfloat16", ODD],
            "env": {"NOTE": ODD},
        },
    }
    _write(folder / "models.yaml", {"kind": "export-models", "version": 1, "models": loaded})
    entries = {
        f"{pool}-{index}": {
            "address": f"10.0.0.{index}",
            "hostname": f"host-{index}",
            "devices": {device: f"GPU-{index}-{device}" for device in range(4)},
        }
        for index in range(nodes)
    }
    _write(folder / "nodes.yaml", {"kind": "export-nodes", "version": 1, "nodes": entries})


def group(
    name: str,
    shape: tuple[int, int],
    devices: Sequence[int] | Mapping[str, Sequence[int]],
    *models: str | Mapping[str, Any],
    node: str = "n-0",
) -> dict[str, Any]:
    """Return a group of a plan; devices are those of one node, or of each node."""
    parts = devices if isinstance(devices, Mapping) else {node: devices}
    return {
        "name": name,
        "device": "gpu",
        "intra_op": shape[0],
        "inter_op": shape[1],
        "devices": [{"node": each, "devices": list(indices)} for each, indices in parts.items()],
        "replicas": [{"model": m} if isinstance(m, str) else dict(m) for m in models],
    }


def run_export(
    folder: Path, target: str, *options: str, output: str | Path = "out", exit_code: int = 0
) -> Result:
    """Export the case of a folder, and make sure of the exit code."""
    if "--models" not in options:
        options = ("--models", str(folder / "models.yaml"), *options)
    if "--nodes" not in options:
        options = ("--nodes", str(folder / "nodes.yaml"), *options)
    given = {"-c": "cluster.yaml", "-w": "workload.yaml", "-p": "profiles"}
    inputs = [word for option, name in given.items() for word in (option, str(folder / name))]
    plan, where = str(folder / "plan.yaml"), str(folder / output)
    result = invoke(main, ["export", plan, "--to", target, "-o", where, *inputs, *options])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


@contextmanager
def edited(path: Path) -> Iterator[Any]:
    """Let a document be changed as plain data."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    yield data
    _write(path, data)


def _write(path: Path, data: Any) -> None:
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
