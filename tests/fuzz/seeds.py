"""Inputs that are right, which the fuzzer starts from, and the commands that read them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tests.cli.workspace import CLUSTER, HAND_WRITTEN, INPUTS, PROFILE, WORKLOAD
from tests.fuzz.mutations import (
    mutated_bytes,
    mutated_table,
    mutated_tree,
    scaled_table,
    scaled_tree,
)

LAYERS = """\
kind: layer-profile
version: 1
name: l
device: gpu
link: {latency_s: 10us, bandwidth_bytes_per_s: 12GB}
layers:
  - name: first
    weight_bytes: 160MB
    latency_s: {1: {1: 7ms, 2: 11ms}, 2: {1: 4ms, 2: 6ms}}
    output_bytes: {1: 4MB, 2: 8MB}
    activation_bytes: {1: 20MB, 2: 40MB}
  - name: last
    weight_bytes: 80MB
    latency_s: {1: {1: 3ms, 2: 5ms}, 2: {1: 2ms, 2: 3ms}}
    output_bytes: {1: 0, 2: 0}
    activation_bytes: {1: 20MB, 2: 40MB}
"""

PROCESSES = """\
kind: workload
version: 1
name: processes
models:
  - {name: d, profile: p, slo_s: 1s, arrivals: {process: deterministic, rate_rps: 2}}
  - {name: w, profile: p, slo_scale: 4, weight: 2, arrivals: {process: weibull, rate_rps: 2, cv: 2}}
  - {name: o, profile: p, slo_s: 1s, arrivals: {process: pareto, rate_rps: 2, cv: 2}}
  - name: m
    profile: p
    slo_s: 1s
    arrivals:
      process: mmpp
      states: [{mean_duration_s: 5, rate_rps: 1}, {mean_duration_s: 2, rate_rps: 6}]
  - name: n
    count: 3
    profile: p
    slo_s: 600ms
    arrivals:
      process: gamma
      total_rate_rps: 5
      rate_distribution: power-law
      exponent: 0.5
      cv: 2
  - {name: a, profile: p, slo_s: 1s, arrivals: {process: trace, path: trace.csv}}
"""

BATCHING = CLUSTER + "serving: {max_batch_size: 4}\n"

BATCHED = PROFILE.replace(
    "{1: [100ms]}", "{1: [100ms], 3: [160ms]}\n    stage_activation_bytes: {1: [1GB], 3: [2GB]}"
).replace("{1: [50ms, 60ms]}", "{1: [50ms, 60ms], 2: [70ms, 80ms], 8: [200ms, 210ms]}")

CAPPED = HAND_WRITTEN.replace("{model: b}", "{model: b, max_batch_size: 2}")

TRACE = "arrival_s,model\n" + "".join(f"{i / 7:.3f},{'abc'[i % 3]}\n" for i in range(40))

LLMS = """\
kind: workload
version: 1
name: llms
models:
  - name: c
    profile: p
    slo: {ttft_s: 1s, tpot_s: 50ms}
    max_context_tokens: 4096
    arrivals: {process: poisson, rate_rps: 3}
    lengths: {process: constant, input_tokens: 100, output_tokens: 20}
  - name: l
    profile: p
    slo: {tpot_s: 50ms}
    slo_s: 30s
    max_context_tokens: 2048
    arrivals: {process: gamma, rate_rps: 2, cv: 3}
    lengths: {process: lognormal, input_mean: 900, input_cv: 0.8, output_mean: 90, output_cv: 2}
  - name: a
    profile: p
    slo_s: 30s
    max_context_tokens: 1000
    arrivals: {process: poisson, rate_rps: 3}
    lengths: {process: trace, path: llm-trace.csv}
  - name: b
    profile: p
    slo: {ttft_s: 2s}
    max_context_tokens: 1000
    arrivals: {process: trace, path: llm-trace.csv}
  - {name: d, profile: p, slo_s: 1s, arrivals: {process: poisson, rate_rps: 3}}
