from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.simulator.latency_statistics import LatencyStatistics


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=250))
def test_percentiles_are_those_of_numpy(latencies_s: list[float]) -> None:
    values = np.array(latencies_s)
    found = LatencyStatistics.of(values)
    assert (found.p50_s, found.p90_s, found.p99_s) == tuple(np.percentile(values, (50, 90, 99)))
    assert found.mean_s == values.mean()


def test_nothing_has_no_percentiles() -> None:
    found = LatencyStatistics.of(np.empty(0))
    assert all(math.isnan(value) for value in vars(found).values())
    assert found.to_json_dict() == dict.fromkeys(("mean", "p50", "p90", "p99"))
