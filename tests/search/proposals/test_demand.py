"""Measured demand."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.problem import PlacementProblem
from alpaplan.search.proposals.demand import MIN_DISPERSION, measure_demand
from alpaplan.workload.trace import Trace
from tests import builders as make


def trace(problem: PlacementProblem, duration_s: float, *arrival_s: list[float]) -> Trace:
    """Return a trace of the given arrivals of each model."""
    times = np.concatenate([np.array(own, dtype=np.float64) for own in arrival_s])
    model = np.repeat(np.arange(len(arrival_s)), [len(own) for own in arrival_s])
    order = np.argsort(times, kind="stable")
    return Trace(times[order], model[order].astype(np.int32), problem.model_names, duration_s)


def models(count: int) -> PlacementProblem:
    """Return a problem of equal models with an objective of 1 s."""
    return make.problem([make.model(f"m{i}") for i in range(count)])


def test_even_gaps_vary_least() -> None:
    problem = models(1)
    demand = measure_demand(problem, trace(problem, 100.0, np.arange(0.1, 100, 0.5).tolist()))
    assert demand.rate_rps == pytest.approx([2.0])
    assert demand.cv == pytest.approx([0.0], abs=1e-9)
    assert demand.dispersion == pytest.approx([MIN_DISPERSION])


def test_bursts_are_told_from_poisson_arrivals() -> None:
    problem = models(2)
    rng = np.random.default_rng(0)
    poisson = np.cumsum(rng.exponential(0.1, 20_000))
    # Five at a time: counts have five times the variance over mean of the bursts' own.
    bursts = np.repeat(np.cumsum(rng.exponential(0.5, 4_000)), 5)
    demand = measure_demand(problem, trace(problem, 2000.0, poisson.tolist(), bursts.tolist()))
    assert demand.cv[0] == pytest.approx(1.0, rel=0.05)
    assert demand.cv[1] == pytest.approx(3.0, rel=0.1)
    assert demand.dispersion == pytest.approx([1.0, 5.0], rel=0.1)


@pytest.mark.parametrize("slo_s", [1e-18, 1e-15])
def test_an_objective_of_next_to_no_time_is_measured_too(slo_s: float) -> None:
    problem = make.problem([make.model("m0", slo_s=slo_s)])
    demand = measure_demand(problem, trace(problem, 10.0, [0.0, 1.0, 1.0, 9.5]))
    assert np.isfinite(demand.dispersion).all()


def test_models_without_arrivals_have_no_rate() -> None:
    problem = models(3)
    demand = measure_demand(problem, trace(problem, 10.0, [], [3.0], [1.0, 2.0]))
    assert demand.rate_rps.tolist() == [0.0, 0.1, 0.2]
    assert demand.cv.tolist() == [1.0, 1.0, 1.0]
    assert (demand.dispersion[:2] == 1.0).all()
    empty = measure_demand(problem, trace(problem, 0.0, [], [], []))
    assert empty.rate_rps.tolist() == [0.0, 0.0, 0.0]


def test_when_a_recording_starts_makes_no_difference() -> None:
    problem = models(1)
    times = np.cumsum(np.random.default_rng(1).exponential(0.2, 500))
    here = measure_demand(problem, trace(problem, 120.0, (times - times[0]).tolist()))
    later = measure_demand(problem, trace(problem, 120.0, (times + 4096.0).tolist()))
    assert later.dispersion == pytest.approx(here.dispersion)
    assert later.rate_rps == pytest.approx(here.rate_rps)


def test_a_trace_of_other_models_is_refused() -> None:
    problem = models(1)
    with pytest.raises(ValueError, match="for_models"):
        measure_demand(problem, Trace(np.zeros(1), np.zeros(1, np.int32), ("other",), 1.0))
