from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import SpecError
from alpaplan.specs.workload import ServedModel, WorkloadSpec
from alpaplan.workload.sampling import expected_rate_rps, merge_traces, sample_trace
from alpaplan.workload.trace import Trace
from tests import builders
from tests.workload.statistics import assert_mean

GAMMA = {"process": "gamma", "rate_rps": 3.0, "cv": 4.0}
POISSON = {"process": "poisson", "rate_rps": 5.0}
RECORDED = {"process": "trace", "path": "requests.csv"}


def served(*arrivals: dict[str, Any], count: int | None = None) -> tuple[ServedModel, ...]:
    """Models m0, m1, ... with these arrivals."""
    entries = [
        {"name": f"m{index}", "profile": "p", "slo_s": 1, "arrivals": own, "count": count}
        for index, own in enumerate(arrivals)
    ]
    document = {"kind": "workload", "version": 1, "name": "w", "models": entries}
    return WorkloadSpec.model_validate(document).served_models()


def times_of(trace: Trace, model: int) -> list[float]:
    return [float(time) for time in trace.arrival_s[trace.model == model]]


def test_a_sample_is_sorted_and_indexes_the_models_in_order() -> None:
    models = served(GAMMA, RECORDED, POISSON)
    trace = sample_trace(models, 50.0, np.random.default_rng(0))
    assert trace.model_names == ("m0", "m1", "m2")
    assert trace.duration_s == 50.0
    assert trace.arrival_s.dtype == np.float64
    assert trace.model.dtype == np.int32
    assert np.all(np.diff(trace.arrival_s) >= 0)
    counts = trace.requests_per_model()
    assert counts[0] > 0
    assert counts[1] == 0
    assert counts[2] > 0
    assert counts.sum() == trace.num_requests


def test_equal_times_are_in_model_order() -> None:
    regular = {"process": "deterministic", "rate_rps": 1.0}
    trace = sample_trace(served(regular, count=100), 2.0, np.random.default_rng(0))
    assert trace.arrival_s.tolist() == [0.5] * 100 + [1.5] * 100
    assert trace.model.tolist() == [*range(100), *range(100)]


def test_equal_processes_do_not_share_their_arrivals() -> None:
    trace = sample_trace(served(GAMMA, GAMMA), 50.0, np.random.default_rng(0))
    assert not set(times_of(trace, 0)) & set(times_of(trace, 1))


@pytest.mark.parametrize(
    "changed",
    [
        {"process": "gamma", "rate_rps": 90.0, "cv": 0.5},
        {"process": "mmpp", "states": [{"rate_rps": 9, "mean_duration_s": 1}]},
        {"process": "piecewise", "windows": [{"duration_s": 2, "arrivals": POISSON}]},
        RECORDED,
    ],
)
def test_a_change_to_one_model_leaves_the_others_as_they_are(changed: dict[str, Any]) -> None:
    before = sample_trace(served(GAMMA, POISSON, GAMMA), 50.0, np.random.default_rng(7))
    after = sample_trace(served(GAMMA, changed, GAMMA), 50.0, np.random.default_rng(7))
    for model in (0, 2):
        assert times_of(before, model) == times_of(after, model)
    assert times_of(before, 1) != times_of(after, 1)


def test_more_models_at_the_end_leave_the_others_as_they_are() -> None:
    few = sample_trace(served(GAMMA, POISSON), 50.0, np.random.default_rng(7))
    more = sample_trace(served(GAMMA, POISSON, GAMMA), 50.0, np.random.default_rng(7))
    assert times_of(few, 1) == times_of(more, 1)


