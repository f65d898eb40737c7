"""Choices from drawn numbers are fair, and never beyond what there is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alpaplan.search.kernels.arrays import Draws
from alpaplan.search.kernels.draw import draw_below, draw_two, shuffle

TIMES = 6_000


def draws_of(*values: float) -> Draws:
    """Return numbers to be used from the first on."""
    return Draws(len(values), np.array(values), np.zeros(1, dtype=np.int64))


def many(count: int) -> Draws:
    """Return many random numbers."""
    return draws_of(*np.random.default_rng(0).random(count).tolist())


@given(st.integers(1, 2**40))
def test_the_largest_number_chooses_the_last(count: int) -> None:
    assert draw_below(draws_of(1 - 2**-53), count) == count - 1
    assert draw_below(draws_of(0.0), count) == 0


def test_two_are_different_and_all_pairs_are_as_likely() -> None:
    draws = many(2 * TIMES)
    seen = np.zeros((4, 4))
    for _ in range(TIMES):
        seen[draw_two(draws, 4)] += 1 / TIMES
    expected = (1 - np.eye(4)) / 12
    np.testing.assert_allclose(seen, expected, atol=0.015)
    assert not seen.diagonal().any()
    assert draws.used[0] == 2 * TIMES


def test_all_orders_are_as_likely_and_what_is_around_stays() -> None:
    draws = many(2 * TIMES)
    seen: dict[tuple[int, ...], int] = {}
    for _ in range(TIMES):
        values = np.arange(5)
        shuffle(draws, values, 1, 4)
        assert (values[0], values[4]) == (0, 4)
        order = tuple(values[1:4].tolist())
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 6
    np.testing.assert_allclose([count / TIMES for count in seen.values()], 1 / 6, atol=0.02)
