"""The dynamic program over windows, against all paths."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaplan.search.schedules.dynamic import Cost, cheapest_path


@given(sizes=st.lists(st.integers(1, 3), min_size=1, max_size=4), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_no_path_is_cheaper(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    own = rng.integers(0, 4, (4, 3))
    change = rng.integers(0, 4, (4, 3, 3))

    def cost(window: int, before: int | None, now: int) -> Cost:
        loaded = 0 if before is None else int(change[window, before, now])
        return Cost(0, float(own[window, now]), float(now % 2), float(now), float(loaded))

    def total(path: tuple[int, ...] | list[int]) -> Cost:
        spent = Cost(0, 0.0, 0.0, 0.0, 0.0)
        for window, now in enumerate(path):
            spent = spent.plus(cost(window, path[window - 1] if window else None, now))
        return spent

    found = cheapest_path([range(size) for size in sizes], cost)
    assert total(found) == min(total(path) for path in product(*map(range, sizes)))
