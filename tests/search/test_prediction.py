"""Predictions: sums over runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.prediction import predict
from alpaplan.simulator import Simulator
from alpaplan.workload.sampling import sample_trace
from tests.search.conftest import served_models


def test_a_prediction_sums_up_its_runs(
    problem: PlacementProblem, random_placement: Callable[[np.random.Generator], Placement]
) -> None:
    placement = random_placement(np.random.default_rng(1))
    rngs = np.random.default_rng(2).spawn(4)
    runs = [Simulator(problem, sample_trace(served_models(), 100.0, rng)) for rng in rngs]
    found = predict(problem, runs, placement)
    evaluations = [run.evaluate(placement) for run in runs]
    attained = np.sum([e.attained for e in evaluations], axis=0)
    requests = np.sum([e.requests for e in evaluations], axis=0)
    assert found.num_requests == requests.sum()
    assert found.slo_attainment == pytest.approx(attained.sum() / requests.sum())
    assert found.goodput_rps == pytest.approx(attained.sum() / 400.0)
    by_model = [model.slo_attainment for model in found.models]
    np.testing.assert_allclose(by_model, attained / requests)
    mean_s = sum(e.latency_sum_s.sum() for e in evaluations) / attained.sum()
    assert found.latency.mean_s == pytest.approx(mean_s)
    low, high = found.confidence_interval_95
    next_low, next_high = found.prediction_interval_95
    assert next_low < low < found.slo_attainment < high < next_high
