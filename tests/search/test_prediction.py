"""Predictions: sums over runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.prediction import predict
from alpaplan.simulator import Simulator
from alpaplan.workload.sampling import sample_trace
from tests import builders as make
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


def test_engines_have_their_highest_peak_and_all_preemptions() -> None:
    crowded = {"process": "constant", "input_tokens": 400, "output_tokens": 200}
    models = [make.llm_model("a", rate_rps=8.0, lengths=crowded), make.model("f")]
    # A cache of 1,333 tokens holds three such requests, until they grow.
    problem = make.problem(
        models,
        [make.llm_profile(kv_bytes_per_token=4_500_000), make.profile()],
    )
    shape = int(np.flatnonzero(problem.supported.all(axis=1))[0])
    placement = Placement(np.full(2, shape), np.array([[True, False], [False, True]]))
    served = make.workload(*models).served_models()
    rngs = np.random.default_rng(2).spawn(3)
    runs = [Simulator(problem, sample_trace(served, 30.0, rng)) for rng in rngs]
    (engine,), nothing = predict(problem, runs, placement).group_engines
    replays = [run.replay(placement).engines for run in runs]
    peaks = [int(each.kv_peak_tokens[0]) for each in replays if each is not None]
    preempted = [int(each.preemptions[0]) for each in replays if each is not None]
    assert nothing == ()
    assert engine.model == "a"
    assert engine.kv_peak_tokens == max(peaks) <= engine.kv_tokens
    assert engine.preemptions == sum(preempted) > max(preempted) > 0
