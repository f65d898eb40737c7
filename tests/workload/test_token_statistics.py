from __future__ import annotations

import math

import numpy as np
import pytest

from alpaplan.workload.token_statistics import TokenStatistics, correlation, tokens_of_models
from alpaplan.workload.trace import Trace

COUNTS = np.array([1, 2, 3, 4, 10], np.int32)


def test_statistics() -> None:
    found = TokenStatistics.of(COUNTS, 5 * COUNTS)
    assert found.requests == 5
    assert found.input_tokens.mean == 4
    assert found.input_tokens.cv == pytest.approx(math.sqrt(10) / 4)
    # On the line between neighbors: 0.9 and 0.99 of four gaps.
    assert found.input_tokens.quantiles == pytest.approx((3, 7.6, 9.76))
    assert found.output_tokens.quantiles[0] == 15
    assert (found.input_tokens.largest, found.total_tokens.largest) == (10, 60)
    assert found.correlation == pytest.approx(1)
    assert found.to_json_dict()["total_tokens"]["p50"] == 18


def test_correlation() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(1, 9000, 500).astype(np.int32)
    second = (first // 2 + rng.integers(1, 9000, 500)).astype(np.int32)
    assert correlation(first, second) == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert correlation(first, -first) == pytest.approx(-1)
    assert math.isnan(correlation(first, np.full(500, 3)))


def test_only_rows_with_both_counts_are_an_llms() -> None:
    trace = Trace(
        np.arange(6.0), np.array([1, 0, 2, 1, 2, 1], np.int32), ("a", "b", "c"), 6.0,
        np.array([5, 0, 7, 8, 9, 10], np.int32), np.array([1, 0, 0, 2, 0, 0], np.int32),
    )  # fmt: skip
    found = tokens_of_models(trace)
    assert list(found) == ["b"]
    assert [column.tolist() for column in found["b"]] == [[5, 8], [1, 2]]
    assert not tokens_of_models(Trace(np.arange(2.0), np.zeros(2, np.int32), ("a",), 2.0))
