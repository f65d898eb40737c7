"""One valid document of each kind that uses every optional part, for tests to bend."""

from __future__ import annotations

from pathlib import Path

from alpaplan.files.document import Document, load_document
from alpaplan.specs.workload import WorkloadSpec

CLUSTER = """\
kind: cluster
version: 1
name: c
node_pools:
  - name: p3
    count: 2
    device: v100-16gb
    devices_per_node: 8
    device_memory_bytes: 16GiB
    reserved_memory_bytes: 3GiB
  - {name: g4, count: 1, device: t4, devices_per_node: 1, device_memory_bytes: 16e9}
serving:
  dispatch: earliest-finish
  request_overhead_s: 1ms
  stage_overhead: 0.01
  max_batch_size: 4
"""

WORKLOAD = """\
kind: workload
version: 1
name: w
models:
  - {name: a, profile: p, slo_s: 0.5, arrivals: {process: poisson, rate_rps: 1}}
  - {name: b, profile: p, slo_s: 500ms, arrivals: {process: deterministic, rate_rps: 0.5}}
  - name: c
    count: 3
    profile: p
    slo_scale: 5
    weight: 2
    arrivals:
      process: gamma
      total_rate_rps: 1e1
      rate_distribution: power-law
      exponent: 0.5
      cv: 4
  - {name: d, profile: p, slo_s: 1, arrivals: {process: weibull, rate_rps: 1, shape: 0.5}}
  - {name: e, profile: p, slo_s: 1, arrivals: {process: pareto, rate_rps: 1, cv: 2}}
  - name: f
    profile: p
    slo_s: 1
    arrivals:
      process: mmpp
      states: [{rate_rps: 1, mean_duration_s: 1min}, {rate_rps: 0, mean_duration_s: 10}]
  - name: g
    profile: p
    slo_s: 1
    arrivals:
      process: piecewise
      windows:
        - {duration_s: 1h, arrivals: {process: poisson, rate_rps: 2}}
        - {duration_s: 1h}
"""

MODEL_PROFILE = """\
kind: model-profile
version: 1
name: p
source: measured by nobody
configs:
  - device: v100-16gb
    intra_op: 1
    inter_op: 2
    stage_weight_bytes: [0.6GB, 600000000]
    stage_latency_s: {1: [0.038, 39ms], 2: [0.059, 0.060]}
    stage_activation_bytes: {1: [1MB, 0], 2: [2MB, 0]}
    stages: [{layers: [0, 11]}, {layers: [12, 23]}]
"""

LAYER_PROFILE = """\
kind: layer-profile
version: 1
name: l
source: measured by nobody
device: v100-16gb
link: {latency_s: 10us, bandwidth_bytes_per_s: 12GB}
layers:
  - name: block-0
    weight_bytes: 160MB
    latency_s: {1: {1: 7.4ms, 2: 11ms}, 2: {1: 4.1ms, 2: 6.0ms}}
    output_bytes: {1: 4MB, 2: 8MB}
    activation_bytes: {1: 20MB, 2: 40MB}
"""

DEVICE = """\
kind: device
version: 1
name: d
source: measured by nobody
generation: hopper
memory_bytes: 96GiB
memory_bytes_per_s: 4TB
peak_flops: {fp32: 44e12, fp16: 148e12, bf16: 1.48e14, fp8: 296000000000000}
link: {bandwidth_bytes_per_s: 450GB, latency_s: 1us, shared: false}
"""

PLAN = """\
kind: placement-plan
version: 1
provenance:
  alpaplan: '0.1.0'
  method: auto
  seed: 0
  inputs:
    - role: cluster
      path: cluster.yaml
      sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
prediction:
  slo_attainment: 0.98
  confidence_interval_95: [0.97, 0.99]
groups:
  - name: g0
    device: v100-16gb
    intra_op: 2
    inter_op: 2
    devices:
      - {node: p3-0, devices: [0, 1, 2, 3]}
    replicas:
      - {model: a, stages: [{layers: [0, 11]}, {layers: [12, 23]}], max_batch_size: 2}
unused_devices:
  - {node: p3-0, devices: [4, 5, 6, 7]}
routing: {dispatch: shortest-queue}
models:
  - {name: a, profile: p, slo_s: 0.5, groups: [g0]}
"""

SCHEDULE = """\
kind: placement-schedule
version: 1
placements:
  - start_s: 0
    groups:
      - name: g0
        device: gpu
        intra_op: 1
        inter_op: 2
        devices:
          - {node: n-0, devices: [0, 1]}
        replicas:
          - {model: a}
  - start_s: 1h
    groups:
      - name: g0
        device: gpu
        intra_op: 1
        inter_op: 2
        devices:
          - {node: n-0, devices: [0, 1]}
        replicas:
          - {model: b, max_batch_size: 2}
          - {model: a}
routing: {dispatch: earliest-finish}
"""

EXPORT_MODELS = """\
kind: export-models
version: 1
models:
  a:
    source: example/a
    revision: main
    max_model_len: 4096
    kv_cache_bytes: 500MiB
    num_layers: 22
    first_block: 1
    args: [--dtype, bfloat16]
    env: {HF_HUB_OFFLINE: '1'}
  p: {source: /models/p}
"""

EXPORT_NODES = """\
kind: export-nodes
version: 1
nodes:
  p3-0: {address: 10.0.0.4, hostname: gpu-a, devices: {0: GPU-8bef, 1: GPU-fe45}}
  p3-1: {address: gpu-b.example}
"""

EXAMPLES = {
    "cluster": CLUSTER,
    "workload": WORKLOAD,
    "model-profile": MODEL_PROFILE,
    "layer-profile": LAYER_PROFILE,
    "device": DEVICE,
    "placement-plan": PLAN,
    "placement-schedule": SCHEDULE,
    "export-models": EXPORT_MODELS,
    "export-nodes": EXPORT_NODES,
}
"""Kind -> valid text of that kind."""


def recorded_workload(folder: Path, *models: tuple[str, str]) -> Document[WorkloadSpec]:
    """Write and load a workload of models, each given by its name and the path of its trace."""
    path = folder / "workload.yaml"
    rows = [
        f"  - name: {name}\n    profile: p\n    slo_s: 1\n"
        f"    arrivals: {{process: trace, path: {trace}}}\n"
        for name, trace in models
    ]
    path.write_text("kind: workload\nversion: 1\nname: w\nmodels:\n" + "".join(rows))
    return load_document(path, WorkloadSpec)
