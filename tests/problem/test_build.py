"""Specs to arrays."""

from __future__ import annotations

import numpy as np
import pytest

from alpaplan.errors import SpecError
from alpaplan.problem import GroupShape
from alpaplan.problem.build import build_problem
from tests import builders as make


def test_shapes_are_the_profiled_configurations_that_the_pools_can_hold() -> None:
    shapes = ((1, 1), (1, 3), (1, 4), (8, 1), (3, 2))
    problem = make.problem(
        profiles=[make.profile(shapes=shapes)], on=make.cluster(make.pool(count=2))
    )
    found = [(s.intra_op, s.inter_op) for s in problem.shapes]
    # 6 devices neither lie inside a node of 4 nor cover whole nodes.
    assert found == [(1, 1), (1, 3), (1, 4), (8, 1)]


def test_every_pool_has_shapes_of_its_own_device_type() -> None:
    profiles = [
        make.profile("a", shapes=[(1, 1)], device="old"),
        make.profile("b", shapes=[(1, 1), (1, 2)], device="new"),
    ]
    on = make.cluster(make.pool("x", device="old"), make.pool("y", device="new"))
    problem = make.problem([make.model("m0", "a"), make.model("m1", "b")], profiles=profiles, on=on)
    assert problem.shapes == (GroupShape(0, 1, 1), GroupShape(1, 1, 1), GroupShape(1, 1, 2))
    assert problem.supported.tolist() == [[True, False], [False, True], [False, True]]


def test_stage_overhead_multiplies_each_stage_by_one_plus_overhead_times_stages() -> None:
    on = make.cluster(stage_overhead=0.5)
    problem = make.problem(on=on)
    h = problem.shapes.index(GroupShape(0, 1, 4))
    assert problem.stage_latency_s[h, 0].tolist() == [0.025 * 3.0] * 4


@pytest.mark.parametrize("slo_scale", [1e-18, 1e18])
def test_an_objective_beyond_all_limits_is_refused_where_it_stands(slo_scale: float) -> None:
    latency_s = 1e-9 if slo_scale < 1 else 1e9
    profiles = [make.profile(shapes=[(1, 1)], latency_s=latency_s)]
    with pytest.raises(SpecError, match="must make an objective from") as caught:
        make.problem([make.model(slo_scale=slo_scale)], profiles=profiles)
    assert [issue.where for issue in caught.value.issues] == [("models", 0, "slo_scale")]


def test_slo_scale_multiplies_the_smallest_configuration_of_the_cluster() -> None:
    entries = [make.model(slo_scale=5)]
    assert make.problem(entries).slo_s.tolist() == [pytest.approx(0.5)]
    elsewhere = make.profile(latency_s=9.0, device="other").configs
    both = make.profile().model_copy(update={"configs": elsewhere + make.profile().configs})
    assert make.problem(entries, profiles=[both]).slo_s.tolist() == [pytest.approx(0.5)]


def test_counted_models_are_written_out_in_order_with_their_shares_of_the_rate() -> None:
    arrivals = {
        "process": "poisson",
        "total_rate_rps": 3.0,
        "rate_distribution": "power-law",
        "exponent": 1.0,
    }
    spec = make.workload(make.model("ft", count=2, arrivals=arrivals), make.model("z"))
    models = spec.served_models()
    assert [m.name for m in models] == ["ft-0", "ft-1", "z"]
    rates = [m.arrivals.rate_rps for m in models if m.arrivals.process == "poisson"]
    assert rates == pytest.approx([2.0, 1.0, 1.0])


def test_missing_profiles_are_all_named_with_a_suggestion() -> None:
    spec = make.workload(make.model("a", "bert"), make.model("b", "p"), make.model("c", "gpt"))
    with pytest.raises(SpecError) as caught:
        build_problem(make.cluster(), spec, {"p": make.profile()}, known_profiles=["bert-1.3b"])
    assert [issue.where for issue in caught.value.issues] == [
        ("models", 0, "profile"),
        ("models", 2, "profile"),
    ]
    assert "did you mean 'bert-1.3b'?" in caught.value.issues[0].message


def test_arrays_cannot_be_changed() -> None:
    problem = make.problem()
    with pytest.raises(ValueError, match="read-only"):
        problem.slo_s[0] = 2.0
    assert all(
        not value.flags.writeable
        for value in vars(problem).values()
        if isinstance(value, np.ndarray)
    )
