"""The table that proposals are chosen from."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.problem import PlacementProblem
from alpaplan.problem.devices import assign_devices
from alpaplan.search.proposals.bucket_options import (
    FINE_COUNTS,
    SHAPES_OF_BUCKET,
    Option,
    bucket_options,
)
from alpaplan.search.proposals.demand import Demand
from alpaplan.search.proposals.latency_classes import LatencyClasses, latency_classes
from alpaplan.search.proposals.queueing import QueueingEstimate
from tests import builders as make
from tests.builders import GB

SHAPES = ((1, 1), (1, 2), (2, 1), (1, 3), (1, 4), (2, 2), (1, 8))


def table(
    problem: PlacementProblem, rate_rps: float = 5.0
) -> tuple[list[Option], LatencyClasses, QueueingEstimate]:
    """Return the options of equal demands, and what they are made from."""
    ones = np.ones(problem.num_models)
    demand = Demand(rate_rps * ones, 3 * ones, 6 * ones)
    classes = latency_classes(problem, demand)
    estimate = QueueingEstimate(problem, demand, classes.class_of_model)
    return bucket_options(problem, classes, estimate), classes, estimate


def mixed(*pools: dict[str, object]) -> PlacementProblem:
    """Return fast and slow models on the given pools."""
    profiles = [
        make.profile("fast", 0.05, 3 * GB, SHAPES),
        make.profile("slow", 0.4, 9 * GB, SHAPES),
    ]
    models = [make.model(f"m{i}", profiles[i % 2].name, slo_scale=4.0) for i in range(6)]
    return make.problem(models, profiles, make.cluster(*pools))


@pytest.mark.parametrize("devices_per_node", [4, 6, 8])
def test_every_option_packs_and_is_worth_what_the_estimate_says(devices_per_node: int) -> None:
    problem = mixed(make.pool(count=2, devices_per_node=devices_per_node))
    options, classes, estimate = table(problem)
    assert options
    for option in options:
        shape = problem.shapes[option.shape]
        models = classes.models_of_parts(option.first, option.last)
        value = estimate.attained_rps(option.shape, models, np.array([option.num_groups]))
        assert option.attained_rps == pytest.approx(float(value[0]))
        assert option.num_groups * shape.num_devices <= option.num_devices
        assert option.num_devices <= problem.pools[shape.pool].num_devices
        assert assign_devices(problem, [option.shape] * option.num_groups) is not None


def test_every_bucket_has_options_in_every_pool() -> None:
    problem = mixed(make.pool("x", count=2), make.pool("y", count=1))
    options, classes, _ = table(problem)
    found = {(o.first, o.last, problem.shapes[o.shape].pool) for o in options}
    count = classes.num_parts
    buckets = [(i, j) for i in range(count) for j in range(i, count)]
    assert found == {(i, j, pool) for i, j in buckets for pool in (0, 1)}


def test_more_devices_are_only_listed_where_they_attain_more() -> None:
    problem = mixed(make.pool(count=4, devices_per_node=8))
    options, _, _ = table(problem, rate_rps=20.0)
    by_bucket: dict[tuple[int, int], list[Option]] = {}
    for option in options:
        by_bucket.setdefault((option.first, option.last), []).append(option)
    for listed in by_bucket.values():
        for option in listed:
            fewer = [o.attained_rps for o in listed if o.num_devices < option.num_devices]
            assert option.attained_rps > max(fewer, default=0.0)
            equal = [o for o in listed if o.num_devices == option.num_devices]
            assert len(equal) <= SHAPES_OF_BUCKET


def test_awkward_sizes_count_what_packing_wastes() -> None:
    problem = make.problem(
        profiles=[make.profile(shapes=[(1, 3)])], on=make.cluster(make.pool(count=3))
    )
    options, _, _ = table(problem, rate_rps=100.0)
    assert {(o.num_groups, o.num_devices) for o in options} == {(1, 4), (2, 8), (3, 12)}


def test_large_pools_have_every_small_count_and_the_largest() -> None:
    on = make.cluster(make.pool(count=64, devices_per_node=8))
    problem = make.problem(profiles=[make.profile(shapes=[(1, 1)])], on=on)
    options, _, _ = table(problem, rate_rps=1e5)
    counts = sorted({option.num_groups for option in options})
    assert counts[:FINE_COUNTS] == list(range(1, FINE_COUNTS + 1))
    assert counts[-1] == 512
    assert len(counts) < 8 * FINE_COUNTS


def test_what_no_group_can_serve_has_no_options() -> None:
    assert table(make.problem([make.model(slo_s=1e-6)]))[0] == []
    assert table(make.problem(), rate_rps=0.0)[0] == []
