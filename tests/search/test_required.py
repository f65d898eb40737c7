"""Replicas that models have to have: every method's plans have them, or say what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.errors import InfeasibleError
from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import plan
from alpaplan.planning.settings import PlanSettings
from alpaplan.problem import Placement
from alpaplan.problem.required_checks import missing_replicas
from alpaplan.search.methods import METHODS
from alpaplan.search.selection.required import with_required
from tests import builders as make
from tests.builders import GB


def inputs_of(models: list[dict[str, object]], nodes: int = 2, max_batch_size: int = 1) -> Inputs:
    """Return inputs of two profiles on nodes of two devices, one of which has few shapes."""
    profiles = {
        "p": make.profile(batch_sizes=(1, 2, 4)),
        "big": make.profile(
            "big", weight_bytes=12 * GB, shapes=[(1, 2), (2, 1), (1, 4)], batch_sizes=(1, 4)
        ),
    }
    on = make.cluster(make.pool(count=nodes, devices_per_node=2), max_batch_size=max_batch_size)
    return Inputs.of_specs(on, make.workload(*models), profiles)


def required(name: str, least: int, spread: str = "none", **more: Any) -> dict[str, object]:
    """Return a model that has to have replicas."""
    return make.model(name, min_replicas=least, spread=spread, **more)


def quick(method: str, seed: int = 0) -> PlanSettings:
    """Return settings of a short search."""
    return PlanSettings(method=method, seed=seed, max_evaluations=40, jobs=1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("max_batch_size", [1, 4])
def test_every_method_keeps_what_is_required(method: str, max_batch_size: int) -> None:
    # Nobody asks for quiet, and busy alone would fill both nodes.
    models = [
        required("busy", 1, rate_rps=30.0),
        required("quiet", 2, "node", rate_rps=0.01),
        required("seldom", 3, rate_rps=0.01),
    ]
    inputs = inputs_of(models, max_batch_size=max_batch_size)
    document = plan(inputs, quick(method)).document
    assert inputs.issues_of(document) == []
    nodes = {
        group.devices[0].node
        for group in document.groups
        if any(replica.model == "quiet" for replica in group.replicas)
    }
    assert nodes == {"n-0", "n-1"}


@pytest.mark.parametrize("method", METHODS)
def test_groups_without_replicas_do_not_let_others_share_a_node(method: str) -> None:
    on = make.cluster(make.pool(count=2, devices_per_node=4))
    calm = make.workload(required("calm", 2, "node", rate_rps=0.5))
    inputs = Inputs.of_specs(on, calm, {"p": make.profile()})
    planned = plan(inputs, quick(method))
    assert inputs.issues_of(planned.document) == []
    used = sum(len(part.devices) for group in planned.document.groups for part in group.devices)
    free = sum(len(part.devices) for part in planned.document.unused_devices)
    assert used + free == 8


@st.composite
def workloads(draw: st.DrawFn) -> list[dict[str, object]]:
    """Draw models of which some have to have replicas."""
    return [
        required(
            f"m{index}",
            draw(st.integers(1, 3)),
            draw(st.sampled_from(["none", "node"])),
            profile=draw(st.sampled_from(["p", "p", "big"])),
            rate_rps=draw(st.sampled_from([0.1, 5.0])),
        )
        for index in range(draw(st.integers(1, 4)))
    ]


@pytest.mark.slow
@settings(max_examples=40)
@given(
    workloads(),
    st.integers(1, 3),
    st.sampled_from(["auto", "greedy", "ilp", "dedicated", "round-robin"]),
    st.sampled_from([1, 4]),
)
def test_plans_pass_the_checker_or_are_refused_with_words(
    models: list[dict[str, object]], nodes: int, method: str, max_batch_size: int
) -> None:
    inputs = inputs_of(models, nodes, max_batch_size=max_batch_size)
    try:
        document = plan(inputs, quick(method)).document
    except InfeasibleError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert inputs.issues_of(document) == []
    assert not refusal or "needs" in refusal


@pytest.mark.parametrize(
    ("least", "spread", "message"),
    [
        (3, "node", "model 'm' needs 3 groups on different nodes, the cluster has 2 "),
        (5, "none", r"model 'm' needs 5 groups, the cluster has 4 \(2 x 2 gpu, at least 1 for"),
    ],
)
def test_what_no_cluster_can_hold_is_named(least: int, spread: str, message: str) -> None:
    with pytest.raises(InfeasibleError, match=message):
        plan(inputs_of([required("m", least, spread)]), quick("greedy"))


def test_what_does_not_fit_together_is_named() -> None:
    models = [required(f"m{index}", 2, "node", profile="big") for index in range(2)]
    with pytest.raises(InfeasibleError, match="needs 2 groups on different nodes, found room on"):
        plan(inputs_of(models), quick("auto"))


def test_a_model_that_attains_nothing_gets_its_replicas_too() -> None:
    models = [make.model("m"), required("slow", 2, slo_s=0.001)]
    document = plan(inputs_of(models), quick("auto")).document
    assert len(document.models[1].groups) >= 2


def test_required_replicas_push_out_others_only_where_they_must() -> None:
    models = [make.model("a"), make.model("b"), make.model("c"), required("d", 2, "node")]
    problem = inputs_of(models).problem
    single = next(h for h, shape in enumerate(problem.shapes) if shape.num_devices == 1)
    replicas = np.zeros((4, 4), dtype=np.bool_)
    replicas[:, :2] = True  # two of 4 GB fill a device of 10 GB
    replicas[1, 1] = False
    before = Placement(np.full(4, single), replicas)
    after = with_required(problem, before)
    assert missing_replicas(problem, before).tolist() == [0, 0, 0, 2]
    assert not missing_replicas(problem, after).any()
    assert after.replicas[1].tolist() == [True, False, False, True]
    assert after.replicas[2:, 3].sum() == 1
    assert after.replicas[:, :2].sum() == before.replicas.sum() - 1
