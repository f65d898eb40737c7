"""The batch size of the largest throughput within an objective."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.profiling import best_batch as module
from alpaplan.profiling.batch_sizes import batch_latency_s, slowest_stage_s
from alpaplan.profiling.best_batch import best_batch
from alpaplan.specs.profile import ProfiledConfig
from tests.profiling.configs import config, configs

GB = 10**9
ONE_STAGE = config(1, {1: [0.1], 4: [0.2], 16: [0.9]}, {1: [GB], 4: [4 * GB], 16: [9 * GB]})


@pytest.mark.parametrize(
    ("slo_s", "size", "latency_s", "throughput_rps", "memory_bytes"),
    [(1.0, 4, 0.2, 20.0, 5 * GB), (0.17, 3, 1 / 6, 18.0, 4 * GB), (0.1, 1, 0.1, 10.0, 2 * GB)],
)
def test_one_stage_by_hand(
    slo_s: float, size: int, latency_s: float, throughput_rps: float, memory_bytes: int
) -> None:
    found = best_batch(ONE_STAGE, slo_s)
    assert found is not None
    assert found.to_json_dict() == {
        "batch_size": size,
        "interpolated": size == 3,
        "latency_s": pytest.approx(latency_s),
        "throughput_rps": pytest.approx(throughput_rps),
        "memory_bytes": memory_bytes,
    }


def test_an_objective_below_every_latency_has_no_best_batch() -> None:
    assert best_batch(ONE_STAGE, 0.0999) is None


def test_the_slowest_stage_makes_the_throughput_and_all_of_them_the_latency() -> None:
    pipeline = config(1, {1: [0.1, 0.3], 2: [0.2, 0.5], 3: [0.8, 0.7]})
    found = best_batch(pipeline, 0.7)
    assert found is not None
    assert (found.batch_size, found.latency_s, found.throughput_rps) == (2, 0.7, 4.0)
    larger = best_batch(pipeline, 1.5)
    assert larger is not None
    assert larger.batch_size == 2  # three in 0.8 s are fewer


def test_of_equal_throughputs_the_smallest_batch_keeps_requests_waiting_least() -> None:
    found = best_batch(config(1, {1: [0.125], 2: [0.25], 4: [0.5]}), 1.0)
    assert found is not None
    assert found.batch_size == 1


def test_a_larger_batch_may_be_in_time_where_a_smaller_one_is_not() -> None:
    found = best_batch(config(1, {1: [0.4], 2: [0.1], 3: [0.4]}), 0.2)
    assert found is not None
    assert found.batch_size == 2


def test_of_the_largest_sizes_only_profiled_ones_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TRIED", 3)
    sizes = {1: [0.1], 5: [0.11], 9: [0.12]}
    tried = [best_batch(config(1, sizes), slo_s) for slo_s in (0.103, 0.106, 0.119, 0.12)]
    assert [found and found.batch_size for found in tried] == [2, 3, 5, 9]


@given(configs().filter(lambda item: max(item.stage_latency_s) < 500), st.floats(1e-6, 1e4))
def test_no_size_in_time_has_a_larger_throughput(item: ProfiledConfig, slo_s: float) -> None:
    sizes = range(1, max(item.stage_latency_s) + 1)
    in_time = [size for size in sizes if batch_latency_s(item, size) <= slo_s]
    found = best_batch(item, slo_s)
    assert (found is None) == (not in_time)
    if found is not None:
        assert found.batch_size in in_time
        assert found.throughput_rps == max(n / slowest_stage_s(item, n) for n in in_time)
        assert found.is_interpolated == (found.batch_size not in item.stage_latency_s)
