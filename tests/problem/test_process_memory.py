"""Memory where replicas are processes of their own: engines, and fixed-service ones if told so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.problem import Placement, PlacementProblem, memory_rule
from alpaplan.problem.engine_service import kv_tokens, table_of
from alpaplan.problem.memory import (
    fits,
    keep_what_fits,
    memory_fill,
    placement_fits,
    room_for_profiles,
)
from tests import builders as make
from tests.builders import GB

ONE = [(1, 1)]


def test_processes_of_fixed_service_models_keep_their_working_memory() -> None:
    profiles = [
        make.profile("a", weight_bytes=2 * GB, activation_bytes=GB, shapes=ONE),
        make.profile("b", weight_bytes=GB, activation_bytes=3 * GB, shapes=ONE),
    ]
    models = [make.model("m0", "a"), make.model("m1", "b")]
    counts = np.array([[1, 0], [1, 1], [2, 1]])
    shared, apart = (
        make.problem(models, profiles, make.cluster(process_overhead_bytes=overhead))
        for overhead in (0, GB // 2)
    )
    in_gb = [memory_rule.stage_memory_bytes(each, 0, counts)[:, 0] / GB for each in (shared, apart)]
    assert [found.tolist() for found in in_gb] == [[3, 6, 8], [3.5, 8, 11.5]]
    order = np.array([1, 0])
    assert memory_rule.cumulative_memory_bytes(apart, 0, order)[:, 0].tolist() == [
        45 * GB // 10,
        8 * GB,
    ]


def mixed(memory: int = 10 * GB) -> PlacementProblem:
    """Return two LLMs, whose contexts need 0.4 and 0.8 GB, and a fixed-service model."""
    profiles = [
        make.llm_profile("llm", weight_bytes=3 * GB, working_bytes=GB, shapes=ONE),
        make.profile("fixed", weight_bytes=GB, shapes=ONE),
    ]
    models = [
        make.llm_model("a"),
        make.model("f", "fixed"),
        make.llm_model("b", max_context_tokens=2000),
    ]
    return make.problem(models, profiles, make.cluster(make.pool(memory=memory)))


@pytest.mark.parametrize("memory", [9_600_000_000, 9_599_999_999])
def test_equal_parts_have_to_hold_the_longest_context(memory: int) -> None:
    problem = mixed(memory=memory)
    both = Placement(np.array([0]), np.array([[True, False, True]]))
    fine = memory == 9_600_000_000  # 2 * (3 + 1) and 2 * 0.8
    assert placement_fits(problem, both) == fine
    assert bool(fits(problem, 0, np.array([1, 0, 1]))) == fine
    assert memory_fill(problem, both).tolist() == [9_600_000_000 / memory]
    assert memory_rule.cumulative_memory_bytes(problem, 0, np.array([2, 0])).tolist() == [
        [4_800_000_000],
        [9_600_000_000],
    ]


def test_fractions_make_room_for_unequal_contexts() -> None:
    problem = mixed(memory=9_200_000_000)
    replicas = np.array([[True, False, True]])

    def fit(*fractions: float) -> bool:
        own = np.array([[fractions[0], 0, fractions[1]]]) if fractions else None
        return placement_fits(problem, Placement(np.array([0]), replicas, kv_fraction=own))

    assert not fit()
    assert fit(1 / 3, 2 / 3)
    assert not fit(0.33, 0.66)
    assert not fit(0.3, 0.7)
    own = np.array([[0.25, 0, 0.75]])
    placement = Placement(np.array([0]), replicas, kv_fraction=own)
    # 0.4 GB are a quarter of 1.6: together with the processes 9.6.
    assert memory_fill(problem, placement).tolist() == [pytest.approx(9.6 / 9.2)]


def test_a_group_holds_llms_or_others() -> None:
    problem = mixed(memory=80 * GB)
    assert room_for_profiles(problem, 0, np.array([1, 0, 0])).tolist() == [True, False, True]
    assert room_for_profiles(problem, 0, np.array([0, 1, 0])).tolist() == [False, True, False]
    assert keep_what_fits(problem, 0, np.array([2, 1, 0])).tolist() == [2, 0]
    assert keep_what_fits(problem, 0, np.array([1, 2, 0])).tolist() == [1]
    # The first does not fit alone, so that it does not decide.
    assert keep_what_fits(mixed(memory=4 * GB), 0, np.array([2, 1, 0])).tolist() == [1]
    for row, fine in (([1, 0, 1], True), ([0, 1, 0], True), ([1, 1, 0], False)):
        placement = Placement(np.array([0]), np.array([row], dtype=np.bool_))
        assert placement_fits(problem, placement) == fine


def test_a_replica_needs_at_least_its_process_and_a_context() -> None:
    problem = mixed()
    needed = [4_400_000_000, GB, 4_800_000_000]
    assert memory_rule.replica_bytes(problem).tolist() == [needed]


@given(
    weights=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    contexts=st.lists(st.integers(2, 4000), min_size=5, max_size=5),
    overhead=st.sampled_from([0, 1, GB]),
    memory=st.integers(2 * GB, 20 * GB),
    shape=st.integers(0, 2),
)
def test_the_forms_of_the_rule_agree_with_the_caches(
    weights: list[int], contexts: list[int], overhead: int, memory: int, shape: int
) -> None:
    profiles = [
        make.llm_profile(
            f"p{i}",
            weight_bytes=weight * GB,
            working_bytes=GB // 4,
            kv_bytes_per_token=100_000 * weight,
            shapes=[(1, 1), (1, 2), (2, 1)],
        )
        for i, weight in enumerate(weights)
    ]
    models = [
        make.llm_model(f"m{i}", f"p{i}", max_context_tokens=context, slo_s=1)
        | {"lengths": {"process": "constant", "input_tokens": 1, "output_tokens": 1}}
        for i, context in zip(range(len(weights)), contexts, strict=False)
    ]
    on = make.cluster(make.pool(memory=memory), process_overhead_bytes=overhead)
    problem = make.problem(models, profiles, on)
    everything = np.arange(len(weights))
    placement = Placement(np.array([shape]), np.ones((1, len(weights)), dtype=np.bool_))
    tokens = kv_tokens(problem, placement)[0]
    expected = bool((tokens >= table_of(problem).max_context_tokens).all())
    assert placement_fits(problem, placement) == expected
    assert bool(fits(problem, shape, np.ones(len(weights), dtype=np.int64))) == expected
    needed = memory_rule.cumulative_memory_bytes(problem, shape, everything)[-1]
    assert bool((needed <= memory).all()) == expected
    each, limits = memory_rule.linear_memory_bytes(problem, shape, everything)
    assert bool((each.sum(axis=0) <= limits).all()) == expected
    # Equal fractions are equal parts, but for rounding.
    share = np.full((1, len(weights)), 1 / len(weights))
    own = kv_tokens(problem, Placement(placement.shapes, placement.replicas, kv_fraction=share))
    assert (np.abs(own[0] - tokens) <= 1).all()
