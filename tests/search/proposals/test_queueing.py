"""The analytic estimate: its limits, its monotony, and how near simulations it comes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from alpaplan.problem import Placement, PlacementProblem
from alpaplan.search.proposals.demand import Demand, measure_demand
from alpaplan.search.proposals.queueing import ClassLoad, QueueingEstimate, lost_fraction
from alpaplan.simulator import Simulator
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.builders import GB


def lost(
    rate_rps: float,
    limit_s: float = 1.0,
    dispersion: float = 1.0,
    num_groups: float = 1.0,
    pooled: float = 1.0,
) -> float:
    """Return what one class of 0.1 s requests loses."""
    load = ClassLoad(
        np.array([[rate_rps]]),
        np.array([[0.1]]),
        np.array([limit_s]),
        np.array([[0.05 * dispersion]]),
    )
    return float(lost_fraction(load, np.array([num_groups]), np.array([pooled]))[0, 0])


def poisson(num_models: int, rate_rps: float) -> Demand:
    """Return equal Poisson demands."""
    return Demand(np.full(num_models, rate_rps), np.ones(num_models), np.ones(num_models))


def estimate(
    problem: PlacementProblem, demand: Demand, shape: int, num_groups: list[int]
) -> NDArray[np.float64]:
    """Estimate all models as one class."""
    queueing = QueueingEstimate(problem, demand, np.zeros(problem.num_models, dtype=np.int64))
    everything = np.ones(problem.num_models, dtype=np.bool_)
    return queueing.attained_rps(shape, everything, np.array(num_groups))


def test_no_load_loses_nothing_and_overload_all_but_the_capacity() -> None:
    assert lost(0.01) == pytest.approx(0.0, abs=1e-6)
    assert lost(100.0) == pytest.approx(0.9, abs=1e-6)
    assert lost(10_000.0, dispersion=30.0) == pytest.approx(0.999, abs=1e-6)


def test_a_full_load_loses_what_the_closed_form_says() -> None:
    # rho = 1: the density is flat, rho / b * limit = 20 beside the atom of 1.
    assert lost(10.0) == pytest.approx(1 / 21)


@given(
    rate_rps=st.floats(0.1, 50),
    limit_s=st.floats(0.1, 5),
    dispersion=st.floats(0.2, 40),
    more=st.floats(1.01, 3),
)
def test_losses_move_the_right_way(
    rate_rps: float, limit_s: float, dispersion: float, more: float
) -> None:
    here = lost(rate_rps, limit_s, dispersion)
    slack = 1e-9
    assert 0 <= here <= 1
    assert here >= 1 - 10 / rate_rps - slack
    assert lost(rate_rps * more, limit_s, dispersion) >= here - slack
    assert lost(rate_rps, limit_s * more, dispersion) <= here + slack
    assert lost(rate_rps, limit_s, dispersion * more) >= here - slack
    assert lost(rate_rps, limit_s, dispersion, num_groups=more, pooled=more) <= here + slack


def test_work_is_conserved_with_several_limits() -> None:
    rate = np.array([[8.0, 3.0, 4.0]])
    service = np.array([[0.05, 0.1, 0.2]])
    load = ClassLoad(rate, service, np.array([0.3, 0.9, 2.0]), np.full((1, 3), 0.2))
    done = rate * service * (1 - lost_fraction(load, np.ones(1), np.ones(1)))
    assert 0.5 < done.sum() <= 1.0
    patient = lost_fraction(load, np.ones(1), np.ones(1))[0]
    assert patient[0] > patient[1] > patient[2]


@pytest.mark.parametrize("rate_rps", [4.0, 8.0, 9.5, 12.0])
def test_single_groups_come_near_simulations(rate_rps: float) -> None:
    problem = make.problem([make.model(slo_s=0.5)], [make.profile(shapes=[(1, 1)])])
    arrival_s = np.cumsum(np.random.default_rng(0).exponential(1 / rate_rps, 40_000))
    trace = Trace(arrival_s, np.zeros(40_000, np.int32), problem.model_names, float(arrival_s[-1]))
    placement = Placement(np.zeros(1, np.int64), np.ones((1, 1), np.bool_))
    simulated = Simulator(problem, trace).evaluate(placement).slo_attainment
    demand = measure_demand(problem, trace)
    estimated = float(estimate(problem, demand, 0, [1])[0]) / rate_rps
    assert estimated == pytest.approx(simulated, abs=0.025)


def test_more_groups_attain_more_and_never_more_than_comes() -> None:
    problem = make.problem([make.model(f"m{i}", slo_s=0.3) for i in range(6)])
    attained = estimate(problem, poisson(6, 5.0), 0, [1, 2, 3, 4, 8])
    assert (np.diff(attained) > 0).all()
    assert attained[-1] <= 30.0


def test_without_room_for_all_the_busiest_models_are_served() -> None:
    # Two of three models of 4 GB fit onto one device of 10 GB.
    problem = make.problem([make.model(f"m{i}") for i in range(3)])
    demand = Demand(np.array([0.1, 0.3, 0.2]), np.ones(3), np.ones(3))
    assert estimate(problem, demand, 0, [1]) == pytest.approx([0.5], abs=1e-3)


def test_models_that_a_shape_cannot_serve_count_for_nothing() -> None:
    problem = make.problem(profiles=[make.profile(weight_bytes=30 * GB)])
    attained = [float(estimate(problem, poisson(1, 1.0), h, [1])[0]) for h in range(5)]
    assert attained[:3] == [0.0, 0.0, 0.0]
    assert min(attained[3:]) > 0.99


def test_batches_attain_more_than_single_requests_as_far_as_objectives_allow() -> None:
    profiles = [make.profile(batch_sizes=(1, 8))]

    def attained(slo_s: float, cap: int) -> float:
        models = [make.model(f"m{i}", slo_s=slo_s) for i in range(2)]
        problem = make.problem(models, profiles, make.cluster(max_batch_size=cap))
        return float(estimate(problem, poisson(2, 8.0), 0, [1])[0])

    def gain(slo_s: float, cap: int) -> float:
        return attained(slo_s, cap) / attained(slo_s, 1)

    assert gain(2.0, 8) > gain(2.0, 4) > 1.3
    assert gain(2.0, 4) > gain(0.5, 4) > 1
