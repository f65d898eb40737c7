"""Searches on clusters with room look where requests are missed."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.planning.inputs import Inputs
from alpaplan.planning.plan import Planned, plan
from alpaplan.planning.settings import PlanSettings
from alpaplan.problem import PlacementProblem
from alpaplan.search.methods import auto
from alpaplan.search.partition import GroupPartition, uniform_partitions
from alpaplan.search.room import ENOUGH, STRAINS
from alpaplan.search.workers import processes
from tests import builders as make
from tests.builders import GB


def roomy(rate_rps: float = 1.0, max_batch_size: int = 1) -> Inputs:
    """Return six models that fill a third of two nodes' memory, and less of their time."""
    profiles = {"p": make.profile(weight_bytes=3 * GB, batch_sizes=(1, 2, 4))}
    on = make.cluster(make.pool(count=2, devices_per_node=2), max_batch_size=max_batch_size)
    gamma = {"process": "gamma", "rate_rps": rate_rps, "cv": 2.0}
    models = [make.model(f"m{i}", arrivals=gamma, slo_s=0.8) for i in range(6)]
    return Inputs.of_specs(on, make.workload(*models), profiles)


def planned(inputs: Inputs, evaluations: int = 400, jobs: int = 1) -> Planned:
    """Return a plan of a short search."""
    return plan(inputs, PlanSettings(max_evaluations=evaluations, jobs=jobs))


@pytest.mark.slow
def test_every_model_is_on_both_nodes_where_that_costs_nothing() -> None:
    found = planned(roomy())
    prediction = found.document.prediction
    assert prediction is not None
    assert prediction.slo_attainment > 0.999
    assert min(loss.slo_attainment for loss in prediction.node_loss) > 0.99
    for model in found.document.models:
        groups = [group for group in found.document.groups if group.name in model.groups]
        assert len({part.node for group in groups for part in group.devices}) == 2


@pytest.mark.slow
def test_what_was_found_under_strain_has_the_attainment_of_the_stated_traffic() -> None:
    found = planned(roomy())
    scores = [candidate.score for candidate in found.result.tried]
    assert all(score.merit is not None for score in scores)
    assert max(score.attainment for score in scores) == found.result.best.evaluation.slo_attainment
    names = [step.name for step in found.result.steps]
    assert any(name.endswith(f"at {STRAINS[-1]:g} times the rate") for name in names)


@pytest.mark.slow
def test_where_requests_are_missed_the_stated_traffic_decides() -> None:
    found = planned(roomy(rate_rps=8.0))
    assert found.prediction.slo_attainment < 0.999
    assert all(candidate.score.merit is None for candidate in found.result.tried)


@pytest.mark.slow
def test_headroom_is_looked_for_once_the_improvement_leaves_no_misses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def groups_of_one_device(problem: PlacementProblem, *_: object) -> list[GroupPartition]:
        return uniform_partitions(problem)[:1]

    monkeypatch.setattr(auto, "uniform_partitions", groups_of_one_device)
    monkeypatch.setattr(auto, "propose_partitions", groups_of_one_device)
    found = planned(roomy(rate_rps=4.0))
    as_stated = [step for step in found.result.steps if "times the rate" not in step.name]
    started, improved = as_stated[1:3]
    assert started.best.attainment < ENOUGH < improved.best.attainment
    assert improved.name.startswith("improvement")
    assert all(candidate.score.merit is not None for candidate in found.result.tried)
    assert found.prediction.slo_attainment > ENOUGH


@pytest.mark.slow
def test_batching_searches_for_room_too() -> None:
    found = planned(roomy(max_batch_size=4))
    assert all(candidate.score.merit is not None for candidate in found.result.tried)
    assert found.inputs.issues_of(found.document) == []


@pytest.mark.slow
def test_the_plan_does_not_depend_on_workers() -> None:
    inputs = roomy()
    first = planned(inputs, 150)
    assert planned(inputs, 150, jobs=3).document == first.document
    with processes(2) as workers:
        settings = PlanSettings(max_evaluations=150)
        assert plan(inputs, settings, workers=workers).document == first.document


@pytest.mark.slow
def test_few_evaluations_are_enough_for_a_plan() -> None:
    for evaluations in (1, 5, 30):
        found = planned(roomy(), evaluations)
        assert np.asarray(found.placement.replicas).any()
        assert found.inputs.issues_of(found.document) == []
