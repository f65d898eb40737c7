"""An independent check of exports: what they have to say, from the documents and sums by hand."""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from alpaplan.files.document import load_document
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.engine import EngineConfig
from alpaplan.specs.plan import GroupSpec, PlanSpec
from alpaplan.specs.profile import ModelProfileSpec, ProfiledConfig
from alpaplan.specs.workload import WorkloadSpec
from tests.export.export_reader import Started, document, started

SET_FLAGS = {
    "--served-model-name": "model",
    "--port": "port",
    "--tensor-parallel-size": "intra_op",
    "--pipeline-parallel-size": "inter_op",
    "--revision": "revision",
    "--max-model-len": "max_model_len",
    "--max-num-seqs": "max_num_seqs",
    "--max-num-batched-tokens": "max_num_batched_tokens",
    "--kv-cache-memory-bytes": "kv_cache_bytes",
    "--gpu-memory-utilization": "memory_fraction",
}
"""Flag -> what an engine of the export says that it is."""

ENGINE_KEYS = [
    "name",
    "group",
    "model",
    "source",
    "revision",
    "devices",
    "host",
    "port",
    "intra_op",
    "inter_op",
    "slo",
    "max_model_len",
    "layers",
    "stage_weight_bytes",
    "stage_working_bytes",
    "process_overhead_bytes",
    "kv_cache_bytes",
    "kv_in_overhead_bytes",
    "kv_tokens",
    "memory_fraction",
    "max_num_seqs",
    "max_num_batched_tokens",
    "after",
    "args",
    "env",
]


def short(text: str) -> str:
    """Return a name as backends have it."""
    name = re.sub("[^a-z0-9-]", "-", text.lower())
    if name != text or len(name) > 53:
        return name[:44] + "-" + hashlib.sha256(text.encode()).hexdigest()[:8]
    return name


def group_of(group: GroupSpec) -> str:
    """Return a group's name in exports."""
    first = group.devices[0]
    return short(f"{first.node}-d{first.devices[0]}-{group.intra_op}x{group.inter_op}")


def check_export(folder: Path, inputs: Path, target: str) -> Any:
    """Compare an export with the documents of its plan, and return what it says of itself.

    Parameters
    ----------
    folder
        The export.
    inputs
        Folder with plan.yaml, cluster.yaml, workload.yaml and profiles.
    target
        What was exported to.
    """
    said = document(folder)
    assert (said["kind"], said["version"], said["target"]) == ("export", 1, target)
    _check_files(folder, said)
    plan = load_document(inputs / "plan.yaml", PlanSpec)
    assert said["plan"]["sha256"] == plan.sha256
    groups = [group for group in plan.spec.groups if group.replicas]
    routed = said["routing"]["groups"]
    assert [(g["name"], g["group"], g["models"]) for g in routed] == [
        (group_of(group), group.name, [replica.model for replica in group.replicas])
        for group in groups
    ]
    engines = {engine["name"]: engine for engine in said["engines"]}
    assert len(engines) == len(said["engines"]) == sum(len(group.replicas) for group in groups)
    ports = [engine["port"] for engine in said["engines"]]
    assert len({*ports, said["options"]["router_port"]}) == len(ports) + 1
    for group in groups:
        _check_group(group, engines, inputs)
    _check_memory(said, inputs)
    if target != "envoy":
        _check_started(started(folder, target), engines, target)
    return said


def _check_files(folder: Path, said: Any) -> None:
    listed = {item["path"]: item["sha256"] for item in said["files"]}
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "alpaplan-export.json"
    }
    assert listed == found
    assert {f"envoy/{name}.yaml" for name in ("envoy", "listeners", "clusters", "groups")} <= {
        *listed
    }