"""

LLM_TRACE = "arrival_s,model,input_tokens,output_tokens\n" + "".join(
    f"{i / 7:.3f},{'abd'[i % 3]}," + (",\n" if i % 3 == 2 else f"{17 * i + 1},{i % 9 + 1}\n")
    for i in range(40)
)

ENGINES = CLUSTER + (
    "serving: {max_num_batched_tokens: 512, max_num_seqs: 16, iteration_overhead_s: 1ms, "
    "process_overhead_bytes: 100MB}\n"
)

ENGINE = """\
kind: model-profile
version: 1
name: e
source: measured with vllm 0.11.2
configs:
  - device: gpu
    intra_op: 1
    inter_op: 1
    stage_weight_bytes: [3GB]
    stage_working_bytes: [200MB]
    stage_kv_bytes_per_token: [128kB]
    stage_step_s: {1: [5ms], 512: [20ms]}
    stage_kv_read_s: [40ns]
    stage_attention_s: [0.8ns]
  - device: gpu
    intra_op: 1
    inter_op: 2
    stage_weight_bytes: [1.5GB, 1.5GB]
    stage_kv_bytes_per_token: [64kB, 64kB]
    stage_step_s: {1: [3ms, 3ms], 64: [4ms, 5ms], 512: [11ms, 12ms]}
"""

FLEET = """\
kind: workload
version: 1
name: fleet
models:
  - name: a
    profile: e
    slo: {ttft_s: 1s, tpot_s: 50ms}
    max_context_tokens: 4096
    arrivals: {process: poisson, rate_rps: 3}
    lengths: {process: lognormal, input_mean: 300, input_cv: 1, output_mean: 20, output_cv: 1}
  - name: b
    profile: e
    slo_s: 10s
    max_context_tokens: 1000
    arrivals: {process: trace, path: llm-trace.csv}
"""

FRACTIONS = HAND_WRITTEN.replace(
    "{model: a}, {model: b}, {model: c}",
    "{model: a, kv_fraction: 0.7}, {model: b, kv_fraction: 0.3}",
)

FLEET_TRACE = "arrival_s,model,input_tokens,output_tokens\n" + "".join(
    f"{i / 7:.3f},{'ab'[i % 2]},{17 * i + 1},{i % 9 + 1}\n" for i in range(40)
)

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 1024,
    "intermediate_size": 2816,
    "num_hidden_layers": 4,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "vocab_size": 32000,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]},
}

TABLE = """\
model,device,intra_op,inter_op,batch_size,stage,latency_s,weight_bytes,activation_bytes
r,gpu,1,1,1,0,12.4ms,1.2GB,60MB
r,gpu,1,1,8,0,71ms,1.2GB,480MB
r,gpu,1,2,1,0,7ms,0.6GB,60MB
r,gpu,1,2,1,1,7ms,0.6GB,60MB
"""

ALPASERVE = """\
ModelName	BS	#Microbatch	DP	OP	PP	#GPU	StageWeights(B)	StagePeakMem(B)	StageLatencies(s)
b	1	1	1	1	1	1	[2400000000]	[2640000000]	[0.151]
b	1	1	1	1	2	2	[1310000000, 1090000000]	[1460000000, 1330000000]	[0.0757, 0.0761]
"""

MINUTES = "function,minute_0,minute_1,minute_2\nf,4,0,7\ng,1,2,3\n"
CALLS = "app,func,end_timestamp,duration\na,f,1.5,0.5\na,g,2.5,0.25\nb,f,4,1\n"
TOKENS = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,374,44\n"
WINDOWS = "600,2.5,1.2,Gamma,0.5,0.3\n1200,0,0,,0,0\n"
CSV = "timestamp,service\n2026-03-02T09:00:03.427,a\n2026-03-02T09:00:03.474,b\n"
LINES = '{"timestamp": 2.5, "model": "a", "x": {"y": [1]}}\n{"model": "b", "timestamp": "3"}\n'
SCHEDULE = """\
kind: placement-schedule
version: 1
placements:
  - start_s: 0
    groups:
      - name: left
        device: gpu
        intra_op: 1
        inter_op: 2
        devices: [{node: n-0, devices: [0, 1]}]
        replicas: [{model: a}, {model: b}]
  - start_s: 5s
    groups:
      - name: left
        device: gpu
        intra_op: 1
        inter_op: 2
        devices: [{node: n-0, devices: [0, 1]}]
        replicas: [{model: c}, {model: b}]
      - name: right
        device: gpu
        intra_op: 1
        inter_op: 1
        devices: [{node: n-0, devices: [3]}]
        replicas: [{model: a}]
