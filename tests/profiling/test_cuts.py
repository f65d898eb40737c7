"""The best cuts against all cuts there are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.profiling.chain import layer_chain
from alpaplan.profiling.cuts import best_cuts, smallest_memory_bytes
from alpaplan.specs.layers import LayerProfileSpec
from tests.profiling.layers import Outcome, all_cuts, layer_profile, outcome

# Few values, so that many cuts are equally good in one criterion or two; and now and then a layer
# or an output that dominates all others.
LATENCIES = st.integers(1, 3) | st.sampled_from([1, 1, 2, 10, 1000, 10**9])
OUTPUTS = st.integers(0, 2) | st.sampled_from([0, 5, 5000])
WEIGHTS = st.integers(0, 4) | st.just(50)
ACTIVATIONS = st.integers(0, 3) | st.just(40)


@st.composite
def chains(draw: st.DrawFn) -> LayerProfileSpec:
    num_layers = draw(st.integers(1, 9))

    def values(of: st.SearchStrategy[int]) -> list[int]:
        same = draw(st.booleans())
        return [draw(of)] * num_layers if same else [draw(of) for _ in range(num_layers)]

    return layer_profile(
        values(LATENCIES),
        values(OUTPUTS),
        values(WEIGHTS),
        draw(st.none() | st.just(values(ACTIVATIONS))),
        link_latency_ps=draw(st.sampled_from([0, 0, 1, 7])),
        intra_ops=(1, 3),
    )


@pytest.mark.slow
@settings(max_examples=400)
@given(layers=chains(), intra_op=st.sampled_from([1, 3]), limit=st.none() | st.integers(1, 90))
def test_cuts_are_the_best_of_all(
    layers: LayerProfileSpec, intra_op: int, limit: int | None
) -> None:
    num_layers = len(layers.layers)
    counts = range(1, num_layers + 1)
    chain = layer_chain(layers, intra_op, 1)
    found = best_cuts(chain, counts, limit)
    needed = smallest_memory_bytes(chain, counts)
    for count in counts:
        every = [outcome(layers, intra_op, cut) for cut in all_cuts(num_layers, count)]
        within = [item for item in every if limit is None or max(item.memory_bytes) <= limit]
        assert needed[count] == min(max(item.memory_bytes) for item in every)
        assert (count in found) is bool(within)
        if within:
            stages = [range(a, b) for a, b in found[count].ranges]
            chosen = outcome(layers, intra_op, stages)
            assert len(stages) == count
            assert chosen.criteria == min(item.criteria for item in within)
            assert limit is None or max(chosen.memory_bytes) <= limit


@given(layers=chains(), counts=st.sets(st.integers(1, 9), min_size=1), limit=st.integers(1, 90))
def test_other_stage_counts_change_nothing(
    layers: LayerProfileSpec, counts: set[int], limit: int
) -> None:
    chain = layer_chain(layers, 1, 1)
    asked = [count for count in counts if count <= chain.num_layers]
    together = best_cuts(chain, asked, limit)
    apart: dict[int, Any] = {}
    for count in asked:
        apart |= best_cuts(chain, [count], limit)
    assert together == apart


def test_equal_layers_are_cut_equally() -> None:
    found = best_cuts(layer_chain(layer_profile([5] * 12, [1] * 12), 1, 1), [1, 3, 12])
    assert {count: cuts.bounds for count, cuts in found.items()} == {
        1: (0, 12),
        3: (0, 4, 8, 12),
        12: tuple(range(13)),
    }


def test_of_equal_cuts_the_last_stage_begins_earliest() -> None:
    found = best_cuts(layer_chain(layer_profile([1] * 5), 1, 1), [2, 3, 4])
    assert {count: cuts.bounds for count, cuts in found.items()} == {
        2: (0, 2, 5),
        3: (0, 1, 3, 5),
        4: (0, 1, 2, 3, 5),
    }


def test_a_large_output_is_not_cut_although_that_is_more_even() -> None:
    even = layer_profile([10, 10, 10, 10], [0, 0, 0, 0])
    large = layer_profile([10, 10, 10, 10], [0, 15, 0, 0])
    assert best_cuts(layer_chain(even, 1, 1), [2])[2].bounds == (0, 2, 4)
    assert best_cuts(layer_chain(large, 1, 1), [2])[2].bounds == (0, 1, 4)


def test_communication_decides_where_the_longest_stage_is_as_long() -> None:
    layers = layer_profile([100, 1, 1, 1], [2, 3, 1, 0])
    assert best_cuts(layer_chain(layers, 1, 1), [2])[2].bounds == (0, 1, 4)
    heavy_last = layer_profile([1, 1, 1, 100], [2, 3, 1, 0])
    assert best_cuts(layer_chain(heavy_last, 1, 1), [2])[2].bounds == (0, 3, 4)
    # A layer alone is longest, and of the other two cuts the cheapest are taken.
    middle = layer_profile([1, 1, 1, 100, 1, 1], [5, 3, 5, 0, 2, 0])
    assert best_cuts(layer_chain(middle, 1, 1), [3])[3].bounds == (0, 3, 4, 6)


def test_memory_decides_where_latency_and_communication_are_equal() -> None:
    layers = layer_profile([1] * 5, [1] * 5, [1, 1, 9, 1, 1])
    # Into 2 and 3 or 3 and 2 layers: the heavy one is in the larger stage or with one other less.
    assert best_cuts(layer_chain(layers, 1, 1), [2])[2].bounds == (0, 2, 5)
    last = layer_profile([1] * 5, [0] * 5, [9, 1, 1, 1, 1], [0, 0, 0, 0, 0])
    assert best_cuts(layer_chain(last, 1, 1), [2])[2].bounds == (0, 2, 5)
    first = layer_profile([1] * 5, [0] * 5, [1, 1, 1, 1, 9])
    assert best_cuts(layer_chain(first, 1, 1), [2])[2].bounds == (0, 3, 5)


def test_a_limit_forces_cuts_that_are_less_even() -> None:
    layers = layer_profile([1, 1, 1, 1, 1, 1], None, [8, 1, 1, 1, 1, 1])
    chain = layer_chain(layers, 1, 1)
    assert best_cuts(chain, [2])[2].bounds == (0, 3, 6)
    assert best_cuts(chain, [2], 9)[2].bounds == (0, 2, 6)
    assert best_cuts(chain, [2], 8)[2].bounds == (0, 1, 6)
    assert best_cuts(chain, [2, 3], 7) == best_cuts(chain, [2, 3], 0) == {}
    assert smallest_memory_bytes(chain, [2, 3, 6]) == {2: 8, 3: 8, 6: 8}


@pytest.mark.parametrize("limit", [10**30, 2**63])
def test_a_limit_beyond_whole_numbers_is_none(limit: int) -> None:
    chain = layer_chain(layer_profile([1, 2, 3]), 1, 1)
    assert best_cuts(chain, [2], limit) == best_cuts(chain, [2])


def test_no_stage_counts_no_cuts() -> None:
    assert best_cuts(layer_chain(layer_profile([1]), 1, 1), []) == {}


def test_outcomes_count_as_they_should() -> None:
    layers = layer_profile([5, 7], [3, 9], [4, 1], [1, 6], link_latency_ps=100)
    assert outcome(layers, 1, [range(1), range(1, 2)]) == Outcome((108, 7), (5, 7))
    assert len(list(all_cuts(6, 3))) == 10
