"""What queueing theory says of a workload: numbers worked out by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from alpaplan.analysis.queueing.pooling import largest_alpha, largest_beta, paying_utilizations
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.analysis.sharings import analysis_of, gamma, profile_of


def test_a_model_alone_by_hand() -> None:
    analysis = analysis_of(make.model(arrivals=gamma(4.0, 3.0)))
    (model,) = analysis.models
    assert (model.device, model.intra_op, model.inter_op) == ("gpu", 1, 1)
    assert (model.latency_s, model.service_s) == pytest.approx((0.1, 0.1))
    assert model.load_erlangs == pytest.approx(0.4)
    assert (model.arrivals.cv, model.arrivals.dispersion) == (3.0, 9.0)
    # 0.9 s are left to wait: rho / (1 - rho) = 2 * 0.9 / (v * 0.1).
    assert model.breaks_poisson == pytest.approx(18 / 19)
    assert model.breaks_mean == pytest.approx(2 / 3)
    rho = model.breaks_quantile
    assert 9 * 0.1 / 2 / (1 - rho) * math.log(100 * rho) == pytest.approx(0.9)
    # n devices, like one n times as fast: 9 / 2 * 0.4 * 0.1 / (n * (n - 0.4)) <= 0.9.
    assert model.devices_mean == 1
    # 9 / 2 * 0.1 / (n - 0.4) * log(40 / n) <= 0.9 from n = 2 on.
    assert model.devices_quantile == 2


def test_the_pool_by_hand() -> None:
    models = [
        make.model("short", rate_rps=2.0, slo_s=1.0),
        make.model("long", "q", 1.0, slo_s=3.0, arrivals=gamma(1.0, 2.0)),
    ]
    analysis = analysis_of(*models, profiles=(make.profile(), make.profile("q", 0.4)))
    pool = analysis.pool
    assert pool.load_erlangs == pytest.approx(0.6)
    assert pool.num_devices == 4
    assert pool.utilization == pytest.approx(0.15)
    assert pool.service_s == pytest.approx(0.2)
    # Second moment (2 * 0.1**2 + 0.4**2) / 3 over 0.2**2, less 1.
    assert pool.service_scv == pytest.approx(0.5)
    # (2 * 0.1**2 * 1 + 1 * 0.4**2 * 4) / (3 * 0.2**2)
    assert pool.variability == pytest.approx(5.5)
    queue_s = 0.15 / 0.85 * 0.2 / 4 / 2
    assert pool.wait_m_d_1_s == pytest.approx(queue_s)
    assert pool.wait_m_g_1_s == pytest.approx(1.5 * queue_s)
    assert pool.wait_mean_s == pytest.approx(5.5 * queue_s)
    assert pool.wait_quantile_s == pytest.approx(5.5 * queue_s / 0.15 * math.log(15))
    assert pool.tightest == "short"
    assert pool.breaks_mean == pytest.approx(0.9 / (0.9 + 5.5 * 0.05 / 2))
    assert pool.devices_mean == 1
    assert analysis.dispersion == pytest.approx((2 * 1 + 1 * 4) / 3)


def test_overheads_count_and_an_objective_that_is_too_tight_breaks_at_once() -> None:
    slow = make.cluster(request_overhead_s=0.05, stage_overhead=0.1)
    analysis = analysis_of(make.model("m", slo_s=0.15), make.model("n"), on=slow)
    m, n = analysis.models
    assert m.latency_s == pytest.approx(0.16)
    assert m.service_s == pytest.approx(0.11)
    assert (m.breaks_poisson, m.breaks_mean, m.breaks_quantile) == (0, 0, 0)
    assert math.isnan(m.devices_mean)
    assert n.breaks_poisson > 0.9
    assert analysis.pool.tightest == "n"
    # Stages are 1 + 0.1 * inter_op times as long.
    assert [pipeline.alpha for pipeline in analysis.pipelines] == pytest.approx(
        [1.2 / 1.1, 1.4 / 1.1]
    )


def test_the_smallest_configuration_that_fits_counts() -> None:
    # Too large for one device: two, of which tensor parallelism is the faster.
    profile = profile_of(
        (1, [0.1]), (1, [0.05, 0.06]), (2, [0.07]), (2, [0.03, 0.05]), weight_bytes=12 * make.GB
    )
    analysis = analysis_of(make.model(rate_rps=3.0), profiles=(profile,))
    (model,) = analysis.models
    assert (model.intra_op, model.inter_op, model.service_s) == (2, 1, 0.07)
    assert model.load_erlangs == pytest.approx(3 * 0.14)
    assert model.devices_mean == 2
    (pipeline,) = analysis.pipelines
    assert (pipeline.intra_op, pipeline.num_stages) == (2, 2)
    assert pipeline.alpha == pytest.approx(0.08 / 0.07)
    assert pipeline.beta == pytest.approx(2 * 0.05 / 0.07)


def test_pipelines_and_tolerances() -> None:
    profile = profile_of((1, [0.1]), (1, [0.052, 0.056]), (1, [0.03, 0.03, 0.03, 0.04]))
    analysis = analysis_of(make.model(arrivals=gamma(16.0, 4.0)), profiles=(profile,))
    two, four = analysis.pipelines
    assert (two.alpha, two.beta) == pytest.approx((1.08, 1.12))
    assert (four.alpha, four.beta) == pytest.approx((1.3, 1.6))
    assert two.pays_poisson == paying_utilizations(2, two.alpha, two.beta)
    assert two.pays == paying_utilizations(2, two.alpha, two.beta, 16.0)
    # Of 6.33 times 0.1 s alone: 4.72 times with two stages, and 6.99 times with four.
    assert (two.pays_here, four.pays_here) == (True, False)
    for tolerance, num_stages in zip(analysis.tolerances, (2, 4), strict=True):
        assert tolerance.num_stages == num_stages
        assert tolerance.alpha_poisson == float(largest_alpha(0.4, num_stages))
        assert tolerance.alpha == float(largest_alpha(0.4, num_stages, 16.0))
        assert tolerance.beta == float(largest_beta(0.4, num_stages))


def test_pools_of_the_same_devices_have_their_pipelines_once() -> None:
    on = make.cluster(make.pool("n"), make.pool("o", memory=20 * make.GB))
    analysis = analysis_of(make.model(), on=on)
    assert [pipeline.num_stages for pipeline in analysis.pipelines] == [2, 4]
    assert analysis.pool.num_devices == 8


def test_a_piecewise_process_counts_with_its_busiest_window() -> None:
    windows = [
        {"duration_s": 60, "arrivals": {"process": "poisson", "rate_rps": 1}},
        {"duration_s": 5, "arrivals": gamma(6.0, 2.0)},
        {"duration_s": 100},
    ]
    analysis = analysis_of(make.model(arrivals={"process": "piecewise", "windows": windows}))
    arrivals = analysis.models[0].arrivals
    assert (arrivals.rate_rps, arrivals.cv, arrivals.source) == (6.0, 2.0, "busiest window")
    assert analysis.counted_by("busiest window") == ("m",)


def test_recorded_arrivals_are_measured() -> None:
    times_s = np.cumsum(np.random.default_rng(0).exponential(0.25, 4000))
    trace = Trace(times_s, np.zeros(4000, dtype=np.int32), ("m",), float(times_s[-1]))
    entry = make.model(arrivals={"process": "trace", "path": "t.csv"})
    analysis = analysis_of(entry, recorded={"m": trace})
    arrivals = analysis.models[0].arrivals
    assert arrivals.source == "recorded"
    assert arrivals.rate_rps == pytest.approx(4.0, rel=0.1)
    assert arrivals.cv == pytest.approx(1.0, rel=0.1)
    assert arrivals.dispersion == pytest.approx(1.0, rel=0.15)
    assert analysis.counted_by("recorded") == ("m",)


def test_gaps_without_a_variance_are_said_to_be_beyond_the_formulas() -> None:
    wild = {"process": "pareto", "rate_rps": 1.0, "shape": 1.5}
    analysis = analysis_of(make.model("wild", arrivals=wild), make.model("tame"))
    found = json.loads(json.dumps(analysis.to_json_dict(), allow_nan=False))
    assert found["models"][0]["arrivals"]["cv"] is None
    assert found["models"][0]["breaking_utilization"]["mean"] is None
    assert found["models"][0]["breaking_utilization"]["mean_poisson"] > 0.9
    assert found["models"][1]["devices_alone"]["p99"] == 1
    assert found["pool"]["wait_s"]["allen_cunneen"] is None
    assert found["pipelines"][0]["paying_utilization"] is None
    assert found["pipelines"][0]["pays_here"] is None
    assert found["pipelines"][0]["paying_utilization_poisson"] == [0.0, 1.0]
    assert found["tolerable_overheads"][0]["largest_alpha"] is None
    assert (analysis.beyond_formulas, analysis.too_slow) == (("wild",), ())
    assert (analysis.devices_apart, analysis.num_left_out) == (1.0, 1)


def test_an_overloaded_cluster() -> None:
    analysis = analysis_of(make.model(rate_rps=50.0))
    assert analysis.pool.utilization == pytest.approx(1.25)
    assert analysis.tolerances == ()
    assert not any(pipeline.pays_here for pipeline in analysis.pipelines)
    assert analysis.to_json_dict()["pool"]["wait_s"]["m_d_1"] is None


def test_models_that_no_number_of_devices_suffices_for() -> None:
    analysis = analysis_of(make.model("late", slo_s=0.05))
    assert analysis.too_slow == ("late",)
    assert (analysis.devices_apart, analysis.num_left_out) == (None, 1)
