"""`alpaplan simulate` of drawn documents with LLMs: what the oracle says, from files to JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.cli.workspace import Workspace
from tests.simulator.cases import COMPILED
from tests.simulator.document_oracle import Document, Documents, Row

GB = 10**9
SHAPES = ((1, 1), (2, 1), (1, 2), (2, 2), (1, 4))
DEVICES = 4

SEEDS = range(30 if COMPILED else 6)


class Draw:
    """Draws documents: ties, caches that hardly hold a request, groups without replicas."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one_of(self, *values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def stages(self, count: int, low: float, high: float) -> list[float]:
        return [float(seconds) for seconds in self.rng.uniform(low, high, count)]

    def cluster(self) -> Document:
        most_tokens = self.one_of(1, 8, 16, 64, 512, 2048)
        serving = {
            "request_overhead_s": self.one_of(0.0, 0.003),
            "stage_overhead": self.one_of(0.0, 0.01, 0.1),
            "max_num_batched_tokens": most_tokens,
            "max_num_seqs": min(most_tokens, self.one_of(1, 2, 5, 16, 256)),
            "iteration_overhead_s": self.one_of(0.0, 0.0015, 1e-9 / 3),
            "process_overhead_bytes": self.one_of(0, GB // 5),
        }
        pool = {
            "name": "n",
            "count": self.one_of(1, 2),
            "device": "d",
            "devices_per_node": DEVICES,
            "device_memory_bytes": 10 * GB,
            "reserved_memory_bytes": self.one_of(0, GB),
        }
        return {"kind": "cluster", "name": "c", "node_pools": [pool], "serving": serving}

    def llm_config(self, intra_op: int, inter_op: int) -> Document:
        rows = self.rng.choice([1, 2, 3, 8, 32, 100, 2048], self.one_of(1, 2, 4), replace=False)
        steps_s = np.sort(self.rng.uniform(0.0005, 0.02, rows.size))
        if self.one_of(False, False, True):
            steps_s = steps_s[::-1]  # the line through the last two rows falls below 0
        config = {
            "stage_weight_bytes": self.rng.integers(1, 2 * GB, inter_op).tolist(),
            "stage_kv_bytes_per_token": self.rng.integers(1, 12_000_000, inter_op).tolist(),
            "stage_step_s": {
                int(tokens): (step_s * self.rng.uniform(0.5, 1.5, inter_op)).tolist()
                for tokens, step_s in zip(np.sort(rows), steps_s, strict=True)
            },
        }
        optional = {
            "stage_working_bytes": self.rng.integers(0, GB, inter_op).tolist(),
            "stage_kv_read_s": self.stages(inter_op, 0, 1e-6),
            "stage_attention_s": self.stages(inter_op, 0, 1e-8),
        }
        config |= {key: value for key, value in optional.items() if self.one_of(True, False)}
        return {"device": "d", "intra_op": intra_op, "inter_op": inter_op, **config}

    def fixed_config(self, intra_op: int, inter_op: int) -> Document:
        return {
            "device": "d",
            "intra_op": intra_op,
            "inter_op": inter_op,
            "stage_weight_bytes": self.rng.integers(1, GB, inter_op).tolist(),
            "stage_latency_s": {1: self.stages(inter_op, 0.001, 0.05)},
        }

    def profiles(self) -> dict[str, Document]:
        configs = {
            **{name: [self.llm_config(*shape) for shape in SHAPES] for name in ("p0", "p1")},
            "fixed": [self.fixed_config(*shape) for shape in SHAPES],
        }
        return {
            name: {"kind": "model-profile", "name": name, "configs": of_name}
            for name, of_name in configs.items()
        }

    def models(self) -> list[Document]:
        models: list[Document] = []
        for m in range(self.one_of(1, 2, 3)):
            slo: Document = {"ttft_s": self.one_of(0.05, 0.5), "tpot_s": self.one_of(0.005, 0.05)}
            if self.one_of(True, False):
                del slo[self.one_of("ttft_s", "tpot_s")]
            objectives = self.one_of({"slo": slo}, {"slo_s": 2.0}, {"slo": slo, "slo_s": 5.0})
            models.append(
                {
                    "name": f"m{m}",
                    "profile": self.one_of("p0", "p1"),
                    **objectives,
                    "max_context_tokens": self.one_of(2, 10, 64, 300, 500),
                    "lengths": {"process": "constant", "input_tokens": 1, "output_tokens": 1},
                }
            )
        if self.one_of(True, False):
            models.append({"name": "x", "profile": "fixed", "slo_s": self.one_of(0.05, 0.4)})
        self.rng.shuffle(models)
        arrivals = {"process": "poisson", "rate_rps": 1.0}
        return [model | {"arrivals": arrivals} for model in models]

    def groups(self, cluster: Document, models: list[Document]) -> list[Document]:
        groups: list[Document] = []
        for node in range(cluster["node_pools"][0]["count"]):
            free = list(range(DEVICES))
            while free and self.one_of(True, True, True, False):
                intra_op, inter_op = self.one_of(*SHAPES)
                count = intra_op * inter_op
                if count > len(free):
                    continue
                of_llms = self.one_of(True, True, False)
                groups.append(
                    {
                        "name": f"g{len(groups)}",
                        "device": "d",
                        "intra_op": intra_op,
                        "inter_op": inter_op,
                        "devices": [{"node": f"n-{node}", "devices": free[:count]}],
                        "replicas": self.replicas(models, of_llms=of_llms),
                    }
                )
                del free[:count]
        return groups

    def replicas(self, models: list[Document], *, of_llms: bool) -> list[Document]:
        names = [
            model["name"]
            for model in models
            if ("max_context_tokens" in model) is of_llms and self.one_of(True, True, False)
        ]
        replicas = [{"model": str(name)} for name in self.rng.permutation(names)]
        if not of_llms or not replicas or self.one_of(True, True, False):
            return replicas
        parts = self.rng.dirichlet(np.full(len(replicas), 3.0)) * self.one_of(1.0, 0.9)
        return [
            replica | {"kv_fraction": float(part)}
            for replica, part in zip(replicas, parts, strict=True)
        ]

    def rows(self, models: list[Document]) -> list[Row]:
        gap_s = self.one_of(0.0, 0.001, 0.01, 0.05)
        rows = []
        for time_s in np.round(np.cumsum(self.rng.exponential(gap_s, 100)), 6).tolist():
            model = self.one_of(*models)
            context = model.get("max_context_tokens", 5)
            inputs = int(self.rng.integers(1, context))
            # Some are too long.
            outputs = int(self.rng.integers(1, context - inputs + self.one_of(1, 1, 1, 3) + 1))
            rows.append((time_s, model["name"], inputs, outputs))
        return rows


def assert_agrees(found: Any, expected: Any, where: str = "") -> None:
    """Compare all that is expected; there may be more."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert_agrees(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for index, value in enumerate(expected):
            assert_agrees(found[index], value, f"{where}[{index}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9), where
    else:
        assert found == expected, where


def write_documents(
    folder: Path, cluster: Document, models: list[Document], drawn: dict[str, Document]
) -> None:
    documents = {
        "cluster": cluster,
        "workload": {"kind": "workload", "name": "w", "models": models},
        **drawn,
    }
    for name, document in documents.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump({"version": 1, **document}, sort_keys=False))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_documents_come_to_what_the_oracle_says(seed: int, workspace: Workspace) -> None:
    draw = Draw(seed)
    cluster, profiles, models = draw.cluster(), draw.profiles(), draw.models()
    groups, rows = draw.groups(cluster, models), draw.rows(models)
    plan = {"kind": "placement-plan", "groups": groups}
    of_profiles = {f"profiles/{name}": profile for name, profile in profiles.items()}
    write_documents(workspace.folder, cluster, models, {"plan": plan, **of_profiles})
    lines = [f"{time_s!r},{name},{n},{o}\n" for time_s, name, n, o in rows]
    header = "arrival_s,model,input_tokens,output_tokens\n"
    (workspace.folder / "trace.csv").write_text(header + "".join(lines))
    llms = [model["name"] for model in models if "max_context_tokens" in model]
    clients = {name: draw.one_of(1, 5, 300) for name in llms if draw.one_of(True, False, False)}
    documents = Documents(cluster, models, profiles, groups, rows)
    result = workspace.run(
        *("simulate", "plan.yaml", "-c", "cluster.yaml", "-w", "workload.yaml", "-p", "profiles"),
        *("--trace", "trace.csv", "--as-recorded", "--format", "json"),
        *(f"--closed-loop={name}={count}" for name, count in clients.items()),
        exit_code=0 if documents.fits() else 2,
    )
    if result.exit_code == 0:
        assert_agrees(json.loads(result.stdout), documents.simulated(clients))
