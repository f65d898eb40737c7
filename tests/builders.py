"""Small documents and problems for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from alpaplan.problem import PlacementProblem
from alpaplan.problem.build import build_problem
from alpaplan.specs.arrivals import ArrivalsSpec
from alpaplan.specs.cluster import ClusterSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.workload import WorkloadSpec

GB = 10**9


def cluster(*pools: Mapping[str, object], name: str = "cluster", **serving: object) -> ClusterSpec:
    """Return a cluster of the given pools; without any, one node of 4 devices of 10 GB."""
    return ClusterSpec.model_validate(
        {
            "kind": "cluster",
            "version": 1,
            "name": name,
            "node_pools": list(pools) or [pool()],
            "serving": serving,
        }
    )


def pool(
    name: str = "n",
    count: int = 1,
    devices_per_node: int = 4,
    memory: int = 10 * GB,
    device: str = "gpu",
    **more: object,
) -> dict[str, object]:
    """Return a node pool; `more` are further keys."""
    return {
        **more,
        "name": name,
        "count": count,
        "device": device,
        "devices_per_node": devices_per_node,
        "device_memory_bytes": memory,
    }


def profile(
    name: str = "p",
    latency_s: float = 0.1,
    weight_bytes: int = 4 * GB,
    shapes: Sequence[tuple[int, int]] = ((1, 1), (1, 2), (2, 1), (1, 4), (2, 2)),
    device: str = "gpu",
    activation_bytes: int = 0,
    batch_sizes: Sequence[int] = (1,),
) -> ModelProfileSpec:
    """Return a profile whose work and weights divide evenly, with nothing lost to parallelism.

    A batch of n takes (n + 1) / 2 times as long as one request, and n times its working memory.
    """
    configs = [
        {
            "device": device,
            "intra_op": intra_op,
            "inter_op": inter_op,
            "stage_weight_bytes": [weight_bytes // (intra_op * inter_op)] * inter_op,
            "stage_latency_s": {
                size: [latency_s / (intra_op * inter_op) * (size + 1) / 2] * inter_op
                for size in batch_sizes
            },
            "stage_activation_bytes": {
                size: [activation_bytes * size] * inter_op for size in batch_sizes
            },
        }
        for intra_op, inter_op in shapes
    ]
    return ModelProfileSpec.model_validate(
        {"kind": "model-profile", "version": 1, "name": name, "configs": configs}
    )


def staged_profile(
    name: str, *configs: tuple[int, Sequence[float], Sequence[int]]
) -> ModelProfileSpec:
    """Return a profile of (intra_op, stage latencies, stage weights in GB) for each config."""
    return ModelProfileSpec.model_validate(
        {
            "kind": "model-profile",
            "version": 1,
            "name": name,
            "configs": [
                {
                    "device": "gpu",
                    "intra_op": intra_op,
                    "inter_op": len(latencies),
                    "stage_weight_bytes": [weight * GB for weight in weights],
                    "stage_latency_s": {1: latencies},
                }
                for intra_op, latencies, weights in configs
            ],
        }
    )


def llm_profile(
    name: str = "llm",
    step_s: Mapping[int, float] = MappingProxyType({1: 0.01, 101: 0.02}),
    weight_bytes: int = 4 * GB,
    working_bytes: int = 0,
    kv_bytes_per_token: int = 400_000,
    kv_read_s: float = 0.0,
    attention_s: float = 0.0,
    shapes: Sequence[tuple[int, int]] = ((1, 1), (1, 2), (2, 1), (1, 4), (2, 2)),
    device: str = "gpu",
) -> ModelProfileSpec:
    """Return a profile of an LLM that divides evenly, but for its working memory."""
    configs = [
        {
            "device": device,
            "intra_op": intra_op,
            "inter_op": inter_op,
            "stage_weight_bytes": [weight_bytes // (intra_op * inter_op)] * inter_op,
            "stage_working_bytes": [working_bytes] * inter_op,
            "stage_kv_bytes_per_token": [kv_bytes_per_token // (intra_op * inter_op)] * inter_op,
            "stage_step_s": {
                tokens: [seconds / (intra_op * inter_op)] * inter_op
                for tokens, seconds in step_s.items()
            },
            "stage_kv_read_s": [kv_read_s / (intra_op * inter_op)] * inter_op,
            "stage_attention_s": [attention_s / (intra_op * inter_op)] * inter_op,
        }
        for intra_op, inter_op in shapes
    ]
    return ModelProfileSpec.model_validate(
        {"kind": "model-profile", "version": 1, "name": name, "configs": configs}
    )


def workload(*models: Mapping[str, object]) -> WorkloadSpec:
    """Return a workload of the given entries."""
    return WorkloadSpec.model_validate(
        {"kind": "workload", "version": 1, "name": "workload", "models": list(models)}
    )


def arrivals(**document: object) -> ArrivalsSpec:
    """Return an arrival process."""
    return workload(model(arrivals=document)).models[0].arrivals


def model(
    name: str = "m", profile: str = "p", rate_rps: float = 1.0, **more: object
) -> dict[str, object]:
    """Return a workload entry with Poisson arrivals and an SLO of 1 s, unless told otherwise."""
    entry: dict[str, object] = {
        "name": name,
        "profile": profile,
        "arrivals": {"process": "poisson", "rate_rps": rate_rps},
    }
    if "slo_scale" not in more:
        entry["slo_s"] = 1.0
    return entry | more


def llm_model(
    name: str = "chat", profile: str = "llm", rate_rps: float = 1.0, **more: object
) -> dict[str, object]:
    """Return an LLM's entry with Poisson arrivals of equal requests, unless told otherwise."""
    entry: dict[str, object] = {
        "name": name,
        "profile": profile,
        "slo": {"ttft_s": 1.0, "tpot_s": 0.1},
        "max_context_tokens": 1000,
        "arrivals": {"process": "poisson", "rate_rps": rate_rps},
        "lengths": {"process": "constant", "input_tokens": 100, "output_tokens": 51},
    }
    return {key: value for key, value in (entry | more).items() if value is not None}


def problem(
    models: Sequence[Mapping[str, object]] = (),
    profiles: Sequence[ModelProfileSpec] = (),
    on: ClusterSpec | None = None,
) -> PlacementProblem:
    """Return a problem; by default one model on one node of 4 devices."""
    by_name = {item.name: item for item in (profiles or [profile()])}
    return build_problem(on or cluster(), workload(*(models or [model()])), by_name)
