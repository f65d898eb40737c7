"""How long cutting a model into stages takes. Run: ``pytest tests/benchmarks/bench_cuts.py``.

Goal on one core: below 1 s for 1,000 layers into 64 stages, however the layers are (0.03 to 0.2 s;
0.1 to 1.1 s for all of 1 to 64), and below 2 s for the whole command on a document of 1,000 layers,
two batch sizes and four intra-op parallelisms (0.7 s).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from pytest_benchmark.fixture import BenchmarkFixture

from alpaplan.cli import main
from alpaplan.files.profile_yaml import profile_to_yaml
from alpaplan.profiling.chain import LayerChain
from alpaplan.profiling.cuts import best_cuts, smallest_memory_bytes
from alpaplan.specs.layers import LayerProfileSpec
from tests.benchmarks.bench_simulator import repeat

NUM_LAYERS = 1000
LIMIT_BYTES = 1_200_000_000
INTRA_OPS = (1, 2, 4, 8)


def chain(kind: str) -> LayerChain:
    """Return layers of some milliseconds, with few ways to cut them well or with very many."""
    rng = np.random.default_rng(0)
    work_ps = np.full(NUM_LAYERS, 7 * 10**9)
    send_ps = np.full(NUM_LAYERS - 1, 10**8)
    if kind == "lognormal":
        work_ps = (7e9 * rng.lognormal(0, 1, NUM_LAYERS)).astype(np.int64) + 1
        send_ps = (1e9 * rng.lognormal(0, 1, NUM_LAYERS - 1)).astype(np.int64)
    elif kind == "one heavy":  # it alone is the longest stage, and all others may be cut anywhere
        work_ps[NUM_LAYERS // 2] = 7 * 10**12
    elif kind == "light half":
        work_ps[: NUM_LAYERS // 2] = 7 * 10**6
    weight_bytes = rng.integers(10**7, 10**8, NUM_LAYERS)
    return LayerChain(
        2,
        np.concatenate([[0], np.cumsum(work_ps)]),
        np.concatenate([[0], send_ps, [0]]),
        np.concatenate([[0], np.cumsum(weight_bytes)]),
        rng.integers(10**7, 10**8, NUM_LAYERS),
    )


@pytest.mark.parametrize("limit_bytes", [None, LIMIT_BYTES], ids=["", "limit"])
@pytest.mark.parametrize(
    "counts", [(64,), range(1, 65), (1, 2, 4, 8, 16)], ids=["64", "1 to 64", "default"]
)
@pytest.mark.parametrize("kind", ["equal", "lognormal", "one heavy", "light half"])
def test_cuts(
    benchmark: BenchmarkFixture, kind: str, counts: tuple[int, ...], limit_bytes: int | None
) -> None:
    layers = chain(kind)

    def run() -> None:
        found = best_cuts(layers, counts, limit_bytes)
        assert set(found) <= set(counts)
        assert limit_bytes is not None or set(found) == set(counts)

    repeat(benchmark, run, rounds=3)


def test_least_memory(benchmark: BenchmarkFixture) -> None:
    layers = chain("equal")

    def run() -> None:
        assert smallest_memory_bytes(layers, (64,))[64] > 10**8

    repeat(benchmark, run, rounds=3)


def test_command(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    work = chain("lognormal")
    latencies_s = np.diff(work.work_ps) / 1e12
    layers = [
        {
            "name": f"layer-{index}",
            "weight_bytes": int(weight_bytes),
            "latency_s": {t: {1: latency_s / t, 8: 5 * latency_s / t} for t in INTRA_OPS},
            "output_bytes": {1: 10**7, 8: 8 * 10**7},
            "activation_bytes": {1: 10**8, 8: 8 * 10**8},
        }
        for index, (latency_s, weight_bytes) in enumerate(
            zip(latencies_s.tolist(), np.diff(work.weight_bytes), strict=True)
        )
    ]
    document = {
        "kind": "layer-profile",
        "version": 1,
        "name": "large",
        "device": "gpu",
        "link": {"latency_s": 1e-5, "bandwidth_bytes_per_s": 10**10},
        "layers": layers,
    }
    path = tmp_path / "layers.yaml"
    path.write_text(profile_to_yaml(LayerProfileSpec.model_validate(document)))
    arguments = ["profile", "partition", str(path), "--memory-limit", "80GB"]

    def run() -> None:
        result = CliRunner().invoke(main, [*arguments, "-o", str(tmp_path / "made.yaml")])
        assert result.exit_code == 0

    repeat(benchmark, run, rounds=3)