routing: {dispatch: shortest-queue}
"""

MOONCAKE = '{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46]}\n'


@dataclass(frozen=True)
class Seed:
    """A file that is right.

    Parameters
    ----------
    path
        Where the commands look for it.
    text
        What is in it.
    delimiter
        Of its cells; None if it is YAML or JSON.
    """

    path: str
    text: str
    delimiter: str | None = None

    def mutated(self, rng: np.random.Generator) -> bytes:
        """Return the file with changes of its structure, of its bytes, or of both."""
        kind = int(rng.integers(8))
        data = self._changed_inside(rng) if kind else self.text.encode()
        return mutated_bytes(data, rng) if kind in (0, 1) else data

    def _changed_inside(self, rng: np.random.Generator) -> bytes:
        is_scaled = bool(rng.integers(2))
        change_tree = scaled_tree if is_scaled else mutated_tree
        if self.delimiter is not None:
            text = (scaled_table if is_scaled else mutated_table)(self.text, self.delimiter, rng)
        elif self.path.endswith(".json"):
            text = json.dumps(change_tree(json.loads(self.text), rng), indent=1)
        else:
            tree = change_tree(_loaded(self.text), rng)
            options: dict[str, Any] = {"allow_unicode": bool(rng.integers(2)), "sort_keys": False}
            text = yaml.dump(tree, Dumper=_Dumper, **options)
        return text.encode(errors="surrogatepass")


_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_TREES: dict[str, Any] = {}


def _loaded(text: str) -> Any:
    if text not in _TREES:
        _TREES[text] = yaml.safe_load(text)
    return _TREES[text]


SEEDS = {
    seed.path: seed
    for seed in (
        Seed("cluster.yaml", CLUSTER),
        Seed("workload.yaml", WORKLOAD),
        Seed("processes.yaml", PROCESSES),
        Seed("profiles/p.yaml", PROFILE),
        Seed("plan.yaml", HAND_WRITTEN),
        Seed("schedule.yaml", SCHEDULE),
        Seed("batching.yaml", BATCHING),
        Seed("batched/p.yaml", BATCHED),
        Seed("capped.yaml", CAPPED),
        Seed("layers.yaml", LAYERS),
        Seed("trace.csv", TRACE, ","),
        Seed("llms.yaml", LLMS),
        Seed("llm-trace.csv", LLM_TRACE, ","),
        Seed("engines.yaml", ENGINES),
        Seed("engines/e.yaml", ENGINE),
        Seed("fleet.yaml", FLEET),
        Seed("fractions.yaml", FRACTIONS),
        Seed("fleet-trace.csv", FLEET_TRACE, ","),
        Seed("config.json", json.dumps(CONFIG)),
        Seed("table.csv", TABLE, ","),
        Seed("alpaserve.tsv", ALPASERVE, "\t"),
        Seed("minutes.csv", MINUTES, ","),
        Seed("calls.csv", CALLS, ","),
        Seed("tokens.csv", TOKENS, ","),
        Seed("windows.csv", WINDOWS, ","),
        Seed("log.csv", CSV, ","),
        Seed("log.jsonl", LINES, " "),
        Seed("mooncake.jsonl", 2 * MOONCAKE, " "),
    )
}
"""Path -> file."""

DOCUMENTS = tuple(path for path in SEEDS if path.endswith((".yaml", "trace.csv")))
"""What `alpaplan validate` takes."""

OUTPUT = "output"
"""The file, without its ending, or the folder that a command writes."""

PLAN = ("plan", *INPUTS, "--max-evaluations", "4", "-j", "1", "-o", f"{OUTPUT}.yaml")

CLOCKWORK = ("--method", "clockwork++", "--window", "5s")

BATCHES = ("-c", "batching.yaml", "-w", "workload.yaml", "-p", "batched")

LLM_INPUTS = ("-c", "engines.yaml", "-w", "fleet.yaml", "-p", "engines")

COMMANDS: tuple[tuple[str, ...], ...] = (
    PLAN,
    ("plan", *LLM_INPUTS, *PLAN[7:]),
    ("simulate", "fractions.yaml", *LLM_INPUTS, "--duration", "5s", "--format", "json"),
    ("simulate", "fractions.yaml", *LLM_INPUTS, "--trace", "fleet-trace.csv"),
    ("simulate", "fractions.yaml", *LLM_INPUTS, "--duration", "5s", "--closed-loop", "a=3"),
    ("show", "fractions.yaml", *LLM_INPUTS),
    ("analyze", *LLM_INPUTS),
    ("profile", "show", "engines/e.yaml"),
    ("profile", "estimate", "config.json", "--device", "h100-sxm", "--serving", "continuous"),
    (*PLAN, "--trace", "trace.csv", "-q"),
    ("plan", "-c", "cluster.yaml", "-w", "processes.yaml", "-p", "profiles", *PLAN[7:]),
    ("plan", *BATCHES, *PLAN[7:]),
    ("simulate", "capped.yaml", *BATCHES, "--duration", "20s"),
    ("simulate", "plan.yaml", *INPUTS, "--duration", "20s"),
    ("simulate", "schedule.yaml", *INPUTS, "--duration", "20s"),
    ("schedule", *INPUTS, *CLOCKWORK, "--duration", "20s", "-o", f"{OUTPUT}.yaml"),
    ("schedule", *INPUTS, *CLOCKWORK, "--trace", "trace.csv", "-q", "-o", f"{OUTPUT}.yaml"),
    ("simulate", "plan.yaml", *INPUTS, "--trace", "trace.csv", "--format", "json"),
    ("simulate", "plan.yaml", *INPUTS, "--trace", "trace.csv", "--window", "2s"),
    ("compare", "plan.yaml", "plan.yaml", *INPUTS, "--duration", "20s", "--runs", "2"),
    ("show", "plan.yaml"),
    ("show", "plan.yaml", *INPUTS, "--format", "json"),
    ("show", "capped.yaml", *BATCHES, "--format", "markdown"),
    ("analyze", *INPUTS),
    ("analyze", *INPUTS, "--format", "json"),
    ("profile", "show", "profiles/p.yaml"),
    ("profile", "show", "batched/p.yaml", "--slo", "200ms"),
    ("profile", "show", "profiles/p.yaml", "--format", "json", "--batch", "1"),
    ("profile", "partition", "layers.yaml", "-o", f"{OUTPUT}.yaml"),
    ("profile", "estimate", "config.json", "--device", "h100-sxm", "--input-len", "128"),
    ("profile", "import", "table.csv", "--from", "table", "-o", OUTPUT),
    ("profile", "import", "alpaserve.tsv", "--from", "alpaserve", "-o", OUTPUT),
    ("workload", "stats", "trace.csv"),
    ("workload", "stats", "processes.yaml", "--format", "json"),
    ("workload", "fit", "trace.csv", "--profile", "p", "-o", f"{OUTPUT}.yaml"),
    ("workload", "fit", "trace.csv", "--models", "workload.yaml", "-q", "-o", f"{OUTPUT}.yaml"),
    ("workload", "generate", "processes.yaml", "--duration", "20s", "-o", f"{OUTPUT}.csv"),
    ("workload", "stats", "llm-trace.csv"),
    ("workload", "stats", "llms.yaml", "--format", "json"),
    ("workload", "fit", "llm-trace.csv", "--profile", "p", "-o", f"{OUTPUT}.yaml"),
    ("workload", "fit", "llm-trace.csv", "--models", "llms.yaml", "-o", f"{OUTPUT}.yaml"),
    ("workload", "generate", "llms.yaml", "--duration", "5s", "-o", f"{OUTPUT}.csv"),
    *(
        ("workload", "import", path, "--from", log_format, "-o", f"{OUTPUT}.csv")
        for path, log_format in (
            ("minutes.csv", "azure-functions-2019"),
            ("calls.csv", "azure-functions-2021"),
            ("tokens.csv", "azure-llm"),
            ("windows.csv", "servegen-windows"),
            ("log.csv", "csv"),
            ("log.jsonl", "jsonl"),
            ("mooncake.jsonl", "mooncake"),
        )
    ),
)
"""Commands that are right."""

PLOTS: tuple[tuple[str, ...], ...] = (
    ("workload", "stats", "trace.csv", "--plot", f"{OUTPUT}.svg"),
    ("profile", "show", "profiles/p.yaml", "--plot", f"{OUTPUT}.png"),
    ("analyze", *INPUTS, "--plot", f"{OUTPUT}.svg"),
)
"""Commands that are right, and take a second."""


def write_all(folder: Path) -> None:
    """Write all files that are not there as they should be."""
    for path, seed in SEEDS.items():
        file, data = folder / path, seed.text.encode()
        file.parent.mkdir(exist_ok=True)
        if not file.is_file() or file.read_bytes() != data:
            file.write_bytes(data)


def files_of(command: tuple[str, ...]) -> list[str]:
    """Return the files that a command reads and that can be changed."""
    named = [path for path in SEEDS if path in command]
    return [*named, "profiles/p.yaml"] if "profiles" in command else named
