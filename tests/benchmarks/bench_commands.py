"""Processor seconds of whole commands, in which starting is much of the time.

Run ``python -m tests.benchmarks.bench_commands``; with ``--against SRC`` the sources of another
version are timed in turn with these, and the ratio is the median over the pairs. The first run of
each command is not counted: it compiles.

Goals: 200,000 requests of LLMs, from the trace to JSON, within 0.67 s on one engine (300,000 a
second) and within 2 s on 8 groups of 2; help within 0.3 s.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from tests.benchmarks.bench_engines import LENGTHS, NUM_REQUESTS

REPOSITORY = Path(__file__).parents[2]

PROGRAM = "from alpaplan.cli import main; main()"

ENGINES = {
    "one engine": (["qwen3-8b"], 1, 20.0),
    "8 groups of 2": (["qwen3-8b", "llama-3.1-8b"], 8, 160.0),
}
"""Name -> models, groups of one H100 each with an engine of every model, requests per second."""


def commands(folder: Path) -> dict[str, list[str]]:
    """Return what is timed; its files are made in a folder."""
    example = REPOSITORY / "examples" / "prefill"
    inputs = ["-c", str(example / "cluster.yaml"), "-w", str(example / "workload.yaml")]
    plan = str(folder / "plan.yaml")
    found = {
        "--help": ["--help"],
        "validate": ["validate", *inputs[1::2]],
        "plan --effort low": ["plan", *inputs, "--effort", "low", "--jobs", "1", "-q", "-o", plan],
        "simulate": ["simulate", plan, *inputs, "--format", "json"],
    }
    for name, (models, num_groups, rate_rps) in ENGINES.items():
        case = folder / name
        case.mkdir()
        write_engines(case, models, num_groups, rate_rps)
        trace = str(case / "trace.csv")
        duration = f"{NUM_REQUESTS / rate_rps}s"
        run(["workload", "generate", str(case / "w.yaml"), "--duration", duration, "-o", trace])
        documents = ["-c", str(case / "c.yaml"), "-w", str(case / "w.yaml"), "--format", "json"]
        found[f"simulate, {name}"] = [
            *("simulate", str(case / "plan.yaml"), "--trace", trace),
            *documents,
        ]
    return found


def write_engines(folder: Path, models: list[str], num_groups: int, rate_rps: float) -> None:
    """Write a cluster, a workload and a plan of LLM engines."""
    pool = {
        "name": "n",
        "count": num_groups,
        "device": "h100-sxm",
        "devices_per_node": 1,
        "device_memory_bytes": "80GB",
    }
    entries = [
        {
            "name": model,
            "profile": model,
            "slo": {"ttft_s": 2, "tpot_s": 0.1},
            "max_context_tokens": 16_384,
            "lengths": LENGTHS,
            "arrivals": {"process": "poisson", "rate_rps": rate_rps / len(models)},
        }
        for model in models
    ]
    groups = [
        {
            "name": f"g{index}",
            "device": "h100-sxm",
            "intra_op": 1,
            "inter_op": 1,
            "devices": [{"node": f"n-{index}", "devices": [0]}],
            "replicas": [{"model": model} for model in models],
        }
        for index in range(num_groups)
    ]
    documents = {
        "c": {
            "kind": "cluster",
            "name": "c",
            "node_pools": [pool | {"device_memory_bytes": "80GB"}],
        },
        "w": {"kind": "workload", "name": "w", "models": entries},
        "plan": {"kind": "placement-plan", "groups": groups},
    }
    for name, document in documents.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"version": 1, **document}))


def run(arguments: list[str], sources: Path = REPOSITORY / "src") -> float:
    """Run a command of the sources in a folder; return its processor seconds."""
    environment = {**os.environ, "PYTHONPATH": str(sources)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as it is where the program is installed
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=environment,
        check=True,
        capture_output=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Time all commands, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, metavar="SRC", help="sources of another version")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    versions = [REPOSITORY / "src", *([arguments.against] if arguments.against else [])]
    with tempfile.TemporaryDirectory() as folder:
        for name, command in commands(Path(folder)).items():
            for sources in versions:
                run(command, sources)
            rounds = [[run(command, each) for each in versions] for _ in range(arguments.runs)]
            times = [statistics.median(column) for column in zip(*rounds, strict=True)]
            ratio = statistics.median(row[0] / row[-1] for row in rounds)
            shown = "  ".join(f"{seconds:.3f} s" for seconds in times)
            print(f"{name:25}{shown}  {ratio:.2f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
