from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.errors import TooManyArrivalsError
from alpaplan.workload.arrivals import MAX_ARRIVALS, base
from alpaplan.workload.arrivals.base import check_sample_size, running_sums
from tests.workload.arrivals.processes import ALL


@given(
    name=st.sampled_from(sorted(ALL)),
    duration_s=st.floats(0, 50),
    seed=st.integers(0, 2**32),
)
def test_arrivals_are_sorted_and_inside_the_horizon(
    name: str, duration_s: float, seed: int
) -> None:
    times = ALL[name].sample(duration_s, np.random.default_rng(seed))
    assert times.dtype == np.float64
    assert np.all(np.diff(times) >= 0)
    assert np.all((times >= 0) & (times < duration_s))


@given(
    name=st.sampled_from(sorted(ALL)),
    short_s=st.floats(0, 50),
    more_s=st.floats(0, 100),
    seed=st.integers(0, 2**32),
)
def test_a_longer_horizon_only_adds_arrivals_at_the_end(
    name: str, short_s: float, more_s: float, seed: int
) -> None:
    short = ALL[name].sample(short_s, np.random.default_rng(seed))
    long = ALL[name].sample(short_s + more_s, np.random.default_rng(seed))
    assert np.array_equal(short, long[: short.size])
    assert np.all(long[short.size :] >= short_s)


@pytest.mark.parametrize("name", sorted(ALL))
def test_same_seed_same_arrivals_other_seed_others(name: str) -> None:
    first, same, other = (
        ALL[name].sample(100.0, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, same)
    assert np.array_equal(first, other) == (name == "deterministic")


@pytest.mark.parametrize("name", sorted(ALL))
def test_arrivals_do_not_depend_on_the_chunk_size(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ALL[name].sample(500.0, np.random.default_rng(5))
    monkeypatch.setattr(base, "_CHUNK_SIZE", 7)
    assert np.array_equal(ALL[name].sample(500.0, np.random.default_rng(5)), expected)


@pytest.mark.parametrize("name", sorted(ALL))
@pytest.mark.parametrize("duration_s", [-1.0, math.nan, math.inf])
def test_a_horizon_that_is_no_length_is_refused(name: str, duration_s: float) -> None:
    with pytest.raises(ValueError, match="duration_s must be finite and not negative"):
        ALL[name].sample(duration_s, np.random.default_rng(0))


@pytest.mark.parametrize("name", sorted(ALL))
def test_more_arrivals_than_memory_should_hold_are_refused(name: str) -> None:
    with pytest.raises(TooManyArrivalsError, match="must be at most"):
        ALL[name].sample(1e12, np.random.default_rng(0))


def test_the_refusal_says_how_many_and_why() -> None:
    with pytest.raises(TooManyArrivalsError) as caught:
        check_sample_size(1e9, 10.0)
    assert str(caught.value) == (
        "must be at most 22,000,000 arrivals, found about 1e+10 (1e+09 requests/s for 10 s)"
    )
    check_sample_size(MAX_ARRIVALS / 10, 10.0)


def test_a_burst_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MAX_ARRIVALS", 1000)
    with pytest.raises(TooManyArrivalsError, match="found more"):
        running_sums(0.0, np.zeros, 1.0, 10.0)


def test_running_sums_end_at_or_after_the_end() -> None:
    sums = running_sums(0.5, np.ones, 1.0, 200.0)
    assert np.array_equal(sums, np.arange(sums.size) + 0.5)
    assert sums[-1] >= 200.0
