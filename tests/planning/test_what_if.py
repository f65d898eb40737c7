"""Plans that have lost nodes, and traffic that is denser or thinner than stated."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.errors import AlpaplanError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.runs import arrivals_for, simulate
from alpaplan.planning.what_if import RateScales, WhatIf, with_rates, without_nodes
from alpaplan.specs.plan import PlanSpec
from alpaplan.workload.trace import Trace
from tests import builders

MMPP = {
    "process": "mmpp",
    "states": [
        {"rate_rps": 3, "mean_duration_s": 5},
        {"rate_rps": 1, "mean_duration_s": 20},
    ],
}


def inputs_of(*models: dict[str, object], recorded: dict[str, Trace] | None = None) -> Inputs:
    """Return inputs on two nodes of two devices."""
    on = builders.cluster(builders.pool(count=2, devices_per_node=2))
    profiles = {"p": builders.profile(weight_bytes=builders.GB)}
    return Inputs.of_specs(on, builders.workload(*models), profiles, recorded)


def plan_of(*groups: tuple[list[str], list[str]]) -> PlanSpec:
    """Return a plan of groups given by nodes and models; each has one device of each node."""
    used: dict[str, int] = {}

    def device(node: str) -> dict[str, object]:
        used[node] = used.get(node, -1) + 1
        return {"node": node, "devices": [used[node]]}

    return PlanSpec.model_validate(
        {
            "kind": "placement-plan",
            "version": 1,
            "groups": [
                {
                    "name": f"g{g}",
                    "device": "gpu",
                    "intra_op": 1,
                    "inter_op": len(nodes),
                    "devices": [device(node) for node in nodes],
                    "replicas": [{"model": model} for model in models],
                }
                for g, (nodes, models) in enumerate(groups)
            ],
            "unused_devices": [{"node": "n-1", "devices": [1]}],
            "models": [{"name": "a", "profile": "p", "groups": ["g0", "g1"]}],
        }
    )


def trace_of(*arrivals: tuple[float, str], models: tuple[str, ...] = ("a", "b")) -> Trace:
    """Return a trace of the given arrivals."""
    times_s = np.array([time for time, _ in arrivals])
    numbers = np.array([models.index(name) for _, name in arrivals], dtype=np.int32)
    return Trace(times_s, numbers, models, float(times_s[-1] - times_s[0]))


def test_groups_with_a_device_on_a_lost_node_are_gone() -> None:
    plan = plan_of((["n-0"], ["a"]), (["n-0", "n-1"], ["a", "b"]), (["n-1"], ["b"]))
    left = without_nodes(plan, ["n-0"])
    assert [group.name for group in left.groups] == ["g2"]
    assert left.models[0].groups == ()
    assert len(left.unused_devices) == 1
    assert without_nodes(plan, ["n-1"]).unused_devices == ()
    assert without_nodes(plan, []) == plan


def test_models_without_replicas_fail_all_requests() -> None:
    inputs = inputs_of(builders.model("a"), builders.model("b"))
    plan = plan_of((["n-0"], ["a"]), (["n-1"], ["b"]))
    trace = trace_of((0, "a"), (1, "b"), (2, "a"))
    summary = simulate(inputs, without_nodes(plan, ["n-0"]), trace).summary
    assert [(model.requests, model.attained) for model in summary.models] == [(2, 0), (1, 1)]
    assert [group.name for group in summary.groups] == ["g1"]
    nothing = simulate(inputs, without_nodes(plan, ["n-0", "n-1"]), trace).summary
    assert (nothing.requests, nothing.attained, nothing.groups) == (3, 0, ())


@pytest.mark.parametrize(
    "process",
    [
        {"process": "poisson", "rate_rps": 4.0},
        {"process": "gamma", "total_rate_rps": 4.0, "cv": 3.0},
        {
            "process": "piecewise",
            "windows": [
                {"duration_s": 5, "arrivals": {"process": "gamma", "rate_rps": 4.0, "cv": 2.0}},
                {"duration_s": 5},
            ],
        },
    ],
    ids=lambda process: process["process"],
)
def test_rates_of_processes_are_multiplied(process: dict[str, object]) -> None:
    inputs = inputs_of(builders.model("a", arrivals=process), builders.model("b", arrivals=process))
    scaled = with_rates(inputs, 2.0, {"b": 3.0})
    stated = inputs.workload.sample(2000.0, seed=1).requests_per_model()
    found = scaled.workload.sample(2000.0, seed=1).requests_per_model()
    np.testing.assert_allclose(found / stated, [2, 6], rtol=0.2)
    assert scaled.problem is inputs.problem


def test_renewal_processes_only_come_faster() -> None:
    process = {"process": "gamma", "rate_rps": 4.0, "cv": 3.0}
    inputs = inputs_of(builders.model("a", arrivals=process))
    stated = inputs.workload.sample(300.0, seed=1)
    found = with_rates(inputs, 2.0).workload.sample(150.0, seed=1)
    np.testing.assert_allclose(found.arrival_s, stated.arrival_s / 2)


def test_durations_of_states_and_windows_stay() -> None:
    piecewise = {"process": "piecewise", "windows": [{"duration_s": 7, "arrivals": MMPP}]}
    inputs = inputs_of(builders.model("a", arrivals=piecewise))
    (scaled,) = with_rates(inputs, 2.0).workload.models
    (window,) = scaled.arrivals.model_dump()["windows"]
    assert window["duration_s"] == 7
    assert [state["rate_rps"] for state in window["arrivals"]["states"]] == [6, 2]
    assert [state["mean_duration_s"] for state in window["arrivals"]["states"]] == [5, 20]


def test_time_passes_faster_in_a_trace() -> None:
    trace = trace_of((0, "a"), (1, "b"), (2, "a"), (3, "b"))
    twice = RateScales(2.0).of_trace(trace)
    np.testing.assert_array_equal(twice.arrival_s, [0, 0.5, 1, 1.5])
    assert twice.duration_s == 1.5


def test_only_the_rows_of_one_model_come_faster() -> None:
    trace = trace_of((0, "a"), (1, "b"), (2, "a"), (3, "b"))
    found = RateScales(1.0, {"b": 4.0}).of_trace(trace)
    np.testing.assert_array_equal(found.arrival_s, [0, 0.25, 0.75, 2])
    np.testing.assert_array_equal(found.model, [0, 1, 1, 0])
    assert found.duration_s == 3


def test_recorded_arrivals_come_faster_as_those_of_a_trace() -> None:
    recorded = builders.model("a", arrivals={"process": "trace", "path": "t.csv"})
    sampled = builders.model("b", arrivals={"process": "poisson", "rate_rps": 50.0})
    trace = trace_of((5, "a"), (6, "a"), (9, "a"), models=("a",))
    inputs = inputs_of(recorded, sampled, recorded={"a": trace})
    found = arrivals_for(inputs, None, rates=RateScales(2.0, {"b": 3.0}))
    np.testing.assert_array_equal(found.arrival_s[found.model == 0], [0, 0.5, 2])
    assert found.duration_s == 2
    assert found.requests_per_model()[1] == pytest.approx(600, rel=0.2)


def test_unknown_nodes_and_models_are_named() -> None:
    inputs = inputs_of(builders.model("chat"))
    with pytest.raises(
        AlpaplanError, match="of the cluster's nodes, found 'n-2'; did you mean 'n-1'"
    ):
        WhatIf(("n-0", "n-2")).require_known(inputs)
    with pytest.raises(AlpaplanError, match="of the workload, found 'chta'; did you mean 'chat'"):
        with_rates(inputs, by_model={"chta": 2.0})