def test_the_seed_decides_the_sample() -> None:
    first, same, other = (
        sample_trace(served(GAMMA, POISSON), 50.0, np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first.arrival_s, same.arrival_s)
    assert np.array_equal(first.model, same.model)
    assert not np.array_equal(first.arrival_s, other.arrival_s)


@given(
    total=st.floats(1e-3, 1e6),
    count=st.integers(1, 50),
    exponent=st.floats(0, 3),
)
def test_shares_of_a_power_law_add_up_and_fall_as_it_says(
    total: float, count: int, exponent: float
) -> None:
    arrivals = POISSON | {
        "rate_rps": None,
        "total_rate_rps": total,
        "rate_distribution": "power-law",
        "exponent": exponent,
    }
    rates = expected_rate_rps(served(arrivals, count=count))
    assert rates.sum() == pytest.approx(total)
    assert rates / rates[0] == pytest.approx((np.arange(count) + 1.0) ** -exponent)


@pytest.mark.parametrize("distribution", [{}, {"rate_distribution": "uniform"}])
def test_uniform_shares_are_equal(distribution: dict[str, str]) -> None:
    shared = {"process": "gamma", "total_rate_rps": 20.0, "cv": 4.0, **distribution}
    windows = {"process": "piecewise", "windows": [{"duration_s": 5, "arrivals": shared}]}
    rates = expected_rate_rps(served(shared, windows, count=8))
    assert rates == pytest.approx(np.full(16, 2.5))


def test_expected_rate_is_unknown_for_recorded_arrivals() -> None:
    rates = expected_rate_rps(served(GAMMA, RECORDED))
    assert rates[0] == 3.0
    assert np.isnan(rates[1])
    assert expected_rate_rps(()).shape == (0,)


def test_sampled_counts_match_the_expected_rates() -> None:
    shared = {
        "process": "gamma",
        "total_rate_rps": 40.0,
        "cv": 4.0,
        "rate_distribution": "power-law",
        "exponent": 0.5,
    }
    models = served(shared, count=10)
    rng = np.random.default_rng(41)
    counts = np.array(
        [sample_trace(models, 5.0, rng).requests_per_model() for _ in range(800)], dtype=np.float64
    )
    for column, rate_rps in zip(counts.T, expected_rate_rps(models), strict=True):
        assert_mean(column, float(rate_rps) * 5.0)


def test_no_models_leave_an_empty_trace() -> None:
    trace = sample_trace((), 5.0, np.random.default_rng(0))
    assert (trace.num_requests, trace.model_names, trace.duration_s) == (0, (), 5.0)


def _issues(models: Sequence[ServedModel]) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(SpecError) as caught:
        sample_trace(models, 100.0, np.random.default_rng(0))
    assert caught.value.role == "workload"
    return [(issue.where, issue.message) for issue in caught.value.issues]


def test_an_entry_with_too_many_arrivals_is_named_once() -> None:
    huge = {"process": "poisson", "rate_rps": 1e9}
    assert _issues(served(GAMMA, huge, count=3)) == [
        (
            ("models", 1, "arrivals"),
            "must be at most 22,000,000 arrivals, found about 1e+11",
        )
    ]


def test_too_many_arrivals_of_all_models_together_are_refused() -> None:
    large = {"process": "poisson", "rate_rps": 1e5}
    assert _issues(served(large, large, large)) == [
        (("models",), "must be at most 22,000,000 arrivals together, found about 3e+07")
    ]


def test_too_many_windows_are_refused_at_their_entry() -> None:
    windows = {"process": "piecewise", "windows": [{"duration_s": "1us", "arrivals": POISSON}]}
    ((where, message),) = _issues(served(GAMMA, windows))
    assert where == ("models", 1, "arrivals")
    assert "windows, found about 1e+08 within 100 s" in message


def _trace(times: list[float], model: list[int], names: tuple[str, ...] = ("a", "b")) -> Trace:
    return Trace(np.array(times, dtype=np.float64), np.array(model, dtype=np.int32), names, 9.0)


def test_merge_keeps_all_arrivals_and_ties_in_the_order_given() -> None:
    merged = merge_traces([_trace([1.0, 2.0], [1, 1]), _trace([0.5, 1.0, 9.0], [0, 0, 0])], 10.0)
    assert merged.arrival_s.tolist() == [0.5, 1.0, 1.0, 2.0, 9.0]
    assert merged.model.tolist() == [0, 1, 0, 1, 0]
    assert merged.model.dtype == np.int32
    assert merged.model_names == ("a", "b")
    assert merged.duration_s == 10.0


def test_only_traces_of_the_same_models_merge() -> None:
    with pytest.raises(ValueError, match="same models"):
        merge_traces([_trace([1.0], [0]), _trace([1.0], [0], ("b", "a"))], 10.0)
    with pytest.raises(ValueError, match="at least one"):
        merge_traces([], 10.0)


def test_a_cold_start_brings_the_bursts_of_all_models_together_at_time_0() -> None:
    arrivals = {"process": "gamma", "total_rate_rps": 200.0, "cv": 4.0}
    models = builders.workload(builders.model(count=100, arrivals=arrivals)).served_models()
    rng = np.random.default_rng(1)
    steady = sample_trace(models, 300.0, rng)
    cold = sample_trace(models, 300.0, rng, cold_start=True)
    first_second = [int(np.searchsorted(trace.arrival_s, 1.0)) for trace in (steady, cold)]
    assert first_second[1] > 3 * first_second[0]
    # A renewal process that starts with a whole gap is ahead by (cv**2 - 1) / 2 in the long run
    # (Cox, Renewal Theory, 1962, section 4.5).
    ahead = cold.num_requests - 200.0 * 300.0
    assert ahead == pytest.approx(100 * (4.0**2 - 1) / 2, abs=4 * np.sqrt(200.0 * 300.0) * 4)
