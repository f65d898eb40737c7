"""Small problems full of ties, for hypothesis to draw."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from tests.simulator.cases import Case, make_case

T = TypeVar("T")

EIGHTHS = st.integers(0, 8).map(lambda eighths: eighths / 8)
"""Exact in binary, and few, so that times and clocks meet."""

SINGLES = st.floats(2**-10, 1.0, width=32)
"""Exact in single precision, which earliest-finish rounds to."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    latencies = draw(st.sampled_from([EIGHTHS, SINGLES]))
    gaps = draw(st.sampled_from([EIGHTHS, st.just(0.0), st.floats(0.0, 1.0)]))
    num_profiles = draw(st.integers(1, 3))
    stages = draw(st.lists(st.sampled_from([1, 2, 3, 4, 7]), min_size=1, max_size=3))
    num_models = draw(st.integers(1, 4))
    num_groups = draw(st.integers(0, 4))
    times_s = np.cumsum(draw(st.lists(gaps, max_size=30))).tolist()
    return make_case(
        [[draw(listed(latencies, count)) for _ in range(num_profiles)] for count in stages],
        draw(listed(st.integers(0, len(stages) - 1), num_groups)),
        draw(listed(listed(st.booleans(), num_models), num_groups)),
        draw(listed(st.integers(0, 40).map(lambda eighths: eighths / 8), num_models)),
        [(time_s, draw(st.integers(0, num_models - 1))) for time_s in times_s],
        profile_of_model=draw(listed(st.integers(0, num_profiles - 1), num_models)),
        overhead_s=draw(st.sampled_from([0.0, 0.0, 0.125, 0.011])),
    )


def listed(items: st.SearchStrategy[T], size: int) -> st.SearchStrategy[list[T]]:
    return st.lists(items, min_size=size, max_size=size)
