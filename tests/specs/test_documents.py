"""Rules of the cluster, workload, profile, layer and plan documents, as specs alone."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from alpaplan.specs.arrivals import GammaArrivals
from alpaplan.specs.choices import Dispatch
from alpaplan.specs.cluster import MAX_DEVICES, ClusterSpec
from alpaplan.specs.layers import LayerProfileSpec
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.profile import ModelProfileSpec
from alpaplan.specs.registry import DOCUMENT_KINDS
from alpaplan.specs.stages import StageLayers, layer_ranges
from alpaplan.specs.workload import MAX_MODELS, WorkloadSpec
from tests.files.examples import EXAMPLES


def example(kind: str) -> Any:
    return yaml.safe_load(EXAMPLES[kind])


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
def test_example_survives_a_round_trip(kind: str) -> None:
    spec_type = DOCUMENT_KINDS[kind]
    spec = spec_type.model_validate(example(kind))
    assert spec_type.model_validate(spec.model_dump()) == spec
    assert spec_type.model_validate(spec.model_dump(exclude_defaults=True)) == spec


def test_cluster() -> None:
    cluster = ClusterSpec.model_validate(example("cluster"))
    pool = cluster.node_pools[0]
    assert pool.usable_memory_bytes == 13 * 2**30
    assert pool.num_devices == 16
    assert pool.node_name(1) == "p3-1"
    assert cluster.node_pools[1].device_memory_bytes == 16 * 10**9
    assert cluster.serving.dispatch is Dispatch.EARLIEST_FINISH


def test_a_cluster_has_a_limit() -> None:
    document = example("cluster")
    document["node_pools"][0] |= {"count": MAX_DEVICES, "devices_per_node": 1}
    del document["node_pools"][1]
    assert ClusterSpec.model_validate(document).node_pools[0].num_devices == MAX_DEVICES
    document["node_pools"][0]["devices_per_node"] = 8
    with pytest.raises(ValidationError, match="at most 100,000 devices together, found 800,000"):
        ClusterSpec.model_validate(document)


def test_cluster_defaults() -> None:
    document = example("cluster")
    del document["serving"]
    serving = ClusterSpec.model_validate(document).serving
    assert serving.dispatch is Dispatch.SHORTEST_QUEUE
    assert (serving.request_overhead_s, serving.stage_overhead) == (0.0, 0.0)
    assert serving.max_batch_size == 1


def test_workload_writes_out_counts_and_shares_rates() -> None:
    models = WorkloadSpec.model_validate(example("workload")).served_models()
    assert [model.name for model in models] == ["a", "b", "c-0", "c-1", "c-2", "d", "e", "f", "g"]
    assert [model.entry for model in models] == [0, 1, 2, 2, 2, 3, 4, 5, 6]
    shared = [model.arrivals for model in models[2:5]]
    rates = [arrivals.rate_rps for arrivals in shared if isinstance(arrivals, GammaArrivals)]
    total = 1 + 2**-0.5 + 3**-0.5
    assert rates == pytest.approx([10 / total, 10 * 2**-0.5 / total, 10 * 3**-0.5 / total])
    assert models[2].weight == 2
    assert (models[2].slo_s, models[2].slo_scale) == (None, 5)
    assert (models[1].slo_s, models[1].slo_scale) == (0.5, None)


def test_models_are_written_out_once_and_anew_for_a_copy_with_others() -> None:
    workload = WorkloadSpec.model_validate(example("workload"))
    assert workload.served_models() is workload.served_models()
    fewer = workload.model_copy(update={"models": workload.models[:2]})
    assert [model.name for model in fewer.served_models()] == ["a", "b"]
    again = WorkloadSpec.model_validate(example("workload"))
    assert again == workload  # what was worked out is no part of the document
    assert "served_models" not in workload.model_dump_json()


def test_names_of_counted_models_must_differ_from_others() -> None:
    document = example("workload")
    document["models"][0]["name"] = "c-1"
    with pytest.raises(ValidationError, match="duplicate 'c-1', first at number 1"):
        WorkloadSpec.model_validate(document)


def test_a_workload_has_a_largest_size() -> None:
    document = example("workload")
    for entry in document["models"][:2]:
        entry["count"] = MAX_MODELS
    with pytest.raises(ValidationError, match=f"must be at most {MAX_MODELS} models"):
        WorkloadSpec.model_validate(document)


def test_model_profile() -> None:
    (config,) = ModelProfileSpec.model_validate(example("model-profile")).fixed_configs
    assert config.num_devices == 2
    assert config.stage_weight_bytes == (600_000_000, 600_000_000)
    assert config.stage_activation_bytes == {1: (10**6, 0), 2: (2 * 10**6, 0)}


def test_layer_profile() -> None:
    profile = LayerProfileSpec.model_validate(example("layer-profile"))
    assert profile.layers[0].latency_s[2][1] == pytest.approx(0.0041)
    assert profile.link.bandwidth_bytes_per_s == 12 * 10**9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latency_s": {1: {1: 1}, 2: {2: 1}}}, "must have the keys 1 as the others do, found 2"),
        ({"latency_s": {1: {}}}, "must have at least one batch size"),
        ({"latency_s": {}}, "at least 1 item"),
        ({"activation_bytes": {1: 1}}, "must have the keys 1, 2 as the others do, found 1"),
        ({"output_bytes": {}}, "found none"),
    ],
)
def test_layers_agree_on_batch_sizes(change: dict[str, object], message: str) -> None:
    document = example("layer-profile")
    document["layers"][0] |= change
    with pytest.raises(ValidationError, match=message):
        LayerProfileSpec.model_validate(document)


def test_layers_have_the_same_intra_op_and_names_of_their_own() -> None:
    document = example("layer-profile")
    other = document["layers"][0] | {"latency_s": {1: {1: 1, 2: 2}}}
    document["layers"].append(other)
    with pytest.raises(ValidationError) as caught:
        LayerProfileSpec.model_validate(document)
    (error,) = caught.value.errors()
    assert [issue.where for issue in error["ctx"]["issues"]] == [(1, "name"), (1, "latency_s")]


def test_intra_op_of_layers_is_as_limited_as_that_of_profiles() -> None:
    document = example("layer-profile")
    document["layers"][0]["latency_s"] = {5000: {1: 1, 2: 2}}
    with pytest.raises(ValidationError, match="less than or equal to 4096"):
        LayerProfileSpec.model_validate(document)


@pytest.mark.parametrize(
    ("stages", "issues"),
    [
        ([[0, 3]], [((), "must have inter_op = 2 stages, found 1")]),
        (
            [[1, 3], [4, 5]],
            [((0, "layers"), "must begin at layer 0, the first layer, found 1")],
        ),
        (
            [[0, 3], [5, 6]],
            [((1, "layers"), "must begin at layer 4, after the stage before, found 5")],
        ),
        (
            [[0, 3], [3, 6]],
            [((1, "layers"), "must begin at layer 4, after the stage before, found 3")],
        ),
        (
            [[0, 3], [4, 2]],
            [((1, "layers"), "must not end before it begins, found 4 to 2")],
        ),
    ],
)
@pytest.mark.parametrize("kind", ["model-profile", "placement-plan"])
def test_stages_are_contiguous_and_as_many_as_inter_op(
    kind: str, stages: list[list[int]], issues: list[tuple[tuple[object, ...], str]]
) -> None:
    document = example(kind)
    holder = document["configs" if kind == "model-profile" else "groups"][0]
    holder = holder if kind == "model-profile" else holder["replicas"][0]
    holder["stages"] = [{"layers": layers} for layers in stages]
    with pytest.raises(ValidationError) as caught:
        DOCUMENT_KINDS[kind].model_validate(document)
    error = caught.value.errors()[0]  # pydantic adds that the list around it is too short
    # A plan's number of stages is known to the group only, which has to name the replica.
    number = kind == "placement-plan" and "inter_op" in issues[0][1]
    expected = [((0, "stages"), issues[0][1])] if number else issues
    assert [(issue.where, issue.message) for issue in error["ctx"]["issues"]] == expected


@pytest.mark.parametrize("layers", [[0], [0, 1, 2], [0, -1], [0, True], [0.0, 1], "0-1", None])
def test_stages_are_pairs_of_layers(layers: object) -> None:
    document = example("model-profile")
    document["configs"][0]["stages"] = [{"layers": layers}, {"layers": [2, 3]}]
    with pytest.raises(ValidationError):
        ModelProfileSpec.model_validate(document)


def test_layers_of_stages_are_shown_short() -> None:
    stages = (StageLayers(layers=(0, 11)), StageLayers(layers=(12, 12)))
    assert layer_ranges(stages) == "0-11 12"
    assert layer_ranges(None) == "-"


def test_configurations_are_found_by_device_and_shape() -> None:
    profile = ModelProfileSpec.model_validate(example("model-profile"))
    assert profile.find_config("v100-16gb", 1, 2) is profile.configs[0]
    assert profile.find_config("v100-16gb", 2, 1) is None
    assert profile.find_config("t4", 1, 2) is None


def test_a_plan_needs_groups_only() -> None:
    plan = PlanSpec.model_validate({"kind": "placement-plan", "version": 1, "groups": []})
    assert plan.groups == ()
    assert plan.provenance is None


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("replicas", [{"model": "a"}, {"model": "a"}], "duplicate 'a'"),
        ("devices", [{"node": "n", "devices": [0]}] * 2, "duplicate 'n'"),
        ("devices", [{"node": "n", "devices": []}], "at least 1 item"),
        ("devices", [{"node": "n", "devices": [True]}], "valid integer"),
        ("intra_op", 10**30, "less than or equal to 4096"),
    ],
)
def test_groups_of_a_plan(key: str, value: object, message: str) -> None:
    document = example("placement-plan")
    document["groups"][0][key] = value
    with pytest.raises(ValidationError, match=message):
        PlanSpec.model_validate(document)


@pytest.mark.parametrize(
    ("fractions", "fits"),
    [
        ((0.1,) * 10, True),
        ((0.7, 0.3 + 9e-10), True),
        ((0.7, 0.3 + 2e-9), False),
        ((1e-12,), True),
    ],
)
def test_kv_fractions_are_at_most_1_together_but_for_rounding(
    fractions: tuple[float, ...], fits: bool
) -> None:
    document = example("placement-plan")
    document["groups"][0]["replicas"] = [
        {"model": f"m{index}", "kv_fraction": fraction} for index, fraction in enumerate(fractions)
    ]
    if fits:
        group = PlanSpec.model_validate(document).groups[0]
        assert tuple(replica.kv_fraction for replica in group.replicas) == fractions
    else:
        with pytest.raises(ValidationError, match="must be at most 1 together"):
            PlanSpec.model_validate(document)
