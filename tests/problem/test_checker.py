"""The independent check of a plan: one test for each thing that can be wrong."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from alpaplan.problem.checker import check_plan
from alpaplan.specs.plan import PlanSpec
from alpaplan.specs.profile import ModelProfileSpec
from tests import builders as make
from tests.builders import GB

AVAILABLE = "but only 10000000000 bytes (10 GB) are available"


def group(**changes: object) -> dict[str, object]:
    """Return a group that is fine on the cluster of these tests."""
    fine: dict[str, object] = {
        "name": "g0",
        "device": "gpu",
        "intra_op": 1,
        "inter_op": 2,
        "devices": [{"node": "n-0", "devices": [0, 1]}],
        "replicas": [{"model": "m0"}, {"model": "m1"}],
    }
    return fine | changes


def issues_of(*groups: Mapping[str, object]) -> list[tuple[tuple[str | int, ...], str]]:
    """Check a plan of the given groups on two nodes of four devices of 10 GB."""
    plan = PlanSpec.model_validate({"kind": "placement-plan", "version": 1, "groups": groups})
    on = make.cluster(make.pool(count=2), make.pool("other", device="tpu", devices_per_node=2))
    models = make.workload(*(make.model(f"m{i}") for i in range(6)), make.model("big", "q"))
    shapes = [(1, 1), (1, 2), (4, 2), (2, 1), (3, 1)]
    profiles = {
        "p": make.profile(shapes=shapes),
        "q": make.profile("q", weight_bytes=12 * GB, activation_bytes=5 * GB, shapes=[(1, 2)]),
    }
    found = check_plan(on, models, profiles, plan)
    return [(issue.where, issue.message) for issue in found]


def test_a_fine_plan_has_no_issues() -> None:
    whole_nodes = [{"node": f"n-{n}", "devices": [0, 1, 2, 3]} for n in range(2)]
    assert issues_of(group()) == []
    assert issues_of(group(intra_op=4, devices=whole_nodes)) == []
    assert issues_of() == []


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        (
            {"devices": [{"node": "m-0", "devices": [0, 1]}]},
            ("devices", 0, "node"),
            "must run on nodes of the cluster, found 'm-0'; did you mean 'n-0'?",
        ),
        (
            {"devices": [{"node": "other-0", "devices": [0, 1]}]},
            ("devices", 0, "node"),
            "must run on 'gpu' devices, found 'other-0' with 'tpu'",
        ),
        (
            {"devices": [{"node": "n-0", "devices": [3, 4]}]},
            ("devices", 0, "devices", 1),
            "must use devices 0 to 3 of a node, found 4",
        ),
        (
            {"devices": [{"node": "n-0", "devices": [0, 1, 2]}]},
            ("devices",),
            "must have intra_op * inter_op = 2 devices, found 3",
        ),
        (
            {"devices": [{"node": "n-0", "devices": [0]}, {"node": "n-1", "devices": [0]}]},
            ("devices",),
            "must lie inside one node or cover whole nodes of one pool",
        ),
        (
            {"replicas": [{"model": "bog"}]},
            ("replicas", 0, "model"),
            "must hold models of the workload, found 'bog'; did you mean 'big'?",
        ),
        (
            {"replicas": [{"model": "m0"}, {"model": "big"}], "intra_op": 2, "inter_op": 1},
            ("replicas", 1, "model"),
            "runs intra_op 2, inter_op 1 on 'gpu', which profile 'q' of 'big' does not list",
        ),
        (
            {"replicas": [{"model": f"m{i}"} for i in range(6)]},
            ("replicas",),
            f"needs 12000000000 bytes (12 GB) on each device of stage 0, {AVAILABLE}",
        ),
        (
            {"replicas": [{"model": "big"}]},
            ("replicas",),
            f"needs 11000000000 bytes (11 GB) on each device of stage 0, {AVAILABLE}",
        ),
    ],
)
def test_each_fault_is_found_at_its_place(
    changes: Mapping[str, object], where: tuple[str | int, ...], message: str
) -> None:
    expected = (("groups", 0, *where), f"group 'g0' {message}")
    assert issues_of(group(**changes)) == [expected]


def cut(*layers: tuple[int, int]) -> list[dict[str, object]]:
    return [{"layers": list(pair)} for pair in layers]


@pytest.mark.parametrize(
    ("of_profile", "of_plan", "fine"),
    [
        (cut((0, 1), (2, 3)), cut((0, 1), (2, 3)), True),
        (cut((0, 1), (2, 3)), cut((0, 0), (1, 3)), False),
        (cut((0, 1), (2, 3)), cut((0, 1), (2, 4)), False),
        (cut((0, 1), (2, 3)), None, True),
        (None, cut((0, 1), (2, 3)), True),
        (None, None, True),
    ],
)
def test_stages_are_the_profiles_where_both_are_known(
    of_profile: object, of_plan: object, fine: bool
) -> None:
    data = make.profile(shapes=[(1, 2)]).model_dump()
    data["configs"][0]["stages"] = of_profile
    profile = ModelProfileSpec.model_validate(data)
    replicas = [{"model": "m0"}, {"model": "m1", "stages": of_plan}]
    document = {"kind": "placement-plan", "version": 1, "groups": [group(replicas=replicas)]}
    plan = PlanSpec.model_validate(document)
    models = make.workload(make.model("m0"), make.model("m1"))
    found = check_plan(make.cluster(), models, {"p": profile}, plan)
    assert [issue.where for issue in found] == (
        [] if fine else [("groups", 0, "replicas", 1, "stages")]
    )
    if not fine:
        assert found[0].message.startswith(
            "group 'g0' must cut 'm1' as its profile 'p' does, into layers 0-1 2-3, found 0"
        )


def test_a_device_belongs_to_one_group() -> None:
    second = group(name="g1", devices=[{"node": "n-0", "devices": [1, 2]}])
    assert issues_of(group(), second) == [
        (
            ("groups", 1, "devices", 0, "devices", 0),
            "group 'g1' must have devices of its own, but device 1 of n-0 belongs to 'g0'",
        )
    ]


def test_all_faults_are_found_at_once() -> None:
    first = group(replicas=[{"model": "x"}], devices=[{"node": "n-9", "devices": [0, 1]}])
    second = group(name="g1", devices=[{"node": "n-0", "devices": [0, 9]}])
    assert [where[:3] for where, _ in issues_of(first, second)] == [
        ("groups", 0, "devices"),
        ("groups", 0, "replicas"),
        ("groups", 1, "devices"),
    ]


BATCHED = make.profile("b", 0.1, 4 * GB, [(1, 2)], activation_bytes=GB, batch_sizes=(1, 2, 6))
ALONE = make.profile("a", 0.1, 2 * GB, [(1, 2)], activation_bytes=5 * GB)


def batches_of(max_batch_size: int, *caps: int | None) -> list[str]:
    """Check a plan of one group with replicas of `BATCHED`, of such caps, and one of `ALONE`."""
    replicas = [
        {"model": f"m{index}"} | ({} if cap is None else {"max_batch_size": cap})
        for index, cap in enumerate(caps)
    ]
    document = {"groups": [group(replicas=[*replicas, {"model": "alone"}])]}
    plan = PlanSpec.model_validate({"kind": "placement-plan", "version": 1} | document)
    models = make.workload(
        *(make.model(f"m{index}", "b") for index in range(len(caps))), make.model("alone", "a")
    )
    on = make.cluster(max_batch_size=max_batch_size)
    found = check_plan(on, models, {"b": BATCHED, "a": ALONE}, plan)
    assert {issue.where for issue in found} <= {("groups", 0, "replicas")}
    return [issue.message for issue in found]


@pytest.mark.parametrize(
    ("max_batch_size", "caps", "needed_gb"),
    [
        (1, (None, None), None),
        (5, (None, None), None),  # 2 + 2 + 1 of weights, 5 for a batch of five
        (6, (None,), None),
        (6, (None, 5), 11),
        (6, (5, 5), None),
        (99, (6, 1), 11),
        (99, (99, 1), 11),
    ],
)
def test_memory_is_that_of_the_largest_batches(
    max_batch_size: int, caps: tuple[int | None, ...], needed_gb: int | None
) -> None:
    line = (
        f"group 'g0' needs {needed_gb}000000000 bytes ({needed_gb} GB) on each device of stage 0, "
        f"{AVAILABLE}; smaller batches of its replicas (max_batch_size) would fit"
    )
    assert batches_of(max_batch_size, *caps) == ([] if needed_gb is None else [line])


def test_smaller_batches_are_not_suggested_where_they_would_not_help() -> None:
    needed = "13000000000 bytes (13 GB) on each device of stage 0"
    assert batches_of(6, 2, 4, None) == [f"group 'g0' needs {needed}, {AVAILABLE}"]


def test_the_most_memory_may_be_of_a_batch_smaller_than_the_largest() -> None:
    data = BATCHED.model_dump()
    data["configs"][0]["stage_activation_bytes"] = {1: [0, 0], 2: [7 * GB, 0], 6: [GB, GB]}
    profile = ModelProfileSpec.model_validate(data)
    document = {"groups": [group(replicas=[{"model": "m"}, {"model": "n"}])]}
    plan = PlanSpec.model_validate({"kind": "placement-plan", "version": 1} | document)
    models = make.workload(make.model("m", "b"), make.model("n", "b"))
    for size, num_issues in ((1, 0), (2, 1), (6, 1)):
        found = check_plan(make.cluster(max_batch_size=size), models, {"b": profile}, plan)
        assert len(found) == num_issues


@pytest.mark.parametrize(
    ("least", "spread", "found"),
    [(3, "none", None), (4, "none", 3), (2, "node", None), (3, "node", 2)],
)
def test_required_replicas_are_counted(least: int, spread: str, found: int | None) -> None:
    places = [("n-0", [0]), ("n-0", [1]), ("n-1", [0])]
    groups = [
        group(
            name=f"g{index}",
            inter_op=1,
            devices=[{"node": node, "devices": devices}],
            replicas=[{"model": "m"}],
        )
        for index, (node, devices) in enumerate(places)
    ]
    plan = PlanSpec.model_validate({"kind": "placement-plan", "version": 1, "groups": groups})
    models = make.workload(make.model("m", min_replicas=least, spread=spread))
    issues = check_plan(make.cluster(make.pool(count=2)), models, {"p": make.profile()}, plan)
    where = " that share no node" if spread == "node" else ""
    rule = f"must hold 'm' on at least {least} groups{where}, found {found}"
    assert [issue.message for issue in issues] == ([] if found is None else [rule])
