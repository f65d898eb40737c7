"""A plan laid out by nodes and devices."""

from __future__ import annotations

from alpaplan.planning.device_use import DeviceUse
from alpaplan.planning.overview import PlanOverview
from alpaplan.specs.plan import PlanSpec
from tests import builders as make
from tests.solved import solved

TWO_STAGES = {
    "name": "g",
    "device": "gpu",
    "intra_op": 2,
    "inter_op": 2,
    "devices": [{"node": "n-1", "devices": [3, 0]}, {"node": "n-0", "devices": [1, 2]}],
    "replicas": [{"model": "m"}],
}


def plan_of(*groups: object, **more: object) -> PlanSpec:
    """Return a plan written by hand."""
    return PlanSpec.model_validate(
        {"kind": "placement-plan", "version": 1, "groups": groups} | more
    )


def test_stages_take_devices_as_they_are_listed() -> None:
    first, second = PlanOverview(plan_of(TWO_STAGES)).nodes
    assert (first.name, second.name) == ("n-1", "n-0")
    assert [(device.index, device.stage) for device in first.devices] == [(0, 0), (3, 0)]
    assert [(device.index, device.stage) for device in second.devices] == [(1, 1), (2, 1)]


def test_all_nodes_of_the_cluster_are_shown_and_idle_devices_are_empty() -> None:
    cluster = make.cluster(make.pool(count=2, devices_per_node=4))
    run = solved([make.model("m0")], cluster=cluster, method="round-robin")
    overview = PlanOverview(run.document, run.inputs)
    assert [node.name for node in overview.nodes] == ["n-0", "n-1"]
    devices = [device for node in overview.nodes for device in node.devices]
    assert len(devices) == 8
    for device in devices:
        assert device.memory is not None
        assert (device.memory.used_bytes == 0) == (device.group is None)
    assert sum(device.group is not None for device in devices) == overview.use.num_used


def test_unused_devices_are_left_over() -> None:
    plan = plan_of(TWO_STAGES, unused_devices=[{"node": "n-2", "devices": [0, 1]}])
    *_, last = PlanOverview(plan).nodes
    assert (last.name, last.device) == ("n-2", None)
    assert [device.group for device in last.devices] == [None, None]


def test_models_are_those_of_the_replicas_if_nothing_else_is_known() -> None:
    overview = PlanOverview(plan_of(TWO_STAGES))
    assert overview.models == ()
    assert overview.groups_of_models == {"m": ("g",)}
    (model,) = overview.to_json_dict()["models"]
    assert (model["name"], model["replicas"], model["profile"]) == ("m", 1, None)


def test_busy_is_the_mean_over_used_devices() -> None:
    single = TWO_STAGES | {
        "name": "s",
        "intra_op": 1,
        "inter_op": 1,
        "devices": [{"node": "n-3", "devices": [0]}],
    }
    idle = single | {"name": "i", "devices": [{"node": "n-3", "devices": [1]}], "replicas": []}
    utilization = [{"name": "g", "utilization": 0.5}, {"name": "s", "utilization": 1.0}]
    prediction = {"slo_attainment": 0.9, "groups": utilization}
    plan = plan_of(TWO_STAGES, single, idle, prediction=prediction)
    assert DeviceUse.of(plan) == DeviceUse(num_used=5, num_devices=None, busy=0.6)
    without = plan_of(TWO_STAGES, single, prediction={"slo_attainment": 0.9})
    assert DeviceUse.of(without).busy is None
