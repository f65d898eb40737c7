"""Layers as whole numbers."""

from __future__ import annotations

import pytest

from alpaplan.errors import SpecError
from alpaplan.profiling.chain import layer_chain
from tests.profiling.layers import layer_profile


def test_latencies_include_the_link_of_all_but_the_last_stage() -> None:
    chain = layer_chain(layer_profile([5, 7, 11], [2, 3, 4], link_latency_ps=100), 1, 1)
    assert chain.latencies_ps(1).tolist() == [5 + 102]
    assert chain.latencies_ps(2).tolist() == [12 + 103, 7 + 103]
    assert chain.latencies_ps(3).tolist() == [23, 18, 11]


def test_memory_is_weights_of_a_device_and_the_largest_activation() -> None:
    layers = layer_profile([1, 1, 1], None, [4, 3, 2], [10, 30, 20], intra_ops=(1, 2))
    assert layer_chain(layers, 1, 1).memory_bytes(3).tolist() == [39, 35, 22]
    # Halves of 9, 5 and 2 bytes, rounded up; activations stay as they are.
    assert layer_chain(layers, 2, 1).memory_bytes(3).tolist() == [35, 33, 21]
    assert layer_chain(layers, 2, 1).memory_bytes(2, 1).tolist() == [32]


def test_a_stage_without_weights_counts_as_a_byte() -> None:
    chain = layer_chain(layer_profile([1, 1], None, [0, 8]), 1, 1)
    assert chain.stage_weight_bytes(1).tolist() == [1]
    assert chain.stage_weight_bytes(2).tolist() == [8, 8]


def test_layers_without_activations_have_none() -> None:
    layers = layer_profile([1, 1], None, None, [7])
    assert layer_chain(layers, 1, 1).activation_bytes.tolist() == [7, 0]


@pytest.mark.parametrize(("latency_ps", "expected"), [(1e-3, 1), (0.6, 1), (1.4, 1), (1.6, 2)])
def test_time_is_rounded_to_picoseconds_and_at_least_one(latency_ps: float, expected: int) -> None:
    assert layer_chain(layer_profile([latency_ps]), 1, 1).latencies_ps(1).tolist() == [expected]


def test_sends_are_rounded_to_the_nearest_picosecond() -> None:
    layers = layer_profile([1, 1], [1, 1])
    for bandwidth, expected in ((10**12 * 3, 0), (10**12 * 2, 1), (10**12 * 2 // 3, 2)):
        link = layers.link.model_copy(update={"bandwidth_bytes_per_s": bandwidth})
        chain = layer_chain(layers.model_copy(update={"link": link}), 1, 1)
        assert chain.send_ps.tolist() == [0, expected, 0]


def test_another_batch_size() -> None:
    layers = layer_profile([5, 7], [2, 2], None, [4, 4], batch_sizes=(1, 8))
    chain = layer_chain(layers, 1, 8)
    assert chain.latencies_ps(1).tolist() == [56]
    assert chain.memory_bytes(2).tolist() == [33, 33]


def test_chains_that_whole_numbers_do_not_hold_are_refused() -> None:
    with pytest.raises(SpecError) as caught:
        layer_chain(layer_profile([2e18, 1e18], None, [10**18, 1]), 1, 1)
    time, weights = caught.value.issues
    assert (time.where, weights.where) == (("layers",), ("layers",))
    what = "must take at most 2.31e+06 s in all, links included, found 3e+06 s at intra_op 1"
    assert time.message == what
    assert weights.message.startswith("must have at most 1e+18 bytes of weights in all, found ")


def test_the_largest_chains_are_held() -> None:
    chain = layer_chain(layer_profile([2e18, 1e17], [10**17, 0], [10**18 - 1, 1]), 1, 1)
    assert chain.latencies_ps(2)[0] == 2.1e18
    assert chain.memory_bytes(2)[0] == 10**18
