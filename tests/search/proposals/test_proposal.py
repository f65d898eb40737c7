"""Proposed partitions."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
from numpy.typing import NDArray

from alpaplan.problem import PlacementProblem
from alpaplan.problem.devices import assign_devices
from alpaplan.problem.feasibility import servable_replicas
from alpaplan.search.partition import GroupPartition
from alpaplan.search.proposals.demand import Demand
from alpaplan.search.proposals.proposal import propose_partitions
from tests import builders as make
from tests.builders import GB

SHAPES = ((1, 1), (1, 2), (2, 1), (1, 3), (1, 4), (2, 2), (1, 6), (1, 8), (2, 8))


def bursty(problem: PlacementProblem, total_rps: float) -> Demand:
    """Return equal demands that come in bursts."""
    ones = np.ones(problem.num_models)
    return Demand(ones * total_rps / problem.num_models, 4 * ones, 8 * ones)


def mixed(num_models: int, num_nodes: int, devices_per_node: int = 8) -> PlacementProblem:
    """Return a problem of small fast and large slow models."""
    profiles = [
        make.profile("fast", 0.05, 2 * GB, SHAPES),
        make.profile("middle", 0.1, 5 * GB, SHAPES),
        make.profile("slow", 0.4, 16 * GB, SHAPES),
    ]
    models = [make.model(f"m{i}", profiles[i % 3].name, slo_scale=3.0) for i in range(num_models)]
    pools = make.pool("n", num_nodes, devices_per_node)
    return make.problem(models, profiles, make.cluster(pools))


def eligible(proposal: GroupPartition) -> NDArray[np.bool_]:
    """Return the models that each group is meant for."""
    assert proposal.eligible is not None
    return proposal.eligible


def check(problem: PlacementProblem, proposals: list[GroupPartition]) -> None:
    """Check what holds for all proposals."""
    assert proposals
    servable = servable_replicas(problem)
    for proposal in proposals:
        shapes = np.array(proposal.shapes)
        assigned = assign_devices(problem, proposal.shapes)
        assert assigned is not None
        assert eligible(proposal).shape == (shapes.size, problem.num_models)
        assert (eligible(proposal) <= servable[shapes]).all()
        assert eligible(proposal).any(axis=1).all()
        assert proposal.label
    distinct = {(p.shapes, eligible(p).tobytes()) for p in proposals}
    assert len(distinct) == len(proposals)


@pytest.mark.parametrize("num_nodes", [1, 3])
@pytest.mark.parametrize("devices_per_node", [1, 3, 6, 8])
def test_proposals_pack_and_are_different(num_nodes: int, devices_per_node: int) -> None:
    problem = mixed(9, num_nodes, devices_per_node)
    check(problem, propose_partitions(problem, bursty(problem, 30.0), 4))


def test_every_device_that_can_serve_is_used() -> None:
    problem = mixed(12, 2)
    for proposal in propose_partitions(problem, bursty(problem, 60.0), 6):
        assert sum(problem.shapes[h].num_devices for h in proposal.shapes) == 16


def test_proposals_repeat() -> None:
    problem = mixed(12, 2)
    first, second = (propose_partitions(problem, bursty(problem, 60.0), 6) for _ in range(2))
    assert [(p.shapes, p.label) for p in first] == [(p.shapes, p.label) for p in second]
    assert all(np.array_equal(eligible(a), eligible(b)) for a, b in zip(first, second, strict=True))


def test_models_with_little_patience_get_groups_of_their_own() -> None:
    profiles = [make.profile("fast", 0.02, GB, SHAPES), make.profile("slow", 1.0, GB, SHAPES)]
    models = [make.model(f"f{i}", "fast", slo_s=0.06) for i in range(4)]
    models += [make.model(f"s{i}", "slow", slo_s=4.0) for i in range(4)]
    problem = make.problem(models, profiles, make.cluster(make.pool(devices_per_node=8)))
    demand = Demand(np.repeat([10.0, 1.0], 4), np.ones(8), np.ones(8))
    best = propose_partitions(problem, demand, 1)[0]
    both = eligible(best)[:, :4].any(axis=1) & eligible(best)[:, 4:].any(axis=1)
    assert not both.any()
    assert eligible(best).any(axis=0).all()


def test_pools_of_different_devices_serve_side_by_side() -> None:
    profile = make.profile("p", 0.1, 4 * GB, ((1, 1), (1, 2), (1, 4)), device="big")
    small = make.profile("p", 0.2, 4 * GB, ((1, 1), (1, 2)), device="small")
    both = profile.model_copy(update={"configs": (*profile.configs, *small.configs)})
    on = make.cluster(
        make.pool("x", 2, 4, device="big"), make.pool("y", 1, 2, 6 * GB, device="small")
    )
    problem = make.problem([make.model(f"m{i}") for i in range(10)], [both], on)
    proposals = propose_partitions(problem, bursty(problem, 60.0), 5)
    check(problem, proposals)
    for proposal in proposals:
        assert {problem.shapes[h].pool for h in proposal.shapes} == {0, 1}


def test_a_pool_that_nothing_runs_on_stays_empty() -> None:
    on = make.cluster(make.pool("x"), make.pool("y", device="other"))
    problem = make.problem(on=on)
    for proposal in propose_partitions(problem, bursty(problem, 1.0), 3):
        assert {problem.shapes[h].pool for h in proposal.shapes} == {0}


def test_without_requests_or_servable_models_there_is_nothing_to_propose() -> None:
    problem = make.problem()
    assert propose_partitions(problem, bursty(problem, 0.0), 3) == []
    too_slow = make.problem([make.model(slo_s=1e-6)])
    assert propose_partitions(too_slow, bursty(too_slow, 5.0), 3) == []


def test_thousands_of_models_and_devices_take_seconds() -> None:
    problem = mixed(2000, 256)
    started = perf_counter()
    proposals = propose_partitions(problem, bursty(problem, 8000.0), 3)
    assert perf_counter() - started < 10
    check(problem, proposals)