def _check_group(group: GroupSpec, engines: dict[str, Any], inputs: Path) -> None:
    cluster = load_document(inputs / "cluster.yaml", ClusterSpec).spec
    workload = load_document(inputs / "workload.yaml", WorkloadSpec).spec
    models = {model.name: model for model in workload.served_models()}
    configs = {}
    for replica in group.replicas:
        name = models[replica.model].profile
        profile = load_document(inputs / "profiles" / f"{name}.yaml", ModelProfileSpec).spec
        configs[replica.model] = profile.find_config(group.device, group.intra_op, group.inter_op)
    node = group.devices[0].node
    (pool,) = (p for p in cluster.node_pools if node.rpartition("-")[0] == p.name)
    usable = pool.device_memory_bytes - pool.reserved_memory_bytes
    overhead = cluster.serving.process_overhead_bytes
    free = [usable - overhead * len(configs)] * group.inter_op
    for config in configs.values():
        if isinstance(config, EngineConfig):
            working = config.stage_working_bytes or (0,) * group.inter_op
            for stage in range(group.inter_op):
                free[stage] -= config.stage_weight_bytes[stage] + working[stage]
    earlier: list[str] = []
    for replica in group.replicas:
        config, model = configs[replica.model], models[replica.model]
        name = short(f"{group_of(group)}-{replica.model}")
        engine = engines[name]
        assert list(engine) == ENGINE_KEYS
        assert (engine["group"], engine["model"]) == (group_of(group), replica.model)
        assert engine["devices"] == [
            {"node": part.node, "devices": list(part.devices)} for part in group.devices
        ]
        assert engine["after"] == earlier
        earlier.append(name)
        assert config is not None
        assert engine["stage_weight_bytes"] == list(config.stage_weight_bytes)
        assert engine["process_overhead_bytes"] == overhead
        if isinstance(config, EngineConfig):
            share = [
                math.floor(replica.kv_fraction * room)
                if replica.kv_fraction
                else room // len(configs)
                for room in free
            ]
            assert engine["kv_cache_bytes"] == min(share)
            assert engine["kv_in_overhead_bytes"] == 0
            assert engine["kv_tokens"] == min(
                room // each
                for room, each in zip(share, config.stage_kv_bytes_per_token, strict=True)
            )
            assert engine["max_model_len"] == model.max_context_tokens
            assert engine["max_num_seqs"] == cluster.serving.max_num_seqs
            assert engine["max_num_batched_tokens"] == cluster.serving.max_num_batched_tokens
        else:
            assert isinstance(config, ProfiledConfig)
            assert engine["kv_cache_bytes"] == engine["kv_in_overhead_bytes"] <= overhead
            assert engine["kv_tokens"] is engine["max_num_seqs"] is None
            cap = min(
                replica.max_batch_size or cluster.serving.max_batch_size,
                max(config.stage_latency_s),
            )
            assert engine["stage_working_bytes"] == _working_bytes(config, cap)
        total = [
            weights + working + overhead - engine["kv_in_overhead_bytes"] + engine["kv_cache_bytes"]
            for weights, working in zip(
                engine["stage_weight_bytes"], engine["stage_working_bytes"], strict=True
            )
        ]
        fraction = math.floor(10_000 * min(total) / pool.device_memory_bytes) / 10_000
        assert engine["memory_fraction"] == fraction


def _working_bytes(config: ProfiledConfig, cap: int) -> list[int]:
    """Return the most that any batch up to the cap needs; it is linear between profiled sizes."""
    if config.stage_activation_bytes is None:
        return [0] * config.inter_op
    sizes = sorted(config.stage_activation_bytes)
    rows = [config.stage_activation_bytes[size] for size in sizes]
    return [
        max(
            math.ceil(np.interp(size, sizes, [row[stage] for row in rows]))
            for size in range(1, cap + 1)
        )
        for stage in range(config.inter_op)
    ]


def _check_memory(said: Any, inputs: Path) -> None:
    used: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for engine in said["engines"]:
        listed = [(part["node"], d) for part in engine["devices"] for d in part["devices"]]
        for position, device in enumerate(listed):
            stage = position // engine["intra_op"]
            taken = (
                engine["stage_weight_bytes"][stage]
                + engine["stage_working_bytes"][stage]
                + engine["process_overhead_bytes"]
                - engine["kv_in_overhead_bytes"]
                + engine["kv_cache_bytes"]
            )
            used.setdefault(device, []).append((engine["name"], taken))
    found = {(item["node"], item["device"]): item for item in said["memory"]}
    assert {*found} == {*used}
    for device, item in found.items():
        assert item["engines"] == [name for name, _ in used[device]]
        assert item["used_bytes"] == sum(taken for _, taken in used[device])
        assert item["used_bytes"] <= item["usable_bytes"] or said["target"] == "envoy"


def _check_started(processes: list[Started], engines: dict[str, Any], target: str) -> None:
    for engine in engines.values():
        of_engine = [process for process in processes if process.name == engine["name"]]
        assert len(of_engine) == len(engine["devices"])
        for process in of_engine:
            assert process.after == {*engine["after"]}
            assert process.env["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
            if target != "kubernetes":
                (part,) = (p for p in engine["devices"] if p["node"] == process.node)
                assert process.devices == [str(index) for index in part["devices"]]
            _check_arguments(process, engine)
        first = next(p for p in of_engine if "--headless" not in p.args)
        assert first.args == engine["args"]
        assert first.env.items() <= engine["env"].items()
        layers = engine["layers"]
        assert first.env.get("VLLM_PP_LAYER_PARTITION") == (
            None if layers is None else ",".join(map(str, layers))
        )


def _check_arguments(process: Started, engine: dict[str, Any]) -> None:
    assert process.args[:2] == ["serve", engine["source"]]
    for flag, key in SET_FLAGS.items():
        value = value_of(flag, process.args)
        assert value == (None if engine[key] is None else str(engine[key])), flag
    nodes = [part["node"] for part in engine["devices"]]
    if len(nodes) == 1:
        assert "--nnodes" not in process.args
        return
    rank = nodes.index(process.node)
    assert value_of("--nnodes", process.args) == str(len(nodes))
    assert value_of("--node-rank", process.args) == str(rank)
    assert value_of("--master-addr", process.args) == engine["host"]
    assert value_of("--master-port", process.args) == str(engine["port"] + 20_000)
    assert ("--headless" in process.args) == (rank > 0)


def value_of(flag: str, arguments: list[str]) -> str | None:
    """Return the value of a flag, which may stand behind an equals sign."""
    for position, argument in enumerate(arguments):
        if argument == flag:
            return arguments[position + 1]
        if argument.startswith(f"{flag}="):
            return argument.removeprefix(f"{flag}=")
    return None
