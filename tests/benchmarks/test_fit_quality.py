from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alpaplan.workload.arrivals.renewal import Gamma
from tests.benchmarks.fit_quality import COLUMNS, LOADS, TRACES, azure_llm, errors, sampled


@pytest.mark.parametrize("keep_rates", [False, True])
def test_the_right_process_predicts_better_than_poisson(*, keep_rates: bool) -> None:
    pair = next(sampled(Gamma(5.0, 4.0))())
    found = errors(pair, np.random.default_rng(1), keep_rates=keep_rates)
    assert set(found) == set(COLUMNS)
    assert all(values.shape == (len(LOADS),) for values in found.values())
    # Poisson promises too much: about 14 points in the middle.
    assert found["poisson"].mean() > 0.05 > np.abs(found["gamma"]).mean()


@pytest.mark.slow
def test_on_recorded_traffic_auto_gains_by_the_mmpp(shared_cases: Path) -> None:
    assert shared_cases == TRACES.parent
    rng = np.random.default_rng(1)
    found = [errors(pair, rng, keep_rates=False) for pair in azure_llm()]
    means = {name: float(np.mean([np.abs(one[name]) for one in found])) for name in COLUMNS}
    assert means["mmpp"] < means["with mmpp"] < 0.75 * means["least BIC"]
