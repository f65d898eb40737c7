"""How many requests a second the simulator does where requests run in batches.

Run with ``pytest tests/benchmarks/bench_batching.py``; the numbers, in processor time, are also in
the ``extra_info`` of ``--benchmark-json``. Goal on one core, for 60 models of 3 replicas each on 8
groups of 4 stages and batches of up to 8: 2 million requests/s with either dispatch rule. The load
is relative to what the groups serve without batches; half of a request's latency is of the batch,
the other half for each of its requests.
"""

from __future__ import annotations

from time import process_time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alpaplan.simulator import Simulator
from alpaplan.specs.choices import Dispatch
from tests.benchmarks.bench_simulator import realistic_case, repeat
from tests.simulator.batched_cases import growing
from tests.simulator.cases import RULES, Case

CAP = 8


def measure(benchmark: BenchmarkFixture, case: Case) -> None:
    simulator = Simulator(case.problem, case.trace)
    seconds: list[float] = []

    def timed_run() -> None:
        start_s = process_time()
        simulator.evaluate(case.placement)
        seconds.append(process_time() - start_s)

    repeat(benchmark, timed_run, rounds=5)
    replay = simulator.replay(case.placement)
    assert replay.batch_size is not None
    sizes = replay.batch_size[replay.batch_size > 0]
    benchmark.extra_info["requests"] = case.trace.num_requests
    benchmark.extra_info["slo_attainment"] = round(replay.evaluation.slo_attainment, 3)
    benchmark.extra_info["requests_per_batch"] = round(sizes.size / float((1 / sizes).sum()), 2)
    benchmark.extra_info["batch_of_a_request"] = round(float(np.mean(sizes)), 2)
    rate = case.trace.num_requests / min(seconds) / 1e6
    benchmark.extra_info["million_requests_per_s_best"] = round(rate, 1)
    print(f"\n{benchmark.name}: {benchmark.extra_info}")  # noqa: T201


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("cv", "load"), [(4.0, 0.7), (4.0, 1.1), (4.0, 2.0), (1.0, 1.5)])
def test_evaluate(benchmark: BenchmarkFixture, rule: Dispatch, cv: float, load: float) -> None:
    case = realistic_case(num_requests=1_000_000, cv=cv, load=load).ruled_by(rule)
    measure(benchmark, growing(case, CAP, fixed_part=0.5))


@pytest.mark.parametrize("rule", RULES)
def test_long_queues(benchmark: BenchmarkFixture, rule: Dispatch) -> None:
    """Objectives four times as long, so that many batches wait that each request may change."""
    case = realistic_case(num_requests=1_000_000, cv=4.0, load=2.0, slo_scale=20).ruled_by(rule)
    measure(benchmark, growing(case, CAP, fixed_part=0.5))
