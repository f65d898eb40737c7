from __future__ import annotations

import numpy as np
import pytest

from alpaplan.workload.arrivals.renewal import Gamma
from tests.benchmarks.fit_quality import COLUMNS, LOADS, errors, sampled


@pytest.mark.parametrize("keep_rates", [False, True])
def test_the_right_process_predicts_better_than_poisson(*, keep_rates: bool) -> None:
    pair = next(sampled(Gamma(5.0, 4.0))())
    found = errors(pair, np.random.default_rng(1), keep_rates=keep_rates)
    assert set(found) == set(COLUMNS)
    assert all(values.shape == (len(LOADS),) for values in found.values())
    # Poisson promises too much: about 14 points in the middle.
    assert found["poisson"].mean() > 0.05 > np.abs(found["gamma"]).mean()
