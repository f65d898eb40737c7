"""How much more traffic a plan serves, and what the loss of a node leaves."""

from __future__ import annotations

import numpy as np
import pytest

import alpaplan
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import Planned, plan
from alpaplan.planning.robustness import LARGEST_SCALE, SCALE_STEP, robustness
from alpaplan.planning.settings import PlanSettings
from alpaplan.specs.prediction import MAX_NODE_LOSSES
from alpaplan.workload.trace import Trace
from tests import builders as make
from tests.builders import GB


def made(rate_rps: float, nodes: int = 2, **more: object) -> Planned:
    """Return a plan of single devices for one model of 100 ms and one that fits on no more."""
    on = make.cluster(make.pool(count=nodes, devices_per_node=1))
    profiles = {"p": make.profile(weight_bytes=6 * GB, shapes=[(1, 1)])}
    entry = make.model("a", slo_s=0.3, rate_rps=rate_rps, **more)  # type: ignore[arg-type]
    inputs = Inputs.of_specs(on, make.workload(entry), profiles)
    return plan(inputs, PlanSettings(method="round-robin", jobs=1))


@pytest.mark.parametrize("rate_rps", [1.0, 40.0])
def test_rates_hold_up_to_the_headroom(rate_rps: float) -> None:
    found = made(rate_rps)
    assert found.document.prediction is not None
    scale = found.document.prediction.headroom_rate_scale
    assert scale is not None
    assert (scale > 1) == (rate_rps == 1.0)

    def attainment(at: float) -> float:
        return alpaplan.simulate(found.inputs, found, rate_scale=at).summary.slo_attainment

    assert attainment(scale * 0.95) > 0.99
    # Rounded down to two digits, and the search stops within a step of what is missed.
    assert attainment(scale * 1.1 * SCALE_STEP * 1.1) < 0.99


@pytest.mark.parametrize(("rate_rps", "predicted"), [(40.0, 0.991), (1.0, 0.989)])
def test_headroom_never_contradicts_the_prediction(rate_rps: float, predicted: float) -> None:
    # Its runs are other ones, and fewer: they say that 40 is too much and that 1 is not.
    found = made(rate_rps)
    on = found.placement, found.document.groups
    scale = robustness(found.inputs, *on, found.arrivals, predicted, 0).headroom_rate_scale
    assert scale is not None
    assert scale == pytest.approx(1.0, abs=0.03)
    assert (scale >= 1.0) == (predicted >= 0.99)


def test_all_that_is_tried_may_hold_or_nothing() -> None:
    calm = made(0.001).document.prediction
    assert calm is not None
    assert calm.headroom_rate_scale == LARGEST_SCALE
    objective = made(1.0, weight=2.0).document.prediction
    assert objective is not None
    assert objective.headroom_rate_scale is not None


def test_losses_are_worst_first_and_few() -> None:
    found = made(20.0, nodes=12)
    assert found.document.prediction is not None
    losses = found.document.prediction.node_loss
    assert len(losses) == MAX_NODE_LOSSES
    assert [loss.slo_attainment for loss in losses] == sorted(
        loss.slo_attainment for loss in losses
    )
    without = alpaplan.simulate(found.inputs, found, without=[losses[0].node]).summary
    assert without.slo_attainment == pytest.approx(losses[0].slo_attainment, abs=0.01)


def test_the_loss_of_the_only_node_leaves_nothing() -> None:
    found = made(1.0, nodes=1).document.prediction
    assert found is not None
    assert [(loss.node, loss.slo_attainment) for loss in found.node_loss] == [("n-0", 0.0)]


def test_recorded_arrivals_come_faster() -> None:
    times_s = np.linspace(0.0, 1999.5, 4000)
    trace = Trace(times_s, np.zeros(4000, dtype=np.int32), ("a",), 2000.0)
    on = make.cluster(make.pool(devices_per_node=1))
    entry = make.model("a", slo_s=0.15, arrivals={"process": "trace", "path": "t.csv"})
    profiles = {"p": make.profile(shapes=[(1, 1)])}
    inputs = Inputs.of_specs(on, make.workload(entry), profiles, {"a": trace})
    found = plan(inputs, PlanSettings(method="round-robin", jobs=1)).document.prediction
    assert found is not None
    # A request of 100 ms every 500 ms, which may wait 50: half of them are late once gaps are
    # below 75 ms.
    assert found.headroom_rate_scale == pytest.approx(500 / 100, rel=0.35)
