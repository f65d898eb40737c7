"""What stubs decide is what is simulated."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from alpaplan.problem.replica_times import replica_times
from alpaplan.simulator import Simulator
from alpaplan.verification.stub_queue import StubQueue, StubReplica, Waiting
from tests.simulator.batched_cases import random_batched_case
from tests.simulator.cases import Case, random_case


def stub_latencies(case: Case, group: NDArray[np.int32]) -> list[float]:
    """Return the latency of each request if it is sent to a group; NaN if it is rejected."""
    names = case.problem.model_names
    queues = [
        StubQueue(
            {
                model: StubReplica(times.slo_s, times.stages_s.tolist(), times.overhead_s)
                for model, times in of_group.items()
            }
        )
        for of_group in replica_times(case.problem, case.placement)
    ]
    latency_s = [math.nan] * case.trace.num_requests
    arrivals = zip(case.trace.arrival_s.tolist(), case.trace.model.tolist(), strict=True)
    for number, (arrival_s, model) in enumerate(arrivals):
        if group[number] < 0:
            continue
        queue = queues[group[number]]
        note(queue, arrival_s, latency_s, before=True)
        queue.arrive(Waiting(number, names[model], arrival_s))
    for queue in queues:
        note(queue, math.inf, latency_s)
        assert queue.next_start_s() is None
    return latency_s


def note(queue: StubQueue, now_s: float, latency_s: list[float], *, before: bool = False) -> None:
    for batch in queue.started(now_s, before=before):
        for member in batch.members:
            latency_s[member.number] = batch.finish_s - member.arrival_s


@pytest.mark.parametrize("make", [random_case, random_batched_case])
@pytest.mark.parametrize("seed", range(5))
def test_requests_have_the_fates_of_a_simulation(
    seed: int, make: Callable[[np.random.Generator, int], Case]
) -> None:
    case = make(np.random.default_rng(seed), 300)
    replay = Simulator(case.problem, case.trace).replay(case.placement)
    found = stub_latencies(case, replay.group)
    assert 0 < np.isnan(replay.latency_s).sum() < case.trace.num_requests
    np.testing.assert_allclose(found, replay.latency_s, rtol=1e-9)


def test_a_request_that_would_be_late_changes_nothing() -> None:
    queue = StubQueue({"a": StubReplica(1.0, [[0.625]], 0.0)})
    assert queue.arrive(Waiting(0, "a", 0.0))
    (first,) = queue.started(0.125, before=True)
    assert (first.members[0].number, first.finish_s) == (0, 0.625)
    assert not queue.arrive(Waiting(1, "a", 0.125))
    assert queue.next_start_s() is None
    assert queue.arrive(Waiting(2, "a", 0.5))
    assert queue.next_start_s() == 0.625


def test_stages_are_scheduled_from_when_they_are_free_and_not_from_when_one_looks() -> None:
    queue = StubQueue({"a": StubReplica(100.0, [[1.0, 2.0]], 0.5)})
    for number in range(3):
        queue.arrive(Waiting(number, "a", 0.0))
    finishes = [batch.finish_s for batch in queue.started(50.0)]
    assert finishes == [3.5, 5.5, 7.5]
