"""Search results as plan documents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from alpaplan.errors import AlpaplanWarning
from alpaplan.planning.document import plan_document
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.placements import placement_of_plan
from alpaplan.planning.plan import Planned
from alpaplan.problem import Placement
from alpaplan.problem.checker import check_plan
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.memory import placement_fits
from alpaplan.problem.service import batch_caps
from alpaplan.search.bounds.bound import AttainmentBound
from alpaplan.search.methods import METHODS
from alpaplan.search.planner import PlanResult
from alpaplan.specs.choices import BoundLimit, UnseenSource
from alpaplan.specs.plan import NodeDevices, PlanSpec, ReplicaSpec
from alpaplan.specs.profile import ModelProfileSpec
from tests import builders as make
from tests.builders import GB
from tests.solved import solved

SHAPES = ((1, 1), (1, 2), (2, 1), (1, 4), (2, 2))


@pytest.fixture(scope="module")
def two_pools() -> Planned:
    """Return models on two pools, of which one is too slow everywhere."""
    one = make.profile("p", 0.2, 6 * GB, SHAPES, device="old")
    two = make.profile("p", 0.1, 6 * GB, SHAPES[:1], device="new")
    profile = one.model_copy(update={"configs": one.configs + two.configs})
    models = [
        make.model("chat", rate_rps=6.0),
        make.model("hasty", slo_s=0.001),
        make.model("search", rate_rps=3.0),
    ]
    pools = (make.pool("a", device="old"), make.pool("b", 1, 2, device="new"))
    return solved(models, [profile], make.cluster(*pools), max_evaluations=200)


def document(run: Planned, result: PlanResult) -> PlanSpec:
    """Return the document of a changed result."""
    made = run.document.provenance
    assert made is not None
    return plan_document(run.inputs, result, made, UnseenSource.HELD_OUT)


def devices_of(items: Sequence[NodeDevices]) -> set[tuple[str, int]]:
    return {(item.node, device) for item in items for device in item.devices}


def test_groups_are_as_the_placement_says(two_pools: Planned) -> None:
    problem, plan, placement = (
        two_pools.inputs.problem,
        two_pools.document,
        two_pools.result.best.placement,
    )
    assert [group.name for group in plan.groups] == [f"g{g}" for g in range(len(plan.groups))]
    for group, h, row in zip(plan.groups, placement.shapes, placement.replicas, strict=True):
        shape = problem.shapes[h]
        assert group.device == problem.pools[shape.pool].device
        assert (group.intra_op, group.inter_op) == (shape.intra_op, shape.inter_op)
        expected = [problem.model_names[m] for m in np.flatnonzero(row)]
        assert [replica.model for replica in group.replicas] == expected
        nodes = {"old": "a-0", "new": "b-0"}
        assert {item.node for item in group.devices} == {nodes[group.device]}
        assert len(devices_of(group.devices)) == shape.num_devices
    back = placement_of_plan(problem, two_pools.inputs.cluster, plan)
    np.testing.assert_array_equal(back.shapes, placement.shapes)
    np.testing.assert_array_equal(back.replicas, placement.replicas)


def test_replicas_keep_the_order_that_a_plan_lists_them_in(two_pools: Planned) -> None:
    plan, problem = two_pools.document, two_pools.inputs.problem
    chat, search = ReplicaSpec(model="chat"), ReplicaSpec(model="search")
    groups = [
        group.model_copy(update={"replicas": replicas})
        for group, replicas in zip(plan.groups, [(search, chat), (chat, search)], strict=False)
    ]
    listing = plan.model_copy(update={"groups": tuple(groups)})
    placement = placement_of_plan(problem, two_pools.inputs.cluster, listing)
    group, model = placement.in_replica_order()
    names = [problem.model_names[m] for m in model]
    assert list(zip(group.tolist(), names, strict=True)) == [
        (0, "search"), (0, "chat"), (1, "chat"), (1, "search"),
    ]  # fmt: skip


def test_every_device_is_in_one_group_or_left_over(two_pools: Planned) -> None:
    plan = two_pools.document
    parts = [devices_of(group.devices) for group in plan.groups]
    parts.append(devices_of(plan.unused_devices))
    everything = {("a-0", i) for i in range(4)} | {("b-0", i) for i in range(2)}
    assert set().union(*parts) == everything
    assert sum(map(len, parts)) == len(everything)


def test_groups_of_several_nodes_list_all_of_them() -> None:
    profile = make.profile(shapes=[(1, 8)], weight_bytes=60 * GB)
    run = solved([make.model()], [profile], make.cluster(make.pool(count=3)))
    (group,) = run.document.groups
    assert [(item.node, item.devices) for item in group.devices] == [
        ("n-0", (0, 1, 2, 3)),
        ("n-1", (0, 1, 2, 3)),
    ]
    assert devices_of(run.document.unused_devices) == {("n-2", i) for i in range(4)}


def test_models_know_their_groups(two_pools: Planned) -> None:
    plan = two_pools.document
    assert [model.name for model in plan.models] == ["chat", "hasty", "search"]
    for model in plan.models:
        holders = [g.name for g in plan.groups if model.name in {r.model for r in g.replicas}]
        assert list(model.groups) == holders
        assert model.profile == "p"


def test_a_model_that_cannot_be_served_says_how_fast_it_could_be(two_pools: Planned) -> None:
    by_name = {model.name: model for model in two_pools.document.models}
    hasty = by_name["hasty"]
    # One old device takes 0.2 s, two that share each operator half of it, as one new device does.
    assert hasty.best_latency_s == 0.1
    assert (hasty.groups, hasty.slo_attainment, hasty.latency_s) == ((), 0.0, None)
    assert by_name["chat"].best_latency_s is None


def test_replicas_have_the_stages_of_their_profile(two_pools: Planned) -> None:
    stages = {
        (1, 2): ({"layers": (0, 2)}, {"layers": (3, 8)}),
        (1, 1): ({"layers": (0, 8)},),
        (1, 4): ({"layers": (0, 1)}, {"layers": (2, 3)}, {"layers": (4, 5)}, {"layers": (6, 8)}),
    }
    data = two_pools.inputs.profiles["p"].model_dump()
    for config in data["configs"]:
        config["stages"] = stages.get((config["intra_op"], config["inter_op"]))
    profiles = {"p": ModelProfileSpec.model_validate(data)}
    result = two_pools.result
    made = two_pools.document.provenance
    assert made is not None
    inputs = replace(two_pools.inputs, profiles=profiles)
    plan = plan_document(inputs, result, made, UnseenSource.HELD_OUT)
    num_replicas = 0
    for group in plan.groups:
        expected = stages.get((group.intra_op, group.inter_op))
        for replica in group.replicas:
            num_replicas += 1
            assert replica.model_dump()["stages"] == expected
    assert num_replicas > 0
    bare = [replica for group in two_pools.document.groups for replica in group.replicas]
    assert {replica.stages for replica in bare} == {None}


def test_predictions_are_those_of_the_result_to_six_digits(two_pools: Planned) -> None:
    found, expected = two_pools.document.prediction, two_pools.result.prediction
    assert found is not None
    assert found.slo_attainment == pytest.approx(expected.slo_attainment, rel=1e-5)
    assert found.confidence_interval_95 == pytest.approx(expected.confidence_interval_95, rel=1e-5)
    assert found.prediction_interval_95 == pytest.approx(expected.prediction_interval_95, rel=1e-5)
    assert found.goodput_rps == pytest.approx(expected.goodput_rps, rel=1e-5)
    training = two_pools.result.best.evaluation.slo_attainment
    assert found.training_slo_attainment == pytest.approx(training, rel=1e-5)
    assert found.latency_s is not None
    assert found.latency_s.p99 == pytest.approx(expected.latency.p99_s, rel=1e-5)
    assert found.arrivals is not None
    assert found.arrivals.model_dump() == {
        "source": "sampled",
        "runs": expected.num_runs,
        "run_s": expected.run_s,
        "requests": expected.num_requests,
    }


def test_numbers_are_rounded_to_six_digits(two_pools: Planned) -> None:
    result = two_pools.result
    prediction = replace(
        result.prediction,
        slo_attainment=0.98765432,
        goodput_rps=1234567.89,
        confidence_interval_95=(0.000123456789, 1.0),
        run_s=1 / 3,
    )
    found = document(two_pools, replace(result, prediction=prediction)).prediction
    assert found is not None
    assert found.slo_attainment == 0.987654
    assert found.goodput_rps == 1234570.0
    assert found.confidence_interval_95 == (0.000123457, 1.0)
    assert found.arrivals is not None
    assert (found.arrivals.run_s, found.arrivals.source) == (0.333333, "held-out")


def test_what_nobody_asked_for_has_no_numbers(two_pools: Planned) -> None:
    result = two_pools.result
    nothing = result.prediction.models[1].latency
    assert math.isnan(nothing.mean_s)
    models = list(result.prediction.models)
    models[0] = replace(models[0], requests=0, attained=0, latency=nothing)
    prediction = replace(result.prediction, models=tuple(models), latency=nothing)
    found = document(two_pools, replace(result, prediction=prediction))
    assert (found.models[0].slo_attainment, found.models[0].latency_s) == (None, None)
    assert found.prediction is not None
    assert found.prediction.latency_s is None


@pytest.mark.parametrize(
    ("bound", "limit", "shown"),
    [
        (0.87654321, BoundLimit.MEMORY, (0.876543, "memory")),
        (1.0, None, (1.0, None)),
        (math.nan, None, None),
    ],
)
def test_the_upper_bound_is_shown_if_there_is_one(
    two_pools: Planned, bound: float, limit: BoundLimit | None, shown: tuple[float, str] | None
) -> None:
    attainable = AttainmentBound(bound, limit, bound, bound, bound)
    result = replace(two_pools.result, bound=attainable, bound_reached=0.81234567)
    found = document(two_pools, result).prediction
    assert found is not None
    if shown is None:
        assert found.upper_bound is None
        return
    assert found.upper_bound is not None
    assert (found.upper_bound.slo_attainment, found.upper_bound.limit) == shown
    assert found.upper_bound.reached == 0.812346


@pytest.mark.parametrize("method", METHODS)
def test_plans_are_valid_and_pass_the_independent_check(method: str) -> None:
    profiles = [make.profile("p", weight_bytes=6 * GB), make.profile("q", 0.3, 9 * GB)]
    models = [make.model(f"m{i}", "pq"[i % 2], 4.0, slo_scale=4.0) for i in range(6)]
    cluster = make.cluster(make.pool(count=2))
    run = solved(models, profiles, cluster, method, max_evaluations=60)
    assert PlanSpec.model_validate_json(run.document.model_dump_json()) == run.document
    inputs = run.inputs
    assert check_plan(inputs.cluster, inputs.workload.spec, inputs.profiles, run.document) == []
    assert run.document.provenance is not None
    assert run.document.provenance.method == method
    assert run.document.routing is not None
    assert run.document.routing.dispatch == run.inputs.problem.dispatch


def test_replicas_say_how_large_their_batches_may_be_where_nothing_else_does() -> None:
    profiles = [
        # Of 10 GB, a replica alone leaves room for batches of 7, and two of them for 4.
        make.profile("p", 0.1, 3 * GB, [(1, 1)], activation_bytes=GB, batch_sizes=(1, 8)),
        make.profile("q", 0.1, 3 * GB, [(1, 1)], batch_sizes=(1, 4)),
    ]
    models = [make.model(f"m{i}", name) for i, name in enumerate("ppq")]
    with pytest.warns(AlpaplanWarning, match="above every batch size profiled"):
        run = solved(models, profiles, make.cluster(max_batch_size=16), max_evaluations=20)
    inputs, best = run.inputs, run.result.best
    replicas = np.array([[True, False, True], [True, True, False]])
    caps = np.array([[0, 0, 9], [2, 4, 0]])
    placement = Placement(np.array([0, 0]), replicas, caps)
    devices = assign_devices(inputs.problem, [0, 0])
    assert devices is not None
    result = replace(run.result, best=replace(best, placement=placement), devices=devices)
    plan = document(run, result)
    found = [[(r.model, r.max_batch_size) for r in group.replicas] for group in plan.groups]
    assert found == [[("m0", 7), ("m2", None)], [("m0", 2), ("m1", 4)]]
    back = placement_of_plan(inputs.problem, inputs.cluster, plan)
    assert back.max_batch_size is not None
    assert back.max_batch_size.tolist() == [[0, 0, 0], [2, 4, 0]]
    assert (batch_caps(inputs.problem, back) == batch_caps(inputs.problem, placement)).all()
    # Beside a batch of 7 there is no room for another model: by the arrays and by the documents.
    assert not placement_fits(inputs.problem, placement)
    assert [issue.where for issue in inputs.issues_of(plan)] == [("groups", 0, "replicas")]


def test_limits_that_change_nothing_are_none() -> None:
    run = solved([make.model()], [make.profile(batch_sizes=(1, 2))], max_evaluations=20)
    data = run.document.model_dump()
    for group in data["groups"]:
        for replica in group["replicas"]:
            replica["max_batch_size"] = 2
    plan = PlanSpec.model_validate(data)
    for cap in (1, 2, 3):
        on = make.cluster(max_batch_size=cap)
        inputs = Inputs.of_specs(on, run.inputs.workload.spec, run.inputs.profiles)
        assert placement_of_plan(inputs.problem, on, plan).max_batch_size is None


def test_a_model_that_fits_with_small_batches_only_is_planned_with_them() -> None:
    profile = make.profile("p", 0.1, 4 * GB, [(1, 1)], activation_bytes=2 * GB, batch_sizes=(1, 8))
    run = solved([make.model()], [profile], make.cluster(max_batch_size=8), max_evaluations=20)
    replicas = [replica for group in run.document.groups for replica in group.replicas]
    assert {replica.max_batch_size for replica in replicas} == {3}


def test_fractions_of_kv_memory_are_read_from_plans() -> None:
    models = [make.llm_model("a"), make.llm_model("b")]
    profile = make.llm_profile(weight_bytes=GB)
    inputs = Inputs.of_specs(make.cluster(), make.workload(*models), {"llm": profile})
    groups = [
        {
            "name": f"g{index}",
            "device": "gpu",
            "intra_op": 1,
            "inter_op": 1,
            "devices": [{"node": "n-0", "devices": [index]}],
            "replicas": replicas,
        }
        for index, replicas in enumerate(
            [
                [{"model": "b", "kv_fraction": 0.75}, {"model": "a", "kv_fraction": 0.25}],
                [{"model": "a"}, {"model": "b"}],
            ]
        )
    ]
    plan = PlanSpec.model_validate({"kind": "placement-plan", "version": 1, "groups": groups})
    placement = placement_of_plan(inputs.problem, inputs.cluster, plan)
    assert placement.kv_fraction is not None
    assert placement.kv_fraction.tolist() == [[0.25, 0.75], [0, 0]]
    without = plan.model_copy(update={"groups": plan.groups[1:]})
    assert placement_of_plan(inputs.problem, inputs.cluster, without).kv_fraction is None
