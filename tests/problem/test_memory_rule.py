"""Formulas of memory: values worked out by hand, and what they have in common."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.problem import PlacementProblem, memory_rule
from alpaplan.specs.profile import ModelProfileSpec
from tests import builders as make
from tests.builders import GB


def with_activations() -> PlacementProblem:
    """Return a problem of two profiles on one device and on two stages."""
    shapes = [(1, 1), (1, 2)]
    profiles = [
        make.profile("a", weight_bytes=2 * GB, activation_bytes=GB, shapes=shapes),
        make.profile("b", weight_bytes=4 * GB, activation_bytes=3 * GB, shapes=shapes),
    ]
    return make.problem([make.model("m0", "a"), make.model("m1", "b")], profiles=profiles)


def test_weights_add_up_and_only_the_largest_activation_counts() -> None:
    problem = with_activations()
    assert memory_rule.stage_memory_bytes(problem, 0, np.array([2, 0])).tolist() == [5 * GB, 0]
    assert memory_rule.stage_memory_bytes(problem, 0, np.array([1, 1])).tolist() == [9 * GB, 0]
    assert memory_rule.stage_memory_bytes(problem, 1, np.array([1, 1])).tolist() == [6 * GB, 6 * GB]


def test_a_linear_program_keeps_room_for_the_largest_activation() -> None:
    problem = with_activations()
    weights, limits = memory_rule.linear_memory_bytes(problem, 1, np.array([0, 1, 0]))
    assert weights.tolist() == [[GB, GB], [2 * GB, 2 * GB], [GB, GB]]
    assert limits.tolist() == [7 * GB, 7 * GB]


def test_memory_of_shapes_replicas_and_the_cluster() -> None:
    pools = [make.pool("n", count=2), make.pool("tpus", memory=30 * GB, device="tpu")]
    problem = make.problem(profiles=uneven_on_both(), on=make.cluster(*pools))
    kinds = [(problem.pools[s.pool].device, s.num_devices) for s in problem.shapes]
    assert kinds == [("gpu", 1), ("gpu", 4), ("tpu", 1)]
    usable = [memory_rule.usable_memory_bytes(problem, shape) for shape in range(3)]
    assert usable == [10 * GB, 10 * GB, 30 * GB]
    assert memory_rule.cluster_memory_bytes(problem) == 8 * 10 * GB + 4 * 30 * GB
    # Stages of 1 and 2 GB on each of two devices.
    assert memory_rule.replica_bytes(problem)[:, 0].tolist() == [6 * GB, 6 * GB, 15 * GB]
    assert memory_rule.share_of_group_memory(problem)[:, 0].tolist() == [0.6, 0.15, 0.5]


def uneven_on_both() -> list[ModelProfileSpec]:
    """Return a profile for two device types."""
    gpu = make.staged_profile("p", (1, [1.0], [6]), (2, [0.25, 0.5], [1, 2]))
    tpu = make.staged_profile("p", (1, [1.0], [15])).configs[0].model_copy(update={"device": "tpu"})
    return [gpu.model_copy(update={"configs": (*gpu.configs, tpu)})]


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 9)), min_size=1, max_size=5),
    st.lists(st.integers(0, 4), max_size=8),
    st.integers(0, 4),
)
def test_the_forms_of_the_memory_rule_agree(
    sizes_gb: list[tuple[int, int]], drawn: list[int], shape: int
) -> None:
    profiles = [
        make.profile(f"p{i}", weight_bytes=weight * GB, activation_bytes=activation * GB)
        for i, (weight, activation) in enumerate(sizes_gb)
    ]
    models = [make.model(f"m{i}", f"p{i}") for i in range(len(sizes_gb))]
    problem = make.problem(models, profiles=profiles)
    replicas = np.array([p % len(sizes_gb) for p in drawn], dtype=np.int64)
    usable = memory_rule.usable_memory_bytes(problem, shape)
    cumulative = memory_rule.cumulative_memory_bytes(problem, shape, replicas)
    assert cumulative.shape == (replicas.size, 4)
    for n in range(1, replicas.size + 1):
        counts = np.bincount(replicas[:n], minlength=len(sizes_gb))
        needed = memory_rule.stage_memory_bytes(problem, shape, counts)
        assert cumulative[n - 1].tolist() == needed.tolist()
        weights, limits = memory_rule.linear_memory_bytes(problem, shape, replicas[:n])
        assert (weights.sum(axis=0) <= limits).tolist() == (needed <= usable).tolist()
